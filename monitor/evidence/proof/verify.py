"""Checks a sealed export of Didban: sums, commitments, chain, time-stamps. Standard library only; changes nothing.

    python3 verify.py [DIR]

A copy of this file lies in every sealed export. To trust what it says, take it from a source you trust instead.
Exit code 0: everything holds. 1: something does not; each line says what and where.
"""

from __future__ import annotations

import bisect
import calendar
import datetime
import errno
import hashlib
import itertools
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO, Iterable, Iterator  # noqa: UP035  it also runs where Python is old

SUMS, MANIFEST, ROOTS = "SHA256SUMS", "manifest.json", "tsa-roots.pem"
_RECORD = re.compile(rb'\{"id":(\d{1,19}),"round":-?\d{1,19},"link":(null|\d{1,19}),"salt":(null|"([0-9a-f]{64})"),')
_WALK, _SIZE = b'"walk":', 32
_ALL_BYTES, _FILE_BYTES, _CHAIN_BYTES = 2**40, 2**36, 2**32  # a box fills 16 and 2 GB a year; links are held in memory
_WHOLE_BYTES, _LINE_BYTES = 2**24, 2**28  # what is read at once, and one line: an hour of four million walks
_SAID, _OPENSSL_S = 1000, 60
_WRONG = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)


def check(folder: Path, say: list[str]) -> list[str]:
    """What does not hold, one line each, the first thousand; `say` takes what else there is to know."""
    return list(itertools.islice(_check(folder, say), _SAID))


def _check(folder: Path, say: list[str]) -> Iterator[str]:
    name, heads = str(folder), []  # type: str, list[str]
    try:
        export = Export(folder)
        yield from export.wrong or _sums(export)
        if export.wrong:
            yield "an export holds no such thing: nothing was read"
            return
        name = MANIFEST
        boxes = json.loads(export.read(MANIFEST))["boxes"]
        if len({str(box["folder"]) for box in boxes}) < len(boxes):
            raise ValueError("one folder is named twice")
        for box in boxes:
            name = str(box["folder"])
            heads += [str(head["head"]) for head in box["heads"]]
            chain = Chain(export, name, box)
            yield from chain.wrong
            yield from _records(export, name, chain, box, say)
            yield from _stamps(export, name, chain, box, say)
    except (*_WRONG, OSError, subprocess.TimeoutExpired) as error:
        yield f"{name}: cannot be read: {type(error).__name__}: {error}"
    if heads:
        say.append(f"All heads together: {together(heads)} (the root a dossier of this names).")


def together(heads: Iterable[str]) -> str:
    """One SHA-256 over every head: each in hexadecimal on a line of its own, in their order as text."""
    return hashlib.sha256("".join(f"{head}\n" for head in sorted(heads)).encode()).hexdigest()


# ---------------------------------------------------------------- the folder


class Export:
    """A folder that anybody may have made: what is no plain file in it is never opened. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, int] = {}  # name -> bytes
        self.wrong: list[str] = []  # what else lies there, and what is too large
        ahead = [""]
        while ahead and len(self.wrong) < _SAID:
            within = ahead.pop()
            with os.scandir(os.path.join(path, within)) as entries:
                ahead += [f"{within}{each.name}/" for each in entries if self._is_folder(within + each.name, each)]
        if sum(self.files.values()) > _ALL_BYTES:
            self.wrong.append(f"all of it is larger than {_ALL_BYTES} bytes")

    def _is_folder(self, name: str, entry: os.DirEntry[str]) -> bool:
        """To be gone into. Anything else is noted."""
        found = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            self.wrong.append(f"{name}: is no file: a link, a pipe, a socket or a device")
        elif stat.S_ISREG(found.st_mode) and found.st_size > _most(name):
            self.wrong.append(f"{name}: is larger than {_most(name)} bytes")
        elif stat.S_ISREG(found.st_mode):
            self.files[name] = found.st_size
        return stat.S_ISDIR(found.st_mode)

    def open(self, name: str) -> BinaryIO:
        """One of its files: not by another way of writing its name, not what took its place since."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        if name not in self.files:
            raise FileNotFoundError(errno.ENOENT, "is not in this folder", name)
        return os.fdopen(os.open(self.path / name, flags), "rb")

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read(_WHOLE_BYTES)

    def lines(self, name: str) -> Iterator[tuple[str, bytes]]:
        """Each with where it stands."""
        with self.open(name) as file:
            for line, text in enumerate(iter(lambda: file.readline(_LINE_BYTES), b""), 1):
                yield f"{name} line {line}", text


