"""The curfew panels over a week, and those of which the night of September has nothing; asked of a real Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboards.grafana import queries
from dashboards.grafana.queries import Question
from tests.dashboards.grafana import week
from tests.dashboards.grafana.database import ONE_HEAD, Database, Found
from tests.dashboards.grafana.week import BEGINS_H, DAY_MS, DAYS, ENDS_H, HOUR_MS, UNTIL, WEIGHTS
from tests.monitor.home.receivers import prometheus

_CHOSEN = {"country": "IR", "network": ".*", "service": "instagram", "vantage": week.BOX}
_OF = [each for uid in ("didban-country", "didban-service", "didban-vantage")
       for each in queries.of(uid, _CHOSEN, span=f"{DAYS}d", each={"network": "AS197207"})]  # fmt: skip
_SHARE = len(week.NIGHTLY) / len(WEIGHTS)
_MIDNIGHT = UNTIL - int(3.5 * HOUR_MS)  # in Tehran
_NIGHT = range(BEGINS_H, 24 + ENDS_H)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with prometheus(tmp_path_factory.mktemp("week") / "prometheus", *ONE_HEAD) as base:
        database = Database(base)
        database.write(week.samples())
        yield database


def _question(where: str, ref: str = "A") -> Question:
    return next(each for each in _OF if (each.where, each.ref) == (where, ref))


def _one(found: list[Found]) -> Found:
    assert len(found) == 1, found
    return found[0]


def test_a_curfew_stands_in_its_hours_by_both_clocks(lived: Database) -> None:
    utc, local = (
        {int(each.labels["hour"]): each.last for each in lived.instant(_question(where).expr, UNTIL)}
        for where in ("Minutes cut, by hour (UTC)", "Minutes cut, by hour (local)")
    )
    assert set(utc) == set(local) == set(range(24)), "every hour has its place, cut or not"
    assert {hour for hour, minutes in local.items() if minutes} == {each % 24 for each in _NIGHT}
    whole = 60 * DAYS * _SHARE
    assert all(local[each % 24] == pytest.approx(whole, abs=10) for each in _NIGHT)
    assert utc[17] == utc[1] == pytest.approx(whole / 2, abs=10), "Tehran is three hours and a half ahead"
    assert [utc[each] for each in (0, 18)] == pytest.approx([whole, whole], abs=10)
    assert [utc[each] for each in (2, 16)] == [0, 0]
    assert sum(utc.values()) == pytest.approx(sum(local.values()))


def test_the_same_hours_of_seven_days_stand_under_each_other(lived: Database) -> None:
    for day, ref in enumerate("ABCDEFG"):
        row = _one(lived.over(_question("The same hours, day by day", ref).expr, UNTIL - DAY_MS + HOUR_MS, UNTIL))
        for at_s, share in row.points:
            at_ms = int(at_s * 1000) - day * DAY_MS
            if week.is_dark(at_ms) == week.is_dark(at_ms - 6 * week.MINUTE_MS):  # else a sample of before may speak
                assert share == pytest.approx(_SHARE if week.is_dark(at_ms) else 0.0), (ref, at_s)
        assert {0.0, round(_SHARE, 9)} == {round(share, 9) for _, share in row.points}


def test_how_many_users_are_cut_off_is_said_where_somebody_knows(lived: Database) -> None:
    question = _question("Users on networks cut off")
    assert _one(lived.instant(question.expr, _MIDNIGHT)).last == pytest.approx(sum(WEIGHTS[n] for n in week.NIGHTLY))
    assert _one(lived.instant(question.expr, UNTIL - 18 * HOUR_MS)).last == 0, "at half past nine in the morning"


def test_a_slow_line_is_seen_beside_the_slowest_control(lived: Database) -> None:
    country = [_one(lived.over(_question("How much slower", ref).expr, UNTIL - DAY_MS, UNTIL)) for ref in "AB"]
    assert [max(value for _, value in each.points) for each in country] == [4.0, 1.1]
    service = lived.over(_question("How much slower under its name", "A").expr, UNTIL - DAY_MS, UNTIL)
    assert {value for _, value in _one(service).points} == {1.2, 4.0}


def test_lateness_is_seen_of_a_box_that_is_scraped(lived: Database) -> None:
    """Of 120 starts an hour 60 came within half a second, 110 within one: nine of ten within 0.98 s."""
    late = _one(lived.over(_question("Lateness").expr, UNTIL - HOUR_MS, UNTIL))
    assert {round(value, 3) for _, value in late.points} == {0.98}
