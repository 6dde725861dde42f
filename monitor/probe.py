"""`didban probe`: one round of a target or a service now, explained step by step. Keeps nothing, sends nothing home."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from monitor.canaries import domestic
from monitor.config import Loaded
from monitor.errands import walked_by
from monitor.evidence import Line, Record
from monitor.judge import Judgement, State, judge
from monitor.pace import Pace
from monitor.tools import resolvers, tools
from probes.facts import Round, Service, Target, Walk
from probes.place import Tools
from probes.walk import walk
from probes.words import Reason, Scope, Step

_CANARIES = 6
_MOST_ENDPOINTS = 4

_ASKED = {
    Step.RESOLVE: "asked the resolver for {host}",
    Step.CONNECT: "opened a connection to port {port}",
    Step.HANDSHAKE: "greeted it by TLS as {host}",
    Step.KNOCK: "spoke the first words of its protocol",
    Step.FETCH: "asked for a page",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Probed:
    """What one round showed of one target."""

    target: Target
    judgement: Judgement
    record: Record
    walks: tuple[Walk, ...]


async def probe(loaded: Loaded, name: str) -> list[Probed]:
    """Walks the targets of `name` (`whatsapp`, or `whatsapp/chat`), canaries first; none if there is no such name."""
    pace = Pace.of(loaded.config)
    hands = tools(loaded, pace)
    services = walked_by(loaded.config.as_vantage(), loaded.services, resolvers(loaded))
    wanted = [t for s in services for t in s.targets if name in (s.id, t.name)]
    if not wanted:
        return []
    line = await _line(services, hands)
    vantage = loaded.config.as_vantage()
    return [await _probed(Record(target, domestic(target, vantage)), line, hands) for target in wanted]


async def _line(services: Iterable[Service], hands: Tools) -> Line:
    """Whether this line reaches abroad at all."""
    canaries = [t for s in services for t in s.targets if t.scope is Scope.INTERNATIONAL][:_CANARIES]
    seen = await asyncio.gather(*(walk(t, t.endpoints[0], hands, reason=Reason.ASKED, turn=0) for t in canaries))
    reached = sum(each.reached for each in seen)
    reach = reached / len(seen) if seen else None
    return Line(foreign_seen=reached > 0, canaries=len(seen), names_dead=False, reach=reach)


async def _probed(record: Record, line: Line, hands: Tools) -> Probed:
    target = record.target
    endpoints = target.endpoints[: max(target.sample, min(target.at_least, _MOST_ENDPOINTS))]
    walks = await asyncio.gather(*(walk(target, each, hands, reason=Reason.ASKED, turn=0) for each in endpoints))
    now_ms = hands.clock.now_ms()
    record.add(Round(target.name, 0, Reason.ASKED, now_ms, tuple(walks)), line, now_ms)
    return Probed(target, judge(record.evidence(line, now_ms, stale_after_s=60)), record, tuple(walks))


def as_json(probed: Probed) -> dict[str, Any]:
    """One object of the contract's shape."""
    record, failure = probed.record, probed.record.failure()
    return {
        "service": probed.target.service,
        "target": probed.target.name,
        "state": probed.judgement.state.value,
        "rule_id": probed.judgement.rule_id,
        "broke_at": [step.value for step in record.broke_at()],
        "failure": failure[1].value if failure else None,
        "findings": [finding.value for finding in record.findings()],
        "why": probed.judgement.why,
        "walks": [
            {
                "endpoint": str(each.endpoint),
                "steps": [
                    {"step": seen.step.value, "took_s": round(seen.took_s, 6), "failure": seen.failure}
                    for seen in each.steps
                ],
            }
            for each in probed.walks
        ],
    }


def explained(probed: Probed) -> Iterator[str]:
    """The same for a person, line by line."""
    target, judgement = probed.target, probed.judgement
    yield f"{target.name}: {judgement.state.value}"
    yield f"  {judgement.why}"
    for each in probed.walks:
        yield f"  {each.endpoint}"
        for seen in each.steps:
            asked = _ASKED.get(seen.step, seen.step.value).format(host=each.endpoint.host, port=each.endpoint.port)
            came = seen.failure.value if seen.failure else f"{seen.took_s * 1000:.0f} ms"
            found = "".join(f" ({finding.value})" for finding in seen.findings)
            yield f"    {asked}: {came}{found}"
    if not_seen := target.not_seen.get("en"):
        yield f"  not seen: {not_seen}"
    if judgement.state is State.INSUFFICIENT:
        yield "  to settle it: let the daemon walk it again on other addresses, and ask a control outside the country"
