"""Walks a simulated line: what the probes would have written down there. Takes the place of `probes.walk` and
`probes.compare`; knows no judge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from msgspec import structs

from monitor.backtest.lived import walks
from monitor.backtest.lived.hits import Hit
from monitor.backtest.lived.leaping import Hands
from monitor.backtest.lived.line import Line
from monitor.backtest.lived.meeting import Asked, met, said
from monitor.backtest.lived.touching import Stretch
from monitor.backtest.lived.walks import Far
from monitor.backtest.lived.weather import Spell
from monitor.backtest.worlds.words import How, What
from monitor.backtest.worlds.world import Drop
from monitor.beat.pairs import NEUTRAL
from monitor.beat.walker import Walker
from probes.compare import Ground
from probes.facts import Endpoint, Observation, Service, Target, Vantage, Walk
from probes.kinds import TRAITS
from probes.place import Tools
from probes.words import Answer, Cell, Failure, Finding, Kind, Reason, Scope, Step

_GATEWAY_S, _HOME_S, _ABROAD_S = 0.004, 0.02, 0.12
_TIMEOUT_S = 10.0
_TRIES = {Step.RESOLVE: 2}  # a resolver is asked twice; TCP says everything again after 1, 3 and 7 s (RFC 6298)
_TRIES_OF_TCP = 4
_SENT_AGAIN_S = 1.0
_PORTAL = "portal.invalid"
_LEGAL = 451

_Met = tuple[Mapping[Step, Hit], Mapping[What | How, Drop]]


class Walks:
    """Of one box.

    Args:
        about: the path behind a landmark, for controls; None where it has none of its own.
    """

    def __init__(
        self,
        vantage: Vantage,
        line: Line,
        services: Iterable[Service],
        hands: Hands,
        about: Callable[[Target], Line | None],
    ) -> None:
        self._vantage, self._line, self._hands, self._about = vantage, line, hands, about
        self._names: dict[str, Target] = {}
        self._addresses: dict[str, Target] = {}
        self._beside_home: dict[str, set[str]] = {}
        for service in services:
            for target in service.targets:
                if target.options.get("home") == vantage.country:
                    self._beside_home.setdefault(service.id, set()).add(target.id)
                for endpoint in target.endpoints:
                    if endpoint.host:
                        self._names.setdefault(endpoint.host, target)
                    stands = (endpoint.address,) if endpoint.address else walks.addresses(endpoint.host, endpoint.v6)
                    for address in stands:
                        self._addresses.setdefault(address, target)
        self._clean: dict[tuple[str, Endpoint], tuple[Observation, ...]] = {}
        self._met_on: tuple[Stretch, ...] = ()
        self._met: dict[tuple[str, Endpoint], _Met] = {}
        self.walker = Walker(self.walk, self.compare)

    # ---------------------------------------------------------------- walks

    async def walk(
        self, target: Target, endpoint: Endpoint, tools: Tools, *, reason: Reason, turn: int, avoid: frozenset[str]
    ) -> Walk:
        at_ms = self._hands.now_ms()
        now = self._line.at(at_ms)
        about = self._about(target) if target.about is not None else None
        quiet = not now.stretches and not now.lost and not now.delay_ms and now.slower == 1.0
        if quiet and about is None and target.kind is not Kind.TRANSFER:
            steps = self._clean_steps(target, endpoint)
            return self._written(target, endpoint, _pick(target, endpoint, turn, avoid), at_ms, reason, steps)
        await self._no_fault_of_our_own(at_ms)
        whose = self._names.get(target.options.get("says", ""), target)
        asked = Asked(whose, target, endpoint, target.kind, self._is_home(target), target.scope is Scope.GATEWAY)
        steps, address, booked = self._steps(asked, target, endpoint, tools, turn, avoid, at_ms, about or self._line)
        if waited_s := sum(seen.took_s for seen in steps if seen.failure is Failure.TIMEOUT):
            await asyncio.sleep(waited_s)
        return self._written(target, endpoint, address, at_ms, reason, steps, booked=booked)

    def _clean_steps(self, target: Target, endpoint: Endpoint) -> tuple[Observation, ...]:
        key = (target.name, endpoint) if target.kind is not Kind.HTTPS or "method" not in target.options else None
        if key is None:
            return self._dated(walks.clean(target, endpoint, self._far(target)))
        found = self._clean.get(key)
        if found is None:
            found = self._clean[key] = walks.clean(target, endpoint, self._far(target))
        return found

    def _dated(self, steps: tuple[Observation, ...]) -> tuple[Observation, ...]:
        """An answer to HEAD gives the time, to the second: as the box's own clock must have it, if it is right."""
        now_ms = self._hands.now_ms()
        drops = [drop for each in self._line.at(now_ms).stretches for drop in each.cause.drops]
        offset_s = next((drop.offset_s for drop in drops if drop.what is What.CLOCK), 0.0)
        told_ms = int(now_ms / 1000 - offset_s) * 1000
        return tuple(structs.replace(seen, date_ms=told_ms) if seen.step is Step.FETCH else seen for seen in steps)

    async def _no_fault_of_our_own(self, at_ms: int) -> None:
        """A prober that is broken comes to no end as long as it is."""
        for each in self._line.at(at_ms).stretches:
            if any(drop.what is What.PROBER for drop in each.cause.drops):
                await asyncio.sleep((each.until_ms - at_ms) / 1000)

    def _steps(
        self, asked: Asked, target: Target, endpoint: Endpoint, tools: Tools, turn: int, avoid: frozenset[str],
        at_ms: int, line: Line,
    ) -> tuple[tuple[Observation, ...], str, bool]:  # fmt: skip
        way = walks.route(target.kind, endpoint)
        hits, also = self._meets(asked, way, line, at_ms)
        far = self._farther(target, also, at_ms)
        lost = self._lost_at(way, target, at_ms)
        address, booked, seen = _pick(target, endpoint, turn, avoid), False, []
        for step in way:
            hit = hits.get(step)
            if hit is None and step is not lost:
                seen.append(self._passed(step, target, endpoint, far, also))
                continue
            failure, findings = (hit.failure, hit.findings) if hit is not None else (Failure.TIMEOUT, ())
            seen.append(walks.stopped(step, failure, findings, tools.timeout_s, far))
            if failure is None:
                continue
            known = tools.book(endpoint.host, endpoint.v6) if step is Step.RESOLVE and not endpoint.address else ()
            if not known or not TRAITS[target.kind].proves:
                address = "" if step is Step.RESOLVE and not endpoint.address else address
                break
            booked, address = True, known[turn % len(known)]
        steps = tuple(seen)
        return (self._dated(steps) if target.options.get("method") == "HEAD" else steps), address, booked

    def _meets(self, asked: Asked, way: tuple[Step, ...], line: Line, at_ms: int) -> _Met:
        """What breaks it, and what else is said to it: the same as before, as long as the same stands on our line."""
        now = line.at(at_ms)
        if now.drawn or line is not self._line or at_ms != self._hands.now_ms():
            return met(asked, way, line, at_ms), said(asked, line, at_ms)
        if now.stretches != self._met_on:
            self._met_on, self._met = now.stretches, {}
        key = (asked.at.name, asked.endpoint)
        if key not in self._met:
            self._met[key] = met(asked, way, line, at_ms), said(asked, line, at_ms)
        return self._met[key]

    def _passed(
        self, step: Step, target: Target, endpoint: Endpoint, far: Far, also: Mapping[What | How, Drop]
    ) -> Observation:
        status = also.get(How.STATUS)
        page = also.get(What.PORTAL) or also.get(What.GARDEN)
        if step is Step.FETCH and status is not None and target.kind is Kind.HTTPS:
            return _answered(status, target, walks.passed(step, target, endpoint, far))
        if step is Step.FETCH and page is not None:
            return structs.replace(
                walks.passed(step, target, endpoint, far), status=302, answer=None, elsewhere=_PORTAL
            )
        return walks.passed(step, target, endpoint, far)

    def _lost_at(self, way: tuple[Step, ...], target: Target, at_ms: int) -> Step | None:
        """The step at which everything a walk says again and again is lost, if there is one."""
        found = (lost_at(way, each, self._line.fate(each, target.name, at_ms)) for each in self._line.at(at_ms).lossy)
        return next((step for step in found if step is not None), None)

    def dooms(self, spell: Spell, target: Target) -> bool:
        """Whether a walk of that target, begun in that short loss, would come to nothing."""
        fate = self._line.fate(spell, target.name, spell.from_ms)
        return any(lost_at(walks.route(target.kind, each), spell, fate) for each in target.endpoints)

    # ---------------------------------------------------------------- comparisons

    async def compare(self, target: Target, ground: Ground, tools: Tools, *, booked: bool) -> tuple[Walk, ...]:
        """The order of `probes.compare`: what is said later must not have been heard before."""
        before = await self._canary(ground.before, Cell.BEFORE, tools)
        if not before.reached:
            return (before,)
        here, name, there = ground.here, ground.here.host, ground.there
        other_here = await self._greeted(target, here, ground.other, Cell.OTHER_HERE)
        name_here = structs.replace(await self._greeted(target, here, name, Cell.NAME_HERE), booked=booked)
        other_there = await self._greeted(target, there, ground.other, Cell.OTHER_THERE)
        if not other_there.authenticated and ground.instead is not None:
            there = ground.instead
            other_there = await self._greeted(target, there, ground.other, Cell.OTHER_THERE)
        name_there = await self._greeted(target, there, name, Cell.NAME_THERE)
        after = await self._canary(ground.after, Cell.AFTER, tools)
        return (before, other_here, name_here, other_there, name_there, after)

    async def _canary(self, canary: Target, cell: Cell, tools: Tools) -> Walk:
        at = canary.endpoints[0]
        return structs.replace(
            await self.walk(canary, at, tools, reason=Reason.COMPARE, turn=0, avoid=frozenset()), cell=cell
        )

    async def _greeted(self, target: Target, at: Endpoint, says: str, cell: Cell) -> Walk:
        """A connection and a TLS greeting by a name that need not be the endpoint's."""
        at_ms, way = self._hands.now_ms(), (Step.CONNECT, Step.HANDSHAKE)
        whose = self._addresses.get(at.address, target)
        asked = Asked(self._names.get(says, target), whose, at, Kind.TLS, self._is_home(whose), gateway=False)
        hits, seen = met(asked, way, self._line, at_ms), []
        lost = self._lost_at(way, target, at_ms)
        for step in way:
            hit = hits.get(step)
            if hit is None and step is not lost:
                seen.append(walks.passed(step, whose, replace(at, host=says), self._far(whose)))
                continue
            failure, findings = (hit.failure, hit.findings) if hit is not None else (Failure.TIMEOUT, ())
            seen.append(walks.stopped(step, failure, findings, _TIMEOUT_S, self._far(whose)))
            break
        if waited_s := sum(each.took_s for each in seen if each.failure is Failure.TIMEOUT):
            await asyncio.sleep(waited_s)
        return structs.replace(self._written(target, at, at.address, at_ms, Reason.COMPARE, tuple(seen)), cell=cell)

    # ---------------------------------------------------------------- where things stand

    def _is_home(self, target: Target) -> bool:
        """Also the half of a pair that is fetched at home, to compare what lies abroad with it."""
        if target.scope is Scope.DOMESTIC or (target.at is not None and target.at.country == self._vantage.country):
            return True
        return target.id.endswith(NEUTRAL) and target.id.removesuffix(NEUTRAL) in self._beside_home.get(
            target.service, ()
        )

    def _far(self, target: Target) -> Far:
        if target.scope is Scope.GATEWAY:
            return Far(_GATEWAY_S * 4)  # a step of resolving takes a quarter of a round trip
        return Far(_HOME_S) if self._is_home(target) else Far(_ABROAD_S)

    def _farther(self, target: Target, also: Mapping[What | How, Drop], at_ms: int) -> Far:
        now, far = self._line.at(at_ms), self._far(target)
        rtt_s, slower = far.rtt_s + now.delay_ms / 1000, now.slower
        for what in (What.DELAY, What.SLOW, How.THROTTLE):
            drop = also.get(what)
            rtt_s += drop.delay_ms / 1000 if drop is not None else 0.0
            slower *= drop.factor if drop is not None else 1.0
        if What.TUNNEL in also and self._is_home(target):
            rtt_s = 2.5 * _ABROAD_S
        return Far(rtt_s, far.bytes_per_s / slower)

    def _written(
        self, target: Target, endpoint: Endpoint, address: str, at_ms: int, reason: Reason,
        steps: tuple[Observation, ...], *, booked: bool = False,
    ) -> Walk:  # fmt: skip
        count, boot_ms = walks.WALK_BYTES, self._hands.boot_ms()
        return Walk(target.name, endpoint, address, at_ms, reason, steps, count, count, booked=booked, boot_ms=boot_ms)


