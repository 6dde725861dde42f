"""Holds what was sent against what should have been: delays of what was expected, and whether the rest was false."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.backtest.told.messages import Labels, Message
from monitor.backtest.told.observable import Coverage
from monitor.backtest.worlds.alerts import Severity
from monitor.backtest.worlds.expected import Allowed, Expect
from monitor.backtest.worlds.words import Known
from monitor.backtest.worlds.world import World

_RANK = {Severity.INFO: 0, Severity.TICKET: 1, Severity.PAGE: 2}
_OWN_LABELS = frozenset({"alertname", "severity", "product", "family"})
_AFTERWARDS_MS = 30 * 60_000  # for so long after its time an expected alert is late, and not false
_WATCHDOG = "Watchdog"
_WHERE = frozenset({"country", "network", "service"})


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one expectation. `unobservable`: what our lines lack to see it; nothing: they do not."""

    expect: Expect
    fired_ms: int | None
    later_ms: int | None
    unobservable: str | None

    @property
    def delay_s(self) -> float | None:
        return None if self.fired_ms is None or not self.expect.timed else (self.fired_ms - self.expect.onset_ms) / 1000

    @property
    def later_delay_s(self) -> float | None:
        return None if self.later_ms is None or not self.expect.timed else (self.later_ms - self.expect.onset_ms) / 1000

    @property
    def pages(self) -> bool:
        return self.expect.severity is Severity.PAGE


@dataclass(frozen=True, slots=True)
class False_:
    """An alert nobody expected.

    `during`: the cause that stood there then. `wrong_class`: the world says that it must never be called so.
    """

    alert: str
    labels: Mapping[str, str]
    severity: Severity
    at_ms: int
    during: str = ""
    wrong_class: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """What a world came to.

    Attributes:
        false: pages that nobody expected nor allowed, and whatever is of the wrong class.
        beside: tickets and infos that nobody expected nor allowed: they wake nobody, and are told all the same.
        right: pages that were expected as pages, each once. again: how often one of them was told anew.
        network_weeks: networks in which a line of ours stood, times weeks.
    """

    world: World
    found: tuple[Found, ...]
    false: tuple[False_, ...]
    beside: tuple[False_, ...]
    right: int
    again: int
    network_weeks: float


def score(world: World, then: Sequence[Message], later: Sequence[Message]) -> Score:
    """`then`: as it was sent; `later`: had everything arrived in time."""
    coverage = Coverage(world)
    live = [each for each in world.expect if each.known is Known.LIVE]
    found = tuple(Found(each, _first(each, then), _first(each, later), coverage.lacking(each)) for each in live)
    news = list(_news(then, world))
    odd = [_classed(each, world) for each in news if not _is_fine(each, world)]
    false = tuple(each for each in odd if each.wrong_class or each.severity is Severity.PAGE)
    beside = tuple(each for each in odd if each not in false)
    right, again = _right(found, news)
    return Score(world, found, false, beside, right, again, _weeks(world))


def _right(found: Sequence[Found], news: Sequence[False_]) -> tuple[int, int]:
    """Each page that was expected counts once, whatever else it met; what is told anew in its time counts as such."""
    right: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    again = 0
    for each in found:
        if each.fired_ms is None:
            continue
        pages = [one for one in news if one.severity is Severity.PAGE and _answers(each.expect, one)]
        first = {(one.alert, frozenset(one.labels.items())): one.at_ms for one in reversed(pages)}
        again += len(pages) - len(first)
        right |= {(f"{key[0]} {at_ms}", key[1]) for key, at_ms in first.items()}
    return len(right), again


def _answers(expect: Expect, each: False_) -> bool:
    return expect.onset_ms <= each.at_ms <= expect.until_ms and _same(expect.alert, expect.labels, each)


def _first(expect: Expect, sent: Sequence[Message]) -> int | None:
    """When it was first said to somebody within its time."""
    for message in sent:
        in_time = expect.onset_ms <= message.at_ms <= expect.until_ms
        if in_time and any(_says(expect.alert, expect.labels, expect.severity, each) for each in message.news):
            return message.at_ms
    return None


def _says(alert: str, labels: Mapping[str, str], severity: Severity | None, sent: Labels) -> bool:
    """That alert, with those labels and perhaps others, at least as grave."""
    has = dict(sent)
    grave = severity is None or _RANK[Severity(has["severity"])] >= _RANK[severity]
    return has["alertname"] == alert and grave and all(has.get(name) == value for name, value in labels.items())


def _news(sent: Sequence[Message], world: World) -> Iterator[False_]:
    """Every alert somebody was newly told of, once the world had begun."""
    for message in sent:
        for each in message.news if message.at_ms >= world.from_ms else ():
            labels = dict(each)
            if labels["alertname"] != _WATCHDOG:
                own = {name: value for name, value in labels.items() if name not in _OWN_LABELS}
                yield False_(labels["alertname"], own, Severity(labels["severity"]), message.at_ms)


def _is_fine(each: False_, world: World) -> bool:
    return any(_expects(expect, each) for expect in world.expect) or any(_allows(row, each) for row in world.allowed)


def _expects(expect: Expect, each: False_) -> bool:
    """At whatever severity: an expectation also covers its own ticket before the page, and what comes a little late."""
    in_time = expect.onset_ms <= each.at_ms <= expect.until_ms + _AFTERWARDS_MS
    return in_time and _same(expect.alert, expect.labels, each)


def _allows(row: Allowed, each: False_) -> bool:
    """`severity`: that, or less grave."""
    return _same(row.alert, row.labels, each) and (row.severity is None or _RANK[each.severity] <= _RANK[row.severity])


def _forbids(row: Allowed, each: False_) -> bool:
    """`severity`: that, or graver."""
    return _same(row.alert, row.labels, each) and (row.severity is None or _RANK[each.severity] >= _RANK[row.severity])


def _same(alert: str, labels: Mapping[str, str], each: False_) -> bool:
    return alert == each.alert and all(each.labels.get(name) == value for name, value in labels.items())


def _classed(each: False_, world: World) -> False_:
    """With what the world says it must never be called, and the cause that stood there at that moment, if any."""
    wrong = any(_forbids(row, each) for row in world.never)
    return dataclasses.replace(each, wrong_class=wrong, during=_during(each, world))


def _during(each: False_, world: World) -> str:
    where = {name: value for name, value in each.labels.items() if name in _WHERE}
    for expect in world.expect:
        mine = all(expect.labels.get(name, value) == value for name, value in where.items())
        if mine and expect.onset_ms <= each.at_ms <= expect.until_ms:
            return expect.cause
    return ""


def _weeks(world: World) -> float:
    networks = {(line.country, line.network) for line in world.lines}
    return len(networks) * (world.until_ms - world.from_ms) / (7 * 86_400_000)