def _most(name: str) -> int:
    if name.endswith("chain.jsonl"):
        return _CHAIN_BYTES
    return _WHOLE_BYTES if name in (SUMS, MANIFEST, ROOTS) or name.endswith(".tsr") else _FILE_BYTES


# ---------------------------------------------------------------- sums


def sums(folder: Path) -> str:
    """The text of SHA256SUMS: every file but itself, by name."""
    export = Export(folder)
    return "".join(f"{sha256(export.open(name))}  {name}\n" for name in sorted(export.files) if name != SUMS)


def sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    with file:
        for part in iter(lambda: file.read(1024 * 1024), b""):
            digest.update(part)
    return digest.hexdigest()


def _sums(export: Export) -> Iterator[str]:
    try:
        stated, found = export.read(SUMS), sums(export.path).encode("utf-8", "surrogateescape")
    except OSError as error:
        yield f"{SUMS}: cannot be read: {error}"
        return
    if stated == found:
        return
    before, now = set(stated.split(b"\n")), set(found.split(b"\n"))
    for line in sorted(now - before):
        yield f"{line[66:].decode('utf-8', 'replace')}: is not what {SUMS} says, or not in it"
    for line in sorted(before - now):
        yield f"{SUMS}: says of {line[66:].decode('utf-8', 'replace') or 'something'} what is not so"
    yield f"{SUMS}: is not what it was"


# ---------------------------------------------------------------- chain


class Chain:
    """The links of one box, and what is wrong with them."""

    def __init__(self, export: Export, name: str, box: dict[str, Any]) -> None:
        self.links: dict[int, tuple[list[tuple[int, int, int]], bytes]] = {}  # number -> ids, commitments
        self.wrong: list[str] = []
        self.heads: dict[str, str] = {}  # head -> day
        before: tuple[int, bytes] | None = None
        gaps = {(int(first), int(then)) for first, then in box["chain"]["gaps"]}
        for where, text in export.lines(f"{name}/chain.jsonl"):
            try:
                before = self._take(json.loads(text), where, before, gaps)
            except _WRONG as error:
                self.wrong.append(f"{where}: is no link: {error}")
            if len(self.wrong) > _SAID:
                break
        last = [before[0], before[1].hex()] if before else [0, ""]
        if [box["chain"]["last"], box["chain"]["head"]] != last:
            self.wrong.append(f"{name}/chain.jsonl: does not end where {MANIFEST} says")

    def _take(self, link: dict[str, Any], where: str, before: Any, gaps: set[tuple[int, int]]) -> tuple[int, bytes]:
        number, hour, ids = int(link["number"]), str(link["hour"]), str(link["ids"])
        commitments, previous, head = (_bytes(link[key]) for key in ("commitments", "previous", "head"))
        if hashlib.sha256(previous + f"{hour} {ids}\n".encode() + commitments).digest() != head:
            self.wrong.append(f"{where}: link {number} does not give its head")
        if before is not None and before[0] + 1 == number and before[1] != previous:
            self.wrong.append(f"{where}: link {number} does not hang in the one before it")
        if before is not None and before[0] + 1 != number and (before[0], number) not in gaps:
            self.wrong.append(f"{where}: links between {before[0]} and {number} are missing")
        runs, count = _runs(ids)
        if count * _SIZE != len(commitments):
            self.wrong.append(f"{where}: link {number} has {len(commitments) // _SIZE} commitments to {count} walks")
        self.links[number] = (runs, commitments)
        self.heads[head.hex()] = hour[:10]
        return number, head

    def commitment(self, number: int, id: int) -> bytes | None:
        """To that walk in that link, if it holds it."""
        runs, commitments = self.links.get(number, ([], b""))
        at = bisect.bisect_right(runs, (id, sys.maxsize, 0)) - 1
        if at < 0 or not runs[at][0] <= id <= runs[at][1]:
            return None
        place = (runs[at][2] + id - runs[at][0]) * _SIZE
        return commitments[place : place + _SIZE]


def _runs(ids: str) -> tuple[list[tuple[int, int, int]], int]:
    """`1-5,7` as (first, last, how many before), and how many in all."""
    runs: list[tuple[int, int, int]] = []
    count = 0
    for part in ids.split(","):
        first, _, last = part.partition("-")
        run = (int(first), int(last or first), count)
        if run[1] < run[0] or (runs and run[0] <= runs[-1][1]):
            raise ValueError("ids are not in order")
        runs.append(run)
        count += run[1] - run[0] + 1
    return runs, count


