"""The command of whoever asks what the rules would have done: backtest. Simulated from end to end; sends nothing."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from monitor.backtest import asjson, drawn, many, reading, replay, table
from monitor.backtest.hearing import Rules
from monitor.backtest.messages import Routing
from monitor.backtest.trial import ROUTING, Trial, known_since
from monitor.backtest.world import World
from monitor.cli.common import WRONG_USE, fail, refuse
from monitor.disk.file import Unusable
from monitor.stored.kept import Kept

app = typer.Typer()


@app.command("backtest")
def backtest_command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SCENARIO ...]",
            help="Shipped worlds, files of your own, or copies of spools; none: every shipped one.",
        ),
    ] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="One object, every rate with its n and interval.")] = False,
    onsets: Annotated[int, typer.Option("--random", min=0, help="So many onsets drawn at random, six to a world.")] = 0,
    weeks: Annotated[
        int, typer.Option("--weeks", min=0, help="Quiet worlds, until there are so many network-weeks.")
    ] = 0,
    placed: Annotated[
        int,
        typer.Option("--placed", min=0, help="So many onsets, our lines placed at random: none to three a network."),
    ] = 0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Once through each world: nothing as known later, nothing moved.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Worlds side by side; 0: one a core.")] = 0,
) -> None:
    """When would the rules have told whom? In simulation: causes on paths, our lines, the real judge and rules.

    Exit codes: 0 done; 1 a file of yours holds mistakes; 2 there is no such world; 3 a spool cannot be read.
    """
    if spools := [name for name in scenarios or () if replay.is_spool(name)]:
        if len(spools) < len(scenarios or ()):
            fail("spools are replayed by themselves: name no world beside them", WRONG_USE)
        _replay([Path(name) for name in spools], as_json_=as_json_)
        return
    worlds = [_world(name) for name in scenarios or ([] if onsets or weeks or placed else reading.shipped())]
    worlds += [*drawn.onsets(onsets), *drawn.weeks(weeks), *drawn.covered(placed)]
    how = many.How(later=not quick, shuffled=not quick)
    trials = _tried(worlds, how, jobs=jobs or os.cpu_count() or 1)
    digest = Rules.shipped().digest
    if as_json_:
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
        since_ms = known_since(world)
        mine = bar(world.name, world.until_ms - since_ms)
        progress.update(mine, completed=at_ms - since_ms, visible=at_ms < world.until_ms)

    return lived
