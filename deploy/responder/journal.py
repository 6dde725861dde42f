"""The signed log: every line holds the hash of the one before, and a signature. It never holds an address or a name."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from probes.ports import Clock

_BEGINNING = "0" * 64
_SIGNATURE = ',"sig":"'
_MOST_LINES_A_SECOND, _BURST_LINES = 50, 500
_TAIL_BYTES = 64 * 1024

Fact = str | int | bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """A file is closed at `most_bytes` or after `page_s`.

    It is deleted `keep_s` after its last line, or when there are `files` newer.
    """

    most_bytes: int = 8 * 1024 * 1024
    page_s: float = 86400.0
    keep_s: float = 14 * 86400.0
    files: int = 16


class Journal:
    """The log of one responder, written by one process.

    A line that cannot be written (a full disk, a flood) is counted, and the next that can says how many are missing.
    """

    def __init__(self, folder: Path, key: Ed25519PrivateKey, clock: Clock, bounds: Bounds | None = None) -> None:
        self._folder, self._key, self._clock, self._bounds = folder, key, clock, bounds or Bounds()
        self._allowance = float(_BURST_LINES)
        self._asked_s = self._page_s = clock.elapsed_s()
        self._unlogged = 0
        self._number, self._previous = 0, _BEGINNING
        self.last = ""
        self._file = -1
        torn = self._resume()
        self._note("opened", {"torn_bytes": torn})

    def close(self) -> None:
        self._note("closed_log", {})
        os.close(self._file)

    def note(self, what: str, at_ms: int | None = None, **facts: Fact) -> str:
        """Writes one line and gives it back; empty if it could not be kept."""
        if not self._allowed():
            self._unlogged += 1
            return ""
        return self._note(what, facts, at_ms)

    def files(self) -> list[Path]:
        """All that is kept, oldest first."""
        return sorted(self._folder.glob("responder.*.log"))

    def of(self, walk: str) -> list[str]:
        """The lines of one walk, over everything that is kept. Reads the disk: for a thread, not for the loop."""
        mark = f'"walk":"{walk}"'
        return [line for path in self.files() for line in _lines(path) if mark in line]

    # ---------------------------------------------------------------- writing

    def _allowed(self) -> bool:
        now_s = self._clock.elapsed_s()
        self._allowance += (now_s - self._asked_s) * _MOST_LINES_A_SECOND
        self._allowance, self._asked_s = min(self._allowance, _BURST_LINES), now_s
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    def _note(self, what: str, facts: dict[str, Fact], at_ms: int | None = None) -> str:
        old = self._clock.elapsed_s() - self._page_s >= self._bounds.page_s
        if old or os.fstat(self._file).st_size >= self._bounds.most_bytes:
            self._turn_the_page()
        record: dict[str, Fact] = {
            "n": self._number + 1,
            "at_ms": self._clock.now_ms() if at_ms is None else at_ms,
            "what": what,
        }
        if self._unlogged:
            record["unlogged"] = self._unlogged
        body = json.dumps({**record, **facts, "prev": self._previous}, separators=(",", ":"))
        signature = base64.b64encode(self._key.sign(body.encode())).decode()
        line = f'{body[:-1]}{_SIGNATURE}{signature}"}}'
        if not self._write(line + "\n"):
            self._unlogged += 1
            return ""
        self._unlogged = 0
        self._number, self._previous, self.last = self._number + 1, _digest(line), line
        return line

    def _write(self, line: str) -> bool:
        """Whole or not at all."""
        size = os.fstat(self._file).st_size
        try:
            whole = os.write(self._file, line.encode()) == len(line)
        except OSError:
            whole = False
        if not whole:
            os.ftruncate(self._file, size)
        return whole

    def _turn_the_page(self) -> None:
        os.close(self._file)
        self._page_s = self._clock.elapsed_s()
        self._file = self._open(self._folder / f"responder.{self._number + 1:012d}.log")
        kept = self.files()
        oldest_s = self._clock.now_ms() / 1000 - self._bounds.keep_s
        for number, path in enumerate(reversed(kept)):
            if number and (number >= self._bounds.files or path.stat().st_mtime < oldest_s):
                path.unlink()

    # ---------------------------------------------------------------- after a restart

    def _resume(self) -> int:
        """Goes on where the last line stands; the bytes of a line that power or a kill cut off, which go."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = self.files()
        self._file = self._open(kept[-1] if kept else self._folder / f"responder.{1:012d}.log")
        torn = _cut_torn(self._file)
        for path in reversed(kept):
            if lines := list(_lines(path)):
                self._previous, self._number = _digest(lines[-1]), int(json.loads(lines[-1])["n"])
                break
        return torn

    @staticmethod
    def _open(path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _cut_torn(file: int) -> int:
    """Cuts what stands behind the last newline; how many bytes that were."""
    size = os.fstat(file).st_size
    tail = os.pread(file, min(size, _TAIL_BYTES), max(0, size - _TAIL_BYTES))
    torn = len(tail) - (tail.rfind(b"\n") + 1)
    if torn:
        os.ftruncate(file, size - torn)
    return torn


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from (line.rstrip("\n") for line in file)


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Fault:
    """`number`: of the line in what was read, from 1."""

    number: int
    what: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.what}"


def verify(lines: Iterable[str], key: Ed25519PublicKey, seen: Iterable[str] = ()) -> list[Fault]:
    """Every line that was altered, and every gap. What stands before the first line is not asked for.

    Args:
        seen: lines fetched earlier, which must still be there: the only thing that shows a shortened end.
    """
    faults: list[Fault] = []
    kept: set[str] = set()
    number, previous, expected = 0, "", 0
    for number, line in enumerate(lines, start=1):
        record = read(line, key)
        if record is None:
            faults.append(Fault(number, "was altered: its signature does not hold"))
            expected, previous = expected + 1 if expected else 0, ""
        else:
            faults += (Fault(number, what) for what in _gap(record, previous, expected))
            expected, previous = int(record["n"]) + 1, _digest(line)
        kept.add(line)
    faults += (Fault(number, f"is the last; {n} of those seen earlier are gone") for n in [_gone(seen, kept)] if n)
    return faults


def _gap(record: dict[str, Fact], previous: str, expected: int) -> Iterator[str]:
    missing = int(record["n"]) - expected
    if expected and missing:
        yield f"{missing} lines before it were lost" if missing > 0 else "stands in the wrong place, or twice"
    elif previous and record["prev"] != previous:
        yield "does not follow from the line before it"


def _gone(seen: Iterable[str], kept: set[str]) -> int:
    return sum(line not in kept for line in seen)


def read(line: str, key: Ed25519PublicKey) -> dict[str, Fact] | None:
    """What a line says; None if it was not signed with that key as it stands."""
    body, mark, rest = line.rpartition(_SIGNATURE)
    if not mark or not rest.endswith('"}'):
        return None
    try:
        signature = base64.b64decode(rest[:-2], validate=True)
        if base64.b64encode(signature).decode() != rest[:-2]:
            return None  # of the last digit two bits say something, and four may be anything (RFC 4648 section 3.5)
        key.verify(signature, (body + "}").encode())
        record: dict[str, Fact] = json.loads(body + "}")
    except (InvalidSignature, ValueError, RecursionError):
        return None
    return record
