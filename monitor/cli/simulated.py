"""What `didban backtest` does: lives through worlds, or through copies of spools, and prints what was told."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from monitor.backtest import many, replay
from monitor.backtest.hearing import Rules
from monitor.backtest.told import asjson, table
from monitor.backtest.told.messages import Routing
from monitor.backtest.trial import ROUTING, Trial
from monitor.backtest.worlds import drawn, reading
from monitor.backtest.worlds.world import World
from monitor.cli.common import WRONG_USE, fail, refuse
from monitor.disk.file import Unusable
from monitor.stored.kept import Kept


@dataclass(frozen=True, slots=True)
class Asked:
    """As on the command line."""

    scenarios: tuple[str, ...]
    as_json: bool
    onsets: int
    weeks: int
    placed: int
    quick: bool
    jobs: int

    @property
    def draws(self) -> bool:
        return bool(self.onsets or self.weeks or self.placed)


def answer(asked: Asked) -> None:
    """Raises typer.Exit as the command says."""
    if spools := [name for name in asked.scenarios if replay.is_spool(name)]:
        if len(spools) < len(asked.scenarios):
            fail("spools are replayed by themselves: name no world beside them", WRONG_USE)
        _replay([Path(name) for name in spools], as_json_=asked.as_json)
        return
    worlds = [_world(name) for name in asked.scenarios or ([] if asked.draws else reading.shipped())]
    worlds += [*drawn.onsets(asked.onsets), *drawn.weeks(asked.weeks), *drawn.covered(asked.placed)]
    how = many.How(later=not asked.quick, shuffled=not asked.quick)
    trials = _tried(worlds, how, jobs=asked.jobs or os.cpu_count() or 1)
    digest = Rules.shipped().digest
    if asked.as_json:
        typer.echo(json.dumps(asjson.as_json(trials, digest), indent=2))
    else:
        Console(soft_wrap=False).print(table.tables(trials, digest))


def _replay(spools: list[Path], *, as_json_: bool) -> None:
    rules = Rules.shipped()
    with contextlib.ExitStack() as opened:
        try:
            kept = [opened.enter_context(contextlib.closing(Kept(each))) for each in spools]
            found = replay.replayed(kept, rules, Routing.read(ROUTING))
        except Unusable as error:
            fail(str(error))
    if found is None:
        fail("there is no tick in it, or all of them are sealed")
    if as_json_:
        typer.echo(json.dumps(asjson.replay_as_json(found, rules.digest), indent=2))
    else:
        Console(soft_wrap=False).print(table.replay_table(found, rules.digest))


def _world(name: str) -> World:
    path = reading.locate(name)
    if path is None:
        fail(f"{name}: no such world, and no such file; shipped are: {', '.join(reading.shipped())}", WRONG_USE)
    world, mistakes = reading.load(path)
    return world if world is not None else refuse(mistakes)


def _tried(worlds: list[World], how: many.How, *, jobs: int) -> list[Trial]:
    """Progress on stderr: bars where that is a terminal, else a line for each world that is over."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return many.every(worlds, how, jobs=jobs, lived=_in_lines(console))
    with Progress(console=console, transient=True) as progress:
        return many.every(worlds, how, jobs=jobs, lived=_in_bars(progress))


def _in_lines(console: Console) -> Callable[[World, int], None]:
    def lived(world: World, at_ms: int) -> None:
        if at_ms >= world.until_ms:
            console.print(f"{world.name} (simulated): lived through", highlight=False)

    return lived


def _in_bars(progress: Progress) -> Callable[[World, int], None]:
    """A bar comes with the first hour of its world, and goes with the last."""

    @functools.cache
    def bar(name: str, hours_ms: int) -> TaskID:
        return progress.add_task(f"{name} (simulated)", total=hours_ms)

    def lived(world: World, at_ms: int) -> None:
        since_ms = world.boxes_start_ms
        mine = bar(world.name, world.until_ms - since_ms)
        progress.update(mine, completed=at_ms - since_ms, visible=at_ms < world.until_ms)

    return lived
