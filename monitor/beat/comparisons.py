"""While a target is not reached: leaves one of its addresses alone, then compares, until a cause shows.

Decides where and when a comparison is walked; what it shows is `monitor.meaning.cause`'s.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.beat.listed import Listed
from monitor.beat.spread import spread_s, unit
from monitor.beat.turns import Turns
from monitor.meaning.view import View
from monitor.pace import Pace
from probes.compare import Ground
from probes.facts import Endpoint, Target, Walk
from probes.words import Cell, Kind, Scope, Step, Transport

COMPARABLE = frozenset({Kind.TLS, Kind.HTTPS})  # those whose name is said in a TLS greeting
_SAYS_THE_NAME = (Step.HANDSHAKE, Step.FETCH)
_MOVED_SHARE = 0.1
_SOON, _MOST_DOUBLINGS = 6, 10
_HEARS_THE_NAME = (Cell.NAME_HERE, Cell.NAME_THERE)
_NAMES_TRIED = 6  # from home, one after the other, until one passes
_NOBODY = frozenset[str]()

WalkWindow = Callable[[Target, Ground, bool], Awaitable[Sequence[Walk]]]


@dataclass(slots=True)
class Met:
    """When an address last heard a name, in monotonic seconds; and which addresses are left alone, till when."""

    heard_s: dict[tuple[str, str], float] = field(default_factory=dict)
    spared_s: dict[str, float] = field(default_factory=dict)

    def note(self, walk: Walk, now_s: float, said: str = "") -> None:
        """`said`: the name in the greeting, where it is not the host's own."""
        name = said or walk.endpoint.host
        if name and any(seen.step in _SAYS_THE_NAME for seen in walk.steps):
            self.heard_s[(walk.address, name)] = now_s

    def rested_s(self, address: str, name: str, now_s: float) -> float:
        """For how long the address has not heard the name."""
        return now_s - self.heard_s.get((address, name), float("-inf"))

    def spare(self, address: str, until_s: float) -> None:
        self.spared_s[address] = max(until_s, self.spared_s.get(address, until_s))

    def spared(self, now_s: float) -> frozenset[str]:
        if not self.spared_s:
            return _NOBODY
        self.spared_s = {address: until_s for address, until_s in self.spared_s.items() if until_s > now_s}
        return frozenset(self.spared_s)


