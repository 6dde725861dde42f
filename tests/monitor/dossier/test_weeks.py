"""A window of weeks: slots grow with it, and the page stays small enough to be sent, quick to make, and true."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboards.report import charts, page, sheets
from dashboards.report.model import Control as Abroad
from dashboards.report.model import Counts, Dossier, Form, Kind, Language, Network, Service, Strip
from dashboards.report.tongue import Tongue
from monitor.dossier import grid as grids
from monitor.dossier import happened, played
from monitor.dossier.grid import Grid
from monitor.dossier.played import Played, Told
from monitor.evidence.lines import Box
from monitor.evidence.window import Window
from monitor.stored.source import Source
from tests.dashboards.report.test_page import DOSSIER

Moments = NDArray[np.int64]
Values = NDArray[np.floating[Any]]
When = NDArray[np.bool_]
DAY_MS, HOUR_MS, TURN_MS = 86_400_000, 3_600_000, played.TURN_MS
SINCE_MS = 1_662_854_400_000  # 2022-09-11T00:00Z
DAYS = 26
WINDOW = Window(SINCE_MS, SINCE_MS + DAYS * DAY_MS)
NETWORKS, SERVICES = ("AS197207", "AS44244", "AS58224"), ("imo", "instagram", "signal", "telegram", "whatsapp")
BLOCKED_FROM_MS = SINCE_MS + 10 * DAY_MS + 11 * HOUR_MS
EVENING = range(16, 22)  # UTC hours in which everything abroad is gone, each day from the tenth


def _box(network: str, role: str) -> Box:
    vantage = f"v{network}{role}"
    identity = {"vantage": vantage, "country": "IR", "network": network, "role": role, "cohort": ""}
    return Box(vantage, f"vantage {vantage}", identity, cast(Source, None))


@pytest.fixture(scope="module")
def found() -> tuple[Grid, Played]:
    """Curfews each evening and services that stay blocked, as rules would have recorded them every fifteen seconds."""
    times = np.arange(WINDOW.since_ms, WINDOW.until_ms, TURN_MS, dtype=np.int64)
    hours = times // HOUR_MS % 24
    dark = (hours >= EVENING.start) & (hours < EVENING.stop) & (times >= SINCE_MS + 10 * DAY_MS)
    blocked = (times >= BLOCKED_FROM_MS) & ~dark
    made = Played(_series(times, dark, blocked), "ab" * 32)
    boxes = [_box(network, "inside") for network in NETWORKS]
    return grids.grid(boxes, made, WINDOW), made


def _series(times: Moments, dark: When, blocked: When) -> dict[str, list[Told]]:
    def told(when: When, values: Values | None = None, **labels: str) -> Told:
        return Told(labels, times[when], np.ones(when.sum()) if values is None else values[when].astype(np.float64))

    every, onset = times >= 0, (times // DAY_MS * DAY_MS + EVENING.start * HOUR_MS) / 1000.0
    reach = np.where(dark, 0.0, 1.0)
    verdicts = {"cut_off": dark, "blocked": blocked, "ok": ~dark & ~blocked}
    pairs = [(n, s) for n in NETWORKS for s in SERVICES]
    return {
        played.REACH: [told(every, reach, network=n, source="inside") for n in NETWORKS],
        played.SHUTDOWN: [told(dark, onset, network=n) for n in NETWORKS],
        played.CUT_LINES: [told(dark, 3.0 * dark, network=n) for n in NETWORKS],
        played.CONNECTIVITY: [
            told(every, reach, network=n, scope="international", role="inside", vantage=f"v{n}inside") for n in NETWORKS
        ],
        played.VERDICT: [told(when, network=n, service=s, verdict=v) for n, s in pairs for v, when in verdicts.items()],
        played.VERDICT_LINES: [
            told(when, 3.0 * when, network=n, service=s, verdict=v) for n, s in pairs for v, when in verdicts.items()
        ],
        played.CONTROL_OK: [told(every, 3.0 * every, service=s) for s in SERVICES],
        played.CONTROL_FAILS: [told(every, 0.0 * every, service=s) for s in SERVICES],
    }


def _services(grid: Grid) -> Iterator[Service]:
    for service in SERVICES:
        strips = tuple(
            Strip(n, tuple(c.verdict for c in cells)) for (n, s), cells in grid.cells.items() if s == service
        )
        yield replace(DOSSIER.services[0], service=service, title={"en": service, "fa": service}, strips=strips,
                      control=Abroad(tuple(grid.control[service])))  # fmt: skip


@pytest.fixture(scope="module")
def dossier(found: tuple[Grid, Played]) -> Dossier:
    grid, made = found
    return replace(
        DOSSIER, since_ms=WINDOW.since_ms, until_ms=WINDOW.until_ms, slot_ms=grid.slot_ms, others=(), proofs=(),
        counts=Counts(6, 3, 3, 3, 3, 9_999, 0), events=tuple(happened.events(made, grid.lines, WINDOW)),
        networks=tuple(Network(n, "", "mobile", 3, tuple(reach)) for n, reach in grid.reach.items()),
        services=tuple(_services(grid)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "minutes"), [(1, 10), (4, 10), (5, 60), (25, 60), (26, 120), (90, 240), (365, 1440), (900, 2880)]
)
def test_slots_are_as_long_as_a_chart_can_show(days: int, minutes: int) -> None:
    window = Window(SINCE_MS, SINCE_MS + days * DAY_MS)
    slot_ms = grids.slot_of(window)
    assert slot_ms == minutes * 60_000
    assert (window.until_ms - window.since_ms) / slot_ms <= 600


def test_every_evening_is_an_event_of_its_own_and_a_block_is_one(dossier: Dossier) -> None:
    cuts = [each for each in dossier.events if each.kind is Kind.SHUTDOWN and each.network == NETWORKS[0]]
    assert len(cuts) == 16
    assert {(each.from_ms // HOUR_MS % 24, round((each.until_ms or 0) / HOUR_MS) % 24) for each in cuts} == {(16, 22)}
    blocks = [each for each in dossier.events if each.kind is Kind.BLOCKED]
    assert len(blocks) == len(NETWORKS) * len(SERVICES)
    assert {(each.from_ms, each.until_ms) for each in blocks} == {(BLOCKED_FROM_MS, None)}


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("form", list(Form))
def test_the_page_is_small_enough_to_be_sent(dossier: Dossier, form: Form, language: Language) -> None:
    text = page.render(replace(dossier, form=form), language)
    assert len(text.encode()) < 1_000_000
    assert max(len(each) for each in re.findall(r"<p class=\"lead\">(.*?)</p>", text)) < 500, "a summary is short"
    assert text.count("<tr>") < 1_000
    dates = {Language.EN: ("21 September", "6 October"), Language.FA: ("۳۰ شهریور", "۱۴ مهر")}[language]
    assert all(each in text.partition('id="timeline"')[0] for each in dates), "and says when"


def test_the_axis_has_a_date_at_each_mark_and_few_of_them(dossier: Dossier) -> None:
    say = Tongue.of(dossier, Language.EN)
    marks = charts.axis(dossier, say).marks
    assert 6 <= len(marks) <= 14
    assert all(mark.dates[1] for mark in marks)
    assert {mark.clocks[1] for mark in marks} == {"00:00"}


def test_what_slots_say_is_what_was_said_for_most_of_them(dossier: Dossier) -> None:
    rows = list(csv.DictReader(io.StringIO(sheets.files(dossier)["services.csv"])))
    mine = {row["from_utc"]: row["verdict"] for row in rows if (row["network"], row["service"]) == ("AS197207", "imo")}
    assert mine["2022-09-12T18:00:00Z"] == "ok"
    assert mine["2022-09-25T12:00:00Z"] == "blocked"
    assert mine["2022-09-25T18:00:00Z"] == "cut_off"
    assert "Each row is 12 h" in page.render(dossier, Language.EN)
