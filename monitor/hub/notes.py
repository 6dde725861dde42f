"""Words of whoever keeps the hub about an incident, one JSON object a line, only ever added to."""

from __future__ import annotations

import fcntl
import os
import re
import unicodedata
from pathlib import Path

import msgspec

from monitor.decoding import Undecodable, from_json
from monitor.disk.owner import as_its_neighbours

_INCIDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@+-]{0,127}")
_MOST = 2_000
_TURNS_ROUND = {chr(each) for each in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}  # makes a line read otherwise


class Note(msgspec.Struct, frozen=True):
    at_ms: int
    incident: str
    text: str


def add(path: Path, note: Note) -> None:
    """Through to the disk. Raises ValueError for what is no note, OSError when it cannot be written."""
    if not _INCIDENT.fullmatch(note.incident):
        raise ValueError("an incident is named by letters, digits and _ . / : @ + -, such as IR/AS197207/2026-11-21")
    if not note.text.strip() or len(note.text) > _MOST:
        raise ValueError(f"a note has 1 to {_MOST} characters")
    if any(unicodedata.category(each) in ("Cc", "Cs", "Co", "Zl", "Zp") or each in _TURNS_ROUND for each in note.text):
        raise ValueError("a note is one line of text, without control characters")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"  # a power cut in the middle of the last one
        file.write(b"\n" * torn + msgspec.json.encode(note) + b"\n")
        os.fsync(handle)
    as_its_neighbours(path, path.parent)


def read(path: Path) -> list[Note]:
    """All of them, in their order; a line that is none is left out."""
    found = []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            found.append(from_json(line, type=Note))
        except Undecodable:
            continue
    return found
