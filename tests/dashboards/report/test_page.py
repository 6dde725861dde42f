"""A dossier by hand: what stands in it is what it was given, whatever that is called."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from dashboards.report import card, charts, page, sheets, written
from dashboards.report.model import (
    Alternative,
    Control,
    Counts,
    Dossier,
    Event,
    Evidence,
    Form,
    Holds,
    Kind,
    Language,
    Method,
    Network,
    Service,
    Strip,
    Sure,
)
from dashboards.report.proof import Proof
from dashboards.report.svg import runs, steps
from dashboards.report.tongue import Tongue
from monitor.telling.localtime import zone_of

SINCE_MS, SLOT_MS = 1_663_740_000_000, 600_000
EVIL = '"><script>alert(1)</script>&'
DOSSIER = Dossier(
    Form.SEALED, "IR", {"en": "Iran", "fa": "ایران"}, zone_of("IR"), SINCE_MS, SINCE_MS + 6 * SLOT_MS, SINCE_MS, "",
    SLOT_MS, Counts(2, 1, 1, 1, 1, 1234, 0),
    (Event(Kind.BLOCKED, "AS1", "imo", SINCE_MS + SLOT_MS, None, False, 1, 2, Sure.LOW, "one_line_no_proof"),),
    (Network("AS1", "Evil & Sons", "mobile", 1, (1.0, None, 0.5, 0.0, 1.0, 1.0)),),
    (Service("imo", {"en": "imo"}, "web", {"en": "calls"}, (Strip("AS1", ("ok", *["blocked"] * 4, "")),), Control((1.0,) * 6)),),
    (Proof("imo", "AS1", 5, 0.0, (), ()),),
    (Alternative("cable", Holds.OPEN, {}),),
    Method("0.1.0", ("3",), "ab" * 32, ()),
    Evidence("", (), "", 10, None, 0, 0, ()),
)  # fmt: skip


@pytest.mark.parametrize("language", list(Language))
def test_names_are_escaped_wherever_they_stand(language: Language) -> None:
    network = replace(DOSSIER.networks[0], operator=EVIL)
    service = replace(DOSSIER.services[0], title={"en": EVIL, "fa": EVIL})
    text = page.render(replace(DOSSIER, networks=(network,), services=(service,), simulated=EVIL), language)
    assert "<script" not in text
    assert "&lt;script" in text


def test_the_same_dossier_is_the_same_bytes() -> None:
    assert dict(written.files(DOSSIER, Language.FA, paper=False)) == dict(
        written.files(DOSSIER, Language.FA, paper=False)
    )


def test_one_line_alone_is_said_to_be_one_witness() -> None:
    assert "single line" in page.render(DOSSIER, Language.EN)
    two = replace(DOSSIER, counts=replace(DOSSIER.counts, lines=2))
    assert "single line" not in page.render(two, Language.EN)


def test_what_cannot_be_ruled_out_is_said_so() -> None:
    text = page.render(DOSSIER, Language.EN)
    assert "cannot be ruled out" in text
    assert "No proof of interference was found" in text
    assert "No record of this window has been committed to yet" in text


def test_nothing_that_happened_is_no_claim_that_all_was_well() -> None:
    text = page.render(replace(DOSSIER, events=(), proofs=(), others=()), Language.EN)
    assert "does not say that nothing happened" in text
    assert 'href="#timeline"' not in text, "no heading without a chart"
    assert card.render(replace(DOSSIER, events=()), Language.EN)


@pytest.mark.parametrize("language", list(Language))
def test_charts_by_themselves_are_well_formed(language: Language) -> None:
    say = Tongue.of(DOSSIER, language)
    every = [
        charts.timeline(DOSSIER, say),
        charts.reach(DOSSIER, say),
        charts.service(DOSSIER, DOSSIER.services[0], say),
    ]
    for each in every:
        root = ET.fromstring(each.alone())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.find("{http://www.w3.org/2000/svg}title") is not None


def test_a_hole_in_a_course_is_a_hole_in_the_picture() -> None:
    assert "".join(steps((1.0, None, 0.5), 0, 30, 0, 10)).count("<polyline") == 2
    assert list(runs(["", "ok", "ok", "", "blocked"])) == [("ok", 1, 3), ("blocked", 4, 5)]


def test_tables_hold_every_slot_that_was_said_and_no_other() -> None:
    rows = list(csv.DictReader(io.StringIO(sheets.files(DOSSIER)["reach.csv"])))
    assert [row["reach_share"] for row in rows] == ["1.0", "0.5", "0.0", "1.0", "1.0"]
    assert rows[1]["from_utc"] == "2022-09-21T06:20:00Z"
    services = list(csv.DictReader(io.StringIO(sheets.files(DOSSIER)["services.csv"])))
    assert [row["verdict"] for row in services if row["network"] == "AS1"] == ["ok", *["blocked"] * 4]


def test_no_cell_is_run_as_a_formula() -> None:
    strip = replace(DOSSIER.services[0], service="=HYPERLINK(1)")
    text = sheets.files(replace(DOSSIER, services=(strip,)))["services.csv"]
    assert "'=HYPERLINK" in text
    assert not re.search(r"(^|,)=", text, re.MULTILINE)


def test_every_table_and_csv_of_a_simulation_says_so() -> None:
    marked = replace(DOSSIER, simulated="iran-2022-09")
    for text in sheets.files(marked).values():
        lines = text.splitlines()
        assert lines[0].endswith(",in_simulation_of")
        assert all(line.endswith(",iran-2022-09") for line in lines[1:])
    assert "IN SIMULATION" in card.render(marked, Language.EN)
