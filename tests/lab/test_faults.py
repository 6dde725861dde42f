"""Faults of disk, hub and database while a real box watches: whatever it stated is abroad in the end, at its own time."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.lab import counted, enter, others, world
from tests.lab.card import Card
from tests.lab.counted import Compared, Held
from tests.lab.lab import Lab, scratch

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
    pytest.mark.skipif(enter.inside() and Card.missing() is not None, reason=str(Card.missing())),
]

FASTER = 30  # the daemon alone: a tick every two seconds; times are true ones
TICK_S = 60 / FASTER
FAULT_S = 4 * TICK_S
AT_RISK_S = 1  # of the world in which the card is
NUMBERS = itertools.count(1)  # of the boxes, one a test
MOST_TESTS = 12


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with scratch() as folder, Lab(folder, times=1) as there:
        for number in range(1, MOST_TESTS + 1):
            there.add(world.box(number))
        there.start_hub(hub_times=FASTER)
        yield there


class Watch:
    """One box that watches, its spool on a card."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.box = lab, world.box(next(NUMBERS))
        self.config = lab.config(self.box, services=["imo", "canaries"])
        self.card = Card(self.config.parent)
        self.storage = self.card.folder / "state"
        text = self.config.read_text()
        mine = f"storage: {{path: {self.storage}, keep_free: 1MB, sync: {FASTER * AT_RISK_S}s}}"
        self.config.write_text(text.replace(f"storage: {{path: {self.config.parent}/state}}", mine))

    def start(self, *before: str) -> None:
        self.lab.start_daemon(self.box, self.config, *before, times=FASTER)

    def delivered(self) -> float:
        """When the newest tick that is abroad was stated, in seconds; 0 while there is nobody to say it."""
        try:
            found = self.lab.query(f'timestamp(didban_heartbeat_timestamp_seconds{{vantage="{self.box.name}"}})')
        except OSError:
            return 0.0
        return float(found[0]["value"][1]) if found else 0.0

    def settles(self) -> None:
        """It has been told the time: the first ticks of a boot wait for that, and are written down a second time then."""
        self.comes_through()
        self.goes_on()
        assert self.waiting() == 0

    def goes_on(self) -> None:
        """While the fault lasts."""
        time.sleep(FAULT_S)

    def comes_through(self) -> None:
        """Waits until it delivers what is news again."""
        since = time.time()
        self.lab.wait_for(f"{self.box.name} to deliver", lambda: self.delivered() > since)

    def end(self) -> Held:
        """Stops it well, and returns what it stated."""
        assert self.lab.stop(self.box.name) == 0
        self.lab.wait_until_handed_on()
        return counted.stated(self.storage)

    def compared(self, kept: Held) -> Compared:
        """With what is abroad, once it is there: the hub hands on what it acknowledged in its own time."""
        until = time.monotonic() + 30
        while (found := counted.compared(self.lab, kept, self.box.name, now_ms())).missing and time.monotonic() < until:
            time.sleep(0.5)
        return found

    def waiting(self) -> int:
        """Ticks that have no time yet."""
        with closing(sqlite3.connect(f"file:{self.storage}/spool.db?mode=ro", uri=True)) as db:
            found: int = db.execute("SELECT count(*) FROM waiting").fetchone()[0]
            return found

    def said(self, event: str) -> bool:
        return f"event={event}" in (self.lab.folder / f"{self.box.name}.log").read_text()


@pytest.fixture
def board(lab: Lab) -> Iterator[Watch]:
    """Not started yet."""
    there = Watch(lab)
    yield there
    if lab.running(there.box.name):
        lab.stop(there.box.name, signal.SIGKILL)
    there.card.throw_away()


@pytest.fixture
def watch(board: Watch) -> Watch:
    board.start()
    return board


def longest_gap_s(kept: Held) -> float:
    """Between one tick and the next."""
    times = sorted({at_ms for points in kept.values() for at_ms in points})
    return max(after - before for before, after in itertools.pairwise(times)) / 1000


def now_ms() -> int:
    """By the world's clock, a moment on."""
    return round(time.time() * 1000) + 1000


