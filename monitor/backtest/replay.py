"""What the shipped rules make of spools: every tick of them as if it had come home at its own time. Sends nothing.

Who is expected is who kept these spools, and nobody else; what a hub knew beside that is not in a spool.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.backtest.hearing import Rules, stated
from monitor.backtest.lived.delivery import Column
from monitor.backtest.told.messages import Message, Routing, messages
from monitor.home.remotewrite import STALE, labels
from monitor.hub.registry import Registry
from monitor.promql.alerting import Change
from monitor.promql.evaluation import Evaluation
from monitor.stored.kept import Kept, Named, Stating
from probes import catalogue
from probes.facts import Vantage
from probes.words import Access, Role

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """`until_ms`: the last tick. `told`: what would have been sent, in the order of time. `skipped_hours`: sealed."""

    vantages: tuple[str, ...]
    since_ms: int
    until_ms: int
    skipped_hours: int
    told: tuple[Message, ...]


def replayed(spools: Sequence[Kept], rules: Rules, routing: Routing) -> Replayed | None:
    """None: there is no tick in any of them."""
    moments = [tick.at_ms for each in spools for tick in each.ticks(0)]
    if not moments:
        return None
    since_ms, until_ms = min(moments), max(moments)
    hub = _registry(spools)
    rules_ = Evaluation(rules.groups, since_ms=since_ms)
    changes: list[Change] = []
    for from_ms in range(since_ms, until_ms + 1, _HOUR_MS):
        end_ms = min(from_ms + _HOUR_MS, until_ms + 1)
        for column in (*columns(spools, rules.names, from_ms, end_ms), *stated(hub, from_ms, end_ms)):
            rules_.take(column.labels, column.times_ms, column.values)
        changes += rules_.until(end_ms)
    sealed = sum(len(each.sealed()) for each in spools if not each.opens)
    told = tuple(messages(changes, routing, until_ms=until_ms + 1))
    return Replayed(tuple(sorted(hub.vantages)), since_ms, until_ms, sealed, told)


def is_spool(name: str) -> bool:
    """A folder with one, or a copy of its file."""
    path = Path(name)
    return (path / "spool.db").is_file() or (path.is_file() and path.suffix == ".db")


def columns(spools: Iterable[Stating], names: Collection[str], from_ms: int, until_ms: int) -> Iterator[Column]:
    """What was stated then under these names, each sample at its own time."""
    found: defaultdict[Named, Column] = defaultdict(lambda: Column(()))
    for spool in spools:
        for tick in spool.ticks(from_ms, until_ms):
            ended = ((named, STALE) for named in tick.ended)
            for named, value in (*tick.samples, *ended):
                if named[0] in names:
                    found[named].times_ms.append(tick.at_ms)
                    found[named].values.append(value)
    for (name, text), column in found.items():
        yield Column(labels(name, json.loads(text)), column.times_ms, column.values, column.times_ms)


def _registry(spools: Iterable[Kept]) -> Registry:
    """Whoever stated something, and the services they spoke of."""
    named = {series for spool in spools for tick in spool.ticks(0) for series, _ in tick.samples}
    known = [json.loads(text) for _, text in named]
    vantages = {vantage.id: vantage for vantage in map(_vantage, known)}
    services = sorted({row["service"] for row in known if "service" in row} & set(catalogue.shipped()))
    found, _ = catalogue.load(services, beside=Path())
    return Registry(vantages, frozenset(), (), (), found)


def _vantage(row: Mapping[str, str]) -> Vantage:
    return Vantage(row["vantage"], row["country"], Role(row["role"]), Access(row["access"]), row.get("network", ""))
