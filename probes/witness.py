"""Joins a walk by TLS with what a witness at the far end wrote of it: one sentence of what crossed, and what did not.

Pure. The witness knows a walk by a hash of what was said first (deploy/responder), never by an address. A sentence
tells what each end saw, and names nobody who stands between them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from probes.facts import Observation, Walk
from probes.words import Failure, Step

_SIGNATURE = ',"sig":"'
_MARGIN_MS = 1_000
CLOCK_WRONG_MS = 5_000
_BROKEN_OFF = frozenset({"peer_reset", "network"})

Seen = Mapping[str, object]  # one line of the witness, as it was written


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the witness says of one walk.

    Attributes:
        lines: those of the walk, by `what`; the first of a kind.
        covers: (from, to) in milliseconds: the witness was there all that time, by its own clock.
        turned_away: it let some in no further just then, or could not write: what is not in its log may have come.
    """

    lines: Mapping[str, Seen] = field(default_factory=dict)
    covers: tuple[int, int] | None = None
    turned_away: bool = False

    def says(self, what: str) -> bool:
        return what in self.lines

    def number(self, what: str, key: str) -> int:
        value = self.lines[what].get(key) if what in self.lines else None
        return value if isinstance(value, int) else 0

    def word(self, what: str, key: str) -> str:
        return str(self.lines[what].get(key, "")) if what in self.lines else ""

    def watched(self, at_ms: int, clock_wrong_ms: int) -> bool:
        """That nothing is written down says something only of a time at which somebody was there to write."""
        if self.covers is None or self.turned_away:
            return False
        return self.covers[0] + clock_wrong_ms <= at_ms <= self.covers[1] - clock_wrong_ms


def testimony(text: Iterable[str], walk: str | Collection[str], key: Ed25519PublicKey) -> Testimony:
    """The lines about `walk` whose signature holds, of what a witness sent; every other line is passed over.

    `walk`: the hash, or the hashes, the witness knows it by.
    """
    lines: dict[str, Seen] = {}
    covers: tuple[int, int] | None = None
    turned_away = False
    marks = {walk} if isinstance(walk, str) else set(walk)
    for seen in filter(None, (signed(line, key) for line in text)):
        what, since_ms, at_ms = seen.get("what"), seen.get("since_ms"), seen.get("at_ms")
        if what == "minute" and isinstance(since_ms, int) and isinstance(at_ms, int):
            covers = (since_ms, at_ms)
            turned_away = turned_away or any(seen.get(key, 0) != 0 for key in ("turned_away", "unlogged"))
        elif (mark := seen.get("walk")) and isinstance(mark, str) and mark in marks:
            lines.setdefault(str(what), seen)
    return Testimony(lines, covers, turned_away)


def signed(line: str, key: Ed25519PublicKey) -> Seen | None:
    """What a line says; None if it is not signed with that key as it stands."""
    body, mark, rest = line.rpartition(_SIGNATURE)
    try:
        signature = base64.b64decode(rest.removesuffix('"}'), validate=True)
        if base64.b64encode(signature).decode() + '"}' != rest:
            return None  # the last digit has idle bits (RFC 4648 section 3.5)
        key.verify(signature, (body + "}").encode())
        seen = json.loads(body + "}")
    except (InvalidSignature, ValueError, RecursionError):  # who holds the key may sign ten thousand brackets
        return None
    return seen if mark and isinstance(seen, dict) else None


def joined(walk: Walk, told: Testimony, clock_wrong_ms: int = CLOCK_WRONG_MS) -> str:
    """What both ends saw of one walk, in one sentence.

    Args:
        clock_wrong_ms: by how much the two clocks may differ.
    """
    greeting = next((seen for seen in walk.steps if seen.step is Step.HANDSHAKE), None)
    if greeting is None or greeting.hello_sha256 is None:
        return f"No ClientHello left: the walk ended at {walk.last.step}."
    if not told.says("hello_arrived"):
        return _unheard(walk, told, clock_wrong_ms)
    altered = told.word("hello_arrived", "body") != greeting.hello_body_sha256
    arrived = "ClientHello arrived altered" if altered else "ClientHello arrived"
    return f"{arrived}, {_answer(walk, greeting, told)}."


def _unheard(walk: Walk, told: Testimony, clock_wrong_ms: int) -> str:
    if not told.watched(walk.started_ms, clock_wrong_ms):
        return "ClientHello left; the responder cannot say whether it arrived: its log does not cover that time."
    return "ClientHello left, and never arrived."


def _answer(walk: Walk, greeting: Observation, told: Testimony) -> str:
    if not told.says("server_hello_left"):
        return f"the responder would not go on with it ({_end(told)})"
    if told.says("handshake_done") and not greeting.failure:
        return _afterwards(walk, told)
    match greeting.failure:
        case None:
            return "ServerHello left and came; the handshake's last word never arrived at the responder"
        case Failure.TIMEOUT:
            return f"ServerHello left, ServerHello never came{_acknowledged(told)}{_reset_there(greeting, told)}"
        case Failure.CONNECTION_RESET | Failure.EOF | Failure.CONNECTION_ABORTED as broken:
            return f"ServerHello left, {_break(broken, told)}{_acknowledged(told)}"
        case failure:
            return f"ServerHello left, and what came was not taken ({failure})"


def _acknowledged(told: Testimony) -> str:
    """Whether our kernel, or somebody in its name, told the responder that its first flight came."""
    if not told.says("ended"):
        return ""
    acked, left = told.number("ended", "acked"), told.number("server_hello_left", "bytes")
    if acked <= 0:
        return ", and none of it was acknowledged"
    if acked < left:
        return f", and {acked} of its {left} bytes were acknowledged"
    return ", although all of it was acknowledged"


def _reset_there(greeting: Observation, told: Testimony) -> str:
    """A reset the responder met while this end still waited. Both lengths are of one clock each: none need be right."""
    lasted_ms = told.number("ended", "at_ms") - told.number("accepted", "at_ms")
    early = told.word("ended", "by") == "peer_reset" and lasted_ms < greeting.took_s * 1000 - _MARGIN_MS
    return "; a reset reached the responder that this line did not send" if early else ""


def _break(broken: Failure, told: Testimony) -> str:
    """A reset or a close that was seen here: by whose hand it was not."""
    what = "close" if broken is Failure.EOF else "reset"
    if told.word("ended", "by") in ("us", "deadline"):
        return f"a {what} came, and the responder had ended it"
    if told.word("ended", "by") in _BROKEN_OFF:
        return f"a {what} came that the responder did not send, and it was cut off as well"
    if not told.says("ended"):
        return f"a {what} came while the responder had not ended"
    return f"a {what} came that the responder did not send"


def _afterwards(walk: Walk, told: Testimony) -> str:
    """The handshake is complete at both ends: what became of the rest."""
    if walk.failure is None:
        return "ServerHello left and came, and so did what followed"
    left, acked = told.number("ended", "sent"), told.number("ended", "acked")
    if not told.says("ended"):
        return f"the handshake was completed by both, then {walk.failure} here"
    if told.word("ended", "by") in _BROKEN_OFF and walk.failure in (Failure.CONNECTION_RESET, Failure.EOF):
        return f"the handshake was completed by both, then both were cut off and neither did it, after {acked} bytes"
    return (
        f"the handshake was completed by both, then {walk.failure} here; {left} bytes left, {acked} were acknowledged"
    )


def _end(told: Testimony) -> str:
    if told.says("alert_left"):
        return "it sent an alert"
    return {"peer_reset": "a reset came", "peer": "a close came", "deadline": "nothing more came"}.get(
        told.word("ended", "by"), "it does not say why"
    )