class Comparisons:
    """Of one vantage.

    Args:
        responder: where the operator's own speaks TLS, or nothing: then a canary takes its place. By its name alone it
            is found in the good book, once a target of it has been reached.
        affordable: whether the day's bytes allow a comparison of that target.
        walk_window: walks one comparison under the limits, keeps it, and has it judged.
    """

    def __init__(
        self,
        view: View,
        turns: Mapping[str, Turns],
        walk_window: WalkWindow,
        *,
        pace: Pace,
        secret: bytes,
        responder: Endpoint | None,
        affordable: Callable[[Target], bool],
        elapsed_s: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._view, self._turns, self._walk_window = view, turns, walk_window
        self._pace, self._secret, self._responder = pace, secret, responder
        self._affordable, self._elapsed_s, self._now_ms = affordable, elapsed_s, now_ms
        self._under_way: set[str] = set()
        self._listed = Listed()
        self._one_at_a_time = asyncio.Lock()  # a canary that frames one comparison must not be the far end of another
        self.met = Met()

    def wanted(self, target: Target) -> bool:
        """Whether a comparison could say more of it, and none is under way."""
        record = self._view.standings[target.name].record
        alone = target.scope is None and target.about is None
        return alone and target.kind in COMPARABLE and not record.reached and target.name not in self._under_way

    async def while_broken(self, target: Target) -> None:
        """Ends when the target is reached again."""
        if target.name in self._under_way:
            return
        self._under_way.add(target.name)
        record = self._view.standings[target.name].record
        try:
            number = 0
            while not record.reached:
                number += 1
                here = self._left_alone(target)
                moved_s = self._pace.comparison_rest_s * _MOVED_SHARE
                await asyncio.sleep(spread_s(self._secret, f"{target.name} compare", number, moved_s))
                await asyncio.sleep(self._pace.interval_s)  # windows side by side would be one
                await asyncio.sleep(max(0.0, self._still_to_rest_s(here)))
                rested = self._still_to_rest_s(here) <= 0  # a walk may have been under way when it was chosen
                if here is not None and rested and not record.reached:
                    await self._one_window(target, here, names=1 if 2 < number <= _SOON else _NAMES_TRIED)
                dark = self._view.around.line(target, self._now_ms()).dark
                await asyncio.sleep(self._pause_s(number, named=bool(record.cause()), dark=dark))
        finally:
            self._under_way.discard(target.name)

    def _pause_s(self, number: int, *, named: bool, dark: bool = False) -> float:
        """None for the first few windows; then ever longer: what is blocked for years must not be paid for daily.

        In the dark it stays at the first: a cut may end as a list of what may pass.
        """
        if not named and number < _SOON:
            return 0.0
        if dark:
            return self._pace.comparison_again_s
        doubled = min(max(0, number - _SOON), _MOST_DOUBLINGS)
        return min(self._pace.day_s, self._pace.comparison_again_s * float(2**doubled))

    def _still_to_rest_s(self, here: Endpoint | None) -> float:
        if here is None:
            return 0.0
        return self._pace.comparison_rest_s - self.met.rested_s(here.address, here.host, self._elapsed_s())

    async def _one_window(self, target: Target, here: Endpoint, names: int) -> None:
        """`names`: how many from home may be tried as one that is let through."""
        async with self._one_at_a_time:
            for _ in range(names):
                line = self._view.around.line(target, self._now_ms())
                if not line.carries and not (line.dark and target.essential):
                    return
                ground = self._ground(here) or (self._ground_on_a_list(here) if line.dark else None)
                if ground is None or not self._affordable(target):
                    return
                others = tuple(dict.fromkeys(each.host for each in target.endpoints if each.host))
                booked = here.address in self._view.book.addresses(here.host, here.v6)
                walks = await self._walk_window(target, replace(ground, others=others), booked)
                self._leave_alone(walks, here.host)
                if not self._listed.learn(ground, walks):
                    return

    def _leave_alone(self, walks: Sequence[Walk], name: str) -> None:
        """Whoever heard the name in a comparison does not hear it again for a while."""
        now_s = self._elapsed_s()
        for each in walks:
            if each.cell in _HEARS_THE_NAME:
                self.met.heard_s[(each.address, name)] = now_s
            if each.cell is Cell.NAME_THERE:
                self.met.spare(each.address, now_s + self._pace.comparison_rest_s)

    # ---------------------------------------------------------------- choosing

    def _left_alone(self, target: Target) -> Endpoint | None:
        """The address that has not heard its name for longest; regular walks pass it over from now on.

        None where there is no other to walk to meanwhile: an essential target is never left unwalked.
        """
        now_s, rest_s = self._elapsed_s(), self._pace.comparison_rest_s
        every = list(self._addresses(target))
        booked = [at for at in every if at.address in self._view.book.addresses(at.host, at.v6)]
        some = booked if len({at.address for at in booked}) > 1 else every  # those that proved themselves say more
        known = sorted(some, key=lambda at: -min(rest_s, self.met.rested_s(at.address, at.host, now_s)))
        if not known:
            return None
        chosen = known[0]
        alone = len({at.address for at in known}) == 1
        if alone and self.met.rested_s(chosen.address, chosen.host, now_s) < rest_s:
            return None
        self.met.spare(chosen.address, now_s + rest_s * (1 + 2 * _MOVED_SHARE) + self._pace.interval_s)
        return chosen

    def _addresses(self, target: Target) -> Iterator[Endpoint]:
        """Where the target stands, as far as is known: literal addresses, the good book, what was answered lately."""
        answers = self._turns[target.name].answers
        for each in target.endpoints:
            public = (address for address in answers.get(each, ()) if ipaddress.ip_address(address).is_global)
            known = [each.address] if each.address else [*self._view.book.addresses(each.host, each.v6), *public]
            for address in dict.fromkeys(known):
                if each.host:
                    yield Endpoint(each.host, each.port, Transport.TCP, address, each.v6)

    def _own(self) -> Endpoint | None:
        """Where the operator's responder stands, as far as is known."""
        if self._responder is None or self._responder.address:
            return self._responder
        known = self._view.book.addresses(self._responder.host, v6=False)
        return replace(self._responder, address=known[0]) if known else None

    def _ground(self, here: Endpoint) -> Ground | None:
        """None while too few canaries answer to frame it."""
        alive = self._canaries(Scope.INTERNATIONAL, here, alive=True)
        strangers = self._strangers(here, alive)
        taken = {at.address for at in strangers}
        frame = [each for each in alive if each.endpoints[0].address not in taken]
        if not strangers or len(frame) < 2:
            return None
        instead = strangers[1] if len(strangers) > 1 else None
        other = frame[0].endpoints[0].host
        return Ground(here, strangers[0], other, frame[0], frame[1], instead=instead)

    def _ground_on_a_list(self, here: Endpoint) -> Ground | None:
        """Where fewer canaries live than frame a comparison: by a name that may be listed (monitor/beat/listed.py)."""
        alive = self._canaries(Scope.INTERNATIONAL, here, alive=True)
        dead = self._canaries(Scope.INTERNATIONAL, here, alive=False)
        home = self._canaries(Scope.DOMESTIC, here, alive=True)
        names = [each.endpoints[0].host for each in home]
        return self._listed.ground(here, alive, dead, names, lambda some: self._strangers(here, some, count=2))

    def _canaries(self, scope: Scope, here: Endpoint, *, alive: bool) -> list[Target]:
        """Those that answered, or did not, when last walked; in an order that nobody can foretell."""
        now_ms = self._now_ms()
        usable = (each for each in self._view.canaries.usable(scope, now_ms) if each.alive is alive)
        found = [each.target for each in usable if each.target.endpoints[0].host != here.host]
        return sorted(found, key=lambda each: unit(self._secret, each.name, here.address, now_ms))

    def _strangers(self, here: Endpoint, canaries: Sequence[Target], *, count: int = 1) -> list[Endpoint]:
        """Where the name may be said beside its own address: the operator's responder first, then one of these."""
        now_s, rest_s = self._elapsed_s(), self._pace.comparison_rest_s
        own = self._own()
        found = [endpoint for each in canaries for endpoint in each.endpoints]
        rested = [at for at in found if self.met.rested_s(at.address, here.host, now_s) >= rest_s][:count]
        if own is not None and self.met.rested_s(own.address, here.host, now_s) >= rest_s:
            return [own, *rested]
        return rested
