"""Every question the dashboards ask, with their variables filled in, so that each can be asked of a real Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Question:
    """One query of a panel, one annotation, or what a variable can be.

    Attributes:
        where: the panel's title, `variable NAME` or `mark NAME`.
        legend: as in the panel. now: only of the last moment.
    """

    uid: str
    where: str
    ref: str
    expr: str
    legend: str = ""
    now: bool = False

    def __str__(self) -> str:
        return f"{self.uid}: {self.where} {self.ref}".rstrip()


def document(uid: str, folder: Path = HERE) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{uid}.json").read_text(encoding="utf-8"))
    return found


def of(
    uid: str,
    variables: Mapping[str, str],
    *,
    span: str = "6h",
    each: Mapping[str, str] | None = None,
    folder: Path = HERE,
) -> list[Question]:
    """Of one dashboard.

    Args:
        variables: the choice; `.*` for all. each: instead of it, in a panel that is repeated for a variable.
        span: the time looked at. folder: of JSON of another day.
    """
    found = document(uid, folder)
    return [*_of_panels(found, variables, span, each or {}), *_of_choices(found, variables), *_marks(found, variables)]


def _of_panels(
    found: Mapping[str, Any], variables: Mapping[str, str], span: str, each: Mapping[str, str]
) -> Iterator[Question]:
    for panel in found["panels"]:
        chosen = {**variables, **each} if panel.get("repeat") else variables
        for target in panel.get("targets", ()):
            expr = filled(target["expr"], chosen, span)
            yield Question(
                found["uid"],
                panel["title"],
                target["refId"],
                expr,
                target["legendFormat"],
                target.get("instant", False),
            )


def _of_choices(found: Mapping[str, Any], variables: Mapping[str, str]) -> Iterator[Question]:
    for each in found["templating"]["list"]:
        if each["type"] == "query":
            series, _, label = each["query"]["query"].removeprefix("label_values(").removesuffix(")").rpartition(", ")
            expr = f"group by ({label}) ({filled(series, variables)})"
            yield Question(found["uid"], f"variable {each['name']}", "", expr, now=True)


def _marks(found: Mapping[str, Any], variables: Mapping[str, str]) -> Iterator[Question]:
    for each in found["annotations"]["list"]:
        yield Question(found["uid"], f"mark {each['name']}", "", filled(each["expr"], variables), each["titleFormat"])


def filled(expr: str, variables: Mapping[str, str], span: str = "6h") -> str:
    """As Grafana would send it, asked minute by minute where `variables` do not say otherwise."""
    own = {"__range": span, "__rate_interval": "5m", "__interval": "1m"}
    for name, value in sorted({**own, **variables}.items(), reverse=True):
        expr = expr.replace(f"${name}", value)
    return expr
