"""Everything a hub is, in one folder that only its owner reads, with a list that `sha256sum -c` checks; and back again.

What hub.yml names elsewhere than beside it (a certificate of the system's, say) is not in it, and is said.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from monitor.disk.owner import as_its_neighbours
from monitor.hub import queuefile, settings
from monitor.hub.settings import LoadedHub

SUMS = "SHA256SUMS"
_HUB, _QUEUE = "hub.yml", "queue.db"  # the queue stands wherever storage.path says


class BadBackup(ValueError):
    """It is none, or not whole, or would write where it should not; the message says what."""


def write(hub: LoadedHub, file: Path, to: Path) -> tuple[list[str], list[str]]:
    """Copies everything; the names of what is in it, and of what hub.yml names and stands elsewhere.

    Raises OSError: the folder is there already and not empty, or something cannot be read or written.
    """
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    to.chmod(0o700)
    if any(to.iterdir()):
        raise FileExistsError(17, "is not empty", str(to))
    _copy(file, to / _HUB)
    elsewhere = []
    for path in settings.files(hub):
        if not path.resolve().is_relative_to(hub.folder.resolve()):
            elsewhere.append(str(path))
        elif path.exists():
            _copy(path, to / path.resolve().relative_to(hub.folder.resolve()))
    if hub.queue.exists():
        _copy_queue(hub.queue, to / _QUEUE)
    names = sorted(str(path.relative_to(to)) for path in to.rglob("*") if path.is_file())
    lines = (f"{_sha256(to / name)}  {name}\n" for name in names)
    _create(to / SUMS, "".join(lines).encode())  # last: without it there is no backup
    return names, elsewhere


def restore(source: Path, file: Path, *, force: bool) -> list[str]:
    """Puts everything beside `file`, which becomes hub.yml, and the queue where that says. Never over what is there.

    Args:
        force: over what is there as well, but not under a hub that runs.

    Raises:
        BadBackup: nothing was written.
        OSError: something cannot be read or written, or is there already.
    """
    names = sorted(_checked(source))
    loaded, mistakes = settings.load(source / _HUB, whole=False)
    if loaded is None:
        raise BadBackup(f"{mistakes[0]}")
    queue = file.absolute().parent / loaded.config.storage.path / _QUEUE
    places = {name: file.absolute().parent / name for name in names if name not in (_HUB, _QUEUE)}
    places[_HUB] = file.absolute()
    if _QUEUE in names:
        places[_QUEUE] = queue
    if there := [path for path in places.values() if path.exists() and not force]:
        raise FileExistsError(17, "is there already; --force writes over it", str(there[0]))
    guard = queuefile.at(queue, lambda: 0)
    try:
        guard.take_alone()
        for suffix in ("-wal", "-shm") if _QUEUE in names else ():
            queue.with_name(queue.name + suffix).unlink(missing_ok=True)
        for name, path in places.items():
            _copy(source / name, path)
        (file.absolute().parent / loaded.config.credentials).mkdir(mode=0o700, exist_ok=True)
    finally:
        guard.close()
    return names


def _checked(source: Path) -> Iterator[str]:
    """The names in the list, each of them a file there that is as it was, and there is no other."""
    try:
        lines = (source / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise BadBackup(f"{source}: is no backup of a hub: there is no {SUMS} in it") from None
    sums = {}
    for line in lines:
        found = re.fullmatch(r"([0-9a-f]{64})  ([^\x00-\x1f]+)", line)
        if not found or PurePosixPath(found[2]).is_absolute() or ".." in PurePosixPath(found[2]).parts:
            raise BadBackup(f"{source}/{SUMS}: holds a line that is none of ours")
        sums[found[2]] = found[1]
    there = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_symlink() or not path.is_dir()}
    for name in sorted(there ^ {*sums, SUMS}):
        raise BadBackup(f"{source}/{name}: is {'not in the list' if name in there else 'missing'}")
    if _HUB not in sums:
        raise BadBackup(f"{source}: there is no {_HUB} in it")
    for name, known in sums.items():
        path = source / name
        if path.is_symlink() or _sha256(path) != known:
            raise BadBackup(f"{path}: is not what it was")
        yield name


def _copy(source: Path, to: Path) -> None:
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


def _copy_queue(source: Path, to: Path) -> None:
    """While the hub writes to it (SQLite's online backup)."""
    _create(to, b"")
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as old, sqlite3.connect(to) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")
    old.close()
    new.close()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
