"""A scenario file -> a World, or every mistake in it, each with file, line and key."""

from __future__ import annotations

from pathlib import Path

from monitor.backtest.worlds import causes, checking
from monitor.backtest.worlds.beside import SCENARIOS
from monitor.backtest.worlds.draft import drafted, unfolded
from monitor.backtest.worlds.shape import WorldFile
from monitor.backtest.worlds.unfolding import world
from monitor.backtest.worlds.world import World
from probes.doors.schema import fit
from probes.doors.yamlfile import Mistake, read


def load(path: Path) -> tuple[World | None, tuple[Mistake, ...]]:
    """The world in that file, or every mistake in it and in the files it names. Never raises."""
    document = unfolded(read(path))
    file, mistakes = fit(document, WorldFile)
    draft = drafted(document)
    found = {*mistakes, *checking.contradictions(draft), *causes.contradictions(draft)}
    if file is not None and file.scenario != path.stem:
        found.add(document.mistake(("scenario",), f"must be the name of its file, {path.stem!r}"))
    if file is None or found:
        return None, tuple(sorted(found))
    return world(file, draft.shipped), ()


def shipped(folder: Path = SCENARIOS) -> tuple[str, ...]:
    """The names of the shipped worlds, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yml")))


def locate(name: str) -> Path | None:
    """The shipped world of that name, or the file at that path; None: neither."""
    for path in (SCENARIOS / f"{name}.yml", Path(name)):
        if path.is_file():
            return path
    return None
