"""`verify.py` notices every byte, and reads nothing that is no plain file of the folder it was given."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.evidence.proof import verify
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS, box
from tests.monitor.evidence.evenings import evening, exported, fresh, sealed
from tests.monitor.facts import INSIDE


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealed(tmp_path_factory.mktemp("evidence"))


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


# ---------------------------------------------------------------- whatever lies there


def said(folder: Path) -> list[str]:
    """What the command says of a folder that does not hold. It waits for nobody."""
    command = [sys.executable, "-I", verify.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.endswith("Something does not hold.\n")
    return [line.removeprefix("WRONG: ") for line in done.stdout.splitlines() if line.startswith("WRONG: ")]


def _socket(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as one:  # a name of a socket is short
        one.bind(path.name)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to a file elsewhere": lambda path: path.symlink_to("/etc/hostname"),
    "a link to a folder": lambda path: path.symlink_to(path.parent),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("name", ["v1/walks.jsonl", "v1/chain.jsonl", "manifest.json", "SHA256SUMS", "more", "v1/more"])
@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_file_is_never_opened(
    evidence: Path, tmp_path: Path, name: str, made: Callable[[Path], object]
) -> None:
    copy = fresh(evidence, tmp_path)
    (copy / name).unlink(missing_ok=True)
    made(copy / name)
    expected = [f"{name}: is no file: a link, a pipe, a socket or a device"]
    assert verify.check(copy, []) == [*expected, "an export holds no such thing: nothing was read"]


@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_command_waits_for_none_of_them(evidence: Path, tmp_path: Path, made: Callable[[Path], object]) -> None:
    copy = fresh(evidence, tmp_path)
    made(copy / "more")
    assert len(said(copy)) == 2
    assert len(said(copy / "more")) >= 1, "nor where it is the folder itself"


def test_what_takes_the_place_of_a_file_meanwhile_is_not_waited_for(evidence: Path, tmp_path: Path) -> None:
    copy = fresh(evidence, tmp_path)
    export = verify.Export(copy)
    for number, made in enumerate((os.mkfifo, HOSTILE["a link to a device"])):
        (copy / "README.txt").unlink()
        made(copy / "README.txt")
        if number:
            with pytest.raises(OSError, match="symbolic"):
                export.read("README.txt")
        else:
            assert export.read("README.txt") == b""


@pytest.mark.parametrize(
    ("name", "most_bytes"),
    [
        ("manifest.json", 2**24),
        ("SHA256SUMS", 2**24),
        ("v1/chain.jsonl", 2**32),
        ("v1/walks.jsonl", 2**36),
        ("x", 2**36),
    ],
)
def test_what_is_larger_than_any_export_is_not_read(evidence: Path, tmp_path: Path, name: str, most_bytes: int) -> None:
    """Of holes: it costs whoever made it nothing."""
    copy = fresh(evidence, tmp_path)
    (copy / name).touch()
    os.truncate(copy / name, most_bytes + 1)
    assert verify.check(copy, [])[0] == f"{name}: is larger than {most_bytes} bytes"


def test_many_files_together_have_a_bound_too(evidence: Path, tmp_path: Path) -> None:
    copy = fresh(evidence, tmp_path)
    for number in range(17):
        (copy / f"{number}").touch()
        os.truncate(copy / f"{number}", 2**36)
    assert verify.check(copy, [])[0] == f"all of it is larger than {2**40} bytes"


@pytest.mark.parametrize("folder", ["../elsewhere", "..", ".", "", "/", "v1/../v1", "v1/", "./v1"])
def test_the_manifest_leads_nowhere_out_of_the_folder(evidence: Path, tmp_path: Path, folder: str) -> None:
    copy = fresh(evidence, tmp_path)
    shutil.copytree(evidence / "v1", tmp_path / "elsewhere", dirs_exist_ok=True)
    _stated(copy, lambda box: box.update(folder=folder))
    assert any("is not in this folder" in each for each in verify.check(copy, []))


def test_a_stamp_lies_in_the_folder_or_nowhere(evidence: Path, tmp_path: Path) -> None:
    copy = fresh(evidence, tmp_path)
    stamp = {"authority": "x", "time": "2026-11-16T12:00:00Z", "file": "../../../../../../dev/zero"}
    _stated(copy, lambda box: box["heads"][0].update(stamps=[stamp]))
    assert any("is not in this folder" in each for each in verify.check(copy, []))


def test_no_folder_is_gone_through_twice(evidence: Path, tmp_path: Path) -> None:
    copy = fresh(evidence, tmp_path)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "boxes": manifest["boxes"] * 10_000}))
    (copy / "SHA256SUMS").write_text(verify.sums(copy))
    assert verify.check(copy, []) == ["manifest.json: cannot be read: ValueError: one folder is named twice"]


def test_of_much_that_is_wrong_only_the_first_is_said(evidence: Path, tmp_path: Path) -> None:
    for name in ("walks.jsonl", "chain.jsonl"):
        copy = fresh(evidence, tmp_path)
        (copy / "v1" / name).write_bytes(b"\n" * 20_000)
        (copy / "SHA256SUMS").write_text(verify.sums(copy))
        assert len(verify.check(copy, [])) == 1000


def test_a_name_steers_no_terminal(evidence: Path, tmp_path: Path) -> None:
    copy = fresh(evidence, tmp_path)
    (copy / "\x1b]0;mine\x07\u202e").write_text("x")
    assert [line for line in said(copy) if "]0;mine" in line] == [
        "?]0;mine??: is not what SHA256SUMS says, or not in it"
    ]  # fmt: skip


def _stated(copy: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changed by somebody who can add up."""
    manifest = json.loads((copy / "manifest.json").read_text())
    change(manifest["boxes"][0])
    (copy / "manifest.json").write_text(json.dumps(manifest))
    (copy / "SHA256SUMS").write_text(verify.sums(copy))


def test_a_folder_full_of_links_is_not_gone_through_to_its_end(evidence: Path, tmp_path: Path) -> None:
    copy = fresh(evidence, tmp_path)
    for number in range(40):
        (copy / f"{number}").mkdir()
        for other in range(50):
            (copy / f"{number}" / f"{other}").symlink_to("/")
    assert 1000 <= len(verify.Export(copy).wrong) < 1100
