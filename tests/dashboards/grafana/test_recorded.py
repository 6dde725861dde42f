"""What of a service is drawn where the rules spoke, where they were silent, and where something came to light later.

Made up, an hour of five networks; asked of a real Prometheus and a real VictoriaMetrics.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboards.grafana import queries
from dashboards.grafana.recorded import DELIVERING, VERDICT
from dashboards.grafana.words import SAID, number
from monitor import metrics
from monitor.home.remotewrite import labels
from tests.dashboards.grafana.database import ONE_HEAD, Database, Found
from tests.dashboards.grafana.september import Sample, at_ms
from tests.monitor.home.receivers import prometheus, victoria

_MINUTE_MS = 60_000
_FROM, _UNTIL = at_ms("12:00"), at_ms("13:00")
_CHOSEN = {"country": "IR", "network": ".*", "service": "whatsapp"}
_EVERY = [each for uid in ("didban-overview", "didban-service") for each in queries.of(uid, _CHOSEN, span="1h")]

Stretch = tuple[str, int, int]  # what, from which minute on, until before which

# by network: what the rules said of whatsapp, and what the late look wrote; between minute 20 and 40 something happens
_RULES: dict[str, tuple[Stretch, ...]] = {
    "AS1": (("ok", 0, 60),),
    "AS2": (("ok", 0, 20), ("ok", 40, 60)),
    "AS3": (("ok", 0, 20), ("unknown", 20, 40), ("blocked", 40, 60)),
    "AS4": (("ok", 0, 20), ("cut_off", 20, 40), ("ok", 40, 60)),
    "AS5": (("ok", 0, 20), ("ok", 40, 60)),
}
_HEARD = {network: ((0, 60),) if network in ("AS1", "AS4") else ((0, 20), (40, 60)) for network in _RULES}
_LATE: tuple[tuple[str, str, int, int], ...] = (
    ("AS2", "ServiceBlocked", 20, 40),
    ("AS3", "NetworkShutdown", 20, 50),
    ("AS4", "ServiceBlocked", 20, 40),
)


def _samples() -> Iterator[Sample]:
    for network, stretches in _RULES.items():
        place = {"country": "IR", "network": network}
        for verdict, since, until in stretches:
            series = labels(VERDICT, place | {"service": "whatsapp", "verdict": verdict})
            yield from _stretch(series, since, until, ends=True)
        box = place | {"vantage": f"box-{network}", "role": "inside"}
        yield from _stretch(labels(metrics.HEARTBEAT.name, box), 0, 60)
        for since, until in _HEARD[network]:
            yield from _stretch(labels(DELIVERING, box), since, until, ends=True)
        yield from _stretch(labels("didban_vantage_expected", box), 0, 60)
    for network, alert, since, until in _LATE:
        about = {"alert": alert, "country": "IR", "network": network}
        about |= {"service": "whatsapp"} if alert == "ServiceBlocked" else {}
        yield from _stretch(labels(metrics.INCIDENT.name, about), since, until, ends=True)


def _stretch(series: tuple[tuple[str, str], ...], since: int, until: int, *, ends: bool = False) -> Iterator[Sample]:
    for minute in range(since, until):
        at = _FROM + minute * _MINUTE_MS
        yield Sample(series, at, 1.0, at)
    if ends:
        at = _FROM + until * _MINUTE_MS
        yield Sample(series, at, None, at)


@pytest.fixture(scope="module", params=("prometheus", "victoria"))
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("recorded") / str(request.param)
    started = (
        prometheus(folder, *ONE_HEAD) if request.param == "prometheus" else victoria(folder, "-retentionPeriod=100y")
    )
    with started as base:
        found = Database(base)
        found.write(sorted(_samples(), key=lambda each: each.time_ms))
        found.settle()
        yield found


def _asked(database: Database, uid: str, where: str, until_ms: int = _UNTIL) -> list[Found]:
    each = next(each for each in _EVERY if (each.uid, each.where) == (uid, where))
    return database.instant(each.expr, until_ms) if each.now else database.over(each.expr, _FROM, until_ms)


def _word(database: Database, network: str, minute: int) -> str:
    found = _asked(database, "didban-service", "On each network")
    value = next(each for each in found if each.labels["network"] == network).at(_FROM + minute * _MINUTE_MS)
    return list(SAID)[int(value)] if value is not None else "nothing"


def test_where_the_rules_spoke_their_word_stands(database: Database) -> None:
    assert [_word(database, "AS1", minute) for minute in (10, 30, 50)] == ["ok", "ok", "ok"]


def test_a_block_that_came_to_light_later_is_drawn_where_the_rules_were_silent(database: Database) -> None:
    assert [_word(database, "AS2", minute) for minute in (10, 30, 50)] == ["ok", "blocked, more since", "ok"]


def test_a_cut_that_came_to_light_later_is_drawn_where_the_rules_did_not_know_and_no_longer(database: Database) -> None:
    assert [_word(database, "AS3", minute) for minute in (10, 30, 56)] == ["ok", "cut_off, more since", "blocked"]


def test_in_a_network_of_which_the_rules_said_that_it_is_cut_a_late_block_is_none(database: Database) -> None:
    assert [_word(database, "AS4", minute) for minute in (10, 30, 50)] == ["ok", "cut_off", "ok"]


def test_what_came_home_late_and_is_no_news_is_no_gap(database: Database) -> None:
    assert [_word(database, "AS5", minute) for minute in (10, 30, 50)] == ["ok", "came_late", "ok"]
    assert number(SAID, "came_late") == 0, "whatever anybody said of the same minutes is of more concern"


def test_the_share_counts_those_that_said_anything_and_those_of_which_it_came_to_light(database: Database) -> None:
    (found,) = _asked(database, "didban-overview", "Where services are blocked")
    shares = [found.at(_FROM + minute * _MINUTE_MS) for minute in (10, 30, 56)]
    assert shares == pytest.approx([0, 1 / 4, 1 / 5]), "at half past AS1, AS3 and AS4 spoke, and AS2 is known since"


def test_a_block_counts_now_and_where_one_looks_back(database: Database) -> None:
    for uid, where in (("didban-overview", "Blocks"), ("didban-service", "Networks where it is blocked")):
        for minute, many in ((10, 0), (30, 1), (56, 1)):
            (found,) = _asked(database, uid, where, _FROM + minute * _MINUTE_MS)
            assert found.last == many, (where, minute)
