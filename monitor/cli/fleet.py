"""The commands of whoever keeps a hub: run it, enrol, pause and retire boxes, watch, note, render, back up."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from monitor import logs
from monitor.cli.common import NO, WRONG_USE, begin, fail, loaded, refuse
from monitor.cli.options import StoragePath, TimeScale
from monitor.home.querying import Far, Unanswered
from monitor.hub import backup, enrol, notes, publishing, render, rows, settings, watching
from monitor.hub.settings import LoadedHub
from monitor.notify.settings import Pages, relaying
from probes.doors import schema
from probes.doors.clock import SystemClock
from probes.words import Access, Role

app = typer.Typer(invoke_without_command=True, no_args_is_help=True, help="The other end, abroad.")

HubFile = Annotated[Path | None, typer.Option("--config.file", help="hub.yml; without it, the one in this folder.")]
_HERE = Path("hub.yml")
Vantage = Annotated[str, typer.Argument(metavar="VANTAGE", help="Its id in the registry.")]
_TAKEN = "a running hub takes it within seconds"


def _named(ctx: typer.Context, file: Path | None) -> Path:
    if (named := file or ctx.obj or (_HERE if _HERE.is_file() else None)) is None:
        fail("there is no hub.yml in this folder: give --config.file", WRONG_USE)
    return Path(named)


def _loaded(file: Path) -> LoadedHub:
    found, mistakes = settings.load(file)
    return found if found is not None else refuse(mistakes)


def pages_of(file: Path) -> Pages:
    """Where people's browsers find this hub."""
    return _loaded(file).config.notify.pages


@app.callback()
def hub(
    ctx: typer.Context,
    config_file: HubFile = None,
    log_level: Annotated[logs.Level, typer.Option("--log.level")] = logs.Level.INFO,
    log_format: Annotated[logs.Form, typer.Option("--log.format")] = logs.Form.LOGFMT,
    time_scale: TimeScale = 1,
) -> None:
    """Receive from vantages, check, keep, forward, and say who is expected."""
    if ctx.invoked_subcommand is not None:
        ctx.obj = config_file
        return
    begin()
    logs.set_up(log_level, log_format)
    file = _named(ctx, config_file)
    from monitor.hub import daemon  # it loads numpy, which a box never needs

    daemon.run(_loaded(file), file, time_scale)


@app.command("add")
def add(
    ctx: typer.Context,
    vantage: Annotated[str, typer.Argument(metavar="VANTAGE", help="A random word, or what `didban init` printed.")],
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2, such as IR.")],
    role: Annotated[Role, typer.Option()],
    access: Annotated[Access, typer.Option()],
    network: Annotated[str, typer.Option(help="Such as AS197207; may stay empty.")] = "",
    cohort: Annotated[str, typer.Option(help="Shared by boxes of one home or power line.")] = "",
    region: Annotated[str, typer.Option(help="Such as IR-12; may stay empty. It narrows down who keeps the box.")] = "",
    config_file: HubFile = None,
) -> None:
    """Enrol a box: write it into the registry, make its password, print the one line that sets the box up."""
    found = _loaded(_named(ctx, config_file))
    row = {"id": vantage, "country": country, "network": network, "access": access.value, "role": role.value}
    row |= {"cohort": cohort, "region": region}
    try:
        enrol.seal_to(found)
        password = enrol.add(found, row)
        line = enrol.line_of(found, row, password)
    except ValueError as error:
        fail(str(error), WRONG_USE)
    typer.echo(enrol.lines_for_the_box(found, vantage, password))
    typer.echo(f"\n# or all of it at once, on the box: didban init --enrol LINE\n{line}\n")
    typer.echo(enrol.code(line) or "(too long for a code: a camera would not read it from a terminal)")
    typer.echo(
        "The line and the code are a SECRET: whoever has them can write as this box. Carry them by a way you trust,\n"
        "use them once, and delete them. They are shown this once; `hub retire` makes them worthless."
    )


@app.command("pause")
def pause(ctx: typer.Context, vantage: Vantage, config_file: HubFile = None) -> None:
    """Agree to a box's silence: nobody is told of it until `resume`."""
    _change_row(ctx, config_file, vantage, paused=True)
    typer.echo(f"{vantage}: its silence is agreed, until `didban hub resume {vantage}`; {_TAKEN}")


@app.command("resume")
def resume(ctx: typer.Context, vantage: Vantage, config_file: HubFile = None) -> None:
    """End a pause."""
    _change_row(ctx, config_file, vantage, paused=False)
    typer.echo(f"{vantage}: is expected again; {_TAKEN}")


@app.command("retire")
def retire(ctx: typer.Context, vantage: Vantage, config_file: HubFile = None) -> None:
    """Expect a box no more and take nothing of it; its id is never given again, its history stays."""
    _change_row(ctx, config_file, vantage, paused=None)
    typer.echo(f"{vantage}: retired, its credential is gone; {_TAKEN}. What it wrote stays in the database")


def _change_row(ctx: typer.Context, file: Path | None, vantage: str, *, paused: bool | None) -> None:
    found = _loaded(_named(ctx, file))
    try:
        if paused is None:
            rows.retire(found, vantage)
        else:
            rows.pause(found, vantage, paused)
    except ValueError as error:
        fail(str(error), NO)


