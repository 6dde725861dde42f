"""What every command shares: exit codes, one clear line for what went wrong, files that were read or refused."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from monitor.begin import consent
from monitor.config import Loaded, load
from probes.doors.yamlfile import Mistake

if TYPE_CHECKING:
    from rich.console import RenderableType

NO, WRONG_USE, COULD_NOT = 1, 2, 3


def fail(what: str, code: int = COULD_NOT) -> NoReturn:
    """One line on stderr, and the exit code that goes with it."""
    typer.echo(f"didban: {what}", err=True)
    raise typer.Exit(code)


def refuse(mistakes: Iterable[Mistake]) -> NoReturn:
    """Every mistake on a line of its own; the answer is no."""
    for mistake in mistakes:
        typer.echo(str(mistake), err=True)
    raise typer.Exit(NO)


def show(what: RenderableType | str) -> None:
    """On the terminal, as wide as it is; elsewhere 80 columns without colour."""
    if isinstance(what, str):
        typer.echo(what)
    else:
        from rich.console import Console  # the daemon has nothing to show

        Console(file=sys.stdout, highlight=False).print(what)


def begin() -> None:
    """Of a daemon: a hangup before it listens for one asks for what is being read anyway, and must not end it."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def loaded(file: Path) -> Loaded:
    """The configuration, or every mistake in it and the end."""
    found, mistakes = load(file)
    return found if found is not None else refuse(mistakes)


def agreed(file: Path) -> Loaded:
    """The same, and somebody agreed to what it does from this place."""
    found = loaded(file)
    if (lacking := consent.lacking(found.config)) is not None:
        fail(lacking, NO)
    return found
