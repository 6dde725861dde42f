"""The command line. Exit codes: 0 done or yes, 1 the answer is no, 2 wrong use, 3 it could not be done."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Annotated, NoReturn, TypeVar

import typer

from monitor import __version__, consent, daemon, init, logs, probe, webconfig
from monitor.check import check
from monitor.config import Loaded
from monitor.config import load as load_config
from monitor.hub import daemon as hub_daemon
from monitor.hub import settings as hub_settings
from monitor.hub.registry import Registry
from monitor.judge import State
from probes.doors import schema
from probes.doors.clock import SystemClock
from probes.words import Access, Role

NO, WRONG_USE, COULD_NOT = 1, 2, 3

T = TypeVar("T")

app = typer.Typer(
    name="didban",
    help="Watches whether people can reach one another.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _fail(what: str, code: int = COULD_NOT) -> NoReturn:
    typer.echo(f"didban: {what}", err=True)
    raise typer.Exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"didban {__version__}")
        raise typer.Exit


@app.callback()
def _didban(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    pass


@app.command("check-config")
def check_config(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Say every mistake in a didban.yml, hub.yml or service file, one a line; or what it costs a day."""
    news, mistakes = check(file)
    for mistake in mistakes:
        typer.echo(str(mistake), err=True)
    if mistakes:
        raise typer.Exit(NO)
    typer.echo(f"{file}: ok: {news}")


def _country(given: str | None) -> str | None:
    return _checked(schema.country, given)


def _network(given: str | None) -> str | None:
    return _checked(schema.network, given) if given else given


