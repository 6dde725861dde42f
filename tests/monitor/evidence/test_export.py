"""Evidence leaves whole, with a manifest, and is judged as it was."""

from __future__ import annotations

import ast
import json
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from monitor.evidence.proof import verify
from monitor.evidence.window import Window, moment, rfc3339
from monitor.keeping import records
from monitor.stored import ours
from monitor.stored.committed import Committed
from probes.facts import Account
from probes.words import Failure, Hearing, Step
from tests.monitor.evidence.boxes import NOON_MS, NOW_MS, box, few_ticks
from tests.monitor.evidence.evenings import evening, exported, judged, sealed
from tests.monitor.facts import INSIDE, rounds, walk


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealed(tmp_path_factory.mktemp("evidence"))


# ---------------------------------------------------------------- what must be said


def test_neither_public_nor_sealed_is_an_error_that_explains_both(tmp_path: Path) -> None:
    for flags in ((), ("--public", "--sealed")):
        done = exported("--since", "7d", "--format", "csv", "--out", tmp_path / "out", *flags)
        assert done.exit_code == 2
        assert "--public: shares of walks" in done.output
        assert "--sealed: every record whole" in done.output
    assert not (tmp_path / "out").exists()


def test_one_walk_is_never_public(tmp_path: Path) -> None:
    done = exported("--public", "--since", "7d", "--format", "ooni", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "no single walk is public" in done.output


@pytest.mark.parametrize(("since", "until"), [("yesterday", None), ("2026-11-17", "2026-11-16"), ("2026-13-01", None)])
def test_a_time_that_is_none_is_one_clear_line(tmp_path: Path, since: str, until: str | None) -> None:
    more = ("--until", until) if until else ()
    done = exported("--sealed", "--since", since, *more, "--format", "csv", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert len(done.output.splitlines()) == 1


def test_nothing_is_written_over(tmp_path: Path) -> None:
    box(tmp_path / "spool", INSIDE, evening())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    done = exported(
        "--sealed", "--since", "7d", "--format", "csv", "--out", tmp_path / "out",
        "--storage.path", tmp_path / "spool", "--config.file", tmp_path / "none.yml",
    )  # fmt: skip
    assert isinstance(done.exception, FileExistsError)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


@given(st.integers(0, NOW_MS * 2))
def test_a_time_as_it_is_written_is_read_again(at_ms: int) -> None:
    assert moment(rfc3339(at_ms), NOW_MS) == at_ms


@given(st.text(max_size=30))
def test_whatever_is_typed_for_a_time_is_one_or_says_it_is_none(given: str) -> None:
    try:
        found = moment(given, NOW_MS)
    except ValueError as error:
        found = len(str(error).splitlines()) - 1
    assert found >= 0


def test_so_long_ago_is_counted_from_now() -> None:
    assert Window.of("7d", None, NOW_MS) == Window(NOW_MS - 7 * 86_400_000, NOW_MS)
    assert moment("2026-11-16T15:30:00+03:30", NOW_MS) == NOON_MS


# ---------------------------------------------------------------- whole


def test_only_its_owner_reads_what_is_sealed(evidence: Path) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in evidence.rglob("*") if path.is_file()}
    assert modes == {0o600}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in [evidence, *evidence.rglob("*")] if path.is_dir()}
    assert folders == {0o700}


def test_what_is_taken_out_is_judged_as_it_was(tmp_path: Path, evidence: Path) -> None:
    rounds_file = tmp_path / "rounds.jsonl"
    rounds_file.write_bytes(b"\n".join(msgspec.json.encode(done) for done in evening()))
    before = judged(rounds_file)
    assert [(about, str(state)) for about, state, *_ in before] == [
        ("imo/web", "ok"),
        ("instagram/web", "interfered"),
    ]
    assert judged(evidence / "v1" / "walks.jsonl") == before


def test_each_line_holds_the_very_bytes_of_the_walk(evidence: Path) -> None:
    lines = (evidence / "v1" / "walks.jsonl").read_bytes().splitlines()
    walks = [seen for done in evening() for seen in done.walks]
    assert len(lines) == len(walks)
    assert all(line.endswith(b'"walk":' + records.encode(seen) + b"}") for line, seen in zip(lines, walks, strict=True))


