"""A folder of copies only its owner reads, with a list of their SHA-256 by which it is checked before it is used."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from monitor.disk.owner import as_its_neighbours

SUMS = "SHA256SUMS"


class BadBackup(ValueError):
    """It is none, or not whole, or would write where it should not; the message says what."""


def begin(to: Path) -> None:
    """Raises OSError: the folder is there already and not empty, or cannot be made."""
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    to.chmod(0o700)
    if any(to.iterdir()):
        raise FileExistsError(17, "is not empty", str(to))


def finish(to: Path) -> list[str]:
    """The names of what is in it; without the list there is no backup, and so it comes last."""
    names = sorted(str(path.relative_to(to)) for path in to.rglob("*") if path.is_file())
    lines = (f"{_sha256(to / name)}  {name}\n" for name in names)
    _create(to / SUMS, "".join(lines).encode())
    return names


def checked(source: Path, needed: str, of: str) -> Iterator[str]:
    """The names in the list, each of them a file there that is as it was, and there is no other. Raises BadBackup."""
    try:
        lines = (source / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise BadBackup(f"{source}: is no backup of {of}: there is no {SUMS} in it") from None
    sums = {}
    for line in lines:
        found = re.fullmatch(r"([0-9a-f]{64})  ([^\x00-\x1f]+)", line)
        if not found or PurePosixPath(found[2]).is_absolute() or ".." in PurePosixPath(found[2]).parts:
            raise BadBackup(f"{source}/{SUMS}: holds a line that is none of ours")
        sums[found[2]] = found[1]
    there = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_symlink() or not path.is_dir()}
    for name in sorted(there ^ {*sums, SUMS}):
        raise BadBackup(f"{source}/{name}: is {'not in the list' if name in there else 'missing'}")
    if needed not in sums:
        raise BadBackup(f"{source}: there is no {needed} in it")
    for name, known in sums.items():
        path = source / name
        if path.is_symlink() or _sha256(path) != known:
            raise BadBackup(f"{path}: is not what it was")
        yield name


def copy(source: Path, to: Path) -> None:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    after = to.with_name(f".{to.name}.new")
    after.unlink(missing_ok=True)
    _create(after, b"")
    shutil.copyfile(source, after)
    as_its_neighbours(after, to.parent)
    after.replace(to)


def _create(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def copy_database(source: Path, to: Path) -> None:
    """While a daemon writes to it (SQLite's online backup)."""
    _create(to, b"")
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as old, sqlite3.connect(to) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")
    old.close()
    new.close()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
