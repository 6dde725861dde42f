"""`didban run`: the daemon itself. What it loads, it keeps for as long as it lives: only what it needs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor import daemon, logs, webconfig
from monitor.cli.common import WRONG_USE, agreed, begin, fail, loaded, refuse
from monitor.cli.options import ConfigFile, StoragePath, TimeScale
from monitor.options import Options
from monitor.supervisor import Supervisor

if TYPE_CHECKING:
    from monitor.config import Loaded
    from monitor.hub.registry import Registry

app = typer.Typer()


def _address(given: str) -> str:
    host, _, port = given.rpartition(":")
    if not host or not port.isdecimal() or len(port) > 5 or not 0 < int(port) < 65536:
        raise typer.BadParameter("must be HOST:PORT")
    return given


@app.command("run")
def run(
    config_file: ConfigFile,
    listen_address: Annotated[str, typer.Option("--web.listen-address", callback=_address)] = "127.0.0.1:9810",
    web_config_file: Annotated[Path | None, typer.Option("--web.config.file", help="Of the exporter-toolkit.")] = None,
    storage_path: StoragePath = None,
    log_level: Annotated[logs.Level, typer.Option("--log.level")] = logs.Level.INFO,
    log_format: Annotated[logs.Form, typer.Option("--log.format")] = logs.Form.LOGFMT,
    time_scale: TimeScale = 1,
    alone: Annotated[bool, typer.Option("--alone", help="Also say what a hub would: this is a fleet of one.")] = False,
    idle: Annotated[bool, typer.Option("--idle", help="Show the pages, send no probe.")] = False,
) -> None:
    """Run the daemon: walk, keep, judge, show, ship."""
    begin()
    logs.set_up(log_level, log_format)
    found = loaded(config_file) if idle else agreed(config_file)
    host, _, port = listen_address.rpartition(":")
    host = host.strip("[]")
    web = _web_config(web_config_file)
    if (refused := webconfig.may_listen(host, web)) is not None:
        fail(refused, WRONG_USE)
    options = Options(
        config_file=config_file,
        host=host,
        port=int(port),
        web=web,
        web_folder=web_config_file.absolute().parent if web_config_file else Path(),
        storage=storage_path or found.path(found.config.storage.path),
        time_scale=time_scale,
        registry=_fleet_of_one(found) if alone else None,
        idle=idle,
        supervisor=Supervisor.of(os.environ),
    )
    try:
        daemon.run(found, options)
    except BaseExceptionGroup as group:
        fail(f"a part of the daemon died, and the daemon with it: {_first(group)!r}")


def _fleet_of_one(found: Loaded) -> Registry:
    from monitor.hub.registry import Registry

    return Registry.alone(found.config.as_vantage(), found.services)


def _web_config(file: Path | None) -> webconfig.WebConfig:
    if file is None:
        return webconfig.OPEN
    web, mistakes = webconfig.load(file)
    return web if web is not None else refuse(mistakes)


def _first(error: BaseException) -> BaseException:
    """The innermost first cause of a group of errors."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
