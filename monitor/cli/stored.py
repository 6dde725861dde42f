"""The commands of whoever reads what was kept: judge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import COULD_NOT
from monitor.stored import reading
from monitor.stored.said import as_json, as_sentence
from monitor.stored.verdict import Verdict
from probes import known
from probes.fingerprint import Fingerprints

app = typer.Typer()


@app.command("judge")
def judge_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE ...", help="JSON, one object a line, or gzip of that.")],
    as_json_: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """Judge stored walks: our own rounds, or what OONI Probe measured; one verdict a line.

    A line that cannot be read is judged insufficient, and says why. Exit codes: 0 done; 3 a file could not be opened.
    """
    fingerprints, failed = known.load(), False
    for file in files:
        for found in _read(file, fingerprints):
            if isinstance(found, OSError):
                typer.echo(f"didban: {file}: {(found.strerror or str(found)).lower()}", err=True)
                failed = True
            else:
                typer.echo(as_json(found) if as_json_ else as_sentence(found))
    if failed:
        raise typer.Exit(COULD_NOT)


def _read(file: Path, fingerprints: Fingerprints) -> Iterator[Verdict | OSError]:
    """What cannot be read ends this file, not the next; a reader of ours that went away is another matter."""
    try:
        yield from reading.judged(file, fingerprints)
    except OSError as error:
        yield error
