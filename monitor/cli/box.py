"""The commands of whoever keeps a box: init, check-config, run, up, probe."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from monitor import daemon, logs, webconfig
from monitor.begin.check import check
from monitor.beside import up
from monitor.cli.common import NO, WRONG_USE, agreed, fail, loaded, refuse, show
from monitor.hub.registry import Registry
from monitor.judge import State
from monitor.telling import narrated, probe

app = typer.Typer()

ConfigFile = Annotated[Path, typer.Option("--config.file", help="didban.yml")]
StoragePath = Annotated[Path | None, typer.Option("--storage.path", help="Instead of the configured one.")]
TimeScale = Annotated[float, typer.Option(min=1, max=30, help="Laboratory only: divides every duration.")]


@app.command("check-config")
def check_config(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Say every mistake in a didban.yml, hub.yml or service file, one a line; or what it costs a day."""
    news, mistakes = check(file)
    if mistakes:
        refuse(mistakes)
    typer.echo(f"{file}: ok: {news}")


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
    logs.set_up(log_level, log_format)
    found = loaded(config_file) if idle else agreed(config_file)
    host, _, port = listen_address.rpartition(":")
    host = host.strip("[]")
    web = _web_config(web_config_file)
    if (refused := webconfig.may_listen(host, web)) is not None:
        fail(refused, WRONG_USE)
    options = daemon.Options(
        config_file=config_file,
        host=host,
        port=int(port),
        web=web,
        web_folder=web_config_file.absolute().parent if web_config_file else Path(),
        storage=storage_path or found.path(found.config.storage.path),
        time_scale=time_scale,
        registry=Registry.alone(found.config.as_vantage(), found.services) if alone else None,
        idle=idle,
    )
    try:
        daemon.run(found, options)
    except BaseExceptionGroup as group:
        fail(f"a part of the daemon died, and the daemon with it: {_first(group)!r}")


def _web_config(file: Path | None) -> webconfig.WebConfig:
    if file is None:
        return webconfig.OPEN
    web, mistakes = webconfig.load(file)
    return web if web is not None else refuse(mistakes)


def _first(error: BaseException) -> BaseException:
    """The innermost first cause of a group of errors."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


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


@app.command("probe")
def probe_command(
    name: Annotated[str, typer.Argument(metavar="TARGET|SERVICE", help="Such as whatsapp, or whatsapp/chat.")],
    config_file: ConfigFile = Path("didban.yml"),
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """Walk a target or a service once, now, and say what was asked, what came back, and what it means."""
    found = agreed(config_file)
    probed = asyncio.run(probe.probe(found, name))
    if not probed:
        known = ", ".join(service.id for service in found.services)
        fail(f"{name}: no such target; configured are {known}", WRONG_USE)
    for each in probed:
        show(json.dumps(probe.as_json(each), ensure_ascii=False) if as_json else narrated.page(each))
    if any(each.judgement.state is not State.OK for each in probed):
        raise typer.Exit(NO)
