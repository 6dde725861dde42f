"""The same numbers as CSV, one row a slot: for whoever has a spreadsheet. Words are the closed ones, times are UTC."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Iterator, Mapping

from dashboards.report.charts import control_words
from dashboards.report.model import Dossier, Form

_RUN = ("=", "+", "-", "@", "\t", "\r", "\n")  # how a formula begins (OWASP, CSV Injection)
Cell = str | int | float | None


def files(dossier: Dossier) -> Mapping[str, str]:
    """By name. The first line of each says what it is of where that is a simulation."""
    return {
        "events.csv": _table(dossier, _EVENTS, _events(dossier)),
        "reach.csv": _table(dossier, ("from_utc", "minutes", "network", "source", "reach_share"), _reach(dossier)),
        "services.csv": _table(dossier, ("from_utc", "minutes", "service", "network", "verdict"), _services(dossier)),
    }


_EVENTS = (
    "kind", "service", "network", "from_utc", "until_utc", "began_before", "lines", "control_networks", "confidence",
    "confidence_because", "lowest_reach",
)  # fmt: skip


def _events(dossier: Dossier) -> Iterator[tuple[Cell, ...]]:
    for each in dossier.events:
        until = _utc(each.until_ms) if each.until_ms is not None else ""
        lines, controls = _count(dossier, each.lines), _count(dossier, each.controls)
        yield (
            each.kind.value, each.service, each.network, _utc(each.from_ms), until, str(each.began_before).lower(),
            lines, controls, each.sure.value, each.why_sure, _share(each.low),
        )  # fmt: skip


def _count(dossier: Dossier, value: int | None) -> str:
    """In the public form three or more, or nothing."""
    return "" if value is None else f"{value} or more" if dossier.form is Form.PUBLIC else str(value)


def _reach(dossier: Dossier) -> Iterator[tuple[Cell, ...]]:
    """`source`: `inside`, or `landmarks`: hosts of that network, asked from abroad. They are never one number."""
    for network in dossier.networks:
        for source, course in (("inside", network.reach), ("landmarks", network.outside)):
            for at_ms, value in zip(dossier.slots, course, strict=False):
                if value is not None:
                    yield _utc(at_ms), dossier.slot_ms // 60_000, network.network, source, _share(value)


def _services(dossier: Dossier) -> Iterator[tuple[Cell, ...]]:
    """`controls` in the place of a network: what control networks abroad together say."""
    for service in dossier.services:
        strips = [*((each.network, each.verdicts) for each in service.strips), ("controls", control_words(service))]
        for network, verdicts in strips:
            for at_ms, verdict in zip(dossier.slots, verdicts, strict=True):
                if verdict:
                    yield _utc(at_ms), dossier.slot_ms // 60_000, service.service, network, verdict


def _share(value: float | None) -> float | None:
    return round(value, 3) if value is not None else None


def _table(dossier: Dossier, header: Iterable[str], rows: Iterable[tuple[Cell, ...]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow((*header, *(["in_simulation_of"] if dossier.simulated else [])))
    for row in rows:
        writer.writerow([_guarded(each) for each in (*row, *([dossier.simulated] if dossier.simulated else []))])
    return out.getvalue()


def _guarded(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RUN) else cell


def _utc(at_ms: int) -> str:
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
