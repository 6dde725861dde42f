"""`didban check-config`: everything that is wrong with a file, or what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.begin.check import check
from monitor.cli.common import refuse

app = typer.Typer()


@app.command("check-config")
def check_config(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Say every mistake in a didban.yml, hub.yml or service file, one a line; or what it costs a day."""
    news, mistakes = check(file)
    if mistakes:
        refuse(mistakes)
    typer.echo(f"{file}: ok: {news}")
