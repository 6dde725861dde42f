"""The command that takes evidence out of a spool: export."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import WRONG_USE, fail, loaded
from monitor.cli.options import ConfigFile
from monitor.config import Loaded
from monitor.disk.file import Unusable
from monitor.evidence import export, lines
from monitor.evidence.export import Export, Form, Stamped
from monitor.evidence.lines import Box
from monitor.evidence.progress import Progress
from monitor.evidence.proof import stamps
from monitor.evidence.proof.authorities import Authorities
from monitor.evidence.proof.stamps import Stamp
from monitor.evidence.window import Window
from monitor.keeping import again
from probes.doors.clock import SystemClock

app = typer.Typer()

_NEITHER = (
    "say --public or --sealed. --public: shares of walks, rounded to ten minutes, without ids, only what three lines"
    " agree on or what is older than 24 h: may be shown to anybody. --sealed: every record whole, with commitments:"
    " finds the household, and is for those who must have it"
)
_NO_PUBLIC_OONI = "a measurement of OONI's form is one walk, and no single walk is public: use --format csv or jsonl"
_PATIENCE_S = 15.0


@app.command("export")
def export_command(
    since: Annotated[str, typer.Option(help="A date, an RFC 3339 time (UTC), or so long ago: 7d.")],
    form: Annotated[Form, typer.Option("--format", help="What it is written as.")],
    out: Annotated[Path, typer.Option(help="A folder of its own, which is made.")],
    until: Annotated[str | None, typer.Option(help="The same; without it, until now.")] = None,
    for_everybody: Annotated[bool, typer.Option("--public", help="Rounded and thinned: finds no household.")] = False,
    whole: Annotated[bool, typer.Option("--sealed", help="Every record, with commitments to it.")] = False,
    config_file: ConfigFile = Path("didban.yml"),
    storage_path: Annotated[
        list[Path] | None, typer.Option("--storage.path", help="Of a spool; several are several boxes.")
    ] = None,
    seal_key: Annotated[Path | None, typer.Option("--seal.key-file", help="The hub's: opens sealed hours.")] = None,
) -> None:
    """Take evidence out, with a manifest: whole, or so that it may be shown to everybody.

    The daemon may run meanwhile. What was exported is checked by `sha256sum -c SHA256SUMS`, and a sealed export by
    `python3 verify.py` in its folder.
    """
    if for_everybody is whole:
        fail(_NEITHER, WRONG_USE)
    if for_everybody and form is Form.OONI:
        fail(_NO_PUBLIC_OONI, WRONG_USE)
    clock = SystemClock()
    now_ms = clock.now_ms()
    try:
        asked = Export(Window.of(since, until, now_ms), form, now_ms)
    except ValueError as error:
        fail(str(error), WRONG_USE)
    config = loaded(config_file) if not storage_path or config_file.is_file() else None
    folders = storage_path or ([config.path(config.config.storage.path)] if config else [])
    progress = Progress(clock)
    with contextlib.ExitStack() as stack:
        boxes = lines.boxes(folders, seal_key.read_text().strip() if seal_key is not None else None)
        for box in boxes:
            stack.callback(box.kept.close)
        if for_everybody:
            news = export.for_everybody(asked, boxes, out, progress)
        else:
            news = _sealed(asked, boxes, out, progress, config)
    progress.done()
    for folder in folders:
        try:
            again.note_export(folder, out.absolute())
        except Unusable as error:
            news = [*news, f"{error}: `didban wipe` will not know of this export"]
    for each in news:
        typer.echo(f"didban: {each}", err=True)
    typer.echo(f"{out}: written; README.txt in it says what it is and how it is checked")


def _sealed(asked: Export, boxes: Sequence[Box], out: Path, progress: Progress, config: Loaded | None) -> list[str]:
    authorities, roots = asked_of(config)
    found: list[Stamp] = []
    asking = stamped_by(authorities, roots)

    def stamped(box: Box, head: bytes) -> Sequence[Stamp]:
        more = asking(box, head)
        found.extend(more)
        return more

    return export.sealed(asked, boxes, out, progress, stamped=stamped, roots=lambda: stamps.roots_for(found, roots))


def asked_of(config: Loaded | None) -> tuple[Authorities | None, stamps.Roots]:
    """Who stamps, and the roots by which stamps are believed: the configured ones, else this machine's."""
    try:
        authorities = Authorities.of(config.config, config.folder) if config else None
        return authorities, authorities.roots if authorities else stamps.roots_of(None)
    except ValueError:
        fail("evidence.ca_file: there is no certificate in it")


def stamped_by(authorities: Authorities | None, roots: stamps.Roots) -> Stamped:
    """Those on disk; authorities that have not said yet are asked now, each as long as it answers."""
    silent: set[str] = set()

    def of(box: Box, head: bytes) -> Sequence[Stamp]:
        kept = [stamps.kept(authority, response, head, roots) for authority, response in box.kept.stamps(head)]
        found = [stamp for stamp in kept if isinstance(stamp, Stamp)]
        has = {stamp.authority for stamp in found}
        for url in (each for each in (authorities.urls if authorities else ()) if each not in has | silent):
            stamp = asyncio.run(_asked(authorities, head, url)) if authorities else None
            if stamp is None:
                silent.add(url)
            else:
                found.append(stamp)
        return found

    return of


async def _asked(authorities: Authorities, head: bytes, url: str) -> Stamp | None:
    return await authorities.stamp(head, url, patience_s=_PATIENCE_S, spend=lambda sent, received: None)
