"""What a witness's account of a walk amounts to: whether it holds, one sentence, and which way packets were lost. Pure.

It convicts nobody and is evidence of no block by itself: it says on which stretch, and in which direction.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from probes import crossing, witness
from probes.facts import Account, Observation, Walk
from probes.witness import CLOCK_WRONG_MS, Testimony
from probes.words import Failure, Hearing, Lost, Step

_UNHEARD = {
    Hearing.SILENT: "The responder could not be asked about it yet.",
    Hearing.REFUSED: "The responder did not show its log: what was shown as its token is none.",
    Hearing.FALSE: "What came as the responder's log is not believed: not signed by its key, or contradicting itself.",
}


@dataclass(frozen=True, slots=True)
class Joined:
    """`lost`: only where both ends together show it."""

    says: str
    lost: Lost | None = None


@dataclass(frozen=True, slots=True)
class Newest:
    """The last line of a log that was ever seen: what is shown later must not be older, nor another of that number."""

    number: int = 0
    digest: str = ""


def public_key(text: str) -> Ed25519PublicKey:
    """Of its 32 bytes in base64. Raises ValueError for what is none."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))


def checked(lines: Iterable[str], key: Ed25519PublicKey, before: Newest) -> Newest | None:
    """The newest line so far; None where one is not signed, or two contradict each other or what came before.

    The lines of one walk are not all there are: that one follows from the other is seen only where they are neighbours.
    The minute's line is made for each answer, and is newer than all before it, unless the log was cut back.
    """
    found: dict[int, tuple[str, object]] = {}
    made = 0
    for line in lines:
        seen = witness.signed(line, key)
        number = seen.get("n") if seen is not None else None
        if seen is None or not isinstance(number, int):
            return None
        if seen.get("what") == "minute":
            made = max(made, number)
            if number <= before.number:
                return None
        mine = hashlib.sha256(line.encode()).hexdigest(), seen.get("prev")
        if found.setdefault(number, mine) != mine:
            return None
    if any(number - 1 in found and found[number - 1][0] != follows for number, (_, follows) in found.items()):
        return None
    if before.number in found and found[before.number][0] != before.digest:
        return None
    return Newest(made, found[made][0]) if made else before


def joined(walk: Walk, clock_wrong_ms: int = CLOCK_WRONG_MS) -> Joined | None:
    """What both ends saw of it; None where nobody has asked its responder."""
    told = walk.told
    if told is None:
        return None
    if told.hearing is not Hearing.TOLD or (heard := testimony(walk, told)) is None:
        return Joined(_UNHEARD.get(told.hearing, _UNHEARD[Hearing.FALSE]))
    read = witness.joined if _by_tls(walk) else crossing.joined
    return Joined(read(walk, heard, clock_wrong_ms), _lost(walk, heard, clock_wrong_ms))


def testimony(walk: Walk, told: Account) -> Testimony | None:
    """The lines in hand, if they hold."""
    try:
        key = public_key(told.key)
    except ValueError:
        return None
    if told.lines and checked(told.lines, key, Newest()) is None:
        return None
    return witness.testimony(told.lines, walk.marks, key)


def complete(walk: Walk, clock_wrong_ms: int = CLOCK_WRONG_MS) -> bool:
    """Whether asking again could add nothing: what arrived has ended there, or nothing did while somebody watched."""
    if walk.told is None or walk.told.hearing is not Hearing.TOLD or (heard := testimony(walk, walk.told)) is None:
        return False
    if heard.says("hello_arrived"):
        return heard.says("ended")
    return heard.says("asked") or heard.watched(walk.started_ms, clock_wrong_ms)


def _by_tls(walk: Walk) -> bool:
    return any(seen.hello_sha256 for seen in walk.steps)


def _lost(walk: Walk, heard: Testimony, clock_wrong_ms: int) -> Lost | None:
    """A reset or a refusal is something that came, and no loss."""
    said = next((seen for seen in reversed(walk.steps) if seen.said_sha256 or seen.hello_sha256), None)
    if said is None:
        return None
    if not (heard.says("hello_arrived") or heard.says("asked")):
        return Lost.OUTWARD if said.failure and heard.watched(walk.started_ms, clock_wrong_ms) else None
    if said.failure is None and not heard.says("handshake_done") and said.step is Step.HANDSHAKE:
        return Lost.OUTWARD if heard.says("server_hello_left") or heard.says("answered") else None
    return Lost.INWARD if _nothing_came(walk, said, heard) else None


def _nothing_came(walk: Walk, said: Observation, heard: Testimony) -> bool:
    """What left there did not come, whatever it was."""
    if said.failure is not None:
        left = heard.says("server_hello_left") or heard.says("answered")
        return left and said.failure is Failure.TIMEOUT
    return walk.failure is Failure.TIMEOUT and heard.number("ended", "acked") < heard.number("ended", "sent")
