"""Makes dashboards/report/example/ anew: `python -m tests.dashboards.report.example [SPOOLS]`. The same bytes every time.

Without a folder of spools the world is lived through first, a quarter of an hour on a small machine. The PDF is not
kept: it differs with the fonts of a machine. Of the evidence, which is 130 MB, that lies there which opens the exhibits
of one hour; the whole is made by `didban report` itself.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dashboards.report import card, page, printed, sheets
from dashboards.report.model import Dossier, Form, Language
from monitor.dossier.gather import Asked, gathered
from monitor.evidence import export
from monitor.evidence.export import Export
from monitor.evidence.lines import Box, boxes
from monitor.evidence.progress import Progress
from monitor.evidence.window import Window
from monitor.stored.committed import Committed, Record
from probes.doors.clock import SystemClock
from tests.dashboards.report.lived import HOUR_MS, SINCE_MS, september, spools

FOLDER = Path(__file__).parents[3] / "dashboards" / "report" / "example"
WINDOW = Window(SINCE_MS, SINCE_MS + 24 * HOUR_MS)
WRITTEN_MS = SINCE_MS + 3 * 24 * HOUR_MS
SHOWN = Window(SINCE_MS + 5 * HOUR_MS, SINCE_MS + 6 * HOUR_MS)  # the hour Instagram was blocked in


NOTE = """\
The dossier of 21 September 2022 as the shipped scenario iran-2022-09 has it, replayed in simulation: no box of ours stood there,
and it is evidence of nothing. Made by `python -m tests.dashboards.report.example`.

    public.*  events.csv  reach.csv  services.csv    the form that may be shown to anybody, in English and Persian
    sealed.*                                         the exact form: page only
    evidence/                                        of 210,235 records, those the sealed page shows of the hour from 11:00 UTC

`didban report --sealed` writes every record into evidence/, 130 MB here, and `python3 evidence/verify.py evidence` then prints the root that
both pages name. Of this cut it checks each record against the commitments of its hour, whose head the sealed page names beside each exhibit.
"""


class Cited(Committed):
    """A spool of which only these records leave."""

    def __init__(self, where: Path, ids: frozenset[int]) -> None:
        super().__init__(where)
        self._ids = ids

    def records(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        return (each for each in super().records(since_ms, until_ms) if each.id in self._ids)


def dossier(kept: Sequence[Box], form: Form) -> Dossier:
    folder = "evidence" if form is Form.SEALED else ""
    asked = Asked("IR", WINDOW, form, WRITTEN_MS, folder)
    return gathered(asked, kept, Progress(SystemClock()), lambda box, head: [])


def cited(whole: Dossier) -> dict[str, frozenset[int]]:
    """Of each box, the records of exhibits of that hour."""
    found: dict[str, set[int]] = {}
    for proof in whole.proofs:
        for each in proof.exhibits:
            if SHOWN.since_ms <= each.at_ms < SHOWN.until_ms:
                for box, id, _ in each.records:
                    found.setdefault(box, set()).add(id)
    return {box: frozenset(ids) for box, ids in found.items()}


def write(kept: Sequence[Box], folder: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / "README.md").write_text(NOTE, encoding="utf-8")
    for form in Form:
        made = dossier(kept, form)
        for language in Language:
            (out / f"{form}.{language}.html").write_text(page.render(made, language), encoding="utf-8")
            if form is Form.PUBLIC:
                (out / f"{form}.{language}.png").write_bytes(printed.png(card.render(made, language)))
        for name, text in sheets.files(made).items():
            if form is Form.PUBLIC:
                (out / name).write_text(text, encoding="utf-8", newline="")
        if form is Form.SEALED:
            mine = {box: ids for box, ids in cited(made).items()}
            few = [replace(b, kept=Cited(folder / b.name, mine[b.name])) for b in kept if b.name in mine]
            asked = Export(SHOWN, export.Form.JSONL, WRITTEN_MS)
            export.sealed(
                asked, few, out / "evidence", Progress(SystemClock()), stamped=lambda box, head: [], roots=lambda: b""
            )


def main() -> None:
    with tempfile.TemporaryDirectory() as fresh:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(fresh)
        if len(sys.argv) < 2:
            list(spools(september(), folder))
        write(boxes(sorted(path for path in folder.iterdir() if path.is_dir())), folder, FOLDER)


if __name__ == "__main__":
    main()
