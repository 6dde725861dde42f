"""What the shipped dashboards ask, put to a database one by one, and how long each answer takes."""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboards.grafana import queries
from dashboards.grafana.board import ALL
from dashboards.grafana.queries import Question
from tests.bench.engines import Engine

_SPANS = {"6h": 6 * 3600}
_STEP_S = 60
_TIMES = 2  # each question; the quicker counts
_LONG_S = 10.0  # what takes longer is asked once


@dataclass(frozen=True, slots=True)
class Answered:
    """`took_s`: wall time, alone on the connection; `cpu_s`: of the database; `said`: bytes, 0 for an error."""

    question: Question
    took_s: float
    cpu_s: float
    said: int


def questions(country: str, network: str, service: str, vantage: str, folder: Path = queries.HERE) -> list[Question]:
    """Each dashboard as an operator opens it: its own country, every network, one service, one box; six hours."""
    chosen = {"country": country, "network": ".*", "service": ".*", "vantage": vantage}
    only: Mapping[str, Mapping[str, str]] = {
        "didban-overview": {"country": ".*"},
        "didban-service": {"country": ".*", "service": service},
    }
    return [
        each
        for uid in ALL
        for each in queries.of(
            uid, {**chosen, **only.get(uid, {})}, span="6h", each={"network": network}, folder=folder
        )
    ]


def answered(engine: Engine, asked: Sequence[Question], now_s: float, span: str = "6h") -> list[Answered]:
    return [_answer(engine, each, now_s, _SPANS[span]) for each in asked]


def _answer(engine: Engine, question: Question, now_s: float, span_s: int) -> Answered:
    took, spent, said = [], [], 0
    for turn in range(_TIMES):
        at_s = f"{now_s + turn:.3f}"
        given = {"query": question.expr, "nocache": "1"}
        if question.now:
            path, given = "/api/v1/query", given | {"time": at_s}
        else:
            start = f"{now_s + turn - span_s:.3f}"
            path, given = "/api/v1/query_range", given | {"start": start, "end": at_s, "step": str(_STEP_S)}
        cpu_s, began_s = engine.cpu_s(), time.monotonic()
        try:
            said = len(engine.ask(path, given))
        except (urllib.error.HTTPError, TimeoutError):
            said = 0
        took.append(time.monotonic() - began_s)
        spent.append(engine.cpu_s() - cpu_s)
        if took[-1] > _LONG_S:
            break
    return Answered(question, min(took), min(spent), said)
