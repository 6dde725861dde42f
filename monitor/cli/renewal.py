"""The commands of the catalogue alone, as one signed file: catalogue key, pack, rotate, install, show."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from monitor.cli.common import NO, WRONG_USE, fail, loaded, refuse
from monitor.cli.options import ConfigFile
from monitor.config import shelf_of
from monitor.decoding import Undecodable, from_json
from monitor.renewal import allowed, shelf, signed
from monitor.renewal.signed import Content, Rotation
from probes import catalogue, known
from probes.doors.clock import SystemClock

app = typer.Typer(no_args_is_help=True, help="What is asked and what liars are known to say, renewed alone.")

KeyFile = Annotated[Path, typer.Option("--key-file", help="The private key, as `catalogue key` wrote it.")]
Rotations = Annotated[Path | None, typer.Option(help="What `catalogue rotate` wrote.")]


@app.command("key")
def key(out: Annotated[Path, typer.Option(help="The file to write; only its owner reads it.")]) -> None:
    """Make a key to sign catalogues with, and print its public half for `catalogue: {keys: [...]}` of each box."""
    private = signed.new_key()
    _create(out, f"{private}\n".encode())
    typer.echo(signed.public_of(private))


@app.command("pack")
def pack(
    key_file: KeyFile,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="With services/ and fingerprints/.")] = None,
    version: Annotated[int, typer.Option(help="Higher than any before; now, to the minute, if not given.")] = 0,
    days: Annotated[int, typer.Option(min=1, max=3650, help="For how many days it may be installed.")] = 180,
    rotations: Rotations = None,
) -> None:
    """Put service files and fingerprints into one signed file; without DIR, those of this program.

    Exit codes: 0 written; 1 a box would refuse it.
    """
    now = datetime.datetime.fromtimestamp(SystemClock().now_ms() / 1000, datetime.UTC)
    files = {
        f"services/{path.name}": path for path in sorted((folder or catalogue.SHIPPED.parent).glob("services/*.yml"))
    }
    files |= {
        f"fingerprints/{path.name}": path for path in sorted((folder or known.FOLDER.parent).glob("fingerprints/*.yml"))
    }
    content = Content(
        version or int(f"{now:%Y%m%d%H%M}"),
        now.date().isoformat(),
        (now.date() + datetime.timedelta(days=days)).isoformat(),
        {name: path.read_text(encoding="utf-8") for name, path in files.items()},
        _rotations(rotations),
    )
    shipped, _ = catalogue.load(catalogue.shipped(), beside=Path(), responder=allowed.NOBODY)
    known_as = {each.id: each for each in shipped}
    if folder is not None and (wrong := list(allowed.mistakes(folder, known_as))):
        refuse(wrong)
    try:
        data = signed.pack(content, key_file.read_text(encoding="ascii").strip())
    except ValueError as error:
        fail(f"{key_file}: {error}", WRONG_USE)
    if not files or len(data) > signed.MOST_BYTES:
        fail("there is nothing to pack, or it is too large", NO)
    out.write_bytes(data)
    typer.echo(f"{out}: version {content.version}, {len(files)} files, {len(data)} bytes, until {content.expires}")


@app.command("rotate")
def rotate(
    keys: Annotated[list[str], typer.Argument(metavar="PUBLIC ...", help="The public keys that hold from then on.")],
    key_file: KeyFile,
    rotations: Annotated[Path, typer.Option(help="The file to write to, after what is in it.")],
) -> None:
    """Hand on to other keys. Every catalogue that is packed from now on must carry this file (--rotations)."""
    before = _rotations(rotations if rotations.exists() else None)
    try:
        one = signed.rotation(before, keys, key_file.read_text(encoding="ascii").strip())
    except ValueError as error:
        fail(str(error), WRONG_USE)
    rotations.write_bytes(msgspec.json.encode([*before, one]) + b"\n")
    typer.echo(f"{rotations}: after the next catalogue that is installed, {len(one.keys)} key(s) hold and no other")


@app.command("install")
def install(
    file: Annotated[Path, typer.Argument(metavar="FILE")], config_file: ConfigFile = Path("didban.yml")
) -> None:
    """Take a signed catalogue in the place of the one before. No network is asked.

    Exit codes: 0 installed; 1 it is refused, and nothing has changed; 3 it could not be written.
    """
    found = loaded(config_file)
    place = shelf_of(found.config, found.folder)
    try:
        data = file.read_bytes()
        new = shelf.install(data, place, found.config.catalogue.keys, SystemClock().now_ms())
    except shelf.Refused as refused:
        for mistake in refused.mistakes:
            typer.echo(str(mistake), err=True)
        fail(f"{file}: {refused}", NO)
    again, why_not = loaded(config_file).renewed, loaded(config_file).not_renewed
    if again is None:
        fail(f"{file}: is installed and not used: {why_not}", NO)
    typer.echo(
        f"catalogue {new.version} is installed; the daemon takes it at its next reload (systemctl reload didban)"
    )


@app.command("show")
def show(config_file: ConfigFile = Path("didban.yml")) -> None:
    """Which catalogue a box runs by."""
    found = loaded(config_file)
    if found.not_renewed is not None:
        typer.echo(f"a catalogue that was installed {found.not_renewed}", err=True)
    if found.renewed is None:
        typer.echo(f"{shelf.SHIPPED_VERSION}, shipped with this program")
    else:
        typer.echo(f"{found.renewed.version}, signed, made on {found.renewed.made}, until {found.renewed.expires}")


def _files(folder: Path | None) -> dict[str, Path]:
    """Name in the catalogue -> where it stands now."""
    services, marks = (folder / "services", folder / "fingerprints") if folder else (catalogue.SHIPPED, known.FOLDER)
    found = {f"services/{path.name}": path for path in sorted(services.glob("*.yml"))}
    return found | {f"fingerprints/{path.name}": path for path in sorted(marks.glob("*.yml"))}


def _rotations(file: Path | None) -> tuple[Rotation, ...]:
    if file is None:
        return ()
    try:
        return tuple(from_json(file.read_bytes(), list[Rotation]))
    except Undecodable as error:
        fail(f"{file}: {error}", WRONG_USE)


def _create(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
