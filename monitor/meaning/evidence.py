"""Sums up the rounds of one target into the evidence the judge reads. Pure: facts in, facts about them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitor.judge import CUSUM_ALARM, Evidence
from monitor.meaning.cause import WINDOWS, led_astray, settled, shown
from monitor.meaning.line import Line
from probes.facts import Endpoint, Round, Target, Walk
from probes.kinds import TRAITS
from probes.words import INTERFERENCE, LOCAL, Failure, Finding, Step

# means 0 and 0.7 of OONI's detector: what a failed and a reached round add
_CUSUM_FAILED, _CUSUM_REACHED = 0.65, -0.35
ROUNDS_LOOKED_AT = 8
_WAITS = (
    5 / 3
)  # five periods, for it is stale after three: others' names are asked for in that time, whatever is blocked
_SENT_AGAIN_S = 0.9  # TCP sends its first packet again after a second (RFC 6298)
_TAKEN = (2, 3)
_STEPS = list(Step)
_LOCAL = LOCAL | {Finding.IPV6_BROKEN}  # which only ever stands on what was asked for over IPv6


@dataclass(slots=True)
class Count:
    """Straight failed rounds, and OONI's sum over failed and reached ones."""

    rounds: int = 0
    cusum: float = 0.0

    def failed(self) -> None:
        self.rounds += 1
        self.cusum = min(CUSUM_ALARM, self.cusum + _CUSUM_FAILED)

    def reached(self) -> None:
        self.rounds = 0
        self.cusum = max(0.0, self.cusum + _CUSUM_REACHED)


