"""One box of a folder that `didban export --sealed` wrote, read as its spool would be. Changes nothing."""

from __future__ import annotations

import calendar
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from monitor.decoding import from_json
from monitor.disk.file import Unusable
from monitor.evidence.proof.commitments import HOUR_MS, Link, unranged
from monitor.keeping import records
from monitor.keeping.waiting import Unstamped
from monitor.stored import metrictext
from monitor.stored.committed import Between, Record
from monitor.stored.kept import Sealed, Stated
from monitor.stored.recalled import Recalled
from monitor.stored.restated import Restated

TICKS = "ticks.openmetrics.txt"
_WALK = b'"walk":'


class _Head(msgspec.Struct):
    """What stands before the bytes of a walk (monitor/evidence/opened.py)."""

    id: int
    round: int
    link: int | None
    salt: str | None
    started_ms: int | None = None
    between_ms: tuple[int | None, int | None] | None = None
    told: msgspec.Raw = msgspec.Raw(b"")


class _Brief(msgspec.Struct):
    target: str
    started_ms: int


class _Later(msgspec.Struct):
    """A line of times.jsonl: a tick that was told its time later, or one that never was."""

    boot: str
    tick_ms: int = 0
    error_ms: int = 0
    told_later: bool = False
    boot_ms: int = 0
    between_ms: tuple[int | None, int | None] = (None, None)
    samples: tuple[tuple[str, dict[str, str], float], ...] = ()


@dataclass(slots=True)
class _Hour:
    """Where in the file its first and its last record begin, and how many there are."""

    first: int
    last: int = 0
    count: int = 0

    def add(self, at: int) -> None:
        self.last, self.count = at, self.count + 1


