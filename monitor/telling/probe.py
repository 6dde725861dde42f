"""`didban probe`: one round of a target or a service now. Keeps nothing, sends nothing home."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import structs

from monitor.beat.comparisons import COMPARABLE
from monitor.beat.errands import walked_by
from monitor.config import Loaded
from monitor.home.asking import Asker, Far
from monitor.judge import Judgement, judge
from monitor.meaning import house
from monitor.meaning.canaries import domestic
from monitor.meaning.cause import shown
from monitor.meaning.evidence import Record
from monitor.meaning.line import Line
from monitor.pace import Pace
from monitor.telling import witnessed
from monitor.tools import resolvers, tools
from probes.account import complete
from probes.compare import Ground, compare
from probes.facts import Endpoint, Round, Target, Walk
from probes.place import Tools
from probes.walk import walk
from probes.words import Finding, Hearing, Reason, Scope, Transport

_CANARIES, _DOMESTIC = 6, 2
_MOST_ENDPOINTS = 4
_FRAME = 3  # canaries: one before, one after, and one to say the name to
_TIMES_ASKED = 4
_GOOD_LINE = 0.8  # of some canaries: on a line that loses more, four walks fall into any pattern by chance


@dataclasses.dataclass(frozen=True, slots=True)
class Probed:
    """What one round showed of one target.

    Attributes:
        reach: the share of some canaries abroad that answered just before.
        window: a comparison walked at once, where the target was not reached and one could say more.
    """

    target: Target
    judgement: Judgement
    record: Record
    walks: tuple[Walk, ...]
    reach: float | None = None
    window: tuple[Walk, ...] = ()

    @property
    def has_good_line(self) -> bool:
        return self.reach is None or self.reach > _GOOD_LINE

    @property
    def consistent_with(self) -> tuple[Finding, ...]:
        """What a single comparison suggests. Only three of them, on rested addresses, earn a finding."""
        found = shown(self.window) if self.has_good_line else frozenset()
        return tuple(finding for finding in Finding if finding in found)


async def probe(loaded: Loaded, name: str) -> list[Probed]:
    """Walks the targets of `name` (`whatsapp`, or `whatsapp/chat`), canaries first; none if there is no such name."""
    pace = Pace.of(loaded.config)
    hands = tools(loaded, pace)
    services = walked_by(loaded.config.as_vantage(), loaded.services, resolvers(loaded))
    wanted = [t for s in services for t in s.targets if name in (s.id, t.name)]
    if not wanted:
        return []
    every = [t for s in services for t in s.targets]
    canaries = [t for t in every if t.scope is Scope.INTERNATIONAL][:_CANARIES]
    home = [t for t in every if t.scope is Scope.DOMESTIC][:_DOMESTIC]
    abroad = functools.partial(_each, canaries, hands)
    seen, at_home = await asyncio.gather(looked_twice(abroad), _each(home, hands))
    alive = [target for target, each in zip(canaries, seen, strict=True) if each.reached]
    line = _line(seen, at_home)
    vantage = loaded.config.as_vantage()
    probed = [await _probed(Record(target, domestic(target, vantage)), line, hands) for target in wanted]
    own = loaded.config.responder.endpoint if loaded.config.responder else None
    probed = [await _compared(each, alive, own, hands) for each in probed]
    return await _witnessed(probed, loaded, pace, hands)


async def _witnessed(probed: list[Probed], loaded: Loaded, pace: Pace, hands: Tools) -> list[Probed]:
    """With what the operator's responder saw of the walks that went there."""
    far = Far.of(loaded.config, loaded.folder)
    if far is None or not any(far.met(walk) for each in probed for walk in (*each.walks, *each.window)):
        return probed
    asker = Asker(far, clock=hands.clock, patience_s=pace.ship_patience_s, spend=lambda sent, received: None)
    silent = False

    async def told(walks: Sequence[Walk]) -> tuple[Walk, ...]:
        """One silence speaks for the rest: they would go the same ways."""
        nonlocal silent
        seen = []
        for each in walks:
            asked = await _told(asker, each, pace) if far.met(each) and not silent else each
            silent = silent or (asked.told is not None and asked.told.hearing is Hearing.SILENT)
            seen.append(asked)
        return tuple(seen)

    return [dataclasses.replace(e, walks=await told(e.walks), window=await told(e.window)) for e in probed]


