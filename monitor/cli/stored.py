"""The commands of whoever reads what was kept: judge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import COULD_NOT
from monitor.stored import reading
from monitor.stored.said import as_json, as_sentence
from probes import known

app = typer.Typer()


@app.command("judge")
def judge_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE ...", help="JSON, one object a line, or gzip of that.")],
    json_: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """Judge stored walks: our own rounds, or what OONI Probe measured; one verdict a line.

    Exit codes: 0 every line was judged, also where the verdict is that it cannot be read (rule unreadable); 3 a file
    could not be read.
    """
    fingerprints, failed = known.load(), False
    for file in files:
        try:
            for verdict in reading.judged(file, fingerprints):
                typer.echo(as_json(verdict) if json_ else as_sentence(verdict))
        except OSError as error:
            typer.echo(f"didban: {file}: {(error.strerror or str(error)).lower()}", err=True)
            failed = True
    if failed:
        raise typer.Exit(COULD_NOT)
