"""Intervals against values printed elsewhere, so that no figure of the README rests on our arithmetic alone."""

from __future__ import annotations

import pytest

from monitor.backtest.told.stats import Rate, Share, quantile


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],  # Newcombe 1998
)
def test_a_share_has_wilsons_interval(hits: int, n: int, low: float, high: float) -> None:
    assert Share(hits, n).interval == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (2, 0.2422, 7.2247), (10, 4.7954, 18.3904)],  # Garwood 1936, Ulm 1990
)
def test_a_rate_has_garwoods_interval(events: int, low: float, high: float) -> None:
    assert Rate(events, 1.0).interval == pytest.approx((low, high), abs=1e-3)


def test_no_false_page_in_a_hundred_network_weeks_bounds_the_rate_at_four_in_a_hundred() -> None:
    assert Rate(0, 100.0).interval[1] == pytest.approx(0.0369, abs=1e-4)


def test_nothing_counted_is_nothing_known() -> None:
    assert Share(0, 0).value is None
    assert Share(0, 0).interval == (0.0, 1.0)
    assert Rate(0, 0.0).value is None


def test_a_quantile_is_a_value_that_was_seen() -> None:
    assert [quantile([4.0, 1.0, 3.0, 2.0], q) for q in (0.5, 0.95, 1.0)] == [2.0, 4.0, 4.0]
    assert quantile([], 0.5) is None