def _bytes(text: str) -> bytes:
    """Written in one way only: capitals would be the same bytes, and another file. Raises ValueError."""
    found = bytes.fromhex(text)
    if found.hex() != text:
        raise ValueError("hexadecimal is written small here")
    return found


# ---------------------------------------------------------------- records


def _records(export: Export, name: str, chain: Chain, box: dict[str, Any], say: list[str]) -> Iterator[str]:
    counts = {"opened": 0, "not_yet_committed": 0, "not_opened": 0}
    for where, text in export.lines(f"{name}/walks.jsonl"):
        found, at = _RECORD.match(text), text.find(_WALK)
        if found is None or at < 0 or not text.endswith(b"}\n"):
            yield f"{where}: is no record"
            continue
        id, record = int(found[1]), text[at + len(_WALK) : -2]
        if found[2] == b"null":
            counts["not_yet_committed"] += 1
        elif found[4] is None:
            counts["not_opened"] += 1
        else:
            counts["opened"] += 1
            salt = bytes.fromhex(found[4].decode())
            if hashlib.sha256(salt + record).digest() != chain.commitment(int(found[2]), id):
                yield f"{where}: walk {id} is not what link {int(found[2])} of the chain commits to"
    if {key: box["walks"][key] for key in counts} != counts:
        yield f"{name}/walks.jsonl: holds {counts}, and {MANIFEST} says otherwise"
    committed = sum(len(commitments) // _SIZE for _, commitments in chain.links.values())
    opened = f"{counts['opened']} walks open their commitments"
    say.append(f"{name}: {opened}; the {len(chain.links)} links commit to {committed}.")
    if counts["not_yet_committed"]:
        say.append(f"{name}: {counts['not_yet_committed']} walks were of an hour that had not been closed yet.")
    if counts["not_opened"]:
        say.append(f"{name}: {counts['not_opened']} walks ARE NOT WHAT THE CHAIN COMMITS TO: no evidence.")


# ---------------------------------------------------------------- time-stamps


def _stamps(export: Export, name: str, chain: Chain, box: dict[str, Any], say: list[str]) -> Iterator[str]:
    for head in box["heads"]:
        if chain.heads.get(head["head"]) != head["day"]:
            yield f"{MANIFEST}: {head['head'][:16]} is no head of {head['day']} in {name}/chain.jsonl"
        for stamp in head["stamps"]:
            yield from _stamp(export, f"{name}/{stamp['file']}", str(head["head"]), str(stamp["time"]), say)


def _stamp(export: Export, file: str, head: str, time: str, say: list[str]) -> Iterator[str]:
    """By OpenSSL, as of the time the stamp itself names: certificates end, and what they signed goes on to hold."""
    at = datetime.datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007  it says Z
    if f"{at:%Y%m%d%H%M%S}".encode() not in export.read(file):
        yield f"{file}: does not say {time}"
    digest = hashlib.sha256(bytes.fromhex(head)).hexdigest()
    command = ["openssl", "ts", "-verify", "-digest", digest, "-in", file]
    command += ["-attime", str(calendar.timegm(at.timetuple())), "-CAfile", ROOTS]
    if shutil.which("openssl") is None or ROOTS not in export.files:
        why = "no openssl here" if ROOTS in export.files else f"no {ROOTS} here: take the authority's root"
        say.append(f"{file}: not checked ({why}): {' '.join(command)}")
        return
    done = subprocess.run(command, cwd=export.path, capture_output=True, text=True, timeout=_OPENSSL_S)  # noqa: S603
    if done.returncode == 0 and "Verification: OK" in done.stdout + done.stderr:
        say.append(f"{file}: head {head[:16]} was there at {time}.")
    else:
        yield f"{file}: openssl says no: {' '.join((done.stdout + done.stderr).split())[:300]}"


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(os.path.abspath(__file__)).parent
    say: list[str] = []
    wrong = check(folder, say)
    for line in [*say, *(f"WRONG: {each}" for each in wrong)]:
        sys.stdout.write(re.sub("[^ -~]", "?", line) + "\n")  # names steer no terminal
    sys.stdout.write("Something does not hold.\n" if wrong else "Everything holds.\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
