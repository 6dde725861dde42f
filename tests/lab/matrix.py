"""Lives in many worlds at once with the real daemon, and reads from each spool what it said there, tick by tick.

Every box begins on a good line, as a box does, so that it knows what works there; then its world comes over it.
"""

from __future__ import annotations

import functools
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from probes.words import INTERFERENCE, Finding
from tests.lab import living, network, world
from tests.lab.lab import Lab
from tests.lab.lies import faster
from tests.lab.living import Resident
from tests.lab.one_world import World

# what stands there before anybody looks, and does not come over a box that knew better days
_FROM_THE_START = {"house", "proxy", "tunnel", "down"}
_TIMEOUT_S = 30.0  # a second in a motion thirty times as fast
_CONVICTS = INTERFERENCE | {Finding.PROVIDER_REFUSAL}


@dataclass(frozen=True, slots=True)
class Said:
    """What one box said in its world.

    Attributes:
        state: of the world's own target, at the end.
        broke: its step and failure, as they were stated last.
        found: findings on that target, from the moment its world began.
        convicted: every finding that accuses somebody, on whatever target.
        judged: the states in which anything but canaries ever was.
        speed: of the last transfer of the world's own target, in bytes a second of that world; None: it has none.
        abroad: how many times slower than at home it was abroad, at the end; None: it could not be said.
    """

    world: World
    state: str
    broke: str
    found: frozenset[Finding]
    convicted: frozenset[Finding]
    judged: frozenset[str]
    speed: float | None
    abroad: float | None

    @property
    def named(self) -> bool:
        return self.world.finding is None or self.world.finding in self.found

    @property
    def false(self) -> frozenset[Finding]:
        """What it accused somebody of in a world in which nobody does anything of the kind."""
        if self.world.finding in _CONVICTS:
            return frozenset()
        return (self.found & _CONVICTS) | (self.convicted - self.world.elsewhere)


def live(lab: Lab, worlds: Iterable[World], *, good_s: float, for_s: float) -> list[Said]:
    """Every world once: a good line for `good_s` seconds, then the world for `for_s`."""
    residents = living.settle(lab, worlds, timeout_s=_TIMEOUT_S)
    network.hurry((*world.hosts(), *(each.box.host for each in residents.values())), lab.times)
    for each in residents.values():
        if each.world.needs not in _FROM_THE_START:
            lab.world(each.box)
    for each in residents.values():
        living.start(lab, each)
    for each in residents.values():
        lab.wait_for(f"{each.box.name} to keep a tick", functools.partial(_ticks, lab, each), patience_s=180)
    time.sleep(good_s)
    began_ms = time.time_ns() // 1_000_000
    for each in residents.values():
        lab.world(each.box, *(faster(row, lab.times) for row in each.world.lies))
    time.sleep(for_s)
    return [_said(lab, each, began_ms) for each in residents.values()]


def _spool(lab: Lab, resident: Resident) -> Path:
    return lab.folder / resident.box.name / "state" / "spool.db"


def _ticks(lab: Lab, resident: Resident) -> int:
    path = _spool(lab, resident)
    if not path.is_file():
        return 0
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            found: int = db.execute("SELECT count(*) FROM ticks").fetchone()[0]
            return found
    except sqlite3.OperationalError:
        return 0


def _said(lab: Lab, resident: Resident, since_ms: int) -> Said:
    state, broke, found, convicted, judged = "", "", set[Finding](), set[Finding](), set[str]()
    speed = abroad = None
    for name, labels, value in _series(_spool(lab, resident), 0 if resident.clock else since_ms):
        of = f"{labels.get('service')}/{labels.get('target')}"
        if labels.get("service") == "canaries":
            continue
        if name == "didban_target_state":
            judged.add(labels["state"])
            state = labels["state"] if of == resident.world.target else state
        if name == "didban_target_failure" and of == resident.world.target:
            broke = f"{labels['step']} {labels['failure']}"
        if name == "didban_target_finding":
            finding = Finding(labels["finding"])
            found |= {finding} if of == resident.world.target else set()
            convicted |= {finding} & _CONVICTS
        if name == "didban_transfer_bytes_per_second" and of == resident.world.target:
            speed = value / lab.times
        if name == "didban_transfer_ratio" and labels["service"] == "international":
            abroad = value
    said = frozenset(found), frozenset(convicted), frozenset(judged)
    return Said(resident.world, state, broke, *said, speed, abroad)


def _series(path: Path, since_ms: int) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Every series that stood above 0 in a tick since then, in the order of ticks."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        db.execute("BEGIN")  # the daemon writes on: names and ticks of one moment
        known = {id: (name, msgspec.json.decode(labels)) for id, name, labels in db.execute("SELECT * FROM series")}
        for (samples,) in db.execute("SELECT samples FROM ticks WHERE at_ms >= ? ORDER BY at_ms", (since_ms,)):
            for id, value in msgspec.msgpack.decode(zlib.decompress(samples)):
                if value > 0:
                    yield *known[id], value


def table(said: Iterable[Said]) -> str:
    """Cause against what was said, a line a world."""
    rows = [
        "| world | what is done | named | state | broke at | found on the target | accused falsely |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in said:
        named = "-" if each.world.finding is None else ("yes" if each.named else f"no ({each.world.finding})")
        found, false = (", ".join(sorted(of)) or "-" for of in (each.found, each.false))
        rows.append(
            f"| {each.world.name} | {each.world.why} | {named} | {each.state} | {each.broke or '-'} | {found} | {false} |"
        )
    return "\n".join(rows) + "\n"
