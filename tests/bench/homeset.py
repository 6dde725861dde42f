"""What a box ships home, tick by tick, as the real daemon stated it; and many boxes made of it.

Kept in homeset.json.xz: the home set of a vantage in the laboratory through three spells: all is well, its network is
cut, Instagram and WhatsApp are blocked. It walks what `didban init` begins with on a fixed line and what early warnings
need (SERVICES): about 400 series; with the little of a mobile line there are half as many. What is kept of a tick is
what changed since the one before. A made box lives through these ticks from a place of its own on; a number that is no count, no
time and no share is moved by up to a fifth, so that no two boxes and no two days say the same.

    python -m tests.lab.enter python -m tests.bench.homeset [SERVICE ...]     makes it, in four minutes; as root
"""

from __future__ import annotations

import functools
import json
import lzma
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.begin.init import SOME
from monitor.home import remotewrite
from monitor.home.remotewrite import STALE, Labels, TimeSeries

FILE = Path(__file__).parent / "homeset.json.xz"
SPELLS = ("well", "cut", "blocked")
SERVICES = (*SOME, "signal", "encrypted-dns", "protocols", "transfers")
_MOVED = 0.2
_TIMES = ("didban_heartbeat_timestamp_seconds", "didban_ship_last_success_timestamp_seconds")
_COUNTS = ("didban_bytes_total", "didban_ship_samples_total", "didban_spool_observations")
_MEASURED = ("didban_step_duration_seconds", "didban_transfer_ratio", "didban_clock_offset_seconds", *_COUNTS)
_DAY_S = 86_400

Name = tuple[tuple[str, str], ...]  # `__name__` and the labels that are not the box's own
State = Mapping[Name, float]


@dataclass(frozen=True, slots=True)
class Spell:
    """Ticks one after another, a minute apart: what each states, whole."""

    ticks: tuple[State, ...]


@functools.cache
def spells() -> Mapping[str, Spell]:
    kept = json.loads(lzma.decompress(FILE.read_bytes()))
    names = [tuple((key, text) for key, text in each) for each in kept["names"]]
    return {spell: Spell(tuple(_unfolded(names, rows))) for spell, rows in kept["spells"].items()}


def _unfolded(names: Sequence[Name], rows: Sequence[Sequence[tuple[int, float | None]]]) -> Iterator[State]:
    now: dict[Name, float] = {}
    for row in rows:
        for place, value in row:
            if value is None:
                now.pop(names[place])
            else:
                now[names[place]] = value
        yield dict(now)


class Box:
    """One vantage of a made fleet. `said`: what it stated last; of what it states no longer one marker is sent."""

    def __init__(self, identity: Mapping[str, str], number: int) -> None:
        self.identity, self._number = dict(identity), number
        self._dice = random.Random(number)
        self._said: dict[Labels, float] = {}
        self._named: dict[Name, Labels] = {}
        self._raw: dict[Name, float] = {}

    def tick(self, spell: str, minute: int, at_ms: int) -> list[TimeSeries]:
        """What it sends in that minute of its life. In a cut of a whole network a box sends nothing: ask for no tick."""
        ticks = spells()[spell].ticks
        state = ticks[(minute + self._number) % len(ticks)]
        now = {self._labels(name): self._moved(name, value, minute, at_ms) for name, value in state.items()}
        gone = self._said.keys() - now.keys()
        self._said = now
        return [TimeSeries(labels, ((at_ms, remotewrite.value(value)),)) for labels, value in now.items()] + [
            TimeSeries(labels, ((at_ms, remotewrite.value(STALE)),)) for labels in gone
        ]

    def _labels(self, name: Name) -> Labels:
        if name not in self._named:
            self._named[name] = tuple(sorted((*name, *self.identity.items())))
        return self._named[name]

    def _moved(self, name: Name, value: float, minute: int, at_ms: int) -> float:
        called = name[0][1]
        if called in _TIMES:
            return at_ms / 1000
        if called in _COUNTS:
            return value + 5_000.0 * minute
        if called not in _MEASURED:
            return value
        if self._raw.get(name) != value or name not in self._named:
            self._raw[name] = value
            return value * (1 + _MOVED * (2 * self._dice.random() - 1))
        return self._said.get(self._named[name], value)


# ---------------------------------------------------------------- made, in the laboratory


def _main() -> int:
    from tests.lab import evening, others, shipped, world
    from tests.lab.lab import Lab, scratch

    faster, box, marks = 30, world.VANTAGES[0], [time.time()]
    with scratch() as folder, Lab(folder, times=1) as lab:
        lab.boxes = [box]
        lab.start_hub()
        others.protocols(lab)
        keys = ((lab.folder / name).read_text() for name in ("whatsapp.key", "tor.fingerprint"))
        files = shipped.write(lab.folder, root_key=next(keys), fingerprint=next(keys))
        wanted = sys.argv[1:] or SERVICES
        config = lab.config(box, services=[file for file in files if shipped.name(file) in wanted])
        lab.start_daemon(box, config, times=faster)
        time.sleep(100)
        for lies in (evening.MOBILE_CUT, [], [*evening.INSTAGRAM, *evening.WHATSAPP]):
            marks.append(time.time())
            lab.lies(*lies)
            time.sleep(60 if lies else 30)
        marks.append(time.time())
        assert lab.stop(box.name) == 0
        found = _kept(config.parent / "state", [mark * 1000 for mark in marks])
    FILE.write_bytes(lzma.compress(json.dumps(found, separators=(",", ":")).encode(), preset=9))
    for spell in SPELLS:
        ticks = spells()[spell].ticks
        print(f"{spell}: {len(ticks)} ticks of {min(map(len, ticks))} to {max(map(len, ticks))} series")
    return 0


def _kept(spool: Path, marks_ms: Sequence[float]) -> dict[str, Any]:
    """The last ticks before each mark that ends a spell: what came first in it is on its way there."""
    from tests.lab.counted import stated

    own = {"vantage", "country", "network", "access", "role"}
    ticks: dict[int, dict[Name, float]] = {}
    for labels, points in stated(spool).items():
        name = (("__name__", dict(labels)["__name__"]), *((k, v) for k, v in labels if k not in own | {"__name__"}))
        for at_ms, value in points.items():
            if value == value:
                ticks.setdefault(at_ms, {})[name] = value
    names = sorted({name for tick in ticks.values() for name in tick})
    ends = dict(zip(SPELLS, (marks_ms[1], marks_ms[2], marks_ms[4]), strict=True))
    return {"names": names, "spells": {spell: _folded(names, ticks, end) for spell, end in ends.items()}}


def _folded(names: Sequence[Name], ticks: Mapping[int, State], end_ms: float) -> list[list[tuple[int, float | None]]]:
    chosen = [ticks[at_ms] for at_ms in sorted(ticks) if end_ms - 40_000 <= at_ms < end_ms]
    rows: list[list[tuple[int, float | None]]] = []
    before: State = {}
    for tick in chosen:
        row = [(place, tick.get(name)) for place, name in enumerate(names) if tick.get(name) != before.get(name)]
        rows.append(row)
        before = tick
    return rows


if __name__ == "__main__":
    sys.exit(_main())
