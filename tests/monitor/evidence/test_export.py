"""Evidence leaves whole: four forms, a manifest, and a check that notices every byte."""

from __future__ import annotations

import ast
import csv
import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from typer.testing import CliRunner, Result

from monitor import __main__
from monitor.evidence.forms.table import guarded
from monitor.evidence.proof import verify
from monitor.evidence.window import Window, moment, rfc3339
from monitor.keeping import records
from monitor.stored import ours, reading
from monitor.stored.verdict import Verdict
from probes import known
from probes.facts import Account, Round
from probes.words import Failure, Finding, Hearing, Reason, Step
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS, NOW_MS, box, few_ticks
from tests.monitor.evidence.test_stored_ours import CANARIES
from tests.monitor.facts import INSIDE, endpoint, rounds, walk

KNOWN = known.load()


def evening() -> list[Round]:
    """Canaries live, four of them a turn; Instagram is reached twice, then its name is a lie; imo is well."""
    found: list[Round] = []
    for number in range(1, 9):
        at_ms = NOON_MS + number * MINUTE_MS
        for each in (CANARIES * 2)[number % len(CANARIES) :][:4]:
            seen = walk(to=each.name, at=each.endpoints[0], step=Step.HANDSHAKE, started_ms=at_ms)
            seen = replace(seen, reason=Reason.CANARY)
            found.append(replace(rounds(seen, number=number, at_ms=at_ms), reason=Reason.CANARY))
        lied = number > 2
        seen = walk(
            at=endpoint(number, "www.instagram.com"),
            address=f"157.240.1.{number}",
            failed=Failure.DNS_BOGON if lied else None,
            step=Step.RESOLVE if lied else Step.FETCH,
            findings=(Finding.FORGED_DNS_ANSWER,) if lied else (),
            started_ms=at_ms + 1000,
        )
        found.append(rounds(seen, number=number, at_ms=at_ms + 1000))
        two = [
            walk(to="imo/web", at=endpoint(n, f"e{n}.imo.im"), started_ms=at_ms + 2000 + n, address=f"192.12.31.{n}")
            for n in (1, 2)
        ]
        found.append(rounds(*two, number=number, at_ms=at_ms + 2000))
    return found


