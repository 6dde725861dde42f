"""The commands that carry away, bring back and destroy what a box holds: backup, restore, wipe."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import NO, WRONG_USE, fail, loaded
from monitor.cli.options import ConfigFile, StoragePath
from monitor.config import shelf_of
from monitor.disk.copies import SUMS, BadBackup
from monitor.keeping import backup, halting, wiping
from monitor.keeping.shred import shred
from monitor.keeping.wiping import Found

app = typer.Typer()

_WHAT_STAYS = """\
What may be left, and was not touched:
  on a flash chip (SD card, eMMC, SSD) old blocks that wear-levelling set aside: only destroying the chip is certain, or
  a disk that was encrypted and whose key is gone; the same goes for journals and snapshots of a file system, and swap
  the journal of the system (journalctl), the program itself, shell history, caches of DNS resolvers
  copies carried elsewhere: backups, exports the spool does not remember, and all that was sent to the hub"""


@app.command("backup")
def backup_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    config_file: ConfigFile = Path("didban.yml"),
    storage_path: StoragePath = None,
) -> None:
    """Copy everything this box is into an empty folder, while it runs: identity, consent, secrets, spool, catalogue."""
    found = loaded(config_file)
    storage = storage_path or found.path(found.config.storage.path)
    names, elsewhere = backup.write(config_file, storage, shelf_of(found.config, found.folder), folder)
    typer.echo(
        f"{folder}: {len(names)} files, {SUMS} beside them. It is this box: whoever has it can write as it, and read "
        "what it saw of the last days. Keep it encrypted, and the key to it elsewhere"
    )
    for path in elsewhere:
        typer.echo(f"not in it, because it does not stand beside {config_file.name}: {path}")


@app.command("restore")
def restore_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR")], config_file: ConfigFile = Path("didban.yml")
) -> None:
    """Put a backup back, as the didban.yml named and what stands beside it; a changed one is refused.

    Exit codes: 0 it is back; 1 it is no backup, or was changed; 3 something is there already.
    """
    try:
        names = backup.restore(folder, config_file)
    except BadBackup as error:
        fail(str(error), NO)
    typer.echo(f"{len(names)} files are back. If the box they came from still runs, stop it: two would be one witness")


@app.command("wipe")
def wipe(
    config_file: ConfigFile = Path("didban.yml"),
    storage_path: StoragePath = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Nothing brings it back.")] = False,
) -> None:
    """Destroy what this box holds: spool, secrets, configuration, exports. A daemon at work is stopped first.

    Exit codes: 0 destroyed; 1 nothing was there; 2 --yes is missing; 3 not all could be destroyed.
    """
    try:
        found = wiping.find(config_file, storage_path)
    except wiping.NoStorage as error:
        fail(str(error), WRONG_USE)
    if not found.files:
        typer.echo(f"nothing is there: {config_file} and what it names are destroyed already, or stand elsewhere")
        raise typer.Exit(NO)
    if not yes:
        typer.echo("\n".join(("would be destroyed:", *(f"  {each}" for each in found.files))))
        _say_strangers(found)
        fail("nothing is destroyed: say --yes", WRONG_USE)
    failed = _destroy(found)
    _say_strangers(found)
    typer.echo(_WHAT_STAYS)
    if failed:
        fail(f"{failed} of {len(found.files)} files could not be destroyed")


def _destroy(found: Found) -> int:
    """How many could not be. The lock is held meanwhile: a daemon that is started anew finds no place."""
    held = halting.take(found.lock) if found.lock is not None else None
    failed = 0
    for path in dict.fromkeys((*found.files, *_more(found))):
        if (left := shred(path)) is not None:
            typer.echo(f"didban: {path}: {left}", err=True)
            failed += 1
    for folder in found.folders:
        with contextlib.suppress(OSError):  # something that is not ours is in it
            folder.rmdir()
    if held is not None:
        os.close(held)
    typer.echo(f"{len(found.files) - failed} files are destroyed: overwritten, and taken out of their folders")
    return failed


def _more(found: Found) -> tuple[Path, ...]:
    """What a daemon left behind when it was ended: its log and its index may have come or gone."""
    return wiping.in_storage(found.storage) if found.storage is not None else ()


def _say_strangers(found: Found) -> None:
    if found.strangers:
        named = ", ".join(each.name for each in found.strangers)
        typer.echo(f"not Didban's, and left in {found.storage}: {named}")
