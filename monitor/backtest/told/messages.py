"""Alertmanager's routing as a small model: which changes of alerts become which messages, and when. Sends nothing.

Read from the shipped configuration itself. What is modelled: the route tree, grouping, group_wait, group_interval,
repeat_interval, inhibition, and that nobody is told of an end (`send_resolved: false`). As Alertmanager 0.25 does:
a group is looked at once group_wait after its first alert and then every group_interval until it is empty; it sends
where an alert fires that the last message did not have, or where the last message is repeat_interval old; that all of
a group is over is noted without a word (notify/notify.go, DedupStage.needsUpdate). What the last message had outlives
the group, and what ended while it was muted is not noted: if it begins again before the next message, nobody is told.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML

from monitor.promql.alerting import Change
from monitor.promql.reading import duration_ms

Labels = tuple[tuple[str, str], ...]
_MATCHER = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*')


@dataclass(frozen=True, slots=True)
class Matcher:
    name: str
    sign: str
    text: str

    @classmethod
    def read(cls, given: str) -> Matcher:
        found = _MATCHER.fullmatch(given)
        if found is None:
            raise ValueError(f"no matcher: {given}")
        return cls(*found.groups())

    def fits(self, labels: Mapping[str, str]) -> bool:
        """A label that is not there is an empty one."""
        value = labels.get(self.name, "")
        match self.sign:
            case "=":
                return value == self.text
            case "!=":
                return value != self.text
            case "=~":
                return re.fullmatch(self.text, value) is not None
        return re.fullmatch(self.text, value) is None


@dataclass(frozen=True, slots=True)
class Route:
    receiver: str
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...]
    wait_ms: int
    interval_ms: int
    repeat_ms: int
    routes: tuple[Route, ...] = ()

    def of(self, labels: Mapping[str, str]) -> Route:
        """The first child that fits, all the way down; none of ours says `continue`."""
        child = next((each for each in self.routes if all(m.fits(labels) for m in each.matchers)), None)
        return self if child is None else child.of(labels)


@dataclass(frozen=True, slots=True)
class Inhibition:
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]

    def mutes(self, labels: Mapping[str, str], firing: Iterable[Mapping[str, str]]) -> bool:
        """Whether one that fires speaks for it; an alert that is source and target itself mutes nobody of its kind."""
        if not all(each.fits(labels) for each in self.target):
            return False
        both = all(each.fits(labels) for each in self.source)
        return any(
            all(each.fits(other) for each in self.source)
            and all(labels.get(name, "") == other.get(name, "") for name in self.equal)
            and not (both and all(each.fits(other) for each in self.target))
            for other in firing
        )


@dataclass(frozen=True, slots=True)
class Routing:
    root: Route
    inhibitions: tuple[Inhibition, ...]

    @classmethod
    def read(cls, path: Path) -> Routing:
        given = cast(dict[str, Any], YAML(typ="safe", pure=True).load(path))
        rules = tuple(
            Inhibition(
                _matchers(row, "source_matchers"), _matchers(row, "target_matchers"), tuple(row.get("equal", ()))
            )
            for row in given.get("inhibit_rules", ())
        )
        return cls(_route(given["route"], None), rules)


def _matchers(row: Mapping[str, Any], key: str) -> tuple[Matcher, ...]:
    return tuple(Matcher.read(each) for each in row.get(key, ()))


def _route(row: Mapping[str, Any], above: Route | None) -> Route:
    """What a route does not say it has from the one above it; the defaults are Alertmanager's."""

    def length(key: str, otherwise_ms: int) -> int:
        return duration_ms(row[key]) if key in row else otherwise_ms

    itself = Route(
        row.get("receiver", above.receiver if above else ""),
        _matchers(row, "matchers"),
        tuple(row["group_by"]) if "group_by" in row else (above.group_by if above else ()),
        length("group_wait", above.wait_ms if above else 30_000),
        length("group_interval", above.interval_ms if above else 300_000),
        length("repeat_interval", above.repeat_ms if above else 4 * 3_600_000),
    )
    below = tuple(_route(each, itself) for each in row.get("routes", ()))
    return Route(**{name: getattr(itself, name) for name in Route.__slots__[:-1]}, routes=below)


