"""`didban up`: the daemon and what it needs beside it, on one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.beside import up
from monitor.cli.common import agreed, loaded
from monitor.cli.options import ConfigFile, StoragePath, TimeScale

app = typer.Typer()


@app.command("up")
def up_command(
    config_file: ConfigFile = Path("didban.yml"),
    storage_path: StoragePath = None,
    idle: Annotated[bool, typer.Option("--idle", help="Show the pages, send no probe.")] = False,
    time_scale: TimeScale = 1,
) -> None:
    """Run daemon, Prometheus and Alertmanager side by side on this machine, until Ctrl-C."""
    found = loaded(config_file) if idle else agreed(config_file)
    storage = storage_path or found.path(found.config.storage.path)
    options = up.Options(config_file, storage, idle=idle, time_scale=time_scale)
    stack = up.prepare(found, options, lambda line: typer.echo(f"didban: {line}"))
    raise typer.Exit(stack.live())
