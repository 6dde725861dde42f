"""A box that sleeps through the quiet says, tick by tick, what one says that walks every round."""

from __future__ import annotations

import dataclasses
import struct

import pytest

from monitor import metrics
from monitor.backtest.hearing import Rules
from monitor.backtest.lived.delivery import Column
from monitor.backtest.lived.doze import slept_past
from monitor.backtest.lived.living import Lived
from monitor.backtest.worlds import reading
from monitor.backtest.worlds.world import World
from monitor.beat.errands import Errand
from monitor.beat.spread import next_round
from tests.monitor.backtest.backtests import empty, line

HOUR_MS = 3_600_000
Said = dict[object, list[tuple[int, bytes, int]]]


def world(name: str, *, after_h: int, hours: int) -> World:
    """Two lines and a control of it, for so long."""
    path = reading.locate(name)
    assert path is not None
    found, mistakes = reading.load(path)
    assert found is not None, mistakes
    from_ms = found.from_ms + after_h * HOUR_MS
    until_ms = from_ms + hours * HOUR_MS
    return dataclasses.replace(
        found, lines=found.lines[:2], controls=found.controls[:1], from_ms=from_ms, until_ms=until_ms
    )


def said(lived: World, *, dozes: bool) -> Said:
    """Every sample the rules would be given: its time, its bytes, when it came."""
    found: Said = {}

    def on_hour(_: int, columns: list[Column]) -> None:
        for each in columns:
            samples = zip(each.times_ms, each.values, each.arrived_ms, strict=True)
            found.setdefault(each.labels, []).extend((at, struct.pack("<d", v), came) for at, v, came in samples)

    Lived(lived, lived.from_ms, Rules.shipped().names, dozes).through(on_hour)
    return found


@pytest.mark.long
def test_a_quiet_night_with_standing_blocks_is_the_same_awake_and_asleep() -> None:
    quiet = world("quiet-still", after_h=0, hours=4)
    asleep = said(quiet, dozes=True)
    assert asleep == said(quiet, dozes=False)
    assert any(dict(labels)["__name__"] == metrics.HEARTBEAT.name for labels in asleep)  # type: ignore[call-overload]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "after_h"), [("quiet-ordinary", 14), ("quiet-bursty", 3), ("controls-cut", 6), ("iran-2019-11", 10)]
)
def test_so_is_a_noisy_day_and_one_with_a_cut(name: str, after_h: int) -> None:
    lived = world(name, after_h=after_h, hours=12)
    assert said(lived, dozes=True) == said(lived, dozes=False)


def test_the_same_world_gives_the_same_bytes() -> None:
    short = dataclasses.replace(empty(lines=[line("v1")]), until_ms=10 * 60_000)
    assert said(short, dozes=True) == said(short, dozes=True)


@pytest.mark.parametrize("before_s", [-0.002, -0.0005, 0.0, 0.0005, 0.002, 500.0])
def test_a_round_due_as_a_box_wakes_is_walked_and_no_round_is_passed_over_for_itself(before_s: float) -> None:
    secret, errand = b"secret", Errand("whatsapp/chat", (), 1, 60.0, essential=True)
    _, start_s = next_round(secret, errand.name, 1_700_000_000.0, errand.period_s)
    following = slept_past(secret, errand, start_s, start_s + before_s)
    assert (following is None) == (before_s < 0.001)
    if following is not None:
        assert following[1] > start_s
        assert slept_past(secret, errand, following[1], start_s + before_s) is None