async def _told(asker: Asker, walk: Walk, pace: Pace) -> Walk:
    """A walk that failed ends at the far end a little later, and that nothing came is known later still."""
    for _ in range(_TIMES_ASKED if walk.failure else 1):
        if walk.failure is not None:
            await asyncio.sleep(pace.witness_s)
        walk = structs.replace(walk, told=await asker.account(walk))
        if complete(walk) or (walk.told and walk.told.hearing is not Hearing.TOLD):
            break
    return walk


async def looked_twice(look: Callable[[], Awaitable[list[Walk]]]) -> list[Walk]:
    """One round; a second where nothing was reached in the first: one silent moment is no cut."""
    seen = await look()
    return seen if any(each.reached for each in seen) else await look()


async def _each(targets: Sequence[Target], hands: Tools) -> list[Walk]:
    walks = (walk(target, target.endpoints[0], hands, reason=Reason.ASKED, turn=0) for target in targets)
    return list(await asyncio.gather(*walks))


def _line(seen: Sequence[Walk], at_home: Sequence[Walk]) -> Line:
    """Whether this line reaches abroad at all, and what this house does to it."""
    reached = sum(each.reached for each in seen)
    reach = reached / len(seen) if seen else None
    does = house.does(house.Seen(abroad=seen, domestic=at_home)) - house.WHOLE_LINE  # for that one look is not enough
    return Line(foreign_seen=reached > 0, canaries=len(seen), names_dead=False, house=does, reach=reach)


async def _compared(probed: Probed, alive: Sequence[Target], own: Endpoint | None, hands: Tools) -> Probed:
    """With one comparison, where there is ground for it."""
    failed = next((each for each in probed.walks if each.address and each.endpoint.host), None)
    if probed.record.reached or failed is None or probed.target.kind not in COMPARABLE or len(alive) < _FRAME:
        return probed
    at = failed.endpoint
    here = Endpoint(at.host, at.port, Transport.TCP, failed.address, at.v6)
    stranger = alive[2].endpoints[0]
    there = own if own and own.address else stranger
    ground = Ground(here, there, alive[0].endpoints[0].host, alive[0], alive[1], instead=stranger)
    return dataclasses.replace(probed, window=await compare(probed.target, ground, hands, booked=False))


async def _probed(record: Record, line: Line, hands: Tools) -> Probed:
    target = record.target
    endpoints = target.endpoints[: max(target.sample, min(target.at_least, _MOST_ENDPOINTS))]
    walks = await asyncio.gather(*(walk(target, each, hands, reason=Reason.ASKED, turn=0) for each in endpoints))
    now_ms = hands.clock.now_ms()
    record.add(Round(target.name, 0, Reason.ASKED, now_ms, tuple(walks)), line, now_ms)
    return Probed(target, judge(record.evidence(line, now_ms, stale_after_s=60)), record, tuple(walks), line.reach)


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
        "consistent_with": [finding.value for finding in probed.consistent_with],
        "why": probed.judgement.why,
        "witness": [witnessed.as_json(each) for each in (*probed.walks, *probed.window) if each.told],
        "walks": [
            {
                "endpoint": str(each.endpoint),
                **({"witness": witnessed.as_json(each)} if each.told else {}),
                "steps": [
                    {"step": seen.step.value, "took_s": round(seen.took_s, 6), "failure": seen.failure}
                    for seen in each.steps
                ],
            }
            for each in probed.walks
        ],
    }