def nothing_lost(watch: Watch, kept: Held, *, only_abroad: int = 0) -> None:
    """Sample by sample, and no tick was left out; `only_abroad`: ticks that the card may have lost."""
    assert sum(map(len, kept.values())) > 300
    found = watch.compared(kept)
    assert found.missing == 0
    assert len(found.more_ms) <= only_abroad
    assert longest_gap_s({**kept, (): dict.fromkeys(found.more_ms, 0.0)}) < 1.9 * TICK_S, "a tick is missing"


def test_on_a_full_disk_it_goes_on_and_catches_up(watch: Watch) -> None:
    watch.comes_through()
    watch.card.fill()
    watch.goes_on()
    watch.comes_through()  # what is news needs no disk
    watch.card.empty()
    watch.goes_on()
    nothing_lost(watch, watch.end())


def test_a_card_that_turns_read_only_is_mended_under_it(watch: Watch) -> None:
    watch.settles()
    watch.card.fail()
    watch.goes_on()
    watch.comes_through()
    assert watch.said("spool_cannot_write")
    watch.card.mend()
    watch.lab.wait_for("the spool to be written again", lambda: watch.said("spool_writes_again"))
    nothing_lost(watch, watch.end(), only_abroad=1)  # what had not been synced yet when it failed


@pytest.mark.parametrize("times", [3, pytest.param(20, marks=pytest.mark.long)])
def test_a_pulled_plug_takes_what_the_configuration_says_and_no_more(lab: Lab, watch: Watch, times: int) -> None:
    """Each time: what was stated a second before is on the card."""
    watch.settles()
    for _ in range(times):
        time.sleep(TICK_S)
        lab.signal(watch.box.name, signal.SIGSTOP)
        pulled_ms = round(time.time() * 1000)
        with watch.card.pulled() as card:
            lost = set(counted.times(watch.storage)) - set(counted.times(card / "state"))
        lab.signal(watch.box.name, signal.SIGCONT)
        assert all(pulled_ms - at_ms < 1.1 * AT_RISK_S * 1000 for at_ms in lost), (lost, pulled_ms)
    nothing_lost(watch, watch.end())


@pytest.mark.long
def test_of_a_damaged_page_the_rest_is_carried_over(watch: Watch) -> None:
    watch.comes_through()
    watch.goes_on()
    watch.lab.stop(watch.box.name, signal.SIGKILL)
    copy = watch.card.folder / "copy"
    shutil.copytree(watch.storage, copy)
    before = counted.stated(copy)
    with (watch.storage / "spool.db").open("r+b") as file:
        file.seek(5 * 4096 + 100)
        file.write(os.urandom(2000))
    watch.start()
    watch.comes_through()
    after = watch.end()
    last_ms = max(at_ms for points in before.values() for at_ms in points)
    both = {labels: {**before.get(labels, {}), **after.get(labels, {})} for labels in before.keys() | after.keys()}
    assert watch.compared(both) == Compared(0, frozenset())
    assert len([at_ms for at_ms in counted.times(watch.storage) if at_ms <= last_ms]) > 0, "nothing was carried over"


@pytest.mark.parametrize(
    "wakes",
    [
        "@1970-01-02 00:00:00",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("@2038-02-01 00:00:00", "+2d", "-30d")),
    ],
)
def test_what_a_board_with_a_wrong_clock_saw_is_abroad_at_its_true_time(board: Watch, wakes: str) -> None:
    began_ms = now_ms() - 1000
    board.start(*others.at_another_time(wakes))
    board.comes_through()
    board.goes_on()
    kept = board.end()
    times = [at_ms for points in kept.values() for at_ms in points]
    assert began_ms < min(times) < began_ms + 20_000, "from its first tick on"
    assert max(times) < now_ms()
    assert board.waiting() == 0, "nothing waits for its time any more"
    nothing_lost(board, kept)


def test_a_hub_and_a_database_that_are_killed_lose_nothing(watch: Watch) -> None:
    watch.comes_through()
    for name in ("hub", "prometheus"):
        watch.lab.stop(name, signal.SIGKILL)
        watch.goes_on()
        watch.lab.start_again(name)
        watch.comes_through()
    nothing_lost(watch, watch.end())
