"""The queries of a dashboard's JSON with its variables filled in, so that each can be run against a real Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent


def of_overview(**variables: str) -> Iterator[tuple[str, str]]:
    """(panel, PromQL) of every query, those of the variables included."""
    document = json.loads((HERE / "didban-overview.json").read_text(encoding="utf-8"))
    for panel in document["panels"]:
        for target in panel["targets"]:
            yield panel["title"], _filled(target["expr"], variables)
    for variable in document["templating"]["list"]:
        if variable["type"] == "query":
            query = variable["query"]["query"]
            inner = query.removeprefix("label_values(").rpartition(",")[0]
            yield f"variable {variable['name']}", _filled(inner, variables)


def _filled(expr: str, variables: dict[str, str]) -> str:
    for name, value in variables.items():
        expr = expr.replace(f"${name}", value)
    return expr
