"""What an NGO has in hand: sealed exports, and a hub's database. They make the dossier that the spools would have made."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dashboards.report import page, sheets
from dashboards.report.model import Dossier, Form, Kind, Language
from monitor.__main__ import app
from monitor.cli.given import Told, given_by
from monitor.disk.file import Unusable
from monitor.dossier.gather import Asked, gathered, mine
from monitor.evidence import given
from monitor.evidence.lines import boxes
from monitor.evidence.progress import Progress
from monitor.evidence.proof.verify import MANIFEST, SUMS, sums
from monitor.evidence.window import Window
from monitor.stored.source import Origin
from probes.doors.clock import SystemClock
from tests.monitor.dossier.database import Held, answering
from tests.monitor.dossier.small import HOUR_MS, MINUTES, control, country, inside
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS

WINDOW = Window(NOON_MS, NOON_MS + MINUTES * MINUTE_MS)
SINCE, UNTIL = "2026-11-16T12:00Z", "2026-11-16T13:30Z"
LONG_AFTER_MS = NOON_MS + 96 * HOUR_MS
runner = CliRunner()


@dataclass(frozen=True)
class Hand:
    """Spools, and what was made of them: exports with ticks, exports without, and a database."""

    spools: list[Path]
    whole: Path
    bare: Path
    held: Held


def export(spools: list[Path], out: Path, form: str, *more: str) -> Path:
    paths = [option for each in spools for option in ("--storage.path", str(each))]
    done = runner.invoke(app, [
        "export", "--sealed", "--format", form, "--since", SINCE, "--until", UNTIL, "--out", str(out), *more, *paths,
    ])  # fmt: skip
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> Hand:
    folder = tmp_path_factory.mktemp("hand")
    spools = country(folder / "home-of-maryam", [inside(n) for n in range(3)], cut=range(50, 65))
    whole, bare = (export(spools, folder / form, form) for form in ("openmetrics", "jsonl"))
    return Hand(spools, whole, bare, Held(spools))


def dossier(
    *exports: Path, spools: list[Path] | None = None, query: str | None = None, form: Form = Form.SEALED
) -> Dossier:
    with contextlib.ExitStack() as stack:
        told = Told(Path("nothing.yml"), spools or (), exports, query, None)
        found = mine(given_by(told, "IR", WINDOW, stack).boxes, "IR")
        return gathered(Asked("IR", WINDOW, form, LONG_AFTER_MS), found, Progress(SystemClock()), lambda box, head: [])


@pytest.fixture(scope="module")
def by_spools(hand: Hand) -> Dossier:
    return dossier(spools=hand.spools)


def same(one: Dossier, other: Dossier) -> None:
    """All of it but where it was read from."""
    assert one.events
    assert (one.events, one.networks, one.services) == (other.events, other.networks, other.services)
    assert one.proofs == other.proofs
    assert (one.others, one.evidence, one.counts) == (other.others, other.evidence, other.counts)


def test_exports_with_ticks_make_the_dossier_their_spools_would_make(hand: Hand, by_spools: Dossier) -> None:
    found = dossier(hand.whole)
    same(found, by_spools)
    assert {Kind.SHUTDOWN, Kind.BLOCKED} == {each.kind for each in found.events}
    assert (found.method.ticks_from, found.method.walks_from) == (("export",), ("export",))
    assert "sealed exports, checked before they were read" in page.render(found, Language.EN)


def test_exports_prove_and_a_database_says_the_verdicts(hand: Hand, by_spools: Dossier) -> None:
    with answering(hand.held) as url:
        found = dossier(hand.bare, query=url)
    same(found, by_spools)
    text = page.render(found, Language.EN)
    assert (found.method.ticks_from, found.method.walks_from) == (("database",), ("export",))
    assert "the database of a hub" in text
    assert "Nobody commits to ticks" in text
    assert "127.0.0.1" not in text


def test_of_a_database_alone_there_are_verdicts_and_no_proof(hand: Hand, by_spools: Dossier) -> None:
    with answering(hand.held) as url:
        found = dossier(query=url)
    assert [replace(each, controls=None) for each in found.events] == [
        replace(each, controls=None) for each in by_spools.events
    ]
    assert found.networks == by_spools.networks
    assert not found.evidence.root
    assert not [each for proof in found.proofs for each in proof.exhibits]
    assert found.method.without_walks == 6
    text = page.render(found, Language.EN)
    assert "there is no proof here" in text
    assert "No record of this window has been committed to yet" in text


def test_controls_may_be_in_the_database_alone(tmp_path: Path) -> None:
    spools = country(tmp_path / "spools", [inside(n) for n in range(3)])
    lines = export(spools[:3], tmp_path / "lines", "openmetrics")
    with answering(Held(spools)) as url:
        found = dossier(lines, query=url)
    assert found.events[0].kind is Kind.BLOCKED
    assert (found.counts.controls, found.counts.lines, found.method.without_walks) == (3, 3, 3)
    alone = dossier(lines)
    assert not [each for each in alone.events if each.kind is Kind.BLOCKED], "and without them nothing is blocked"


def test_what_ended_between_two_ticks_has_ended(hand: Hand) -> None:
    """A database has no staleness markers to show; a tick says by itself who is not in it."""
    with answering(hand.held) as url, contextlib.ExitStack() as stack:
        found = given_by(Told(Path("nothing.yml"), (), (), url, None), "IR", WINDOW, stack).boxes
        (box,) = [each for each in found if each.name == inside(0).id]
        (spool,) = [each for each in boxes(hand.spools) if each.name == inside(0).id]
        names = {"didban_target_finding", "didban_service_state"}
        for hour in range(2):
            span = WINDOW.since_ms + hour * HOUR_MS, WINDOW.since_ms + (hour + 1) * HOUR_MS
            ended = [(t.at_ms, n[0]) for t in box.kept.ticks(*span) for n in t.ended if n[0] in names]
            stated = [(t.at_ms, n[0]) for t in spool.kept.ticks(*span) for n in t.ended if n[0] in names]
            assert ended == stated


# ---------------------------------------------------------------- what is not taken


def test_a_changed_export_is_refused(hand: Hand, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(hand.whole, copy)
    file = next(copy.rglob("walks.jsonl"))
    file.write_bytes(file.read_bytes().replace(b'"resolve"', b'"connect"', 1))
    with pytest.raises(Unusable, match="is no sealed export that holds"):
        given.parts([copy])
    with pytest.raises(Unusable, match="is no sealed export"):
        given.parts([tmp_path])


def test_the_same_time_of_one_box_counts_once(hand: Hand) -> None:
    with pytest.raises(Unusable, match="would count twice"):
        given.parts([hand.whole, hand.bare])
    with pytest.raises(Unusable, match="is among the spools as well"):
        dossier(hand.whole, spools=hand.spools[:1])


def asked(out: Path, *more: str) -> list[str]:
    return ["report", "--country", "IR", "--since", SINCE, "--until", UNTIL, "--out", str(out), *more]


def test_without_a_tick_nothing_is_said_and_what_is_lacking_is(hand: Hand, tmp_path: Path) -> None:
    done = runner.invoke(app, asked(tmp_path / "o", "--public", "--from", str(hand.bare)))
    assert done.exit_code == 3
    assert "give the hub's database with --query, or exports made with --format openmetrics" in done.output


def test_a_database_that_does_not_answer_is_one_clear_line(hand: Hand, tmp_path: Path) -> None:
    with answering(hand.held) as url:
        pass
    done = runner.invoke(app, asked(tmp_path / "o", "--public", "--query", url))
    assert isinstance(done.exception, Unusable) or done.exit_code == 3
    assert "does not answer" in f"{done.exception} {done.output}"


def test_a_box_of_which_no_tick_is_there_is_no_silent_one(hand: Hand, tmp_path: Path) -> None:
    """Nobody can say that it fell silent."""
    lines = country(tmp_path / "spools", [inside(n, "AS44244") for n in (7, 8)])[:2]
    found = dossier(hand.whole, export(lines, tmp_path / "two", "jsonl"))
    assert {each.network for each in found.events} == {"AS197207"}
    exports = given.parts([tmp_path / "two"])
    kept = given.boxes([], exports, {}, frozenset(), {})
    news = list(given.lacking(kept, exports, WINDOW))
    assert [each.ticks for each in kept] == [None, None]
    assert all("no tick of it is there" in each for each in news)


def test_an_old_export_that_names_no_home_is_one_line(hand: Hand, tmp_path: Path) -> None:
    """Exports of before said no cohort: all of them may be of one home, unless somebody knows."""
    old = tmp_path / "old"
    shutil.copytree(hand.whole, old)
    written = (old / MANIFEST).read_text()
    (old / MANIFEST).write_text(re.sub(r',\s*"cohort": "[^"]*"', "", written))
    assert (old / MANIFEST).read_text().count("cohort") == 0 < written.count("cohort")
    (old / SUMS).write_text(sums(old))
    parts = given.parts([old])
    kept = given.boxes([], parts, {}, frozenset(), {})
    assert {each.line for each in kept} == {"unknown"}
    assert any("nobody says whose home" in each for each in given.lacking(kept, parts, WINDOW))
    told = given.boxes([], parts, {}, frozenset(), {each.name: "" for each in kept})
    assert len({each.line for each in told}) == 6


# ---------------------------------------------------------------- the two forms


def test_a_sealed_dossier_of_exports_is_checked_by_the_command_it_names(hand: Hand, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with answering(hand.held) as url:
        done = runner.invoke(app, asked(out, "--sealed", "--from", str(hand.bare), "--query", url))
    assert done.exit_code == 0, done.output
    check = [sys.executable, "evidence/verify.py", "evidence"]
    checked = subprocess.run(check, cwd=out, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    root = re.search("All heads together: ([0-9a-f]{64})", checked.stdout)
    assert root is not None
    assert root[1] in (out / "dossier.html").read_text(encoding="utf-8")
    for name in ("walks.jsonl", "chain.jsonl"):
        box = inside(0).id
        assert (out / "evidence" / box / name).read_bytes() == (hand.bare / box / name).read_bytes()


def test_the_public_form_says_the_same_whatever_it_was_made_of_and_finds_nobody(hand: Hand) -> None:
    by_spools = dossier(spools=hand.spools, form=Form.PUBLIC)
    with answering(hand.held) as url:
        found = [dossier(hand.whole, form=Form.PUBLIC), dossier(hand.bare, query=url, form=Form.PUBLIC)]
    for each in found:
        same(each, by_spools)
        assert sheets.files(each) == sheets.files(by_spools)
        blind = replace(each, method=by_spools.method)
        assert page.render(blind, Language.FA) == page.render(by_spools, Language.FA)
        text = page.render(each, Language.EN)
        planted = [inside(n).id for n in range(3)] + [control(n).id for n in range(3)] + ["maryam", "127.0.0.1", "/tmp"]
        assert [word for word in planted if word in text] == []
        assert each.method.without_walks is None


def test_origins_are_those_of_the_boxes(hand: Hand) -> None:
    with answering(hand.held) as url, contextlib.ExitStack() as stack:
        told = Told(Path("nothing.yml"), hand.spools[:1], (), url, None)
        found = {each.name: each for each in given_by(told, "IR", WINDOW, stack).boxes}
    first = boxes(hand.spools[:1])[0].name
    assert (found[first].ticks, found[first].walks) == (Origin.SPOOL, Origin.SPOOL)
    assert {(b.ticks, b.walks) for n, b in found.items() if n != first} == {(Origin.DATABASE, None)}
