"""Joins a walk by QUIC, DNS, OpenVPN or WireGuard with what a witness at the far end wrote of it, in one sentence.

Pure. These begin with one packet there and one back, and the witness writes down both (deploy/responder/datagrams.py,
quic.py). A sentence tells what each end saw, and names nobody who stands between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from probes.facts import Observation, Walk
from probes.witness import CLOCK_WRONG_MS, Testimony
from probes.words import Failure, Step

_NEGOTIATION = "quic, its versions"
_WORDS: Mapping[str, tuple[str, str]] = {  # what went there, and what came back
    "dns": ("Question", "answer"),
    "quic": ("Initial", "Handshake"),
    _NEGOTIATION: ("Initial", "Version Negotiation"),
    "openvpn": ("Hard reset", "its answer"),
    "wireguard": ("Initiation", "response"),
}
_ANY = ("First packet", "its answer")
_BY_STEP = {Step.RESOLVE: "dns", Step.CONNECT: _NEGOTIATION, Step.HANDSHAKE: "quic"}


def joined(walk: Walk, told: Testimony, clock_wrong_ms: int = CLOCK_WRONG_MS) -> str:
    """What both ends saw of one walk.

    Args:
        clock_wrong_ms: by how much the two clocks may differ.
    """
    said = next((seen for seen in reversed(walk.steps) if seen.said_sha256), None)
    if said is None:
        return f"Nothing left that the responder could know: the walk ended at {walk.last.step}."
    there, back = _WORDS.get(_BY_STEP.get(said.step) or told.word("asked", "protocol"), _ANY)
    if not told.says("asked"):
        return f"{there} left{_unheard(walk, said, told, clock_wrong_ms)}."
    if told.says("ignored"):
        return f"{there} arrived, and the responder does not answer such a one{_why(told)}."
    if not told.says("answered"):
        return f"{there} arrived, and the responder did not answer it."
    return f"{there} arrived, {back} left{_came(walk, said, back, told)}."


def _why(told: Testimony) -> str:
    """In the responder's word, if it is one: it may be in other hands by now."""
    why = told.word("ignored", "why")
    return f" ({why})" if re.fullmatch("[a-z0-9_]{1,32}", why) else ""


def _unheard(walk: Walk, said: Observation, told: Testimony, clock_wrong_ms: int) -> str:
    if not told.watched(walk.started_ms, clock_wrong_ms):
        return "; the responder cannot say whether it arrived: its log does not cover that time"
    return ", and never arrived" if said.failure else ", never arrived, and was answered: not by the responder"


def _came(walk: Walk, said: Observation, back: str, told: Testimony) -> str:
    match said.failure:
        case Failure.TIMEOUT:
            return f", {back} never came"
        case None if said.step is Step.HANDSHAKE:
            return _afterwards(walk, told)
        case None:
            return " and came"
        case failure:
            return f", and what came was not it ({failure})"


def _afterwards(walk: Walk, told: Testimony) -> str:
    """QUIC's handshake is complete here: what became of the rest."""
    if not told.says("handshake_done"):
        return " and came; the handshake's last word never arrived at the responder"
    if walk.failure is None:
        return " and came, and so did what followed"
    left = f"; {told.number('body_left', 'bytes')} bytes left" if told.says("body_left") else ""
    return f" and came; the handshake was completed by both, then {walk.failure} here{left}"
