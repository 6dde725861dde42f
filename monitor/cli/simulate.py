"""The command of whoever asks what the rules would have done: backtest. Simulated from end to end; sends nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from monitor.backtest import asjson, drawn, reading, table
from monitor.backtest.hearing import Rules
from monitor.backtest.trial import Trial, known_since, tried
from monitor.backtest.world import World
from monitor.cli.common import WRONG_USE, fail, refuse

app = typer.Typer()


@app.command("backtest")
def backtest_command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SCENARIO ...]", help="Shipped worlds, or files of your own; none: all shipped ones."),
    ] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="One object, every rate with its n and interval.")] = False,
    onsets: Annotated[int, typer.Option("--random", min=0, help="So many worlds with one onset drawn at random.")] = 0,
    weeks: Annotated[
        int, typer.Option("--weeks", min=0, help="Quiet worlds, until there are so many network-weeks.")
    ] = 0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Once through each world: nothing as known later, nothing moved.")
    ] = False,
) -> None:
    """When would the rules have told whom? In simulation: causes on paths, our lines, the real judge and rules.

    Exit codes: 0 done; 1 a file of yours holds mistakes; 2 there is no such world.
    """
    worlds = [_world(name) for name in scenarios or ([] if onsets or weeks else reading.shipped())]
    worlds += [*drawn.onsets(onsets), *(drawn.weeks(weeks) if weeks else ())]
    rules = Rules.shipped()
    trials = _tried(worlds, rules, quick=quick)
    if as_json_:
        typer.echo(json.dumps(asjson.as_json(trials, rules.digest), indent=2))
    else:
        Console(soft_wrap=False).print(table.tables(trials, rules.digest))


def _world(name: str) -> World:
    path = reading.locate(name)
    if path is None:
        fail(f"{name}: no such world, and no such file; shipped are: {', '.join(reading.shipped())}", WRONG_USE)
    world, mistakes = reading.load(path)
    return world if world is not None else refuse(mistakes)


def _tried(worlds: list[World], rules: Rules, *, quick: bool) -> list[Trial]:
    """Progress on stderr, where that is a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        return [
            tried(each, rules, later=not quick, shuffled=not quick, lived=_shown(progress, each)) for each in worlds
        ]


def _shown(progress: Progress, world: World) -> Callable[[int], None]:
    since_ms = known_since(world)
    task: TaskID = progress.add_task(f"{world.name} (simulated)", total=world.until_ms - since_ms)
    return lambda at_ms: progress.update(task, completed=at_ms - since_ms)