def lost_at(way: tuple[Step, ...], spell: Spell, fate: float) -> Step | None:
    """Each step in turn takes its chance: everything it says again is lost, there or back."""
    either_way = 1 - (1 - spell.lost) ** 2
    for step in way:
        fate -= either_way ** _TRIES.get(step, _TRIES_OF_TCP)
        if fate < 0:
            return step
    return None


def _pick(target: Target, endpoint: Endpoint, turn: int, avoid: frozenset[str]) -> str:
    if endpoint.address:
        return endpoint.address
    known = walks.addresses(endpoint.host, endpoint.v6)
    free = [each for each in known if each not in avoid] or known
    return free[turn % len(free)]


def _answered(drop: Drop, target: Target, seen: Observation) -> Observation:
    """The authentic service says so itself; a page that a fingerprint knows, and 451, are its refusal."""
    status = drop.status
    refused = bool(drop.page) or status == _LEGAL
    expected = {"any", str(status), f"{status // 100}xx"} & set(target.expect)
    return structs.replace(
        seen,
        status=status,
        answer=Answer.of(status),
        failure=None if expected else Failure.HTTP_UNEXPECTED_STATUS,
        findings=(Finding.PROVIDER_REFUSAL,) if refused else (),
        fingerprint=drop.page or None,
    )
