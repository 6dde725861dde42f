"""HTML by hand: everything that comes from elsewhere is escaped here, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from dashboards.report import looks


def text(words: str) -> str:
    return escape(words, quote=True)


def paragraph(words: str, style: str = "") -> str:
    return f"<p{_class(style)}>{text(words)}</p>" if words else ""


def section(id: str, heading: str, *parts: str) -> str:
    return f'<section id="{id}" aria-labelledby="{id}-h"><h2 id="{id}-h">{text(heading)}</h2>{"".join(parts)}</section>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", style: str = "") -> str:
    """Cells hold HTML; the first of each row names it."""
    head = "".join(f'<th scope="col">{text(each)}</th>' for each in header)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    named = f"<caption>{text(caption)}</caption>" if caption else ""
    label = f' role="region" tabindex="0" aria-label="{text(caption or header[0])}"'
    inside = f"{named}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"{label}><table{_class(style)}>{inside}</table></div>'


def said(word: str, words: str) -> str:
    """A word with its sign in its colour."""
    look = looks.of(word)
    return (
        f'<span class="said" style="color:{look.ink}"><span aria-hidden="true">{look.sign}</span> {text(words)}</span>'
    )


def code(words: str) -> str:
    return f'<code dir="ltr">{text(words)}</code>'


def figure(svg: str, words: str) -> str:
    return f"<figure>{svg}<figcaption>{text(words)}</figcaption></figure>"


def _class(style: str) -> str:
    return f' class="{style}"' if style else ""