@dataclass(frozen=True, slots=True)
class Message:
    """`alerts`: all it lists, sorted; `news`: those of them that the message before it did not have."""

    at_ms: int
    receiver: str
    group: Labels
    alerts: tuple[Labels, ...]
    news: tuple[Labels, ...]


@dataclass(slots=True)
class _Group:
    """`ended`: what is over since the group was looked at last."""

    route: Route
    key: Labels
    firing: set[Labels] = field(default_factory=set)
    ended: set[Labels] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the last message of a group had, and when it was sent; nothing, when all was seen to be over."""

    alerts: frozenset[Labels] = frozenset()
    at_ms: int = 0


Key = tuple[str, Labels]  # of a group: its receiver, the labels it is grouped by


def messages(
    changes: Sequence[Change], routing: Routing, *, until_ms: int, but: frozenset[str] = frozenset()
) -> Iterator[Message]:
    """Everything that is sent up to a moment, in order of time. `but`: alerts whose rule is switched off."""
    dispatcher = _Dispatcher(routing)
    for change in sorted((c for c in changes if c.alert not in but), key=lambda c: (c.at_ms, not c.fires, c.labels)):
        yield from dispatcher.until(change.at_ms)
        dispatcher.take(change)
    yield from dispatcher.until(until_ms)


class _Dispatcher:
    """All groups, and when each is looked at next."""

    def __init__(self, routing: Routing) -> None:
        self._routing = routing
        self._groups: dict[Key, _Group] = {}
        self._told: dict[Key, _Told] = {}
        self._firing: set[Labels] = set()
        self._due: list[tuple[int, Key]] = []

    def take(self, change: Change) -> None:
        labels = dict(change.labels)
        route = self._routing.root.of(labels)
        key = (route.receiver, tuple((name, labels[name]) for name in route.group_by if name in labels))
        if not change.fires:
            self._firing.discard(change.labels)
            if key in self._groups:
                self._groups[key].firing.discard(change.labels)
                self._groups[key].ended.add(change.labels)
            return
        self._firing.add(change.labels)
        if key not in self._groups:
            self._groups[key] = _Group(route, key[1])
            heapq.heappush(self._due, (change.at_ms + route.wait_ms, key))
        self._groups[key].firing.add(change.labels)
        self._groups[key].ended.discard(change.labels)

    def until(self, at_ms: int) -> Iterator[Message]:
        """What is sent before that moment."""
        while self._due and self._due[0][0] < at_ms:
            due_ms, key = heapq.heappop(self._due)
            group = self._groups[key]
            sent = self._flushed(due_ms, key, group)
            if sent is not None:
                yield sent
            if group.firing:
                heapq.heappush(self._due, (due_ms + group.route.interval_ms, key))
            else:
                del self._groups[key]

    def _flushed(self, at_ms: int, key: Key, group: _Group) -> Message | None:
        """What is sent now of what is heard now: fires, and is muted by nobody."""
        heard, over = self._heard(group.firing), self._heard(group.ended)
        group.ended.clear()
        told = self._told.get(key, _Told())
        if not heard:
            if over and told.alerts:
                self._told[key] = _Told()
            return None
        news = heard - told.alerts
        if not news and at_ms - told.at_ms < group.route.repeat_ms:
            return None
        self._told[key] = _Told(heard, at_ms)
        return Message(at_ms, group.route.receiver, group.key, tuple(sorted(heard)), tuple(sorted(news)))

    def _heard(self, here: set[Labels]) -> frozenset[Labels]:
        others = [dict(each) for each in self._firing]
        muted = self._routing.inhibitions
        return frozenset(each for each in here if not any(rule.mutes(dict(each), others) for rule in muted))