def test_what_a_responder_told_leaves_with_the_walk_and_is_read_again(tmp_path: Path) -> None:
    failed = walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE, started_ms=NOON_MS)
    steps = (*failed.steps[:-1], structs.replace(failed.last, hello_sha256="a" * 64))
    told = Account(Hearing.TOLD, NOON_MS + 5, "key", ('{"line": "with a \\"walk\\": in it"}',))
    spool = box(tmp_path / "spool", INSIDE, [rounds(structs.replace(failed, steps=steps, told=told), at_ms=NOON_MS)])
    done = exported(
        "--sealed", "--since", "2026-11-16", "--format", "jsonl", "--out", tmp_path / "out",
        "--storage.path", spool, "--config.file", tmp_path / "none.yml",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert verify.check(tmp_path / "out", []) == []
    (line,) = (tmp_path / "out" / "v1" / "walks.jsonl").read_bytes().splitlines()
    assert ours.read(json.loads(line), 1).done.walks[0].told == told


def test_the_manifest_counts_what_lies_there(evidence: Path) -> None:
    manifest = json.loads((evidence / "manifest.json").read_text())
    assert (manifest["since"], manifest["until"]) == ("2026-11-16T00:00:00.000Z", "2026-11-17T00:00:00.000Z")
    (found,) = manifest["boxes"]
    assert found["walks"] == {"written": 56, "opened": 56, "not_yet_committed": 0, "not_opened": 0}
    assert found["identity"]["network"] == "AS197207"
    assert [head["day"] for head in found["heads"]] == ["2026-11-16"]
    assert {each["path"] for each in manifest["files"]} == {
        "README.txt", "v1/chain.jsonl", "v1/walks.jsonl", "verify.py",
    }  # fmt: skip


def test_sums_are_checked_by_coreutils_and_the_rest_by_one_command(evidence: Path) -> None:
    sums = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=evidence, capture_output=True, text=True, check=False)
    assert sums.returncode == 0, sums.stdout
    command = [sys.executable, "-I", str(evidence / "verify.py")]  # -I: without anything of ours at hand
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "v1: 56 walks open their commitments; the 1 links commit to 56." in done.stdout


def test_what_checks_it_needs_nothing_but_python() -> None:
    tree = ast.parse(Path(verify.__file__).read_text())
    named = [each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    named += [alias.name for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names]
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names
    ast.parse(Path(verify.__file__).read_text(), feature_version=(3, 8))


# ---------------------------------------------------------------- two boxes


@pytest.mark.parametrize("read", ["records", "ticks"])
def test_an_export_that_ends_midway_leaves_no_words_of_python(tmp_path: Path, read: str) -> None:
    """As where a disk is full: the spool is closed, and what was reading it goes after it."""
    kept = Committed(box(tmp_path / "spool", INSIDE, evening(), stated=few_ticks(), closed_ms=None))
    unread = getattr(kept, read)(0, NOW_MS)
    assert next(unread, None) is not None
    kept.close()
    unread.close()


def test_two_boxes_lie_side_by_side(tmp_path: Path) -> None:
    one = box(tmp_path / "a", INSIDE, evening())
    two = box(tmp_path / "b", replace(INSIDE, id="v2"), evening()[:10])
    again = box(tmp_path / "c", INSIDE, evening()[:3])
    done = exported(
        "--sealed", "--since", "2026-11-16", "--format", "csv", "--out", tmp_path / "out", "--config.file",
        tmp_path / "none.yml", *(part for each in (one, two, again) for part in ("--storage.path", each)),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == ["v1", "v1-2", "v2"]
    assert verify.check(tmp_path / "out", []) == []


def test_a_spool_of_the_second_format_leaves_without_commitments_and_says_so(tmp_path: Path) -> None:
    spool = box(tmp_path / "spool", INSIDE, evening(), closed_ms=None)
    with sqlite3.connect(spool / "spool.db") as db:
        db.executescript("DROP TABLE links; DROP TABLE stamps; DROP TABLE day_keys; PRAGMA user_version=2;")
    db.close()
    done = exported(
        "--sealed", "--since", "2026-11-16", "--format", "jsonl", "--out", tmp_path / "out",
        "--storage.path", spool, "--config.file", tmp_path / "none.yml",
    )  # fmt: skip
    assert "no hour of that time has been committed to" in done.output
    assert verify.check(tmp_path / "out", []) == []
