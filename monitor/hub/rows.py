"""Changes registry.yml as a careful hand would: one row, the comments kept, whole or not at all, one hand at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from monitor.hub import registry
from monitor.hub.settings import LoadedHub
from probes.doors import yamlfile


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

    def change(document: Any) -> None:
        row = _row(document, vantage)
        if row.get("paused", False) is not paused:
            row["paused"] = paused

    rewrite(hub, lambda text: yamlfile.changed(text, change))


def retire(hub: LoadedHub, vantage: str) -> None:
    """Nobody expects it any more, and its credential opens nothing. What it wrote stays where it is."""

    def change(document: Any) -> None:
        row = _row(document, vantage)
        row["paused"], row["retired"] = False, True

    rewrite(hub, lambda text: yamlfile.changed(text, change))
    (hub.folder / hub.config.credentials / vantage).unlink(missing_ok=True)


def watch(hub: LoadedHub, country: str, until: str | None) -> None:
    """One row a country; `until` is a time of RFC 3339, None ends it."""

    def change(document: Any) -> None:
        if not document.get("watch"):
            document["watch"] = []
        rows = document["watch"]
        there = [place for place, row in enumerate(rows) if country in (row, _country(row))]
        for place in reversed(there):
            del rows[place]
        if until is not None:
            rows.append({"country": country, "until": until})

    rewrite(hub, lambda text: yamlfile.changed(text, change))


def as_its_neighbours(path: Path, neighbour: Path) -> None:
    """What root writes for the hub belongs to whom the hub runs as: else it could not be read."""
    if os.geteuid() == 0:
        owner = neighbour.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _row(document: Any, vantage: str) -> Any:
    for row in document.get("vantages") or []:
        if str(row["id"]) == vantage and not row.get("retired", False):
            return row
    raise ValueError(f"{vantage} is not enrolled")


def _country(row: Any) -> object:
    return row.get("country") if hasattr(row, "get") else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two commands at once would lose the row of one."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
