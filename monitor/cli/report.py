"""The command that writes a dossier: report. What no box needs (numpy, rules) is loaded when it is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from dashboards.report.model import Dossier, Form, Language
from monitor.cli.common import WRONG_USE, fail
from monitor.cli.export import asked_of, stamped_by
from monitor.cli.given import Given, Told, given_by
from monitor.cli.options import ConfigFile, checked
from monitor.disk.file import Unusable
from monitor.evidence import export, given
from monitor.evidence.export import Export
from monitor.evidence.lines import Box
from monitor.evidence.progress import Progress
from monitor.evidence.proof import stamps
from monitor.evidence.proof.manifest import Folder
from monitor.evidence.proof.stamps import Stamp
from monitor.evidence.window import Window
from monitor.home import addresses
from monitor.keeping import again
from probes.doors import schema
from probes.doors.clock import SystemClock

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
    from_exports: Annotated[
        list[Path] | None,
        typer.Option("--from", help="A folder that `didban export --sealed` wrote; several are welcome."),
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(
            callback=checked(addresses.query),
            help="A hub's database, such as http://127.0.0.1:9090: for ticks that are nowhere else.",
        ),
    ] = None,
    seal_key: Annotated[Path | None, typer.Option("--seal.key-file", help="The hub's: opens sealed hours.")] = None,
) -> None:
    """Write the dossier of a country and a window: what broke, where and how, the proof, what else it could have been.

    Give the spools or sealed exports of as many boxes as there are, controls among them: one line alone cannot show a
    block. What a hub's database holds of the others (--query, or the one in hub.yml) speaks as well, without
    commitments. A PDF and a picture need the extra didban[report].
    """
    if for_everybody is whole:
        fail(_NEITHER, WRONG_USE)
    clock = SystemClock()
    try:
        window = Window.of(since, until, clock.now_ms())
    except ValueError as error:
        fail(str(error), WRONG_USE)
    key = seal_key.read_text().strip() if seal_key is not None else None
    told = Told(config_file, storage_path or (), from_exports or (), query, key)
    form, progress = Form.PUBLIC if for_everybody else Form.SEALED, Progress(clock)
    with contextlib.ExitStack() as stack:
        found = given_by(told, country, window, stack)
        _write(found, country, window, form, lang, out, progress, clock.now_ms())
    _note(found.spools, out)


def _write(
    found: Given, country: str, window: Window, form: Form, lang: Language, out: Path, progress: Progress, now_ms: int
) -> None:  # fmt: skip
    from dashboards.report import printed, written
    from monitor.dossier import gather

    mine = gather.mine(found.boxes, country)
    _enough(mine, country)
    folder = Folder(out)
    authorities, roots = asked_of(found.config)
    asking = stamped_by(authorities, roots)
    stamps_found: list[Stamp] = []
    unknown: set[str] = set()

    def stamped(box: Box, head: bytes) -> Sequence[Stamp]:
        more = asking(box, head)
        stamps_found.extend(more)
        unknown.update({authority for authority, _ in box.kept.stamps(head)} - {each.authority for each in more})
        return more

    evidence = EVIDENCE if form is Form.SEALED else ""
    asked = gather.Asked(country, window, form, now_ms, evidence, found.weights)
    dossier = gather.gathered(asked, mine, progress, stamped)
    lacking = printed.lacking()
    for name, content in written.files(dossier, lang, paper=not lacking):
        folder.write(name, content)
    news = [*said(dossier, lacking), *given.lacking(mine, found.exports, window), *disbelieved(unknown)]
    if form is Form.SEALED:
        news += export.sealed(
            Export(window, export.Form.JSONL, now_ms), [each for each in mine if each.walks is not None],
            out / EVIDENCE, progress, stamped=stamped, roots=lambda: stamps.roots_for(stamps_found, roots),
        )  # fmt: skip
    progress.done()
    for each in news:
        typer.echo(f"didban: {each}", err=True)
    typer.echo(f"{out}: written; {written.PAGE} is the dossier")


def disbelieved(authorities: Iterable[str]) -> list[str]:
    """A root that comes with the evidence proves nothing: whoever made the one can have made the other."""
    return [
        f"{each}: its time-stamps are left out: no root known here signed them (evidence.ca_file in didban.yml)"
        for each in sorted(authorities)
    ]


def _enough(boxes: Sequence[Box], country: str) -> None:
    if not any(each.role == "inside" for each in boxes):
        fail(f"none of these is of a box inside {country}: a dossier needs one that looked")
    if not any(each.role == "inside" and each.ticks is not None for each in boxes):
        fail(
            "there is no tick of a box inside, and verdicts come from ticks: give the hub's database with --query,"
            " or exports made with --format openmetrics"
        )


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
