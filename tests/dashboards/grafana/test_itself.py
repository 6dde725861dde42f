"""What a replay has not: the hub, and those who tell people. The dashboard of ourselves, asked beside both of them alive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from dashboards.grafana import queries
from dashboards.grafana.queries import Question
from monitor import metrics
from monitor.home.remotewrite import labels
from monitor.metrics import Series
from tests.dashboards.grafana.database import Database, Found
from tests.dashboards.grafana.september import Sample
from tests.dashboards.grafana.test_asked import OWN, RIGHTLY_EMPTY
from tests.deploy import running

TITLES = {key[1] for key, (_, why) in RIGHTLY_EMPTY.items() if why == OWN}
QUESTIONS = [each for each in queries.of("didban-itself", {}) if each.where in TITLES]
_OF_A_HUB = (
    (metrics.HUB_BATCHES, ("hub-1", "mci-1", "taken"), lambda minute: 4.0 * minute),
    (metrics.HUB_QUEUE, ("hub-1",), lambda minute: 120.0),
    (metrics.HUB_QUARANTINED, ("hub-1", "too_old"), lambda minute: 0.0),
    (metrics.HUB_RELAY, ("hub-1", "ntfy", "delivered"), lambda minute: 3.0),
)


@dataclass(frozen=True, slots=True)
class Alive:
    """`begun_ms`: when the hub began to say something, once a minute, ten times."""

    database: Database
    begun_ms: int

    def answer(self, question: Question) -> list[Found]:
        """Of the hub's ten minutes, or of now: here time passes twenty times as fast, and a minute is long."""
        then = self.database.over(question.expr, self.begun_ms, self.begun_ms + 600_000)
        return then or self.database.instant(question.expr, _now_ms())


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alive]:
    with running.alerting(tmp_path_factory.mktemp("alive")) as base:
        database = Database(base)
        _until(lambda: _scraped(database))
        begun_ms = _now_ms() - 600_000
        hub = [(*each, begun_ms + minute * 60_000, minute) for each in _OF_A_HUB for minute in range(11)]
        hub += [(metrics.HUB_FORWARDED, ("hub-1",), lambda _: begun_ms / 1000, begun_ms + 600_000, 10)]
        database.write(
            Sample(labels(family.name, Series(family, values).labels({})), at_ms, number(minute), at_ms)
            for family, values, number, at_ms, minute in hub
        )
        yield Alive(database, begun_ms)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _scraped(database: Database) -> bool:
    try:
        return bool(database.instant("prometheus_tsdb_head_series", _now_ms()))
    except OSError:
        return False


def _until(found: Callable[[], object], patience_s: float = 60) -> None:
    end = time.monotonic() + patience_s
    while not found():
        assert time.monotonic() < end, "never answered"
        time.sleep(0.2)


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_it_answers_beside_a_hub_and_an_alertmanager_that_live(alive: Alive, question: Question) -> None:
    _until(lambda: alive.answer(question))
    assert all(value >= 0 for each in alive.answer(question) for _, value in each.points)
