"""What everybody may see finds no household: coarse, late, or agreed on by three lines."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from monitor.evidence.export import Export, Form, for_everybody
from monitor.evidence.forms import public
from monitor.evidence.forms.public import HOUR_MS, SLOT_MS, Row
from monitor.evidence.lines import boxes
from monitor.evidence.progress import Progress
from monitor.evidence.window import Window
from probes.doors.clock import SystemClock
from probes.facts import Round, Vantage
from probes.words import Failure, Finding, Reason, Step
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS, NOW_MS, box
from tests.monitor.facts import INSIDE, rounds, walk

TARGETS = frozenset({"imo/web", "instagram/web"})
DAY_MS = 86_400_000
WHOLE = Window(NOON_MS - DAY_MS, NOON_MS + 10 * DAY_MS)


def minutes(count: int, *, every: int = 1, failed: Failure | None = None, to: str = "imo/web") -> list[Round]:
    step = Step.CONNECT if failed else Step.FETCH
    return [
        rounds(walk(to=to, failed=failed, step=step, started_ms=NOON_MS + n * every * MINUTE_MS + 777), number=n)
        for n in range(count)
    ]


def at(number: int) -> Vantage:
    return replace(INSIDE, id=f"v{number}", cohort="", region="IR-12")


def rows(folder: Path, *kept: tuple[Vantage, list[Round]], now_ms: int = NOW_MS, window: Window = WHOLE) -> list[Row]:
    found = boxes([box(folder / f"{n}", vantage, done, closed_ms=None) for n, (vantage, done) in enumerate(kept)])
    source = public.rows(found, window, now_ms, TARGETS, lambda one, since, until: one.kept.few_records(since, until))
    all_of_it = list(source)
    for each in found:
        each.kept.close()
    return all_of_it


def test_one_line_is_shown_by_the_hour_and_a_day_later(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, (at(1), minutes(60)))
    assert (row.at_ms, row.minutes, row.outcome.kind, row.share, row.lines) == (NOON_MS, 60, "ok", 1.0, 0)
    assert row.place == public.Place("IR", "AS197207", "inside", "imo/web")


def test_what_one_line_saw_today_is_shown_to_nobody(tmp_path: Path) -> None:
    assert rows(tmp_path, (at(1), minutes(60)), now_ms=NOON_MS + HOUR_MS + DAY_MS - 1) == []


def test_three_lines_that_agree_are_shown_at_once_by_ten_minutes(tmp_path: Path) -> None:
    kept = [(at(n), minutes(20, failed=Failure.TIMEOUT)) for n in (1, 2, 3)]
    found = rows(tmp_path, *kept, now_ms=NOON_MS + 20 * MINUTE_MS)
    assert [(row.at_ms, row.minutes, row.lines) for row in found] == [(NOON_MS, 10, 3), (NOON_MS + SLOT_MS, 10, 3)]
    assert found[0].outcome == public.Outcome("failed", "connect", "generic_timeout_error")


def test_a_slot_that_is_not_over_is_not_shown(tmp_path: Path) -> None:
    kept = [(at(n), minutes(10)) for n in (1, 2, 3)]
    assert rows(tmp_path, *kept, now_ms=NOON_MS + SLOT_MS - 1) == []


def test_two_that_agree_and_a_third_that_does_not_are_not_three(tmp_path: Path) -> None:
    kept = [(at(1), minutes(10)), (at(2), minutes(10)), (at(3), minutes(10, failed=Failure.TIMEOUT))]
    assert rows(tmp_path, *kept, now_ms=NOON_MS + HOUR_MS) == []


def test_boxes_of_one_home_are_one_line(tmp_path: Path) -> None:
    kept = [(replace(at(n), cohort="k2"), minutes(10)) for n in (1, 2, 3)]
    assert rows(tmp_path, *kept, now_ms=NOON_MS + HOUR_MS) == []


def test_boxes_that_never_said_with_whom_they_live_are_one_line(tmp_path: Path) -> None:
    folders = [box(tmp_path / f"{n}", at(n), minutes(10), closed_ms=None) for n in (1, 2, 3)]
    for folder in folders:
        with sqlite3.connect(folder / "spool.db") as db:
            db.execute("DELETE FROM memory")
        db.close()
    assert {each.line for each in boxes(folders)} == {"unknown"}


def test_what_was_seen_fewer_than_three_times_is_left_out(tmp_path: Path) -> None:
    some = minutes(58) + minutes(2, failed=Failure.CONNECTION_RESET)
    assert [row.outcome.kind for row in rows(tmp_path, (at(1), some))] == ["ok"]
    assert rows(tmp_path / "few", (at(1), minutes(2))) == []


def test_shares_are_of_a_tenth(tmp_path: Path) -> None:
    some = minutes(48) + minutes(12, failed=Failure.CONNECTION_RESET)
    assert [row.share for row in rows(tmp_path, (at(1), some))] == [0.2, 0.8]


def test_targets_nobody_else_walks_and_what_is_of_the_house_are_left_out(tmp_path: Path) -> None:
    mine = minutes(60, to="mine/bridge")
    portal = [
        structs.replace(done, walks=tuple(structs.replace(w, steps=(structs.replace(w.steps[0], findings=(Finding.CAPTIVE_PORTAL,)),)) for w in done.walks))
        for done in minutes(60)
    ]  # fmt: skip
    compared = [
        structs.replace(d, walks=tuple(structs.replace(w, reason=Reason.COMPARE) for w in d.walks)) for d in minutes(60)
    ]
    assert rows(tmp_path, (at(1), mine + portal + compared)) == []


def test_an_hour_that_was_not_wholly_asked_for_is_left_out(tmp_path: Path) -> None:
    half = Window(NOON_MS + 30 * MINUTE_MS, NOON_MS + 2 * HOUR_MS)
    found = rows(tmp_path, (at(1), minutes(120)), window=half)
    assert [row.at_ms for row in found] == [NOON_MS + HOUR_MS]


def test_what_is_shown_names_no_box_no_home_no_place_and_no_address(tmp_path: Path) -> None:
    lies = [
        structs.replace(d, walks=tuple(structs.replace(w, address="157.240.9.9") for w in d.walks)) for d in minutes(60)
    ]
    found = [(replace(at(n), cohort=f"home{n}", region="IR-12"), lies) for n in (1, 2, 3)]
    folders = [box(tmp_path / f"{n}", vantage, done) for n, (vantage, done) in enumerate(found)]
    for form in (Form.CSV, Form.JSONL, Form.OPENMETRICS):
        out = tmp_path / form.value
        asked = Export(Window(NOON_MS + 1, NOON_MS + 5 * HOUR_MS + 1), form, NOW_MS + 12_345)
        kept = boxes(folders)
        assert for_everybody(asked, kept, out, Progress(SystemClock())) == []
        text = "".join(path.read_text() for path in out.rglob("*") if path.name.startswith(("shares", "manifest")))
        for secret in ("v0", "v1", "v2", "v3", "home", "IR-12", "157.240", "mobile", "777", "2026-11-21T12:00:12"):
            assert secret not in text, f"{secret} in {form}"
        for each in kept:
            each.kept.close()
    with (tmp_path / "csv" / "shares.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert {row["minutes"] for row in table} == {"10"}, "the first hour was not asked for whole"
    assert {row["lines_at_least_3"] for row in table} == {"3"}
    lines = [json.loads(line) for line in (tmp_path / "jsonl" / "shares.jsonl").read_text().splitlines()]
    assert len(lines) == len(table) == 5
    done = subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", tmp_path / "openmetrics" / "shares.openmetrics.txt",
         tmp_path / "tsdb"], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sums = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "csv", capture_output=True, check=False)
    assert sums.returncode == 0


@given(st.integers(0, NOW_MS), st.integers(1, 10 * DAY_MS))
def test_the_edges_of_what_is_shown_lie_on_whole_slots_within_what_was_asked(since_ms: int, length_ms: int) -> None:
    asked = Window(since_ms, since_ms + length_ms)
    found = public.rounded(asked)
    assert found.since_ms % SLOT_MS == found.until_ms % SLOT_MS == 0
    assert asked.since_ms <= found.since_ms < asked.since_ms + SLOT_MS
    assert asked.until_ms - SLOT_MS < found.until_ms <= asked.until_ms


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 300), st.sampled_from([None, Failure.TIMEOUT, Failure.EOF])),
        max_size=120,
    ),
    st.integers(0, 40 * 60),
)
def test_no_row_is_young_and_of_fewer_than_three_lines(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[int, int, Failure | None]], later: int
) -> None:
    now_ms = NOON_MS + later * MINUTE_MS
    seen: dict[int, list[Round]] = {n: [] for n in range(4)}
    for line, minute, failed in story:
        step = Step.CONNECT if failed else Step.FETCH
        seen[line].append(rounds(walk(to="imo/web", failed=failed, step=step, started_ms=NOON_MS + minute * MINUTE_MS)))
    for row in rows(tmp_path_factory.mktemp("rows"), *((at(n), done) for n, done in seen.items()), now_ms=now_ms):
        end_ms = row.at_ms + row.minutes * MINUTE_MS
        assert row.at_ms % (row.minutes * MINUTE_MS) == 0
        assert (row.lines >= 3 and end_ms <= now_ms) or (row.minutes == 60 and end_ms <= now_ms - DAY_MS)
        alike = [
            (line, minute) for line, minute, failed in story
            if row.at_ms <= NOON_MS + minute * MINUTE_MS < end_ms and (failed or "") == row.outcome.failure
        ]  # fmt: skip
        assert len(alike) >= 3
        assert len({line for line, _ in alike}) >= row.lines
