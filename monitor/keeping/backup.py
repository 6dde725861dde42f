"""Everything a vantage is, in one folder that only its owner reads: who it is, its consent, its secrets, what it saw.

It brings a box back after its card died. Two boxes with one identity would be one witness that contradicts itself: what
is restored elsewhere takes the place of the first one.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from monitor import config
from monitor.disk.copies import BadBackup, begin, checked, copy, copy_database, finish
from monitor.disk.file import File
from monitor.disk.owner import as_its_neighbours
from monitor.keeping import wiping
from monitor.spool import KIND

_CONFIG, _SPOOL, _CATALOGUE = "didban.yml", "spool.db", "catalogue/"


def write(file: Path, storage: Path, shelf: Path, to: Path) -> tuple[list[str], list[str]]:
    """Copies everything, while the daemon runs; the names of what is in it, and of what stands elsewhere.

    Raises OSError: the folder is there already and not empty, or something cannot be read or written.
    """
    begin(to)
    copy(file, to / _CONFIG)
    folder, elsewhere = file.absolute().parent, []
    for path in dict.fromkeys(wiping.named(file)):
        if not path.resolve().is_relative_to(folder.resolve()):
            elsewhere.append(str(path))
        elif path.is_file():
            copy(path, to / path.resolve().relative_to(folder.resolve()))
    if (storage / _SPOOL).exists():
        copy_database(storage / _SPOOL, to / _SPOOL)
    for path in _files(shelf):
        copy(path, to / _CATALOGUE / path.relative_to(shelf))
    return finish(to), elsewhere


def restore(source: Path, file: Path) -> list[str]:
    """Puts everything beside `file`, which becomes didban.yml, and the spool where that says. Never over what is there.

    Raises:
        BadBackup: nothing was written.
        OSError: something cannot be read or written, or is there already.
    """
    names = sorted(checked(source, _CONFIG, "a vantage"))
    loaded, mistakes = config.load(source / _CONFIG)
    if loaded is None:
        raise BadBackup(f"{mistakes[0]}")
    folder = file.absolute().parent
    storage, shelf = folder / loaded.config.storage.path, config.shelf_of(loaded.config, folder)
    places = {name: _place(name, file, storage, shelf) for name in names}
    if there := [path for path in places.values() if path.exists()]:
        raise FileExistsError(17, "is there already", str(there[0]))
    guard = File(storage / _SPOOL, KIND, lambda: 0)
    try:
        guard.take_alone()
        for name, path in places.items():
            copy(source / name, path)
    finally:
        guard.close()
        as_its_neighbours(storage / "spool.lock", storage)  # root restores what the daemon locks
    if folder.stat().st_mode & stat.S_ISGID:  # as `didban init` leaves it for the daemon's group
        file.chmod(0o640)
    return names


def _place(name: str, file: Path, storage: Path, shelf: Path) -> Path:
    if name.startswith(_CATALOGUE):
        return shelf / name.removeprefix(_CATALOGUE)
    if name == _SPOOL:
        return storage / name
    return file.absolute() if name == _CONFIG else file.absolute().parent / name


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())
