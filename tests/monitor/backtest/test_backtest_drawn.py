"""Worlds drawn by a keyed hash are the same on every machine, and everything in them can be seen by their lines."""

from __future__ import annotations

import itertools

from monitor.backtest.told.score import score
from monitor.backtest.worlds import drawn


def test_so_many_onsets_are_drawn_as_were_asked_for() -> None:
    assert sum(len(each.expect) for each in drawn.onsets(15)) == 15


def test_nothing_that_is_drawn_is_beyond_what_its_lines_can_see() -> None:
    for world in drawn.onsets(60):
        assert [each.unobservable for each in score(world, [], []).found] == [None] * len(world.expect)


def test_one_thing_is_over_for_a_while_before_the_next_begins() -> None:
    for world in drawn.onsets(60):
        spans = [cause.spans[0] for cause in world.causes]
        assert all(b.from_ms - a.until_ms >= 50 * 60_000 for a, b in itertools.pairwise(spans))
        assert world.until_ms - spans[-1].until_ms >= 50 * 60_000


def test_what_is_expected_of_a_network_is_nowhere_forbidden() -> None:
    for world in drawn.onsets(60):
        forbidden = {(row.alert, row.labels.get("network")) for row in world.never}
        assert not any({(e.alert, e.labels["network"]), (e.alert, None)} & forbidden for e in world.expect)


def test_onsets_fall_on_every_part_of_a_minute_and_every_sort_is_drawn() -> None:
    worlds = list(drawn.onsets(300))
    seconds = {cause.spans[0].from_ms // 1000 % 60 for world in worlds for cause in world.causes}
    assert len(seconds) > 50
    assert {cause.id for world in worlds for cause in world.causes} == {sort.name for sort in drawn.SORTS}


def test_quiet_weeks_are_drawn_until_there_are_enough() -> None:
    worlds = list(drawn.weeks(50))
    weeks = [score(each, [], []).network_weeks for each in worlds]
    assert sum(weeks) >= 50 > sum(weeks[:-1])
    assert len({each.name for each in worlds}) == len(worlds)


def test_lines_that_are_placed_at_random_leave_some_of_it_unseen_and_most_of_it_in_sight() -> None:
    worlds = list(drawn.covered(120))
    found = [each for world in worlds for each in score(world, [], []).found]
    unseen = [each for each in found if each.unobservable]
    assert len(found) == 120
    assert 0 < len(unseen) < 60
    counts = {sum(line.network == network for line in world.lines) for world in worlds for network in ("AS197207",)}
    assert counts == {0, 1, 2, 3}
