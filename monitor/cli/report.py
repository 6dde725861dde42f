"""The command that writes a dossier: report. What no box needs (numpy, rules) is loaded when it is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboards.report.model import Dossier, Form, Language
from monitor.cli.box import ConfigFile
from monitor.cli.common import WRONG_USE, fail, loaded
from monitor.cli.export import asked_of, stamped_by
from monitor.disk.file import Unusable
from monitor.evidence import export, lines
from monitor.evidence.export import Export
from monitor.evidence.lines import Box
from monitor.evidence.progress import Progress
from monitor.evidence.proof import stamps
from monitor.evidence.proof.manifest import Folder
from monitor.evidence.proof.stamps import Stamp
from monitor.evidence.window import Window
from monitor.keeping import again
from probes.doors import schema
from probes.doors.clock import SystemClock

if TYPE_CHECKING:
    from monitor.config import Loaded

app = typer.Typer()

EVIDENCE = "evidence"
_NEITHER = (
    "say --public or --sealed. --public: times rounded, no ids, no count below three: may be shown to anybody."
    " --sealed: exact, with every record and its commitment beside it: finds the household"
)


def _country(given: str) -> str:
    try:
        return schema.country(given)
    except ValueError as error:
        raise typer.BadParameter(f"{error}") from None


@app.command("report")
def report_command(
    country: Annotated[str, typer.Option(parser=_country, metavar="IR", help="Two letters, ISO 3166.")],
    since: Annotated[str, typer.Option(help="A date, an RFC 3339 time (UTC), or so long ago: 7d.")],
    out: Annotated[Path, typer.Option(help="A folder of its own, which is made.")],
    until: Annotated[str | None, typer.Option(help="The same; without it, until now.")] = None,
    lang: Annotated[Language, typer.Option(help="Its language.")] = Language.EN,
    for_everybody: Annotated[
        bool, typer.Option("--public", help="Finds no household: may be shown to anybody.")
    ] = False,
    whole: Annotated[bool, typer.Option("--sealed", help="Exact, with every record beside it.")] = False,
    config_file: ConfigFile = Path("didban.yml"),
    storage_path: Annotated[
        list[Path] | None, typer.Option("--storage.path", help="Of a spool; several are several boxes.")
    ] = None,
    seal_key: Annotated[Path | None, typer.Option("--seal.key-file", help="The hub's: opens sealed hours.")] = None,
) -> None:
    """Write the dossier of a country and a window: what broke, where and how, the proof, what else it could have been.

    Give the spools of as many boxes as there are, controls among them: one line alone cannot show a block. A PDF and a
    picture need the extra didban[report].
    """
    if for_everybody is whole:
        fail(_NEITHER, WRONG_USE)
    clock = SystemClock()
    try:
        window = Window.of(since, until, clock.now_ms())
    except ValueError as error:
        fail(str(error), WRONG_USE)
    config = loaded(config_file) if not storage_path or config_file.is_file() else None
    folders = storage_path or ([config.path(config.config.storage.path)] if config else [])
    form, progress = Form.PUBLIC if for_everybody else Form.SEALED, Progress(clock)
    with contextlib.ExitStack() as stack:
        boxes = lines.boxes(folders, seal_key.read_text().strip() if seal_key is not None else None)
        for box in boxes:
            stack.callback(box.kept.close)
        _write(boxes, country, window, form, lang, out, config, progress, clock.now_ms())
    _note(folders, out)


def _write(
    boxes: Sequence[Box], country: str, window: Window, form: Form, lang: Language, out: Path, config: Loaded | None,
    progress: Progress, now_ms: int,
) -> None:  # fmt: skip
    from dashboards.report import printed, written
    from monitor.dossier import gather

    mine = gather.mine(boxes, country)
    if not any(each.role == "inside" for each in mine):
        fail(f"none of these spools is of a box inside {country}: a dossier needs one that looked")
    folder = Folder(out)
    authorities, roots = asked_of(config)
    asking = stamped_by(authorities, roots)
    found: list[Stamp] = []

    def stamped(box: Box, head: bytes) -> Sequence[Stamp]:
        more = asking(box, head)
        found.extend(more)
        return more

    evidence = EVIDENCE if form is Form.SEALED else ""
    dossier = gather.gathered(gather.Asked(country, window, form, now_ms, evidence), mine, progress, stamped)
    lacking = printed.lacking()
    for name, content in written.files(dossier, lang, paper=not lacking):
        folder.write(name, content)
    news = list(said(dossier, lacking))
    if form is Form.SEALED:
        asked = Export(window, export.Form.JSONL, now_ms)
        news += export.sealed(
            asked, mine, out / EVIDENCE, progress, stamped=stamped, roots=lambda: stamps.roots_for(found, roots)
        )
    progress.done()
    for each in news:
        typer.echo(f"didban: {each}", err=True)
    typer.echo(f"{out}: written; {written.PAGE} is the dossier")


def said(dossier: Dossier, lacking: Sequence[str]) -> list[str]:
    """What whoever asked should know. `lacking`: what a PDF and a picture would need."""
    news = []
    if lacking:
        news.append(
            f"no dossier.pdf and no dossier.png: not installed: {', '.join(lacking)} (pip install 'didban[report]');"
            " the page prints from any browser"
        )
    if (dossier.counts.controls or 0) < 2 and dossier.form is Form.SEALED:
        news.append("fewer than two control points are among these spools: no block can be told from an outage by them")
    if not dossier.evidence.root:
        news.append("no hour of that time has been committed to yet: nothing in this dossier can be checked")
    return news


def _note(folders: Sequence[Path], out: Path) -> None:
    """So that `didban wipe` finds it."""
    for folder in folders:
        try:
            again.note_export(folder, out.absolute())
        except Unusable as error:
            typer.echo(f"didban: {error}: `didban wipe` will not know of this dossier", err=True)
