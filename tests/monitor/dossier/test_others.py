"""Another explanation is ruled out by evidence only, and a silent refusal never where an address may be filtered."""

from __future__ import annotations

from collections import Counter
from typing import cast

import pytest

from dashboards.report.model import Event, Holds, Kind, Sure
from monitor.dossier.exhibits import COMPARED, Picked, Shelf
from monitor.dossier.grid import Grid
from monitor.dossier.others import alternatives
from monitor.dossier.played import Played
from monitor.dossier.walked import Seen, Walks
from monitor.evidence.lines import Box
from probes.words import Failure, Finding, Step

HOUR_MS = 3_600_000
KEY = ("AS1", "imo")
NOTHING = Played({}, "")


def event(lines: int = 3, controls: int = 3) -> Event:
    return Event(Kind.BLOCKED, "AS1", "imo", 0, None, False, lines, controls, Sure.HIGH, "lie")


def grid(control: float | None = 1.0) -> Grid:
    return Grid(
        0, HOUR_MS, 600_000, lines={"AS1": [3] * 6}, control={"imo": [control] * 6}, control_networks={"imo": [3] * 6}
    )


def walks(found: Finding | None = Finding.FORGED_DNS_ANSWER, *shows: Finding, step: Step = Step.CONNECT) -> Walks:
    seen = Seen(10, 0, Counter({(step.value, Failure.TIMEOUT.value): 10}), Counter({found: 5} if found else {}))
    shelf = Shelf({"it": Picked(COMPARED, cast(Box, None), "imo/web", (), tuple(shows))} if shows else {})
    return Walks({KEY: seen}, {KEY: shelf}, 10, 10)


def holds(key: str, *events: Event, on: Grid | None = None, by: Walks | None = None, lines: int = 3) -> Holds:
    found = alternatives(list(events), on or grid(), NOTHING, by or walks(), lines)
    return next(each.holds for each in found if each.key == key)


def test_an_outage_is_ruled_out_by_controls_that_reach_it_and_by_nothing_else() -> None:
    assert holds("down", event()) is Holds.RULED_OUT
    assert holds("down", event(), on=grid(0.6)) is Holds.UNLIKELY
    assert holds("down", event(), on=grid(None)) is Holds.OPEN
    assert holds("down", event(controls=1)) is Holds.OPEN


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (walks(Finding.FORGED_DNS_ANSWER), Holds.RULED_OUT),
        (walks(Finding.FORGED_DNS_ANSWER, Finding.ADDRESS_FILTERED), Holds.UNLIKELY),
        (walks(None), Holds.OPEN),
        (walks(Finding.PROVIDER_REFUSAL), Holds.OPEN),
    ],
)
def test_a_refusal_is_ruled_out_by_lies_and_never_where_an_address_may_be_filtered(by: Walks, expected: Holds) -> None:
    assert holds("refusal", event(), by=by) is expected


def test_a_broken_resolver_explains_what_fails_at_the_name() -> None:
    assert holds("resolver", event(), by=walks(step=Step.RESOLVE)) is Holds.OPEN
    assert holds("resolver", event()) is Holds.RULED_OUT


@pytest.mark.parametrize(
    ("least", "lines", "expected"), [(2, 4, Holds.RULED_OUT), (1, 4, Holds.UNLIKELY), (1, 1, Holds.OPEN)]
)
def test_one_home_is_one_home(least: int, lines: int, expected: Holds) -> None:
    assert holds("house", event(lines=least), lines=lines) is expected


def test_a_cut_without_hosts_at_home_that_answer_may_be_a_power_cut() -> None:
    cut = Event(Kind.SHUTDOWN, "AS1", "", 0, None, False, 3, None, Sure.MEDIUM, "witnesses")
    assert holds("power", cut) is Holds.OPEN
    assert holds("cable", cut) is Holds.OPEN


def test_of_nothing_there_is_no_other_explanation() -> None:
    assert alternatives([], grid(), NOTHING, walks(), 3) == []
