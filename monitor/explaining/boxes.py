"""Our lines in a network, and the controls abroad: what each said, and whether it counted, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.explaining.rows import Subject
from monitor.explaining.weighed import Ask
from monitor.home.vectors import Found

HEALTHY = 0.8  # as the rules have it: a line that reaches less of what lies abroad says nothing of a service


@dataclass(frozen=True, slots=True)
class Box:
    """One vantage at that moment.

    Attributes:
        line: what it counts as; boxes of one home are one line.
        heard_s: when it was last heard, in seconds since 1970.
        reach: share of the hosts abroad it reaches.
        state: of the service, where one was asked for; `proof`: a lie between here and there was seen.
        left_out: why it does not count; empty where it does.
    """

    vantage: str
    role: str
    network: str
    line: str
    heard_s: float | None
    reach: float | None
    state: str
    proof: bool
    left_out: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database has of all vantages, by vantage."""

    line: Mapping[str, Found]
    heard: Mapping[str, Found]
    delivers: Mapping[str, Found]
    stopped: Mapping[str, Found]
    paused: Mapping[str, Found]
    reach: Mapping[str, Found]
    gateway: Mapping[str, Found]
    state: Mapping[str, Found]
    proof: Mapping[str, Found]


QUERIES = {
    "line": "didban:vantage_line:info",
    "heard": "didban:vantage_heard:timestamp",
    "delivers": "didban:vantage_delivering:count",
    "stopped": "didban:vantage_stopped:max",
    "paused": "didban_vantage_paused == 1",
    "reach": 'didban:vantage_connectivity:ratio{scope="international"}',
    "gateway": 'didban:vantage_connectivity:ratio{scope="gateway"}',
    "state": "didban_service_state{$name} == 1 and on (vantage) didban:vantage_delivering:count",
    "proof": "didban:vantage_service_proof:max{$name}",
}
EXPECTED = "didban_vantage_expected == 1"


async def boxes(subject: Subject, ask: Ask) -> list[Box]:
    """Who is expected there, and for a service the controls as well. Raises NobodyAnswers."""
    expected = _by_vantage(await ask(EXPECTED))
    known = _Known(**{key: _by_vantage(await ask(subject.query(query))) for key, query in QUERIES.items()})
    found = [_box(each, known, bool(subject.service)) for each in expected.values() if _concerns(each, subject)]
    return sorted(found, key=lambda each: (each.role != "inside", each.network, each.vantage))


def _by_vantage(found: Sequence[Found]) -> dict[str, Found]:
    return {each.labels.get("vantage", ""): each for each in found}


def _concerns(expected: Found, subject: Subject) -> bool:
    labels = expected.labels
    if labels.get("role") == "control":
        return bool(subject.service)
    return labels.get("country") == subject.country and subject.network in ("", labels.get("network", ""))


def _box(expected: Found, known: _Known, of_service: bool) -> Box:
    vantage, labels = expected.labels.get("vantage", ""), expected.labels

    def value(of: Mapping[str, Found]) -> float | None:
        return of[vantage].value if vantage in of else None

    state = known.state[vantage].labels.get("state", "") if vantage in known.state and of_service else ""
    role, reach = labels.get("role", ""), value(known.reach)
    return Box(
        vantage=vantage,
        role=role,
        network=labels.get("network", ""),
        line=known.line[vantage].labels.get("line", "") if vantage in known.line else vantage,
        heard_s=value(known.heard),
        reach=reach,
        state=state,
        proof=vantage in known.proof and of_service,
        left_out=_left_out(vantage, known, role, reach, state, of_service),
    )


def _left_out(vantage: str, known: _Known, role: str, reach: float | None, state: str, of_service: bool) -> str:
    """The first reason that fits, as the rules have them."""
    if vantage in known.paused:
        return "paused: its silence is agreed"
    if vantage not in known.delivers:
        return "it said that it stops" if vantage in known.stopped else "silent: not heard for 3 minutes"
    if vantage in known.gateway and known.gateway[vantage].value == 0:
        return "its gateway is dead: a fault at home"
    if role == "control" and (reach is None or reach <= HEALTHY):
        return "reaches too little itself to be a witness"
    if not of_service:
        return "" if reach is not None else "too few canaries answer to say anything of its line"
    if state in ("", "insufficient"):
        return "says too little of this service to count"
    if state in ("broken", "interfered") and (reach is None or reach <= HEALTHY):
        return "does not reach abroad well: its failure is not about this service"
    return ""