@app.command("watch")
def watch(
    ctx: typer.Context,
    country: Annotated[str, typer.Argument(metavar="COUNTRY", help="ISO 3166-1 alpha-2, such as IR.")],
    until: Annotated[str, typer.Option(help="A date or a time of RFC 3339 (UTC), or a duration such as 7d.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End it now.")] = False,
    config_file: HubFile = None,
) -> None:
    """Lower the thresholds for single boxes in a dangerous week; what that costs is said first."""
    found = _loaded(_named(ctx, config_file))
    if bool(until) is end:
        fail("give either --until T or --end", WRONG_USE)
    try:
        schema.country(country)
        now_ms = SystemClock().now_ms()
        text = watching.at(now_ms) if end else watching.until(until, now_ms)
        if not end:
            typer.echo(watching.price(found.registry, country))
        rows.watch(found, country, text)
    except ValueError as error:
        fail(f"{country} --until {until}: {error}" if until else f"{country}: {error}", WRONG_USE)
    said = "is watched no longer" if end else f"is watched until {text}, and then no longer"
    typer.echo(f"{country} {said} (rules remember it for an hour); {_TAKEN}")


@app.command("note")
def note(
    ctx: typer.Context,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="Such as IR/AS197207/2026-11-21.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="One line.")],
    config_file: HubFile = None,
) -> None:
    """Keep words about an incident, with the time, for the status page and the dossier."""
    found = _loaded(_named(ctx, config_file))
    path = found.folder / found.config.notes
    try:
        notes.add(path, notes.Note(SystemClock().now_ms(), incident, text))
    except ValueError as error:
        fail(str(error), WRONG_USE)
    typer.echo(f"kept in {path}, with {len(notes.read(path)) - 1} before it")


@app.command("publish")
def publish_command(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="The folder to write index.html, fa.html and status.json into.")],
    delay: Annotated[str, typer.Option(help="How late it is at least, such as 24h; an hour is the least.")] = "24h",
    config_file: HubFile = None,
) -> None:
    """Write the page anybody may see: late, in groups of three lines and more, without a box in it.

    Exit codes: 0 written; 3 the database does not answer.
    """
    found = _loaded(_named(ctx, config_file))
    forward = found.config.forward
    try:
        delay_s = schema.seconds(delay)
    except ValueError as error:
        fail(f"--delay {delay}: {error}", WRONG_USE)
    if delay_s < publishing.SHORTEST_S:
        fail("--delay: what is younger than an hour tells where our lines are", WRONG_USE)
    if forward.query is None:
        fail("forward.query is not set in hub.yml: there is no database to ask", WRONG_USE)
    database = Far.of(forward.query, forward.basic_auth, forward.tls, found.folder)
    at_ms = publishing.moment_ms(SystemClock().now_ms(), delay_s)
    told = asyncio.run(publishing.told(database, found.registry.services, at_ms))
    if isinstance(told, Unanswered):
        fail(f"the database does not say what lines said: {told.why}")
    from monitor import expose

    out.mkdir(parents=True, exist_ok=True)
    for name, text in {**expose.public_pages(told), "status.json": json.dumps(told, ensure_ascii=False)}.items():
        half = out / f".{name}"
        half.write_text(text, encoding="utf-8")
        half.replace(out / name)  # whoever reads it meanwhile has the old page or the new one
    typer.echo(f"{out}: {len(told['groups'])} groups as they were at {told['at']}")


@app.command("backup")
def backup_command(
    ctx: typer.Context, folder: Annotated[Path, typer.Argument(metavar="DIR")], config_file: HubFile = None
) -> None:
    """Copy everything this hub is into an empty folder, while it runs."""
    file = _named(ctx, config_file)
    found = _loaded(file)
    names, elsewhere = backup.write(found, file, folder)
    typer.echo(
        f"{folder}: {len(names)} files, {backup.SUMS} beside them; they hold secrets, and only their owner reads them"
    )
    if found.config.seal_key in names:
        typer.echo("its seal key opens the old days of every box: encrypt this copy, and keep the key to it elsewhere")
    for path in elsewhere:
        typer.echo(f"not in it, because it does not stand beside hub.yml: {path}")


@app.command("restore")
def restore_command(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    force: Annotated[bool, typer.Option("--force", help="Over what is there.")] = False,
    config_file: HubFile = None,
) -> None:
    """Put a backup back, as the hub.yml named and what stands beside it; a changed one is refused."""
    file = _named(ctx, config_file)
    try:
        names = backup.restore(folder, file, force=force)
    except backup.BadBackup as error:
        fail(str(error), NO)
    typer.echo(f"{len(names)} files are back, {file} among them. Who was enrolled or retired since the backup is not")


@app.command("relay", hidden=True)
def relay_command(
    ctx: typer.Context,
    alertmanager: Annotated[str, typer.Option()] = "http://127.0.0.1:9093",
    listen: Annotated[str, typer.Option()] = "127.0.0.1:9811",
    database: Annotated[str, typer.Option()] = "http://127.0.0.1:9090",
    storage_path: StoragePath = None,
    config_file: HubFile = None,
    time_scale: TimeScale = 1,
) -> None:
    """The relay alone, for the `notify:` of a didban.yml: what `didban up` runs beside Alertmanager."""
    logs.set_up(logs.Level.INFO, logs.Form.LOGFMT)
    found = loaded(_named(ctx, config_file))
    notify = relaying(found.config.notify, listen=listen, alertmanager=alertmanager)
    storage = storage_path or found.path(found.config.storage.path)
    from monitor.hub import daemon

    asyncio.run(daemon.relay_alone(notify, found.folder, storage.absolute(), database, time_scale))


@app.command("render")
def render_command(
    ctx: typer.Context,
    out: Annotated[Path | None, typer.Option(help="The folder to write into; without it, that of hub.yml.")] = None,
    config_file: HubFile = None,
) -> None:
    """Write alertmanager.yml (0600) from its template, notify: and the secret files it names."""
    file = _named(ctx, config_file)
    found, out = _loaded(file), out or file.parent
    render.write(found.config.notify, found.folder, out)
    typer.echo(f"{out / 'alertmanager.yml'} is written; it holds secrets, and only its owner may read it")
