"""What a failure inside is called, by how many networks of controls reach the service: of a verdict computed anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboards.grafana import queries
from dashboards.palette import VERDICTS
from monitor import metrics
from monitor.home.remotewrite import labels
from tests.dashboards.grafana.database import Database
from tests.dashboards.grafana.september import Sample, at_ms
from tests.monitor.home.receivers import prometheus, victoria

_AT = at_ms("12:00")
_CHOSEN = {"country": "IR", "network": ".*", "service": ".*", "vantage": "inside"}
_MOST = 5  # networks of controls
_EXPR = next(each.expr for each in queries.of("didban-incident", _CHOSEN) if each.where == "Services")


def _called(up: int, broken: int) -> str:
    """As raw.py says it in words: down by two networks and two thirds; blocked where one reaches it and two were asked."""
    if broken >= 2 and broken / (up + broken) >= 0.666:
        return "down"
    return "blocked" if up >= 1 and up + broken >= 2 else "unknown"


_PAIRS = [(up, broken) for up in range(_MOST + 1) for broken in range(_MOST + 1 - up)]


def _samples() -> Iterator[Sample]:
    inside = {"vantage": "inside", "country": "IR", "network": "AS1", "role": "inside"}
    boxes = [inside]
    boxes += [
        {"vantage": f"c{each}", "country": "DE", "network": f"AS9{each}", "role": "control"} for each in range(_MOST)
    ]
    for place, box in enumerate(boxes):
        yield Sample(labels("didban_connectivity_ratio", box | {"scope": "international"}), _AT, 1.0, _AT)
        yield Sample(labels(metrics.HEARTBEAT.name, box), _AT, _AT / 1000, _AT)
        for up, broken in _PAIRS:
            said = "ok" if 0 < place <= up else "broken" if place == 0 or place <= up + broken else "insufficient"
            for state in ("ok", "broken", "insufficient"):
                of = box | {"service": f"{up} up {broken} broken", "state": state}
                yield Sample(labels("didban_service_state", of), _AT, float(state == said), _AT)


@pytest.mark.parametrize("program", ["prometheus", "victoria"])
def test_a_failure_is_a_block_where_most_controls_reach_it_and_down_where_they_do_not(
    program: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("controls") / program
    with prometheus(folder) if program == "prometheus" else victoria(folder, "-retentionPeriod=100y") as base:
        database = Database(base)
        database.write(_samples())
        database.settle()
        found = database.instant(_EXPR.replace("[5m:1m]", "[1m:1m]"), _AT + 30_000)
    called = {each.labels["service"]: list(VERDICTS)[int(each.last)] for each in found}
    assert called == {f"{up} up {broken} broken": _called(up, broken) for up, broken in _PAIRS}
