"""What a day costs a board: its processor, its card and its line, from an hour and a half of its world.

The daemon is the real one with what `didban init` begins with on a mobile line, thirty times as fast as life: rounds,
ticks, batches and byte caps all are, so that three minutes are an hour and a half. What that made is multiplied to a day.
What it leaves out: nights that differ from days, and an outage. A page costs what the laboratory's pages weigh.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.begin.init import Answers
from probes.words import Access, Role
from tests.bench.turns import cpu_of
from tests.lab import enter, others, shipped, world
from tests.lab.card import Card
from tests.lab.lab import Lab, scratch

pytestmark = [
    pytest.mark.lab,
    pytest.mark.long,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
    pytest.mark.skipif(enter.inside() and Card.missing() is not None, reason=str(Card.missing())),
]

BOX = world.VANTAGES[0]
FASTER = 30
SETTLE_S, WATCHED_S = 40.0, 180.0
DAY_S = 86400.0

_FETCH = "import sys, urllib.request as u; sys.stdout.write(u.urlopen('http://127.0.0.1:9810/metrics').read().decode())"
_BYTES = re.compile(r'didban_bytes_total\{[^}]*direction="(\w+)"[^}]*purpose="(\w+)"[^}]*\} (\S+)')


def default_selection(lab: Lab) -> list[str]:
    """What `didban init` begins with inside, on a mobile line, as files the laboratory can serve."""
    others.protocols(lab)
    keys = ((lab.folder / name).read_text() for name in ("whatsapp.key", "tor.fingerprint"))
    files = shipped.write(lab.folder, root_key=next(keys), fingerprint=next(keys))
    wanted = Answers(Role.INSIDE, BOX.country, Access.MOBILE).services
    return [file for file in files if shipped.name(file) in wanted]


def carried(lab: Lab) -> dict[str, float]:
    """Bytes on the line so far, by direction and purpose."""
    said = lab.run(BOX.name, sys.executable, "-c", _FETCH).stdout
    return {f"{purpose} {direction}": float(count) for direction, purpose, count in _BYTES.findall(said)}


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_what_a_day_of_the_default_selection_writes_and_sends(figure: Callable[[str, float], None]) -> None:
    with scratch() as folder, Lab(folder, times=1) as lab:
        lab.boxes = [BOX]
        lab.start_hub()
        config = lab.config(BOX, services=default_selection(lab))
        card = Card(config.parent, mb=512)
        config.write_text(config.read_text().replace(f"path: {config.parent}/state", f"path: {card.folder}/state"))
        lab.start_daemon(BOX, config, times=FASTER)
        time.sleep(SETTLE_S)
        spent = cpu_of(lab.pid(BOX.name))
        before, written, cpu_s, began_s = carried(lab), card.written_bytes(), spent(), time.monotonic()
        time.sleep(WATCHED_S)
        cpu_s = spent() - cpu_s
        after, lived_s = carried(lab), (time.monotonic() - began_s) * FASTER
        a_day = DAY_S / lived_s
        written = card.written_bytes() - written
        figure("MB resident", round(resident_mb(lab.pid(BOX.name)), 1))
        assert lab.stop(BOX.name) == 0
        card.throw_away()
    figure("a day: MB written to the card, journal and all", round(written * a_day / 1e6, 1))
    figure("a day: seconds of CPU", round(cpu_s * a_day))
    for way, count in after.items():
        figure(f"a day: MB, {way}", round((count - before[way]) * a_day / 1e6, 1))
    assert cpu_s * a_day < 3_600, "a small board is ten times as slow, and has a day of 86,400"
    assert written * a_day < 3e9
    assert sum(after.values()) - sum(before.values()) > 0
