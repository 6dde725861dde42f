"""What this vantage knows now: takes in finished rounds, has them judged, and states it all at each tick.

Facts are on disk before they come here (monitor/daemon.py): what is wrong in this room costs a replay, no evidence.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from monitor import metrics
from monitor.beat.pairs import Transfers
from monitor.judge import Evidence, State, judge, worst
from monitor.meaning.baseline import Baselines
from monitor.meaning.canaries import Canaries, domestic
from monitor.meaning.evidence import Record
from monitor.meaning.landmarks import Landmarks
from monitor.meaning.line import WELL, Line
from monitor.meaning.protocols import Protocols
from monitor.meaning.shown import of_success, one_of
from monitor.meaning.standing import NEVER, Standing
from monitor.meaning.surroundings import Surroundings
from monitor.metrics import Series
from monitor.telling.histogram import Histogram
from probes.book import Book
from probes.facts import Round, Service, Target, Vantage, Walk
from probes.words import Cell, Reason, Scope, Step

_STALE_PERIODS = 3
_PIECE = 20  # targets judged between two breaths of the loop


@dataclass(frozen=True, slots=True)
class News:
    """What a round changed.

    Attributes:
        changed: the target is no longer reached, or is again: it is to be walked again soon.
        ask_canaries: a canary fell silent, or spoke up in the dark: all of them are to be walked at once.
    """

    changed: bool
    ask_canaries: bool


@dataclass(slots=True)
class View:
    """Everything known.

    Attributes:
        services: with the targets walked here only.
        turn_s: target name -> how often it is walked, in seconds.
        histograms: of steps that succeeded, by service and step, where they are asked for.
    """

    vantage: Vantage
    services: tuple[Service, ...]
    turn_s: Mapping[str, float]
    canaries: Canaries
    landmarks: Landmarks
    baselines: Baselines
    book: Book
    histograms: defaultdict[tuple[str, str], Histogram] | None = None
    standings: dict[str, Standing] = field(default_factory=dict)
    walks_by_result: Counter[tuple[str, str]] = field(default_factory=Counter)
    transfers: Transfers = field(default_factory=Transfers)
    walks_since_tick: int = 0
    heartbeat_ms: int = 0
    protocols: Protocols = field(default_factory=Protocols)
    around: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self.around = Surroundings(self.canaries, period_ms=min(self.turn_s.values(), default=60.0) * 1000)
        for target in self.targets():
            record = Record(target, domestic=domestic(target, self.vantage))
            never = NEVER if target.endpoints else judge(Evidence(fresh=False, quarantined=True))
            self.standings[target.name] = Standing(record, never)

    def inherit(self, before: View) -> None:
        """What a reload would forget: the records of targets that are still walked, and every counter."""
        for name, standing in before.standings.items():
            if (mine := self.standings.get(name)) is not None and mine.record.target == standing.record.target:
                self.standings[name] = standing
        self.walks_by_result, self.walks_since_tick = before.walks_by_result, before.walks_since_tick
        self.heartbeat_ms = before.heartbeat_ms
        self.around.inherit(before.around)
        self.landmarks.inherit(before.landmarks, {target.name: target for target in self.targets()})
        self.baselines, self.transfers = before.baselines, before.transfers
        self.book.inherit(before.book)
        self.protocols = before.protocols

    def targets(self) -> Iterator[Target]:
        for service in self.services:
            yield from service.targets

    # ---------------------------------------------------------------- taking in

    def add(self, done: Round, now_ms: int) -> News:
        """Takes in a finished round and has its target judged anew."""
        if done.reason is Reason.COMPARE:
            self._compared(done, now_ms)
            return News(changed=False, ask_canaries=False)
        standing = self.standings[done.target]
        record, target = standing.record, standing.record.target
        done = self.transfers.add(target, done)
        was_reached = record.reached if record.last is not None else None
        for walk in done.walks:
            self.walks_by_result[(done.target, walk.failure.value if walk.failure else "ok")] += 1
            self.walks_since_tick += 1
            self.around.note_name(walk, now_ms)
            self._note_lengths(walk)
        ask_canaries = target.scope is not None and self.canaries.add(done)
        if not record.domestic and any(walk.reached and walk.authenticated for walk in done.walks):
            ask_canaries |= self.canaries.foreign_was_reached()
        self.book.learn(done.walks, now_ms)
        success = next((walk for walk in done.walks if walk.reached), None)
        slow = success is not None and self.baselines.is_slow(success, now_ms)
        line = self.around.line(target, now_ms)
        record.add(done, line, now_ms, slow=slow)
        if record.reached:
            standing.witnessed = None
        if target.about is not None:
            self.landmarks.add(target, reached=record.reached, at_ms=now_ms)
        self._judge(standing, now_ms, line)
        if success is not None and standing.judgement.state is State.OK and not slow:
            self.baselines.learn(success, now_ms)
        return News(changed=was_reached is not None and was_reached is not record.reached, ask_canaries=ask_canaries)

    def _compared(self, window: Round, now_ms: int) -> None:
        """What was walked beside the regular rounds, to tell a cause from coincidence."""
        standing = self.standings[window.target]
        if standing.record.target.scope is not None:
            self.around.asked_aside(standing.record.target, window.walks[0])
            return
        standing.record.compared(window.walks)
        self.book.learn((each for each in window.walks if each.cell is Cell.NAME_HERE), now_ms)
        self._judge(standing, now_ms)

    def witnessed(self, walk: Walk) -> None:
        """Takes in what the responder told of a walk, however late.

        It is shown beside the judge's words, and counts for nothing in them: it says where packets were lost, and not
        by whose hand.
        """
        standing = self.standings.get(walk.target)
        if standing is None or standing.record.reached or walk.failure is None or walk.told is None:
            return
        if standing.witnessed is None or standing.witnessed.started_ms <= walk.started_ms:
            standing.witnessed = walk

    def _note_lengths(self, walk: Walk) -> None:
        if self.histograms is not None:
            for seen in walk.steps:
                if seen.failure is None:
                    self.histograms[(walk.target.partition("/")[0], seen.step)].add(seen.took_s)

    def _judge(self, standing: Standing, now_ms: int, line: Line | None = None) -> None:
        record = standing.record
        stale_after_s = _STALE_PERIODS * self.turn_s[record.target.name]
        evidence = record.evidence(line or self.around.line(record.target, now_ms), now_ms, stale_after_s)
        standing.judged(judge(evidence), now_ms)

    # ---------------------------------------------------------------- stating

    def beat(self, now_ms: int) -> None:
        """The tick begins: a line that went dark, or time that passed, changes the words on every target."""
        for _ in self.beating(now_ms):
            pass

    def beating(self, now_ms: int) -> Iterator[None]:
        """The same in pieces: ten thousand targets are judged in a second on a small board, and walks are due."""
        if self.walks_since_tick:
            self.heartbeat_ms = now_ms
            self.walks_since_tick = 0
        canaries = {scope: self._of_canaries(scope, now_ms) for scope in Scope}
        yield from self.around.looking(canaries, list(self._watched(now_ms)), now_ms)
        fresh = self._fresh(now_ms)
        yield
        filtered = self.protocols.filtered(fresh.values(), fresh.get)
        for number, (name, standing) in enumerate(self.standings.items(), 1):
            standing.record.protocol_filtered = name in filtered
            if standing.record.last is not None:
                self._judge(standing, now_ms)
            if number % _PIECE == 0:
                yield

    def _of_canaries(self, scope: Scope, now_ms: int) -> list[Walk]:
        """The last walk to each that is usable, and not stale."""
        standings = (self.standings[canary.target.name] for canary in self.canaries.usable(scope, now_ms))
        return [s.record.last.walks[0] for s in standings if s.record.last and self._is_fresh(s, now_ms)]

    def _watched(self, now_ms: int) -> Iterator[Walk]:
        for standing in self.standings.values():
            record = standing.record
            if record.last and record.target.scope is None and self._is_fresh(standing, now_ms):
                yield from record.last.walks

    def samples(self, now_ms: int, *, home_only: bool = False) -> Iterator[tuple[Series, float]]:
        """Everything walks have taught, as series; taken in pieces, what is said of one target is of one moment.

        `home_only`: what would not be shipped may be left out.
        """
        for service in self.services:
            fresh = [s for s in self._of(service) if self._is_fresh(s, now_ms)]
            for standing in fresh:
                yield from tuple(self._of_target(standing, now_ms, home_only=home_only))
            for standing in (gone := [s for s in self._of(service) if not s.record.target.endpoints]):
                target = standing.record.target
                yield from one_of(metrics.TARGET_STATE, (target.service, target.id), standing.judgement.state)
            if (fresh or gone) and service.watched:
                state = self.service_state(service)
                yield from one_of(metrics.SERVICE_STATE, (service.id,), state)
        for (name, result), count in () if home_only else tuple(self.walks_by_result.items()):
            yield Series(metrics.WALKS, (*name.split("/"), result)), count
        for of, histogram in tuple((self.histograms or {}).items()):
            yield from histogram.series(metrics.WALK_STEP, of)
        if not self.around.house:
            yield from tuple(self._of_protocols(now_ms))
        yield from tuple(self._of_line(now_ms))

    def _of(self, service: Service) -> list[Standing]:
        return [self.standings[target.name] for target in service.targets]

    def _fresh(self, now_ms: int) -> dict[str, Record]:
        return {name: each.record for name, each in self.standings.items() if self._is_fresh(each, now_ms)}

    def _is_fresh(self, standing: Standing, now_ms: int) -> bool:
        """A target not finished for three of its periods ends."""
        stale_after_s = _STALE_PERIODS * self.turn_s[standing.record.target.name]
        return standing.record.last is not None and now_ms - standing.record.finished_ms <= stale_after_s * 1000

    def service_state(self, service: Service) -> State:
        """The worst essential target; where none is essential, the worst of all. What is quarantined speaks last."""
        standings = self._of(service)
        speak = [s for s in standings if s.record.target.essential] or standings
        left = [s for s in speak if s.record.target.endpoints]
        return worst([s.judgement.state for s in left or speak])

    def _of_target(self, standing: Standing, now_ms: int, *, home_only: bool) -> Iterator[tuple[Series, float]]:
        record = standing.record
        key = (record.target.service, record.target.id)
        yield Series(metrics.TARGET_UP, key), float(record.reached)
        if not home_only:
            yield from self._kept_here(standing, key, now_ms)
        if (failure := record.failure()) is not None:
            yield Series(metrics.TARGET_FAILURE, (*key, *failure)), 1
        for finding in record.findings():
            yield Series(metrics.TARGET_FINDING, (*key, finding)), 1
        yield from self.transfers.samples(record.target, now_ms)
        if (success := record.last_success()) is not None:
            yield from of_success(key, success)

    def _kept_here(self, standing: Standing, key: tuple[str, str], now_ms: int) -> Iterator[tuple[Series, float]]:
        record = standing.record
        yield from one_of(metrics.TARGET_STATE, key, standing.judgement.state)
        yield Series(metrics.TARGET_CUSUM, key), record.cusum
        if (ratio := record.endpoints_ratio) is not None:
            yield Series(metrics.TARGET_ENDPOINTS, key), ratio
        for step in Step:
            if (usual_s := self.baselines.usual_s(record.target.name, step, now_ms)) is not None:
                yield Series(metrics.STEP_BASELINE, (*key, step)), usual_s

    def _of_protocols(self, now_ms: int) -> Iterator[tuple[Series, float]]:
        fresh = self._fresh(now_ms)
        for key, up in self.protocols.up(fresh.values(), fresh.get):
            yield Series(metrics.PROTOCOL_UP, key), float(up)

    def _of_line(self, now_ms: int) -> Iterator[tuple[Series, float]]:
        for scope in Scope:
            # it would be the house's, and counted as the network's
            spoilt = self.around.house and scope is not Scope.GATEWAY
            if not spoilt and (ratio := self.canaries.ratio(scope, now_ms)) is not None:
                yield Series(metrics.CONNECTIVITY, (scope,)), ratio
            aside = Counter(self.canaries.set_aside(scope, now_ms).values())
            yield from ((Series(metrics.CANARIES_ASIDE, (scope, reason)), n) for reason, n in aside.items())
        if (self.canaries.ratio(Scope.INTERNATIONAL, now_ms) or 0) >= WELL:  # else it is our own line
            for about, ratio in self.landmarks.ratios():
                yield Series(metrics.LANDMARKS, (about.country, about.network, about.kind)), ratio
        if (offset_s := self.around.time.offset_s) is not None:
            yield Series(metrics.CLOCK_OFFSET, ()), offset_s
        if self.heartbeat_ms:
            yield Series(metrics.HEARTBEAT, ()), self.heartbeat_ms / 1000
