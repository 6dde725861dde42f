"""Changes registry.yml as a careful hand would: one row, the comments kept, whole or not at all, one hand at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from monitor.disk.owner import as_its_neighbours
from monitor.hub import registry
from monitor.hub.settings import LoadedHub
from probes.doors import yamledit


def rewrite(hub: LoadedHub, change: Callable[[str], str], *, first: Callable[[], None] = lambda: None) -> None:
    """Raises ValueError when what comes out would not hold, OSError when it cannot be written; then nothing changed.

    Args:
        first: done once it is known to hold, and before it does.
    """
    path = hub.folder / hub.config.registry
    with _alone(path.parent):
        after = path.with_name(f".{path.name}.new")
        after.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
        shutil.copymode(path, after)
        as_its_neighbours(after, path)
        if wrong := registry.load(after, ())[1]:
            after.unlink()
            raise ValueError(f"{path} would no longer hold: {wrong[0].key}: {wrong[0].what}; change it by hand")
        first()
        after.replace(path)


def pause(hub: LoadedHub, vantage: str, paused: bool) -> None:
    """Its silence is agreed, or no longer. Raises ValueError when nobody is enrolled by that id."""
    _change(hub, vantage, {"paused": paused})


def retire(hub: LoadedHub, vantage: str) -> None:
    """Nobody expects it any more, and its credential opens nothing. What it wrote stays where it is."""
    _change(hub, vantage, {"retired": True})
    (hub.folder / hub.config.credentials / vantage).unlink(missing_ok=True)


def watch(hub: LoadedHub, country: str, until: str) -> None:
    """One row a country; `until` is a time of RFC 3339."""

    def change(text: str) -> str:
        try:
            return yamledit.changed(text, "watch", ("country", country), {"until": until})
        except yamledit.NoSuchRow:
            return yamledit.appended(text, "watch", {"country": country, "until": until})

    rewrite(hub, change)


def _change(hub: LoadedHub, vantage: str, values: Mapping[str, bool]) -> None:
    if vantage not in hub.registry.vantages:
        raise ValueError(f"{vantage} is not enrolled")
    rewrite(hub, lambda text: yamledit.changed(text, "vantages", ("id", vantage), values))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two commands at once would lose the row of one."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
