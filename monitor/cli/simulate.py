"""The command of whoever asks what the rules would have done: backtest. Simulated from end to end; sends nothing."""

from __future__ import annotations

from typing import Annotated

import typer

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
    from monitor.cli import simulated  # it loads numpy, which a box never needs

    asked = simulated.Asked(tuple(scenarios or ()), as_json_, onsets, weeks, placed, quick, jobs)
    simulated.answer(asked)