class Exported:
    """Raises Unusable where it cannot be read; whether it holds, `verify.py` says.

    Args:
        folder: of the export. part: what its manifest says of this box.
        names: of the series that are wanted of its ticks.
        elsewhere: who has its ticks, where the export does not.
    """

    def __init__(
        self, folder: Path, part: Mapping[str, Any], names: Collection[str], elsewhere: Recalled | None = None
    ) -> None:
        self._export, self._part, self._names, self._elsewhere = folder, part, names, elsewhere
        self._folder = folder / str(part["folder"])
        self._told: dict[str, bytes] = {}
        self._restated = Restated()

    @property
    def has_ticks(self) -> bool:
        return (self._folder / TICKS).is_file()

    def ticks(self, since_ms: int, until_ms: int = 2**62) -> Iterator[Stated]:
        if not self.has_ticks:
            return self._elsewhere.ticks(since_ms, until_ms) if self._elsewhere else iter(())
        found = {named: told.within(since_ms, until_ms) for named, told in self._series.items()}
        return self._restated.ticks(found, since_ms, until_ms)

    @cached_property
    def _series(self) -> Mapping[tuple[str, str], metrictext.Told]:
        try:
            return metrictext.read(self._folder / TICKS, self._names)
        except (OSError, ValueError, OverflowError) as error:  # the last: a time beyond every calendar
            raise Unusable(f"{self._folder / TICKS}: cannot be read: {error}") from None

    # ---------------------------------------------------------------- records

    def records(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        """In the order they were written down."""
        yield from (each for each in self._read(0, None) if _meets(each, since_ms, until_ms))

    def few_records(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        """Of a short time, without reading the rest; none without a time."""
        hours = range(since_ms // HOUR_MS, (until_ms - 1) // HOUR_MS + 1)
        mine = [self._hours[hour] for hour in hours if hour in self._hours]
        if mine:
            read = self._read(min(each.first for each in mine), max(each.last for each in mine))
            yield from (each for each in read if each.between is None and since_ms <= each.started_ms < until_ms)

    def count(self, since_ms: int, until_ms: int) -> int:
        hours = range(since_ms // HOUR_MS, (until_ms - 1) // HOUR_MS + 1)
        return sum(self._hours[hour].count for hour in hours if hour in self._hours)

    @cached_property
    def _hours(self) -> Mapping[int, _Hour]:
        found: dict[int, _Hour] = {}
        for at, record in self._placed(0, None):
            found.setdefault(record.started_ms // HOUR_MS, _Hour(at)).add(at)
        return found

    def _read(self, first: int, last: int | None) -> Iterator[Record]:
        return (record for _, record in self._placed(first, last))

    def _placed(self, first: int, last: int | None) -> Iterator[tuple[int, Record]]:
        """From the line that begins at byte `first` to the one that begins at `last`, each with its place."""
        try:
            with (self._folder / "walks.jsonl").open("rb") as file:
                file.seek(first)
                at = first
                for line in file:
                    if last is not None and at > last:
                        return
                    yield at, self._record(line)
                    at += len(line)
        except (OSError, msgspec.DecodeError, ValueError) as error:
            raise Unusable(f"{self._folder / 'walks.jsonl'}: cannot be read: {error}") from None

    def _record(self, line: bytes) -> Record:
        at = line.index(_WALK)
        head = from_json(line[:at].rstrip(b",") + b"}", type=_Head)
        blob = line[at + len(_WALK) : line.rindex(b"}")]
        brief = from_json(blob, type=_Brief)
        if bytes(head.told):
            for mark in records.decode(blob).marks[:1]:
                self._told[mark] = bytes(head.told)
        started_ms = brief.started_ms if head.started_ms is None else head.started_ms
        between = Between(*head.between_ms) if head.between_ms else None
        opening = bytes.fromhex(head.salt) if head.salt else None
        return Record(head.id, started_ms, brief.target, head.round, blob, between, opening)

    @property
    def any_accounts(self) -> bool:
        return bool(self._told)

    def account(self, mark: str) -> bytes | None:
        """Of a record that was read before."""
        return self._told.get(mark)

    # ---------------------------------------------------------------- the chain

    @cached_property
    def _links(self) -> Mapping[int, Link]:
        try:
            with (self._folder / "chain.jsonl").open("rb") as file:
                return {each.number: each for each in map(_link, file)}
        except (OSError, msgspec.DecodeError, KeyError, ValueError) as error:
            raise Unusable(f"{self._folder / 'chain.jsonl'}: cannot be read: {error}") from None

    def links(self, since_ms: int, until_ms: int) -> Iterator[Link]:
        """Every one from the first to the last that holds an hour, or a record, of that time."""
        found = {n for n, each in self._links.items() if since_ms - HOUR_MS < each.hour_ms < until_ms}
        ids = [each.id for each in self.few_records(since_ms, until_ms)]
        found |= {n for n, each in self._links.items() if ids and _holds(each, min(ids), max(ids))}
        yield from (self._links[n] for n in sorted(self._links) if found and min(found) <= n <= max(found))

    def link(self, number: int) -> Link:
        return self._links[number]

    def keys(self) -> dict[int, bytes]:
        """No key leaves a box: each record brings what opens it."""
        return {}

    def stamps(self, head: bytes) -> list[tuple[str, bytes]]:
        mine = (stamp for each in self._part["heads"] if each["head"] == head.hex() for stamp in each["stamps"])
        return [(str(stamp["authority"]), (self._folder / str(stamp["file"])).read_bytes()) for stamp in mine]

    # ---------------------------------------------------------------- what else it says

    @cached_property
    def _times(self) -> tuple[_Later, ...]:
        path = self._folder / "times.jsonl"
        lines = path.read_bytes().splitlines() if path.is_file() else []
        return tuple(from_json(line, type=_Later) for line in lines)

    def stamped_later(self, since_ms: int, until_ms: int) -> Iterator[tuple[Any, ...]]:
        mine = (each for each in self._times if each.told_later and since_ms <= each.tick_ms < until_ms)
        return ((each.tick_ms, each.boot, each.error_ms) for each in mine)

    def unstamped(self) -> Iterator[Unstamped]:
        for each in self._times:
            if not each.told_later:
                yield Unstamped(each.boot, each.boot_ms, 0, *each.between_ms, each.samples, ())

    def series(self) -> dict[int, tuple[str, dict[str, str]]]:
        return {number: ("didban_method_info", dict(each)) for number, each in enumerate(self._part["method"])}

    def identity(self) -> Mapping[str, str]:
        return {str(key): str(value) for key, value in self._part["identity"].items()}

    def memory(self, key: str) -> object:
        return self._part.get(key)

    def sealed(self, since_ms: int = 0, until_ms: int = 0) -> tuple[Sealed, ...]:
        """Whatever was sealed was opened for the export, or is not in it."""
        return ()

    def close(self) -> None:
        """No file is open between two readings."""


def _holds(link: Link, *ids: int) -> bool:
    return any(link.ids[0] <= id <= link.ids[-1] for id in ids)


def _meets(record: Record, since_ms: int, until_ms: int) -> bool:
    if record.between is not None:
        return record.between.meets(since_ms, until_ms)
    return since_ms <= record.started_ms < until_ms


def _link(line: bytes) -> Link:
    found = from_json(line)
    commitments, previous, head = (bytes.fromhex(found[key]) for key in ("commitments", "previous", "head"))
    return Link(found["number"], _hour_ms(found["hour"]), unranged(found["ids"]), commitments, previous, head)


def _hour_ms(name: str) -> int:
    """Back from `commitments.hour_name`."""
    if name.startswith("hour "):
        return int(name.removeprefix("hour ")) * HOUR_MS
    return calendar.timegm(time.strptime(name, "%Y-%m-%dT%HZ")) * 1000
