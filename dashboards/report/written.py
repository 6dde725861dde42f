"""Every file of a dossier, by name: page, charts, tables; and, where the extra is installed, paper and picture."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.report import card, charts, page, printed, sheets
from dashboards.report.model import Dossier, Language
from dashboards.report.tongue import Tongue

PAGE, PAPER, PICTURE = "dossier.html", "dossier.pdf", "dossier.png"


def files(dossier: Dossier, language: Language, *, paper: bool) -> Iterator[tuple[str, bytes]]:
    """`paper`: the PDF and the picture too, which takes some seconds."""
    html = page.render(dossier, language)
    yield PAGE, html.encode()
    say = Tongue.of(dossier, language)
    if dossier.events:
        yield "timeline.svg", charts.timeline(dossier, say).alone().encode()
    yield "reach.svg", charts.reach(dossier, say).alone().encode()
    for each in dossier.services:
        yield f"service-{each.service}.svg", charts.service(dossier, each, say).alone().encode()
    for name, text in sheets.files(dossier).items():
        yield name, text.encode()
    if paper:
        yield PAPER, printed.pdf(html)
        yield PICTURE, printed.png(card.render(dossier, language))
