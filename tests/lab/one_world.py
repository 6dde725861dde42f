"""What a world is: one row of data, and the words in which rows say what is asked there and what a walk may show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probes.words import Failure, Finding, Step
from tests.lab import world

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one round shows: the step it broke at and its failure (neither: reached), and the findings in hand."""

    step: Step | None = None
    failure: Failure | None = None
    findings: frozenset[Finding] = frozenset()


@dataclass(frozen=True, slots=True)
class World:
    """One world.

    Attributes:
        name: what it is called, in tests and figures.
        why: what in the record of the field it stands for.
        target: what is asked about it.
        lies: rows for tests/lab/lies, `on` left out: Lab.add puts the box there.
        sees: what one walk may show, each of these and nothing else.
        finding: what comparing should earn; none where nothing in user space can tell.
        told: what the provider answers this box: a word of tests/lab/web.ANSWERS.
        needs: `impostor`, `portal`, `near`, `forger`, `proxy`, `house`, `tunnel`, `down`,
            `expired`.
        elsewhere: what the same lies bring about for other targets, and may be found there.
        clock: what time it is on that box, as libfaketime has it.
        states: which of them may stand there at the end; empty: it is not looked at.
        timeout_s: how long a walk's steps wait; bad lines need longer.
    """

    name: str
    why: str
    target: str
    lies: tuple[Row, ...]
    sees: tuple[Seen, ...]
    finding: Finding | None = None
    told: str = ""
    needs: str = ""
    elsewhere: frozenset[Finding] = frozenset()
    clock: str = ""
    states: frozenset[str] = frozenset()
    timeout_s: float = 2.0


WEB, PLAIN, UDP, TCP, CHAT = "instagram/web", "plain/web", "vpn/openvpn-udp", "vpn/openvpn-tcp", "whatsapp/chat"
WEB6, LEARNING = "instagram/web-ip6", "coursera/web"
SAID, FILES, ABROAD = "transfers/instagram", "transfers/instagram-files", "international/files"
QUIC, OPEN = "witness/quic", "plain/open"
NAMES_OF = {"names": ["instagram.com"]}
TO = {"to": [f"{each}/32" for each in world.addresses_of("instagram")]}
REACHED = (Seen(),)


def broke(step: Step, failure: Failure, *findings: Finding) -> tuple[Seen, ...]:
    return (Seen(step, failure, frozenset(findings)),)