def exported(*arguments: str | Path) -> Result:
    return CliRunner().invoke(__main__.app, ["export", *map(str, arguments)])


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One sealed export of that evening, which no test changes."""
    folder = tmp_path_factory.mktemp("evidence")
    box(folder / "spool", INSIDE, evening(), stated=few_ticks())
    done = exported(
        "--sealed", "--since", "2026-11-16", "--until", "2026-11-17", "--format", "jsonl", "--out", folder / "out",
        "--storage.path", folder / "spool", "--config.file", folder / "none.yml",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder / "out"


def taken(tmp_path: Path, form: str, *more: str, **how: object) -> Path:
    """The same in another form."""
    box(tmp_path / "spool", INSIDE, evening(), stated=few_ticks())
    out = tmp_path / "out"
    done = exported(
        "--sealed", "--since", "2026-11-16", "--until", "2026-11-17", "--format", form, "--out", out,
        "--storage.path", tmp_path / "spool", "--config.file", tmp_path / "none.yml", *more,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return out


def judged(file: Path) -> list[tuple[object, ...]]:
    def told(verdict: Verdict) -> tuple[object, ...]:
        return (verdict.about, verdict.state, verdict.rule_id, verdict.broke_at, verdict.failure, verdict.findings)

    return sorted(map(told, reading.judged(file, KNOWN)), key=str)


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
    steps = (*failed.steps[:-1], replace(failed.last, hello_sha256="a" * 64))
    told = Account(Hearing.TOLD, NOON_MS + 5, "key", ('{"line": "with a \\"walk\\": in it"}',))
    spool = box(tmp_path / "spool", INSIDE, [rounds(replace(failed, steps=steps, told=told), at_ms=NOON_MS)])
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


# ---------------------------------------------------------------- every byte


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_byte_changed_anywhere_is_seen(evidence: Path, tmp_path: Path, data: st.DataObject) -> None:
    copy = fresh(evidence, tmp_path)
    file = data.draw(st.sampled_from(sorted(path for path in copy.rglob("*") if path.is_file())))
    content = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    assert verify.check(copy, []), f"{file.name} at {at}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_byte_of_a_record_is_seen_though_the_sums_be_made_anew(
    evidence: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """Whoever can change a record can add it up again: the commitment still says which one it was."""
    copy = fresh(evidence, tmp_path)
    name = data.draw(st.sampled_from(["walks.jsonl", "chain.jsonl"]))
    lines = (copy / "v1" / name).read_bytes().splitlines(keepends=True)
    number = data.draw(st.integers(0, len(lines) - 1))
    before = lines[number]
    line = bytearray(before)
    at = data.draw(st.integers(0, len(line) - 2))
    line[at] = data.draw(st.integers(33, 126).filter(lambda byte: byte != line[at]))
    lines[number] = bytes(line)
    if name == "walks.jsonl" and _stands_beside(before, at):
        return
    (copy / "v1" / name).write_bytes(b"".join(lines))
    (copy / "SHA256SUMS").write_text(verify.sums(copy))
    wrong = verify.check(copy, [])
    assert wrong
    assert any(f"v1/{name} line {number + 1}" in each or "otherwise" in each or "manifest" in each for each in wrong)


def test_a_digest_in_capitals_is_another_file(evidence: Path, tmp_path: Path) -> None:
    copy = fresh(evidence, tmp_path)
    chain = copy / "v1" / "chain.jsonl"
    first, *rest = chain.read_text().splitlines(keepends=True)
    link = json.loads(first)
    chain.write_text(first.replace(link["head"], link["head"].upper()) + "".join(rest))
    (copy / "SHA256SUMS").write_text(verify.sums(copy))
    assert any("v1/chain.jsonl line 1" in each for each in verify.check(copy, []))


def _stands_beside(line: bytes, at: int) -> bool:
    """The number of the round stands beside the record: the sums alone cover it."""
    return line.index(b'"round":') + 8 <= at < line.index(b',"link"')


def fresh(evidence: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(evidence, copy)
    return copy


def test_a_file_more_or_less_is_seen(evidence: Path, tmp_path: Path) -> None:
    copy = fresh(evidence, tmp_path)
    (copy / "more.txt").write_text("more")
    assert verify.check(copy, []) == [
        "more.txt: is not what SHA256SUMS says, or not in it",
        "SHA256SUMS: is not what it was",
    ]
    copy = fresh(evidence, tmp_path)
    (copy / "README.txt").unlink()
    assert "SHA256SUMS: says of README.txt what is not so" in verify.check(copy, [])


def test_a_walk_left_out_between_two_is_seen(evidence: Path, tmp_path: Path) -> None:
    copy = fresh(evidence, tmp_path)
    lines = (copy / "v1" / "walks.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "v1" / "walks.jsonl").write_bytes(b"".join(lines[:5] + lines[6:]))
    (copy / "SHA256SUMS").write_text(verify.sums(copy))
    assert any("manifest.json says otherwise" in each for each in verify.check(copy, []))


def test_a_record_changed_on_disk_before_it_left_is_said_loudly(tmp_path: Path) -> None:
    spool = box(tmp_path / "spool", INSIDE, evening())
    with sqlite3.connect(spool / "spool.db") as db:
        db.execute(
            "UPDATE walks SET walk = replace(walk, 'dns_bogon_error', 'generic_timeout_error') WHERE target = 'instagram/web' AND round = 5"
        )
        changed = db.total_changes
    db.close()
    assert changed
    done = exported(
        "--sealed", "--since", "2026-11-16", "--format", "jsonl", "--out", tmp_path / "out",
        "--storage.path", spool, "--config.file", tmp_path / "none.yml",
    )  # fmt: skip
    assert "1 walks are NOT what the chain commits to" in done.output
    say: list[str] = []
    assert verify.check(tmp_path / "out", say) == []
    assert any("1 walks ARE NOT WHAT THE CHAIN COMMITS TO" in each for each in say)


def test_what_is_of_the_hour_that_runs_is_not_committed_to_yet_and_says_so(tmp_path: Path) -> None:
    spool = box(tmp_path / "spool", INSIDE, evening(), closed_ms=NOON_MS + 30 * MINUTE_MS)
    done = exported(
        "--sealed", "--since", "2026-11-16", "--format", "jsonl", "--out", tmp_path / "out",
        "--storage.path", spool, "--config.file", tmp_path / "none.yml",
    )  # fmt: skip
    assert done.exit_code == 0
    say: list[str] = []
    assert verify.check(tmp_path / "out", say) == []
    assert "v1: 56 walks were of an hour that had not been closed yet." in say


# ---------------------------------------------------------------- csv


def test_the_table_has_a_line_for_every_step_and_loads(tmp_path: Path) -> None:
    out = taken(tmp_path, "csv")
    with (out / "v1" / "walks.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    steps = [seen for done in evening() for each in done.walks for seen in each.steps]
    assert len(rows) == len(steps) == json.loads((out / "manifest.json").read_text())["boxes"][0]["steps"]
    assert {row["failure"] for row in rows} == {"", "dns_bogon_error"}
    assert float(rows[0]["took_seconds"]) == 0.05
    assert rows[0]["walk_started_utc"] == "2026-11-16T12:01:00.000Z"
    assert verify.check(out, []) == []


@given(st.text(max_size=20))
def test_no_cell_begins_as_a_formula(text: str) -> None:
    cell = guarded(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == text.removeprefix("'") or cell == f"'{text}"


# ---------------------------------------------------------------- openmetrics


def test_ticks_are_blocks_that_promtool_makes_and_reads_back(tmp_path: Path) -> None:
    out = taken(tmp_path, "openmetrics")
    file = out / "v1" / "ticks.openmetrics.txt"
    made = subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", file, tmp_path / "tsdb"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    (tmp_path / "tsdb" / "wal").mkdir()  # promtool 2.42 looks for one
    dump = subprocess.run(["promtool", "tsdb", "dump", tmp_path / "tsdb"], capture_output=True, text=True, check=True)
    read_back = sorted(_sample(line) for line in dump.stdout.splitlines() if line)
    stated = [
        (s.name, s.labels({}).get("target", ""), s.le, v, t.at_ms) for t in few_ticks() for s, v in t.samples.items()
    ]
    assert len(read_back) == json.loads((out / "manifest.json").read_text())["boxes"][0]["samples"] == len(stated)
    assert read_back == sorted(stated)


def _sample(line: str) -> tuple[str, str, str, float, int]:
    """`{__name__="didban_target_up", ...} 1 1600000000007`."""
    inside, _, rest = line.removeprefix("{").rpartition("} ")
    labels = dict(pair.split("=", 1) for pair in inside.split(", "))
    value, at_ms = rest.split()
    named = {key: text.strip('"') for key, text in labels.items()}
    return named["__name__"], named.get("target", ""), named.get("le", ""), float(value), int(at_ms)


def test_the_text_is_open_metrics_to_a_strict_reader(tmp_path: Path) -> None:
    """But for histograms: prometheus-client 0.26 takes every time but the first of one for a duplicate."""
    whole = (taken(tmp_path, "openmetrics") / "v1" / "ticks.openmetrics.txt").read_text()
    text = "".join(line for line in whole.splitlines(keepends=True) if "lateness" not in line)
    families = {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert set(families) == {"didban_target_up", "didban_walks"}
    gone = [s for s in families["didban_target_up"].samples if s.labels["target"] == "gone"]
    assert len(gone) == 3, "a series that ended just ends"
    assert text.endswith("# EOF\n")


# ---------------------------------------------------------------- two boxes


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
