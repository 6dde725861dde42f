"""`didban report`: from spools to a dossier a court could check, and one that finds nobody."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dashboards.report.model import Form, Holds, Kind, Sure
from monitor.__main__ import app
from monitor.cli.report import said
from monitor.dossier.gather import Asked, gathered, mine
from monitor.evidence.lines import boxes
from monitor.evidence.progress import Progress
from monitor.evidence.window import Window
from probes.doors.clock import SystemClock
from tests.dashboards.report.test_page import DOSSIER
from tests.monitor.dossier.small import BLOCKED_FROM, HOUR_MS, MINUTES, country, inside
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS

WINDOW = Window(NOON_MS, NOON_MS + MINUTES * MINUTE_MS)
SINCE, UNTIL = "2026-11-16T12:00Z", "2026-11-16T13:30Z"
DOSSIER_OF_TWO = replace(
    DOSSIER, counts=replace(DOSSIER.counts, controls=2), evidence=replace(DOSSIER.evidence, root="ab" * 32)
)
runner = CliRunner()


def dossier(folders: list[Path], form: Form = Form.SEALED, at_ms: int = NOON_MS + 96 * HOUR_MS):  # type: ignore[no-untyped-def]
    kept = mine(boxes(folders), "IR")
    return gathered(Asked("IR", WINDOW, form, at_ms), kept, Progress(SystemClock()), lambda box, head: [])


def options(folders: list[Path]) -> list[str]:
    return [option for each in folders for option in ("--storage.path", str(each))]


def test_a_block_is_an_event_with_its_lines_its_controls_and_its_proof(tmp_path: Path) -> None:
    found = dossier(country(tmp_path, [inside(n) for n in range(3)]))
    (event,) = found.events
    assert (event.kind, event.service, event.network) == (Kind.BLOCKED, "instagram", "AS197207")
    assert (event.lines, event.controls, event.sure, event.why_sure) == (3, 3, Sure.HIGH, "lie")
    assert 0 <= event.from_ms - (NOON_MS + BLOCKED_FROM * MINUTE_MS) <= 2 * MINUTE_MS
    (proof,) = found.proofs
    assert proof.broke[0].failure == "dns_bogon_error"
    assert proof.exhibits[0].kind == "forged"
    assert ("answers", "10.10.34.35") in proof.exhibits[0].lines[0].facts
    assert re.fullmatch("[0-9a-f]{64}", proof.exhibits[0].records[0][2]), "it is committed to"


def test_a_cut_network_is_an_event_and_a_block_goes_on_behind_it(tmp_path: Path) -> None:
    """While it is cut nobody can tell; it was blocked before and after."""
    found = dossier(country(tmp_path, [inside(n) for n in range(3)], cut=range(50, 65)))
    blocked, cut = found.events
    assert (cut.kind, cut.service, cut.lines, cut.sure, cut.low) == (Kind.SHUTDOWN, "", 3, Sure.MEDIUM, 0.0)
    assert abs(cut.from_ms - (NOON_MS + 50 * MINUTE_MS)) <= 2 * MINUTE_MS
    assert cut.until_ms is not None
    assert abs(cut.until_ms - (NOON_MS + 65 * MINUTE_MS)) <= 2 * MINUTE_MS
    assert (blocked.kind, blocked.until_ms) == (Kind.BLOCKED, None)
    assert {each.key: each.holds for each in found.others}["cable"] is Holds.OPEN, "nothing here ever rules that out"
    assert {each.key: each.holds for each in found.others}["power"] is Holds.RULED_OUT
    strip = found.services[0].strips[0].verdicts
    assert {"ok", "blocked", "cut_off"} <= set(strip)


def test_without_controls_nothing_is_blocked_and_nothing_is_ruled_out(tmp_path: Path) -> None:
    found = dossier(country(tmp_path, [inside(n) for n in range(3)], controls=0))
    assert not [each for each in found.events if each.kind is Kind.BLOCKED]


def test_boxes_of_one_home_are_one_line(tmp_path: Path) -> None:
    found = dossier(country(tmp_path, [inside(n) for n in range(3)], cohort="k2"))
    assert found.counts.lines == 1
    assert {each.holds for each in found.others if each.key == "house"} == {Holds.OPEN}


def test_a_sealed_dossier_is_checked_by_the_command_it_names(tmp_path: Path) -> None:
    folders, out = country(tmp_path / "spools", [inside(n) for n in range(3)]), tmp_path / "out"
    asked = ["report", "--country", "IR", "--since", SINCE, "--until", UNTIL, "--sealed", "--out", str(out)]
    done = runner.invoke(app, [*asked, *options(folders)])
    assert done.exit_code == 0, done.output
    page = (out / "dossier.html").read_text(encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "evidence/verify.py", "evidence"], cwd=out, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    root = re.search("All heads together: ([0-9a-f]{64})", checked.stdout)
    assert root is not None
    assert root[1] in page, "the root the page names is that of the records beside it"
    assert {"events.csv", "reach.csv", "services.csv", "timeline.svg", "reach.svg", "dossier.pdf", "dossier.png"} <= {
        each.name for each in out.iterdir()
    }
    assert (out / "dossier.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--country", "IR", "--since", SINCE, "--out", "x"], "--public or --sealed"),
        (["--country", "Iran", "--since", SINCE, "--out", "x", "--public"], "country"),
        (["--country", "IR", "--since", UNTIL, "--until", SINCE, "--out", "x", "--public"], "is not after"),
    ],
)
def test_wrong_use_is_one_clear_line(words: list[str], why: str) -> None:
    done = runner.invoke(app, ["report", *words])
    assert done.exit_code == 2
    assert why in " ".join(done.output.split())


def test_a_country_in_which_no_box_looked_has_no_dossier(tmp_path: Path) -> None:
    folders = country(tmp_path / "spools", [inside(1)])
    asked = ["report", "--country", "TR", "--since", SINCE, "--until", UNTIL, "--public", "--out", str(tmp_path / "o")]
    done = runner.invoke(app, [*asked, *options(folders)])
    assert done.exit_code == 3
    assert "none of these is of a box inside TR" in done.output


def test_what_was_not_written_is_said_in_one_line() -> None:
    (line,) = said(DOSSIER_OF_TWO, ["weasyprint"])
    assert "no dossier.pdf and no dossier.png" in line
    assert "didban[report]" in line
    assert said(DOSSIER_OF_TWO, []) == []


def test_that_too_few_controls_looked_is_said() -> None:
    one = replace(DOSSIER_OF_TWO, counts=replace(DOSSIER.counts, controls=1))
    assert any("fewer than two control points" in each for each in said(one, []))
    bare = replace(DOSSIER_OF_TWO, evidence=DOSSIER.evidence)
    assert any("nothing in this dossier can be checked" in each for each in said(bare, []))
