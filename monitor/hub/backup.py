"""Everything a hub is, in one folder that only its owner reads, with a list that `sha256sum -c` checks; and back again.

What hub.yml names elsewhere than beside it (a certificate of the system's, say) is not in it, and is said.
"""

from __future__ import annotations

from pathlib import Path

from monitor.disk.copies import SUMS as SUMS
from monitor.disk.copies import BadBackup as BadBackup
from monitor.disk.copies import begin, checked, copy, copy_database, finish
from monitor.hub import queuefile, settings
from monitor.hub.settings import LoadedHub

_HUB, _QUEUE = "hub.yml", "queue.db"  # the queue stands wherever storage.path says


def write(hub: LoadedHub, file: Path, to: Path) -> tuple[list[str], list[str]]:
    """Copies everything; the names of what is in it, and of what hub.yml names and stands elsewhere.

    Raises OSError: the folder is there already and not empty, or something cannot be read or written.
    """
    begin(to)
    copy(file, to / _HUB)
    elsewhere = []
    for path in settings.files(hub):
        if not path.resolve().is_relative_to(hub.folder.resolve()):
            elsewhere.append(str(path))
        elif path.exists():
            copy(path, to / path.resolve().relative_to(hub.folder.resolve()))
    if hub.queue.exists():
        copy_database(hub.queue, to / _QUEUE)
    return finish(to), elsewhere


def restore(source: Path, file: Path, *, force: bool) -> list[str]:
    """Puts everything beside `file`, which becomes hub.yml, and the queue where that says. Never over what is there.

    Args:
        force: over what is there as well, but not under a hub that runs.

    Raises:
        BadBackup: nothing was written.
        OSError: something cannot be read or written, or is there already.
    """
    names = sorted(checked(source, _HUB, "a hub"))
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
            copy(source / name, path)
        (file.absolute().parent / loaded.config.credentials).mkdir(mode=0o700, exist_ok=True)
    finally:
        guard.close()
    return names