@dataclass(slots=True)
class Record:
    """What is kept of one target between rounds: the last walk to each endpoint, the failures since it was reached.

    `count`, `well`: of all rounds that speak of the target, and without those that failed on a line that was not well;
    `well_since_ms`: when the first of these failed; `named_ms`: when another name had last resolved, as known when the
    first of them failed, the last but one, and the last.
    `clean_rounds`: straight ones in which every walk was reached, and no connection had to be asked for twice;
    `clean_since_ms`: when the first of them began.
    """

    target: Target
    domestic: bool = False
    finished_ms: int = 0
    last: Round | None = None
    latest: dict[Endpoint, Walk] = field(default_factory=dict)
    failed: tuple[Round, ...] = ()  # at most eight; an empty deque is 760 bytes, and ten thousand targets have two
    count: Count = field(default_factory=Count)
    well: Count = field(default_factory=Count)
    well_since_ms: int = 0
    named_ms: tuple[int | None, int | None, int | None] = (None, None, None)
    slow_rounds: int = 0
    clean_rounds: int = 0
    clean_since_ms: int = 0
    windows: tuple[frozenset[Finding], ...] = ()
    astray: frozenset[Finding] = frozenset()
    house: frozenset[Finding] = frozenset()
    known: frozenset[Finding] = frozenset()
    protocol_filtered: bool = False
    _reached: tuple[Round | None, bool] = (None, False)  # asked at every turn, and only a round changes it

    def compared(self, window: Sequence[Walk]) -> None:
        """Takes in a comparison: what it is consistent with, and what it proves by itself."""
        if not self.reached:
            self.windows = (*self.windows, shown(window))[-WINDOWS:]
            self.astray |= led_astray(self.failed_walks(), window)

    def cause(self) -> tuple[Finding, ...]:
        """What the comparisons since it was last reached agree on."""
        found = settled(self.windows) | self.astray
        if self.protocol_filtered and not self.reached:
            found |= {Finding.PROTOCOL_FILTERED}
        return in_order(found)

    def add(self, done: Round, line: Line, finished_ms: int, *, slow: bool = False) -> None:
        """Takes in a finished round. One that failed while the line carried nothing is no failure of the target."""
        self.slow_rounds = self.slow_rounds + 1 if slow else 0
        self.clean_rounds = self.clean_rounds + 1 if all(map(_lost_nothing, done.walks)) else 0
        if self.clean_rounds == 1:
            self.clean_since_ms = done.walks[0].started_ms
        self.last, self.finished_ms = done, finished_ms
        self.latest.update({walk.endpoint: walk for walk in done.walks})
        if self.reached:
            self.count.reached()
            self.well.reached()
            self.failed, self.windows = (), ()
            self.astray = frozenset()
        elif self.domestic or line.blames(done, proven=not INTERFERENCE.isdisjoint(self.cause())):
            self.failed = (*self.failed, done)[-ROUNDS_LOOKED_AT:]
            self.count.failed()
            if self.domestic or line.well:
                if not self.well.rounds:
                    self.well_since_ms, self.named_ms = finished_ms, (line.named_ms,) * 3
                self.named_ms = self.named_ms[0], self.named_ms[2], line.named_ms
                self.well.failed()

    @property
    def reached(self) -> bool:
        """any_of asks the round that was just walked; more than one endpoint is counted over the last full turn."""
        if self._reached[0] is not self.last:
            self._reached = (self.last, self._count_reached())
        return self._reached[1]

    def _count_reached(self) -> bool:
        if self.last is None:
            return False
        walks = self.last.walks if self.target.at_least == 1 else self.latest.values()
        return sum(self._is_reached(walk) for walk in walks) >= self.target.at_least

    def _is_reached(self, walk: Walk) -> bool:
        return walk.reached and (walk.authenticated or not TRAITS[self.target.kind].proves)

    @property
    def endpoints_ratio(self) -> float | None:
        """Share of the endpoints reached over the last full turn."""
        if not self.latest:
            return None
        return sum(self._is_reached(walk) for walk in self.latest.values()) / len(self.latest)

    @property
    def failed_rounds(self) -> int:
        """Straight ones that speak of the target, on however bad a line."""
        return self.count.rounds

    @property
    def cusum(self) -> float:
        return self.count.cusum

    def failed_walks(self) -> list[Walk]:
        """Those of the rounds that failed since it was last reached; of the last round, if the line carried nothing."""
        rounds: Iterable[Round] = self.failed or ([self.last] if self.last and not self.reached else [])
        return [walk for done in rounds for walk in done.walks if not self._is_reached(walk)]

    def failure(self) -> tuple[Step, Failure] | None:
        """The most frequent failure now, ties to the deeper step."""
        broken = (each for walk in self.failed_walks() for each in walk.broken)
        seen = Counter((each.step, each.failure) for each in broken if each.failure is not None)
        if not seen:
            return None
        return max(seen, key=lambda each: (seen[each], _STEPS.index(each[0])))

    def broke_at(self) -> tuple[Step, ...]:
        """Every step that fails now, in the order a walk takes them: there may be more than one wall."""
        broken = {seen.step for walk in self.failed_walks() for seen in walk.broken}
        return tuple(step for step in Step if step in broken)

    def findings(self) -> tuple[Finding, ...]:
        """Proof in hand now, in the order it was found."""
        walks = self.failed_walks() if not self.reached else (self.last.walks if self.last else ())
        seen = [finding for walk in walks for finding in walk.findings]
        return tuple(dict.fromkeys([*seen, *self.cause(), *in_order(self.house | self.known)]))

    def last_success(self) -> Walk | None:
        return next((w for w in (self.last.walks if self.last else ()) if self._is_reached(w)), None)

    def evidence(self, line: Line, now_ms: int, stale_after_s: float) -> Evidence:
        """What the judge reads.

        Args:
            stale_after_s: three periods of the target.
        """
        if not self.target.endpoints:
            return Evidence(fresh=False, quarantined=True)
        last = self.last
        fresh = last is not None and now_ms - self.finished_ms <= stale_after_s * 1000
        if last is None or not fresh:
            return Evidence(fresh=False)
        at_the_name = not self.reached and all(_only_the_name(walk) for walk in last.walks)
        waits_ms = stale_after_s * 1000 * _WAITS
        named = not at_the_name or self._others_resolve(waits_ms)
        void = line.was_unwell(self.well_since_ms) or (not named and now_ms - self.well_since_ms > waits_ms)
        if void and not self.domestic:
            self.well = Count()
        self.house, self.known = line.spoilt if self.reached else line.house, line.known
        findings = set(self.findings())
        interference = not self.reached and not INTERFERENCE.isdisjoint(findings)
        counts = self.well if line.well else self.count  # once a line is well, what it was before says nothing
        return Evidence(
            fresh=True,
            reached=self.reached,
            slow_rounds=self.slow_rounds,
            authenticated=any(walk.reached and walk.authenticated for walk in last.walks),
            refusal=Finding.PROVIDER_REFUSAL in findings,
            denied=self.reached and all(self._is_denied(walk) for walk in last.walks if walk.reached),
            local=not _LOCAL.isdisjoint(findings - (self.known - self.house)),
            interference=interference,
            failed_rounds=self.failed_rounds if interference else counts.rounds,  # a proof is one on any line
            failed_endpoints=self._failed_endpoints(counts.rounds),
            cusum=counts.cusum,
            foreign_seen=line.foreign_seen,
            canaries=line.canaries,
            line_poor=line.poor,
            names_dead=line.names_dead or not named,
            failed_resolving=at_the_name,
            domestic=self.domestic,
        )

    def _others_resolve(self, lately_ms: float) -> bool:
        """Whether names of others resolved lately when this one began to fail, and since: else the resolver is dead.

        It has to begin to fail once more after that: a resolver that is back knows it again at the next walk.
        """
        before_ms, since_ms, _ = self.named_ms
        if self.domestic or before_ms is None or since_ms is None or not self.well.rounds:
            return True
        return self.well_since_ms - before_ms <= lately_ms and since_ms >= self.well_since_ms

    def _is_denied(self, walk: Walk) -> bool:
        """In clear anybody on the way may be the one who says No, unless the service file expects that very answer."""
        page = walk.last
        if page.step is not Step.FETCH or page.status is None or walk.authenticated:
            return False
        if {str(page.status), f"{page.status // 100}xx"} & set(self.target.expect):
            return False
        return page.status // 100 not in _TAKEN or page.elsewhere is not None

    def _failed_endpoints(self, rounds: int) -> int:
        """Different addresses among the last so many failures."""
        walks = (walk for done in self.failed[-rounds:] if rounds for walk in done.walks if not self._is_reached(walk))
        return len({_where(walk) for walk in walks})


def in_order(found: frozenset[Finding]) -> tuple[Finding, ...]:
    """As the closed list has them."""
    return tuple(finding for finding in Finding if finding in found) if found else ()


def _lost_nothing(walk: Walk) -> bool:
    """As far as can be seen from here."""
    return walk.reached and all(seen.took_s < _SENT_AGAIN_S for seen in walk.steps if seen.step is Step.CONNECT)


def _where(walk: Walk) -> str:
    """Two walks that failed at the name are two walks: the resolvers were asked again, no address was spared."""
    return walk.address or f"{walk.endpoint.host} at {walk.started_ms}"


def _only_the_name(walk: Walk) -> bool:
    """Nothing is known to be broken but the resolving of its name."""
    return [seen.step for seen in walk.broken] == [Step.RESOLVE]
