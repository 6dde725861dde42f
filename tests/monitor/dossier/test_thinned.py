"""Slot by slot and event by event: what the public form lets through, and from when on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboards.report.model import Event, Kind, Sure
from dashboards.report.proof import Found, Proof
from monitor.dossier import thinned
from monitor.dossier.grid import HOUR_MS, SLOT_MS, Cell, Grid
from monitor.evidence.forms.public import Outcome, Place, Row
from monitor.evidence.window import Window

HOUR = 460_000 * HOUR_MS
DAY_MS = 24 * HOUR_MS
AFTER_MS = HOUR + 2 * HOUR_MS + DAY_MS
WINDOW = Window(HOUR, HOUR + 2 * HOUR_MS)
BLOCKED = Event(
    Kind.BLOCKED, "AS1", "imo", HOUR + 61_000, HOUR + 35 * 60_000, False, 4, 2, Sure.MEDIUM, "lines_agree", low=0.123
)  # fmt: skip


def grid(lines: int, *, since_ms: int = HOUR, until_ms: int = HOUR + 2 * HOUR_MS) -> Grid:
    """Reach falls from slot to slot; blocked in every third."""
    made = Grid(since_ms, until_ms, SLOT_MS)
    count = len(made.slots)
    made.reach["AS1"] = [1 - slot / 30 for slot in range(count)]
    made.lines["AS1"] = [lines] * count
    made.cells[("AS1", "imo")] = [Cell("ok" if slot % 3 else "blocked", lines) for slot in range(count)]
    made.control["imo"] = [0.66] * count
    made.control_networks["imo"] = [lines] * count
    return made


def test_three_lines_are_said_by_ten_minutes_and_by_tenths() -> None:
    thin = thinned.grid(grid(3), HOUR)
    assert thin.reach["AS1"][:3] == [1.0, 1.0, 0.9]
    assert [each.verdict for each in thin.cells[("AS1", "imo")][:3]] == ["blocked", "ok", "ok"]
    assert set(thin.control["imo"]) == {0.7}


@pytest.mark.parametrize("lines", [1, 2])
def test_two_lines_are_said_by_whole_hours_a_day_later(lines: int) -> None:
    thin = thinned.grid(grid(lines), AFTER_MS)
    assert [len(set(thin.reach["AS1"][n : n + 6])) for n in (0, 6)] == [1, 1]
    assert {each.verdict for each in thin.cells[("AS1", "imo")]} == {"ok"}
    assert {each.lines for each in thin.cells[("AS1", "imo")]} == {0}


def test_and_not_a_moment_sooner() -> None:
    thin = thinned.grid(grid(2), AFTER_MS - 1)
    assert thin.reach["AS1"][:6] != [None] * 6, "the first hour is a day old"
    assert thin.reach["AS1"][6:] == [None] * 6, "the second is not"
    assert {each.verdict for each in thin.cells[("AS1", "imo")][6:]} == {""}


def test_of_an_hour_that_is_not_wholly_asked_for_nothing_is_said() -> None:
    thin = thinned.grid(grid(2, since_ms=HOUR + SLOT_MS), AFTER_MS)
    assert thin.reach["AS1"][:5] == [None] * 5
    assert None not in thin.reach["AS1"][5:]


def test_what_three_lines_showed_is_rounded_outward_to_ten_minutes() -> None:
    (event,) = thinned.events([BLOCKED], WINDOW, HOUR)
    assert (event.from_ms, event.until_ms) == (HOUR, HOUR + 40 * 60_000)
    assert (event.lines, event.controls, event.low, event.fine) == (3, None, 0.1, True)
    assert (event.sure, event.why_sure) == (Sure.MEDIUM, "lines_agree")


def test_what_one_line_showed_looks_like_what_two_showed() -> None:
    one = replace(BLOCKED, lines=1, sure=Sure.LOW, why_sure="one_line_no_proof")
    two = replace(BLOCKED, lines=2)
    assert thinned.events([one], WINDOW, AFTER_MS) == thinned.events([two], WINDOW, AFTER_MS)
    (event,) = thinned.events([one], WINDOW, AFTER_MS)
    assert (event.from_ms, event.until_ms, event.fine) == (HOUR, HOUR + HOUR_MS, False)
    assert (event.lines, event.sure, event.why_sure) == (None, Sure.LOW, "few_lines")


def test_what_one_line_showed_is_not_said_on_the_same_day() -> None:
    assert thinned.events([replace(BLOCKED, lines=1)], WINDOW, HOUR + DAY_MS) == []


def test_that_a_lie_was_seen_is_said_of_few_lines_too() -> None:
    (event,) = thinned.events([replace(BLOCKED, lines=1, sure=Sure.HIGH, why_sure="lie")], WINDOW, AFTER_MS)
    assert (event.sure, event.why_sure) == (Sure.HIGH, "lie")


def test_proof_is_shares_of_the_public_rows_and_no_matter_of_a_home() -> None:
    place = Place("IR", "AS1", "inside", "imo/web")
    rows = [
        Row(HOUR, 60, place, Outcome("failed", "resolve", "dns_bogon_error"), 0.5, 0),
        Row(HOUR, 60, place, Outcome("failed", "connect", "generic_timeout_error"), 0.3, 0),
        Row(HOUR, 60, place, Outcome("ok"), 0.2, 0),
        Row(HOUR, 10, place, Outcome("ok"), 1.0, 3),
        Row(HOUR, 60, replace(place, role="control"), Outcome("ok"), 1.0, 0),
    ]
    found = (Found("name_filtered", 2, None), Found("local_sinkhole", 3, 0.5), Found("ipv6_broken", 1, None))
    whole = Proof("imo", "AS1", 4711, 0.1999, (), found)
    (proof,) = thinned.proofs(rows, thinned.events([BLOCKED], WINDOW, HOUR), [whole], WINDOW.until_ms)
    assert [(each.step, each.share, each.walks) for each in proof.broke] == [
        ("resolve", 0.5, None),
        ("connect", 0.3, None),
    ]
    assert (proof.attempts, proof.reached, proof.exhibits) == (None, 0.2, ())
    assert proof.found == (Found("name_filtered", None, None),)
