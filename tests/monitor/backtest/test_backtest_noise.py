"""Shipped noise is as much as its sources say."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.backtest.lived.weather import absences
from monitor.backtest.worlds.beside import noise_file
from monitor.backtest.worlds.noise import Noise
from tests.monitor.backtest.backtests import empty, line

_DAYS = 7


def shipped(name: str) -> Noise:
    found = noise_file(name)
    assert found is not None
    noise, mistakes = found
    assert noise is not None, mistakes
    return noise


@pytest.mark.parametrize(("name", "least", "most"), [("ordinary", 0.0, 0.004), ("bursty", 0.01, 0.02)])
def test_a_line_loses_in_the_mean_what_the_source_says(name: str, least: float, most: float) -> None:
    """Under 0.4 % of all packets, or above 1 %: classes of FCC, Ninth Measuring Broadband America, chart 8."""
    noise = shipped(name)
    bursts, evening = noise.bursts, noise.evening
    assert bursts is not None
    assert evening is not None
    lost = (bursts.good_s * bursts.lost_good + bursts.bad_s * bursts.lost_bad) / (bursts.good_s + bursts.bad_s)
    assert least <= lost + evening.lost * (evening.until_hour - evening.from_hour) / 24 < most


@pytest.mark.parametrize(("name", "per_day"), [("ordinary", 0.06), ("reboots", 0.9)])
def test_boxes_are_gone_for_ten_minutes_as_often_as_the_source_says(name: str, per_day: float) -> None:
    """In homes of developed and of developing countries: Grover et al., Peeking Behind the NAT, IMC 2013."""
    homes = tuple(dataclasses.replace(line(f"v{number}"), noise=(shipped(name),)) for number in range(400))
    week = dataclasses.replace(empty(lines=homes), until_ms=_DAYS * 86_400_000)
    gone = [each for home in homes for each in absences(week, home.id, home.network, 0)]
    long = sum(each.until_ms - each.from_ms >= 600_000 for each in gone)
    assert long / (_DAYS * len(homes)) == pytest.approx(per_day, rel=0.15)
