"""Every query, variable and mark of every dashboard, asked of a real Prometheus that holds the night of September 2022.

Twice: at 18:00, as it was known during the dark, and at 23:40, when what was silent had come home. What is empty then is in
RIGHTLY_EMPTY with its reason; everything else must answer, and with what a reader can use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.grafana import queries
from dashboards.grafana.board import ALL
from dashboards.grafana.queries import Question
from dashboards.grafana.words import CUT, SILENT, VERDICTS, WELL, number
from tests.dashboards.grafana import september
from tests.dashboards.grafana.database import Database, Found
from tests.dashboards.grafana.september import BACKFILLED, DARK, FROM, at_ms
from tests.monitor.home.receivers import prometheus

MCI, IRANCELL, RIGHTEL, TCI = "AS197207", "AS44244", "AS57218", "AS58224"
EVERYBODY = {"country": "IR", "network": ".*", "service": ".*", "vantage": "mci-1"}
CHOSEN = {"didban-service": {**EVERYBODY, "service": "whatsapp"}}
SPAN_MS = 5 * 3_600_000  # the time looked at
TITLES = [(uid, panel["title"]) for uid in ALL for panel in queries.document(uid)["panels"] if panel["type"] != "row"]

# (dashboard, panel): when it is empty, and why that is right. "dark": 18:00. "home": 23:40. "both".
RIGHTLY_EMPTY: dict[tuple[str, str], tuple[str, str]] = {}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[Question, list[Found]]]]:
    """The answers, by phase: first what had come by 18:00 is written and asked, then what came later."""
    samples = september.samples()
    answers: dict[str, dict[Question, list[Found]]] = {}
    with prometheus(tmp_path_factory.mktemp("night") / "prometheus") as base:
        database = Database(base)
        for phase, since_ms, until_ms in (("dark", 0, DARK), ("home", DARK, BACKFILLED)):
            database.write(each for each in samples if since_ms < each.came_ms <= until_ms)
            answers[phase] = {each: _answer(database, each, until_ms) for uid in ALL for each in questions(uid)}
        yield answers


def questions(uid: str) -> list[Question]:
    return queries.of(uid, CHOSEN.get(uid, EVERYBODY), span="5h", each={"network": MCI})


def _answer(database: Database, question: Question, until_ms: int) -> list[Found]:
    if question.now:
        return database.instant(question.expr, until_ms)
    return database.over(question.expr, until_ms - SPAN_MS, until_ms)
