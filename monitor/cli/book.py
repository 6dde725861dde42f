"""The command that carries what controls saw to boxes inside, as a file: book."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import NO, WRONG_USE, fail, loaded, refuse
from monitor.cli.options import ConfigFile, StoragePath
from monitor.stored.kept import Kept
from monitor.stored.sights import LOOKED_BACK_MS, Sights
from probes import seenfile
from probes.doors.clock import SystemClock
from probes.seen import Seen, merged
from probes.words import Role

app = typer.Typer()


@app.command("book")
def book_command(
    out: Annotated[Path, typer.Option(help="The file to write; one that is there is replaced.")],
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE ...]", help="Books of one control each.")] = None,
    config_file: ConfigFile = Path("didban.yml"),
    storage_path: StoragePath = None,
) -> None:
    """Write down what this control saw, for boxes inside: addresses and issuers by name, endpoints that are dead.

    Or put the books of several controls together, each given once: what two of them say counts for more.
    """
    seen = _together(files) if files else _of_this_control(config_file, storage_path)
    if not any(True for _ in seen.names()):
        fail("nothing was reached lately that could be told", NO)
    _write(out, seenfile.written(seen, out.name))
    dead = sum(map(len, seen.dead().values()))
    typer.echo(f"{out}: {len(dict(seen.names()))} names, {dead} dead endpoints, by {seen.controls} control(s)")


def _together(files: Sequence[Path]) -> Seen:
    """Raises typer.Exit: a file is no book, or one of several controls already, or given twice."""
    books: list[Seen] = []
    for number, file in enumerate(files):
        if any(file.resolve() == earlier.resolve() for earlier in files[:number]):
            fail(f"{file}: is given twice", WRONG_USE)
        book, mistakes = seenfile.load(file)
        if book is None:
            refuse(mistakes)
        if book.controls > 1:
            fail(f"{file}: is of {book.controls} controls already; give each control's own", WRONG_USE)
        books.append(book)
    return merged(books)


def _of_this_control(config_file: Path, storage_path: Path | None) -> Seen:
    found = loaded(config_file)
    if found.config.vantage.role is not Role.CONTROL:
        fail("a book is written where nobody lies: on a control", WRONG_USE)
    now_ms = SystemClock().now_ms()
    own = found.config.responder
    sights = Sights(found.services, own.name if own else "", now_ms)
    with contextlib.closing(Kept(storage_path or found.path(found.config.storage.path))) as kept:
        for walk in kept.walks(since_ms=now_ms - LOOKED_BACK_MS):
            sights.add(walk)
        sights.remember(kept.memory("book"))
    return sights.book()


def _write(out: Path, text: str) -> None:
    """Whole or not at all: a box may be reading it."""
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