def _checked(rule: schema.Rule, given: str | None) -> str | None:
    try:
        return None if given is None else rule(given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command("init")
def init_command(
    role: Annotated[Role | None, typer.Option(help="Inside the country, or a control outside it.")] = None,
    country: Annotated[str | None, typer.Option(callback=_country, help="ISO 3166-1 alpha-2, such as IR.")] = None,
    network: Annotated[str | None, typer.Option(callback=_network, help="Such as AS197207; may stay empty.")] = None,
    access: Annotated[Access | None, typer.Option(help="Kind of line.")] = None,
    i_understand: Annotated[bool, typer.Option("--i-understand", help="The text was read, and agreed to.")] = False,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("didban.yml"),
    storage: Annotated[str, typer.Option(help="Where measurements are kept.")] = "/var/lib/didban",
) -> None:
    """Write a didban.yml, after its keeper has read what probing from that place means, and agreed."""
    if out.exists():
        _fail(f"{out} is there already; move it away first")
    if sys.stdin.isatty():
        role = role or _ask("Inside the country, or a control outside it (inside, control)", Role, "control")
        country = country or _ask("Country (ISO 3166-1, such as IR)", lambda given: schema.country(given.upper()))
        access = access or _ask("Kind of line (mobile, fixed, datacenter)", Access, "datacenter")
        if network is None:
            network = _ask("Network (such as AS197207; Enter leaves it out)", _network_or_none, "")
    if role is None or country is None or access is None:
        _fail("without a terminal to ask on, give --role, --country and --access", WRONG_USE)
    _agree(role, country, access, i_understand)
    answers = init.Answers(role, country, access, network or "")
    today = datetime.datetime.fromtimestamp(SystemClock().now_ms() / 1000, datetime.UTC).date().isoformat()
    vantage = init.write(out, answers, storage=storage, today=today)
    typer.echo(f"{out} and its secret are written; this vantage is {vantage}.")
    typer.echo(check(out)[0])


@app.command("run")
def run_command(
    config_file: Annotated[Path, typer.Option("--config.file", help="didban.yml")],
    listen_address: Annotated[str, typer.Option("--web.listen-address", callback=_address)] = "127.0.0.1:9810",
    web_config_file: Annotated[Path | None, typer.Option("--web.config.file", help="Of the exporter-toolkit.")] = None,
    storage_path: Annotated[Path | None, typer.Option("--storage.path", help="Instead of the configured one.")] = None,
    log_level: Annotated[logs.Level, typer.Option("--log.level")] = logs.Level.INFO,
    log_format: Annotated[logs.Form, typer.Option("--log.format")] = logs.Form.LOGFMT,
    time_scale: Annotated[float, typer.Option(min=1, max=30, help="Laboratory only: divides every duration.")] = 1,
    alone: Annotated[bool, typer.Option("--alone", help="Also say what a hub would: this is a fleet of one.")] = False,
) -> None:
    """Run the daemon: walk, keep, judge, show, ship."""
    logs.set_up(log_level, log_format)
    loaded = _loaded(config_file)
    if (lacking := consent.lacking(loaded.config)) is not None:
        _fail(lacking, NO)
    host, _, port = listen_address.rpartition(":")
    web = _web_config(web_config_file)
    if (refused := webconfig.may_listen(host.strip("[]"), web)) is not None:
        _fail(refused, WRONG_USE)
    options = daemon.Options(
        config_file=config_file,
        host=host.strip("[]"),
        port=int(port),
        web=web,
        web_folder=web_config_file.absolute().parent if web_config_file else Path(),
        storage=storage_path or loaded.path(loaded.config.storage.path),
        time_scale=time_scale,
        registry=Registry.alone(loaded.config.as_vantage(), loaded.services) if alone else None,
    )
    try:
        daemon.run(loaded, options)
    except BaseExceptionGroup as group:
        _fail(f"a part of the daemon died, and the daemon with it: {_first(group)!r}")


@app.command("probe")
def probe_command(
    name: Annotated[str, typer.Argument(metavar="TARGET|SERVICE", help="Such as whatsapp, or whatsapp/chat.")],
    config_file: Annotated[Path, typer.Option("--config.file", help="didban.yml")] = Path("didban.yml"),
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """Walk a target or a service once, now, and say what was asked, what came back, and what it means."""
    loaded = _loaded(config_file)
    if (lacking := consent.lacking(loaded.config)) is not None:
        _fail(lacking, NO)
    probed = asyncio.run(probe.probe(loaded, name))
    if not probed:
        known = ", ".join(service.id for service in loaded.services)
        _fail(f"{name}: no such target; configured are {known}", WRONG_USE)
    for each in probed:
        lines = [json.dumps(probe.as_json(each), ensure_ascii=False)] if as_json else probe.explained(each)
        typer.echo("\n".join(lines))
    if any(each.judgement.state is not State.OK for each in probed):
        raise typer.Exit(NO)


hub_app = typer.Typer(invoke_without_command=True, no_args_is_help=True, help="The other end, abroad.")
app.add_typer(hub_app, name="hub")


@hub_app.callback()
def hub_command(
    ctx: typer.Context,
    config_file: Annotated[Path | None, typer.Option("--config.file", help="hub.yml")] = None,
    log_level: Annotated[logs.Level, typer.Option("--log.level")] = logs.Level.INFO,
    log_format: Annotated[logs.Form, typer.Option("--log.format")] = logs.Form.LOGFMT,
    time_scale: Annotated[float, typer.Option(min=1, max=30, help="Laboratory only: divides every duration.")] = 1,
) -> None:
    """Receive from vantages, check, forward, and say who is expected."""
    if ctx.invoked_subcommand is not None:
        return
    if config_file is None:
        _fail("give --config.file, hub.yml", WRONG_USE)
    logs.set_up(log_level, log_format)
    loaded, mistakes = hub_settings.load(config_file)
    for mistake in mistakes:
        typer.echo(str(mistake), err=True)
    if loaded is None:
        raise typer.Exit(NO)
    hub_daemon.run(loaded, config_file, time_scale)


def _address(given: str) -> str:
    host, _, port = given.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise typer.BadParameter("must be HOST:PORT")
    return given


def _loaded(file: Path) -> Loaded:
    loaded, mistakes = load_config(file)
    for mistake in mistakes:
        typer.echo(str(mistake), err=True)
    if loaded is None:
        raise typer.Exit(NO)
    return loaded


def _web_config(file: Path | None) -> webconfig.WebConfig:
    if file is None:
        return webconfig.OPEN
    web, mistakes = webconfig.load(file)
    for mistake in mistakes:
        typer.echo(str(mistake), err=True)
    if web is None:
        raise typer.Exit(NO)
    return web


def _first(error: BaseException) -> BaseException:
    """The innermost first cause of a group of errors."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _ask(question: str, answer: Callable[[str], T], default: str | None = None) -> T:
    """Asks until the answer fits."""
    while True:
        given = typer.prompt(question, default=default, show_default=bool(default))
        try:
            return answer(given.strip())
        except ValueError as error:
            typer.echo(f"  {error}", err=True)


def _network_or_none(given: str) -> str:
    return schema.network(given.upper()) if given else ""


def _agree(role: Role, country: str, access: Access, already: bool) -> None:
    """Shows the text; goes on only when it was agreed to."""
    typer.echo(consent.text(role, country, access))
    if already:
        return
    if not sys.stdin.isatty():
        _fail("nothing is written without consent: read the text above, then say --i-understand", NO)
    if not typer.confirm("Have you read this, and do you agree?"):
        _fail("nothing is written, nothing will be sent", NO)


def main() -> None:
    sys.excepthook = _one_line
    try:
        app()
    except OSError as error:
        if os.environ.get("DIDBAN_DEBUG"):
            raise
        sys.stderr.write(f"didban: {_in_words(error)}\n")
        sys.exit(COULD_NOT)


def _in_words(error: OSError) -> str:
    words = (error.strerror or str(error)).lower()
    return f"{error.filename}: {words}" if error.filename else words


def _one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Whatever flew this far is a bug of ours, and still one clear line; DIDBAN_DEBUG=1 shows where it came from."""
    if os.environ.get("DIDBAN_DEBUG"):
        traceback.print_exception(kind, error, trace)
    sys.stderr.write(f"didban: internal error, please report it: {kind.__name__}: {error}\n")


if __name__ == "__main__":
    main()
