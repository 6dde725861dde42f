"""What history strips are drawn from: read out of the spool bite by bite, honest about what nobody knows."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor import metrics
from monitor.judge import SEVERITY, State
from monitor.keeping.sealer import Sealer
from monitor.metrics import Series, identity
from monitor.spool import Spool
from monitor.telling.past import Past
from monitor.telling.strips import HOUR_MS, HOURS, LETTERS, SLOT_MS, SLOTS, Strips, letter, of_targets
from monitor.tick import Tick
from probes.facts import Service
from probes.words import Category
from tests.monitor.facts import INSIDE, target

T = TypeVar("T")

NOW_MS = 1_795_022_700_000  # 18 November 2026, 17:25 UTC
INSTAGRAM = Service("instagram", {"en": "Instagram"}, Category.SOCIAL_MEDIA, True, (target(), target("instagram/api", essential=False)))  # fmt: skip


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    opened = Spool(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


async def stated(spool: Spool, at_ms: int, state: State, of_target: State | None = None) -> None:
    """A tick in which the service, and its essential target, stood so."""
    samples = {
        Series(metrics.SERVICE_STATE, ("instagram", each.value)): float(each is state) for each in State
    } | {
        Series(metrics.TARGET_STATE, ("instagram", "web", each.value)): float(each is (of_target or state)) for each in State
    }  # fmt: skip
    await spool.add_tick(Tick(at_ms, samples), identity(INSIDE))


async def read(spool: Spool, now_ms: int = NOW_MS) -> Mapping[str, Any]:
    past = Past(spool, lambda: [INSTAGRAM], lambda: now_ms)
    await past.read()
    return past.as_json()


def row(said: Mapping[str, Any], which: str) -> str:
    found: str = said[which]["services"]["instagram"]
    return found


async def test_the_last_day_is_what_the_ticks_of_it_said(spool: Spool) -> None:
    slot = NOW_MS // SLOT_MS
    for number, state in (
        (slot - 95, State.OK),
        (slot - 4, State.CUT_OFF),
        (slot, State.BROKEN),
        (slot - 96, State.SLOW),
    ):
        await stated(spool, number * SLOT_MS + 60_000, state)
    said = await read(spool)
    assert row(said, "day") == "o" + " " * 90 + "c" + " " * 3 + "b"
    assert said["day"]["since"] == "2026-11-17T17:30:00Z"
    assert {each: said["letters"][each] for each in "ocb"} == {"o": "ok", "c": "cut_off", "b": "broken"}


async def test_a_month_is_what_stays_readable_of_every_hour(spool: Spool) -> None:
    """Also where the ticks of it are sealed: the essential targets speak, as they do for the service itself."""
    hour = NOW_MS // HOUR_MS
    for number, state in ((hour - 700, State.INTERFERED), (hour - 30, State.OK)):
        for minute in range(10):
            await stated(spool, number * HOUR_MS + minute * 60_000, state)
    await Sealer(spool).sum_up(NOW_MS)
    await spool.bite(lambda db: db.execute("DELETE FROM ticks").close(), None)
    month = row(await read(spool), "month")
    assert {at: month[at] for at in (HOURS - 701, HOURS - 31)} == {HOURS - 701: "i", HOURS - 31: "o"}
    assert month.strip() == "i" + " " * 669 + "o"


async def test_hours_that_are_not_summed_up_yet_are_what_their_quarters_say(spool: Spool) -> None:
    for minute in range(0, 25, 5):
        await stated(spool, NOW_MS // HOUR_MS * HOUR_MS + minute * 60_000, State.CUT_OFF)
    assert row(await read(spool), "month") == " " * (HOURS - 1) + "c"


class Watched(Spool):
    """Counts its bites, and gives nothing while it `balks`."""

    bites, balks = 0, False

    async def bite(self, action: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        self.bites += 1
        return otherwise if self.balks else await super().bite(action, otherwise)


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    opened = Watched(tmp_path / "watched")
    await opened.open()
    yield opened
    await opened.close()


async def test_what_was_read_once_is_not_read_again_but_for_the_quarters_under_way(watched: Watched) -> None:
    past = Past(watched, lambda: [INSTAGRAM], lambda: NOW_MS)
    await past.read()
    await stated(watched, NOW_MS, State.SLOW)
    watched.bites = 0
    await past.read()
    assert row(past.as_json(), "day")[-1] == "s"
    assert watched.bites <= 3


async def test_a_disk_that_gives_nothing_is_asked_again(watched: Watched) -> None:
    await stated(watched, NOW_MS - 10 * SLOT_MS, State.OK)
    past = Past(watched, lambda: [INSTAGRAM], lambda: NOW_MS)
    watched.balks = True
    await past.read()
    assert row(past.as_json(), "day") == " " * SLOTS
    watched.balks = False
    await past.read()
    assert row(past.as_json(), "day").strip() == "o"


def test_a_failure_that_held_for_a_fifth_is_shown_however_long_it_was_well() -> None:
    assert letter({"o": 8, "b": 2}) == "b"
    assert letter({"o": 9, "b": 1}) == "o"
    assert letter({"n": 6, "o": 4}) == "n"
    assert letter({"c": 3, "b": 2, "o": 5}) == "c"
    assert letter({}) == " "
    assert of_targets([{"o": 10}, {"b": 10}, {}]) == "b"
    assert of_targets([]) == " "


@example({"n": 5e-324})  # a fifth of the smallest number is none
@given(st.dictionaries(st.sampled_from(sorted(LETTERS.values())), st.floats(0, 1e6)))
def test_a_cell_never_says_what_nobody_saw(counts: dict[str, float]) -> None:
    seen = {each for each, count in counts.items() if count > 0}
    assert letter(counts) in (seen or {" "})


@given(st.sets(st.integers(0, 2000)), st.integers(0, 2000))
def test_nothing_older_than_a_strip_is_kept(numbers: set[int], now: int) -> None:
    strips = Strips({each: {} for each in numbers}, {each: {} for each in numbers})
    strips.forget(now * HOUR_MS)
    assert all(0 <= now * 4 - each < SLOTS for each in strips.slots)
    assert all(0 <= now - each < HOURS for each in strips.hours)


def test_every_state_has_a_letter_of_its_own() -> None:
    assert set(LETTERS) == set(SEVERITY)
    assert len(set(LETTERS.values())) == len(LETTERS)
    assert not any(one == " " for one in itertools.chain(LETTERS.values()))
