"""Judges stored rounds as the daemon would: canaries and targets replayed in the order of time."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from monitor.judge import Judgement, State
from monitor.meaning.baseline import Baselines
from monitor.meaning.canaries import Canaries
from monitor.meaning.evidence import Record
from monitor.meaning.landmarks import Landmarks
from monitor.meaning.view import View
from monitor.stored.ours import Kept
from monitor.stored.verdict import Verdict
from probes.book import Book
from probes.catalogue import SHIPPED, load_file, shipped
from probes.facts import Round, Service, Target, Vantage
from probes.words import Access, Depth, Failure, Kind, Reason, Role, Scope, Step

_DAY_S = 86400.0
_BOOK_MS = 7 * _DAY_S * 1000
_PERIOD_S = 300.0  # of a target that was walked only once: the longest of ordinary ones
_TOGETHER_MS = 10_000  # walks of one target that began so near each other are one round
_SAME_NUMBER_MS = 60_000  # of those that say of which round they are: numbers come again after a restart, not so soon
_ONLY_CANARIES = "it holds canaries only, which tell of a line and not of a service"
_ORDER = {step: number for number, step in enumerate(Step)}


def judged(file: Path, kept: Iterable[Kept]) -> Iterator[Verdict]:
    """One verdict a target, as it stood at its last round; canaries, which only tell of the line, have none."""
    rounds = sorted(_gathered(kept), key=lambda each: _ended_ms(each.done))
    if not rounds:
        return
    view = _view(rounds)
    last: dict[str, tuple[Kept, Judgement]] = {}
    turn: tuple[Reason, int] | None = None
    reached = False
    for each in rounds:
        done = each.done
        regular = done.reason is not Reason.COMPARE
        if regular and view.standings[done.target].record.target.scope is Scope.INTERNATIONAL:
            if turn is not None and turn != (done.reason, done.number):
                view.canaries.turn_ended(foreign_reached=reached)
                reached = False
            turn = (done.reason, done.number)
            reached = reached or any(walk.reached for walk in done.walks)
        view.add(done, _ended_ms(done))
        for walk in done.walks:
            view.witnessed(walk)
        if regular or done.target not in last:
            last[done.target] = (each, view.standings[done.target].judgement)
    if turn is not None:
        view.canaries.turn_ended(foreign_reached=reached)
    found = list(_verdicts(file, view, last, _ended_ms(rounds[-1].done)))
    yield from found or [Verdict(str(file), rounds[-1].line, "", State.INSUFFICIENT, "only_canaries", _ONLY_CANARIES)]


def _verdicts(file: Path, view: View, last: Mapping[str, tuple[Kept, Judgement]], end_ms: int) -> Iterator[Verdict]:
    """What was still fresh at the end of the file is judged by all of it; the rest as it was judged then."""
    view.beat(end_ms)
    for name, (kept, then) in last.items():
        standing = view.standings[name]
        if standing.record.target.scope is not None:
            continue
        judgement = standing.judgement if standing.judgement.rule_id != "nothing_fresh" else then
        failure = _failure(standing.record)
        yield Verdict(
            str(file),
            kept.line,
            name,
            judgement.state,
            judgement.rule_id,
            judgement.why,
            () if standing.record.reached else standing.record.broke_at(),
            failure[1] if failure else None,
            standing.record.findings(),
            kept.done.walks,
            standing.witnessed,
        )


def _failure(record: Record) -> tuple[Step, Failure] | None:
    return None if record.reached else record.failure()


def _gathered(kept: Iterable[Kept]) -> Iterator[Kept]:
    """Rounds whole again: walks of one target that began within seconds, wherever their lines stand."""
    kept = list(kept)
    yield from (each for each in kept if each.whole)
    single = [each for each in kept if not each.whole and not each.numbered]
    of_target = Counter[str]()
    for together in _together(single, lambda each: (each.done.target,), _TOGETHER_MS):
        of_target[together[0].done.target] += 1
        yield _one(together, of_target[together[0].done.target])
    numbered = [each for each in kept if each.numbered]
    for together in _together(numbered, _of_round, _SAME_NUMBER_MS):
        yield _one(together, together[0].done.number)


def _of_round(kept: Kept) -> tuple[str | int, ...]:
    return kept.done.target, kept.done.reason, kept.done.number


def _together(
    single: Iterable[Kept], of: Callable[[Kept], tuple[str | int, ...]], within_ms: int
) -> Iterator[list[Kept]]:
    """Walks that are of the same, and began so near each other."""
    ordered = sorted(single, key=lambda each: (of(each), each.done.started_ms))
    for _, alike in itertools.groupby(ordered, key=of):
        together: list[Kept] = []
        for each in alike:
            if together and each.done.started_ms - together[0].done.started_ms > within_ms:
                yield together
                together = []
            together.append(each)
        yield together


def _one(together: list[Kept], number: int) -> Kept:
    walks = tuple(walk for each in together for walk in each.done.walks)
    return Kept(together[-1].line, replace(together[0].done, number=number, walks=walks))


def _ended_ms(done: Round) -> int:
    return max(walk.started_ms + int(sum(seen.took_s for seen in walk.steps) * 1000) for walk in done.walks)


# ---------------------------------------------------------------- who walked, and to what


def _view(rounds: list[Kept]) -> View:
    """What the daemon would know at its start: the shipped catalogue, and targets as their walks show them."""
    shown: dict[str, list[Round]] = {}
    for each in rounds:
        shown.setdefault(each.done.target, []).append(each.done)
    known = {target.name: target for target in _catalogue()}
    targets = [known.get(name) or _shown(name, done) for name, done in shown.items()]
    vantage = _vantage(targets)
    turn_s = {name: _period_s(done) for name, done in shown.items()}
    canaries = Canaries(
        [target for target in targets if target.scope], vantage, standing_s=_DAY_S, day_s=_DAY_S, turn_s=turn_s
    )
    services = (Service("stored", {}, "", False, tuple(targets)),)
    return View(
        vantage, services, turn_s, canaries, Landmarks(day_s=_DAY_S), Baselines(day_s=_DAY_S), Book(keep_ms=_BOOK_MS)
    )


def _catalogue() -> Iterator[Target]:
    for name in shipped():
        service, _ = load_file(SHIPPED / f"{name}.yml")
        if service is not None:
            yield from service.targets


def _vantage(targets: Iterable[Target]) -> Vantage:
    """Domestic canaries are walked in their own country only: they give away which one."""
    at = next((target.at for target in targets if target.scope is Scope.DOMESTIC and target.at), None)
    return Vantage("stored", at.country if at else "", Role.INSIDE, Access.FIXED)


def _period_s(rounds: list[Round]) -> float:
    starts = sorted(done.started_ms for done in rounds)
    return max([_PERIOD_S, *((after - before) / 1000 for before, after in itertools.pairwise(starts))])


def _shown(name: str, rounds: list[Round]) -> Target:
    """A target no catalogue of ours has: any of its endpoints will do, and its deepest step says what it is."""
    walks = [walk for done in rounds for walk in done.walks]
    steps = {seen.step for walk in walks for seen in walk.steps}
    greeted = Step.HANDSHAKE in steps
    match max(steps, key=lambda step: _ORDER[step]):
        case Step.FETCH | Step.TRANSFER:
            kind = Kind.HTTPS if greeted else Kind.HTTP
        case Step.KNOCK:
            kind = Kind.OPENVPN
        case Step.HANDSHAKE:
            kind = Kind.TLS
        case Step.CONNECT:
            kind = Kind.TCP
        case _:
            kind = Kind.DNS
    service, _, id = name.partition("/")
    endpoints = tuple(dict.fromkeys(walk.endpoint for walk in walks))
    return Target(service, id, kind, Depth.ENDPOINT, endpoints, at_least=1, sample=len(endpoints))
