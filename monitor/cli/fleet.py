"""The commands of whoever keeps a hub: run it, enrol a box, render who is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor import logs
from monitor.cli.box import TimeScale
from monitor.cli.common import WRONG_USE, fail, refuse
from monitor.hub import daemon, enrol, render, settings
from monitor.hub.settings import LoadedHub
from probes.words import Access, Role

app = typer.Typer(invoke_without_command=True, no_args_is_help=True, help="The other end, abroad.")

HubFile = Annotated[Path | None, typer.Option("--config.file", help="hub.yml")]


def _loaded(file: Path | None) -> tuple[LoadedHub, Path]:
    if file is None:
        fail("give --config.file, hub.yml", WRONG_USE)
    found, mistakes = settings.load(file)
    return (found, file) if found is not None else refuse(mistakes)


@app.callback()
def hub(
    ctx: typer.Context,
    config_file: HubFile = None,
    log_level: Annotated[logs.Level, typer.Option("--log.level")] = logs.Level.INFO,
    log_format: Annotated[logs.Form, typer.Option("--log.format")] = logs.Form.LOGFMT,
    time_scale: TimeScale = 1,
) -> None:
    """Receive from vantages, check, forward, and say who is expected."""
    if ctx.invoked_subcommand is not None:
        ctx.obj = config_file
        return
    logs.set_up(log_level, log_format)
    found, file = _loaded(config_file)
    daemon.run(found, file, time_scale)


@app.command("add")
def add(
    ctx: typer.Context,
    vantage: Annotated[str, typer.Argument(metavar="VANTAGE", help="The id `didban init` printed.")],
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2, such as IR.")],
    role: Annotated[Role, typer.Option()],
    access: Annotated[Access, typer.Option()],
    network: Annotated[str, typer.Option(help="Such as AS197207; may stay empty.")] = "",
    cohort: Annotated[str, typer.Option(help="Shared by boxes of one home or power line.")] = "",
    config_file: HubFile = None,
) -> None:
    """Enrol a box: write it into the registry, make its password, print what its didban.yml needs."""
    found, _ = _loaded(config_file or ctx.obj)
    row = {"id": vantage, "country": country, "network": network, "access": access.value, "role": role.value}
    try:
        password = enrol.add(found, {**row, "cohort": cohort})
    except ValueError as error:
        fail(str(error), WRONG_USE)
    typer.echo(enrol.lines_for_the_box(found, vantage, password))


@app.command("render")
def render_command(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
    config_file: HubFile = None,
) -> None:
    """Write alertmanager.yml (0600) from its template, notify: and the secret files it names."""
    found, _ = _loaded(config_file or ctx.obj)
    render.write(found.config.notify, found.folder, out)
    typer.echo(f"{out}/alertmanager.yml is written; it holds secrets, and only its owner may read it")
