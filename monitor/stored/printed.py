"""Judges what `didban probe --json` printed: only its steps and findings are believed, and it holds no canaries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from monitor.judge import State
from monitor.stored.verdict import Evidence, Verdict, rule_for, where_it_broke
from probes.facts import Endpoint, Observation, Walk
from probes.words import IMPOSTOR, INTERFERENCE, LOCAL, Failure, Finding, Reason, Step, Transport


class _Seen(msgspec.Struct, frozen=True):
    step: Step
    took_s: float | None = None
    failure: Failure | None = None


class _Walked(msgspec.Struct, frozen=True):
    endpoint: str
    steps: tuple[_Seen, ...]


class _Printed(msgspec.Struct, frozen=True):
    target: str
    walks: tuple[_Walked, ...]
    findings: tuple[Finding, ...] = ()


def is_one(value: Mapping[str, object]) -> bool:
    return "target" in value and "walks" in value and "state" in value


def judged(file: Path, line: int, value: Mapping[str, object]) -> Verdict:
    """One round without its line: what it reached it reached, what it did not reach is one failure."""
    try:
        printed = msgspec.convert(value, _Printed)
    except msgspec.ValidationError as error:
        return Verdict(str(file), line, "", State.INSUFFICIENT, "unreadable", f"it is no line of didban probe: {error}")
    walks = tuple(_walk(printed.target, each) for each in printed.walks if each.steps)
    found = set(printed.findings)
    through = [walk for walk in walks if not any(seen.failure for seen in walk.steps)]
    rule = rule_for(
        Evidence(
            walked=bool(walks),
            reached=bool(through) and IMPOSTOR.isdisjoint(found),
            proven=any(seen.step in (Step.HANDSHAKE, Step.KNOCK) for walk in through for seen in walk.steps),
            in_clear=True,
            refusal=Finding.PROVIDER_REFUSAL in found,
            local=not LOCAL.isdisjoint(found),
            forged=not INTERFERENCE.isdisjoint(found),
        )
    )
    broke_at, failure = ((), None) if through else where_it_broke(walks)
    return Verdict(
        str(file), line, printed.target, rule.state, rule.id, rule.why, broke_at, failure, printed.findings, walks
    )


def _walk(target: str, walked: _Walked) -> Walk:
    steps = tuple(Observation(seen.step, max(0.0, seen.took_s or 0.0), seen.failure) for seen in walked.steps)
    host, _, rest = walked.endpoint.rpartition(":")
    port, _, transport = rest.partition("/")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else 0
    over = Transport.UDP if transport == "udp" else Transport.TCP
    return Walk(target, Endpoint(host, number, over), "", 0, Reason.ASKED, steps)
