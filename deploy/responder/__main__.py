"""The responder's command line. Exit codes: 0 done or yes, 1 the answer is no, 2 wrong use, 3 it could not be done."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from deploy.responder import daemon, init, settings
from deploy.responder.journal import verify as verified
from deploy.responder.rows import SERVICE
from probes.doors.clock import SystemClock
from probes.doors.schema import word

_NO, _WRONG_USE, _COULD_NOT = 1, 2, 3

app = typer.Typer(help="The two-ended witness.", add_completion=False, no_args_is_help=True)


def _fail(what: str, code: int) -> NoReturn:
    typer.echo(f"responder: {what}", err=True)
    raise typer.Exit(code)


@app.command("init")
def make(
    name: Annotated[str, typer.Option(help="This server's own name, or its address.")],
    address: Annotated[str, typer.Option(help="Where it listens.")],
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
    log_folder: Annotated[str, typer.Option(help="Where the log goes.")] = "/var/lib/didban-responder",
    service: Annotated[str, typer.Option(help="What vantages call it; no two the same.")] = SERVICE,
) -> None:
    """Make certificates, keys, a token, a responder.yml, and the service file for the vantages."""
    now = datetime.datetime.fromtimestamp(SystemClock().now_ms() // 1000, datetime.UTC)
    try:
        word(service)
    except ValueError as error:
        _fail(f"--service: {error}", _WRONG_USE)
    try:
        init.write(out, name, address, log_folder, now, service=service)
    except FileExistsError as error:
        _fail(f"{error.filename}: is there already, and stays as it is", _WRONG_USE)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}", _COULD_NOT)
    typer.echo(f"{out}/ca.pem, log.pub and {service}.yml go to the vantages, {out}/token to whoever may read the log")
    key = init.public_text((out / "log.pub").read_bytes())
    typer.echo(f"didban.yml: responder: {{name: {name}, address: {address}, key: {key}, token_file: token}}")


@app.command("run")
def run(config_file: Annotated[Path, typer.Option("--config.file", help="responder.yml")]) -> None:
    """Listen, answer, write down."""
    loaded, mistakes = settings.load(config_file)
    if loaded is None:
        for mistake in mistakes:
            typer.echo(str(mistake), err=True)
        raise typer.Exit(_NO)
    try:
        daemon.run(loaded, SystemClock(), lambda said: typer.echo(f"responder: {said}"))
    except (OSError, ValueError) as error:
        _fail(str(error), _COULD_NOT)


@app.command("verify")
def verify(
    files: Annotated[list[Path], typer.Argument(help="Logs, the oldest first.")],
    key: Annotated[Path, typer.Option(help="log.pub")],
    seen: Annotated[Path | None, typer.Option(help="Lines fetched earlier, which must still be there.")] = None,
) -> None:
    """Say which lines of a log were altered or lost; exit code 1 if any was."""
    try:
        public = load_pem_public_key(key.read_bytes())
        known = list(_lines([seen])) if seen else []
        if not isinstance(public, Ed25519PublicKey):
            raise ValueError(f"{key}: is no Ed25519 key")
        lines = list(_lines(files))
    except (OSError, ValueError) as error:
        _fail(str(error), _COULD_NOT)
    faults = verified(lines, public, known)
    for fault in faults:
        typer.echo(str(fault))
    if faults:
        raise typer.Exit(_NO)
    typer.echo(f"{len(lines)} lines, unbroken and signed")


def _lines(files: list[Path]) -> Iterator[str]:
    for path in files:
        yield from path.read_text(errors="replace").splitlines()


if __name__ == "__main__":
    app()
