"""The signed log: whatever is altered, lost or cut in it is found, but for a shortened end nobody has seen."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.responder.journal import Bounds, Journal, verify
from probes.doors.clock import SystemClock

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()


_BEGAN_MS = SystemClock().now_ms()


class Clock:
    """Stands still unless moved."""

    def __init__(self) -> None:
        self.s = 0.0

    def now_ms(self) -> int:
        return int(self.s * 1000) + _BEGAN_MS

    def elapsed_s(self) -> float:
        return self.s

    def boot_ms(self) -> int:
        return int(self.s * 1000)


def written(folder: Path, count: int = 8, bounds: Bounds | None = None) -> list[str]:
    journal = Journal(folder, KEY, Clock(), bounds)
    for number in range(count):
        journal.note("asked", walk=f"{number:064x}", bytes=number)
    journal.close()
    return read(folder)


def read(folder: Path) -> list[str]:
    return [line for path in sorted(folder.glob("*.log")) for line in path.read_text().splitlines()]


def test_a_log_as_it_was_written_is_whole(tmp_path: Path) -> None:
    lines = written(tmp_path)
    assert [json.loads(line)["n"] for line in lines] == list(range(1, 11))
    assert verify(lines, PUBLIC) == []


def test_it_goes_on_after_a_restart_and_a_turned_page(tmp_path: Path) -> None:
    written(tmp_path)
    lines = written(tmp_path, 40, Bounds(most_bytes=2_000))
    assert len(list(tmp_path.glob("*.log"))) > 3
    assert verify(lines, PUBLIC) == []


def test_old_pages_are_deleted(tmp_path: Path) -> None:
    lines = written(tmp_path, 60, Bounds(most_bytes=1_000, files=3))
    assert len(list(tmp_path.glob("*.log"))) == 3
    assert verify(lines, PUBLIC) == [], "what stands before the first line is not asked for"


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    if not _ONE_LOG:
        _ONE_LOG.extend(written(tmp_path_factory.mktemp("log")))
    lines = _ONE_LOG
    number = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[number]) - 1))
    other = data.draw(st.characters(codec="ascii", exclude_characters=lines[number][at] + "\n\r"))
    changed = [*lines]
    changed[number] = changed[number][:at] + other + changed[number][at + 1 :]
    assert number + 1 in {fault.number for fault in verify(changed, PUBLIC)}


_ONE_LOG: list[str] = []


def test_the_idle_bits_of_a_signatures_last_digit_are_no_place_for_a_change(tmp_path: Path) -> None:
    lines = written(tmp_path)
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for number, line in enumerate(lines):
        assert line.endswith('=="}')
        last = len(line) - len('=="}') - 1
        other = digits[digits.index(line[last]) ^ 1]
        changed = [*lines]
        changed[number] = line[:last] + other + line[last + 1 :]
        assert number + 1 in {fault.number for fault in verify(changed, PUBLIC)}


@pytest.mark.parametrize(
    ("tampered", "said"),
    [
        (lambda lines: lines[:3] + lines[5:], ["line 4: 2 lines before it were lost"]),
        (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
         ["line 4: 1 lines before it were lost", "line 5: stands in the wrong place, or twice",
          "line 6: 1 lines before it were lost"]),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]],
         ["line 4: stands in the wrong place, or twice"]),
        (lambda lines: [*lines[:3], lines[3].replace('"bytes":2', '"bytes":7'), *lines[4:]],
         ["line 4: was altered: its signature does not hold"]),
        (lambda lines: [*lines[:3], "", *lines[4:]], ["line 4: was altered: its signature does not hold"]),
    ],
    ids=["lost", "swapped", "twice", "altered", "emptied"],
)  # fmt: skip
def test_each_tampering_is_named_with_its_line(tmp_path: Path, tampered: object, said: list[str]) -> None:
    assert callable(tampered)
    assert [str(fault) for fault in verify(tampered(written(tmp_path)), PUBLIC)] == said


def test_a_line_of_another_past_does_not_follow(tmp_path: Path) -> None:
    """A machine set back to yesterday's disk goes on under numbers it has used before."""
    one, other = written(tmp_path / "one", 2), written(tmp_path / "other", 4)
    assert [str(fault) for fault in verify([*one[:3], *other[3:]], PUBLIC)] == []  # the same past so far
    forked = [*other[:4], *written(tmp_path / "one", 1)[4:]]
    assert [str(fault) for fault in verify(forked, PUBLIC)] == ["line 5: does not follow from the line before it"]


def test_a_shortened_end_is_found_by_who_saw_more(tmp_path: Path) -> None:
    lines = written(tmp_path)
    assert verify(lines[:-2], PUBLIC) == []
    assert [str(fault) for fault in verify(lines[:-2], PUBLIC, seen=lines[-1:])] == [
        "line 8: is the last; 1 of those seen earlier are gone"
    ]


def test_a_page_is_turned_every_day(tmp_path: Path) -> None:
    clock = Clock()
    journal = Journal(tmp_path, KEY, clock)
    for _ in range(3):
        clock.s += 86_400
        journal.note("minute", since_ms=0)
    assert len(journal.files()) == 4
    journal.close()


def test_another_key_has_signed_nothing(tmp_path: Path) -> None:
    faults = verify(written(tmp_path), Ed25519PrivateKey.generate().public_key())
    assert len(faults) == 10


def test_a_line_that_a_kill_cut_off_is_cut_away_and_said(tmp_path: Path) -> None:
    written(tmp_path)
    (path,) = tmp_path.glob("*.log")
    path.write_bytes(path.read_bytes()[:-20])
    lines = written(tmp_path)
    assert verify(lines, PUBLIC) == []
    assert json.loads(lines[9])["torn_bytes"] > 100


def test_a_flood_of_lines_is_counted_and_not_kept(tmp_path: Path) -> None:
    clock = Clock()
    journal = Journal(tmp_path, KEY, clock)
    kept = sum(bool(journal.note("asked", walk="0" * 64)) for _ in range(2_000))
    clock.s += 1
    assert json.loads(journal.note("asked", walk="1" * 64))["unlogged"] == 2_000 - kept
    journal.close()
    assert kept == 500


def test_a_full_disk_ends_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, KEY, SystemClock())
    (path,) = journal.files()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, hard))  # half a line still fits
    try:
        assert journal.note("asked", walk="0" * 64) == ""
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert json.loads(journal.note("asked", walk="1" * 64))["unlogged"] == 1
    journal.close()
    assert verify(read(tmp_path), PUBLIC) == []


def test_the_command_names_the_altered_line(tmp_path: Path) -> None:
    lines = written(tmp_path / "log")
    (tmp_path / "log.pub").write_bytes(PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    log = tmp_path / "copy.log"
    command = [sys.executable, "-m", "deploy.responder", "verify", "--key", str(tmp_path / "log.pub"), str(log)]
    log.write_text("\n".join(lines) + "\n")
    whole = subprocess.run(command, capture_output=True, text=True, check=False)
    log.write_text("\n".join(lines).replace('"bytes":4', '"bytes":5', 1) + "\n")
    altered = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (whole.returncode, whole.stdout) == (0, "10 lines, unbroken and signed\n")
    assert (altered.returncode, altered.stdout) == (1, "line 6: was altered: its signature does not hold\n")
