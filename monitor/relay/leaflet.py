"""A runbook page as HTML that a phone shows well: headings, lists, bold, code, links. No script, no file beside it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_STYLE = (
    "body{font:17px/1.5 system-ui,sans-serif;max-width:42em;margin:1em auto;padding:0 1em;color:#111;background:#fff}"
    "code{background:#eee;padding:0 .2em;overflow-wrap:anywhere}button{font:inherit;padding:.8em 1.6em;width:100%}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#111}code{background:#333}a{color:#9cf}}"
)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


def page(title: str, body: str, lang: str = "en") -> str:
    """A whole page; `title` is text, `body` is HTML."""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def of_markdown(text: str) -> str:
    """The page of a runbook file, which begins with its title."""
    title = text.partition("\n")[0].lstrip("# ").strip()
    return page(title, "\n".join(_blocks(text)))


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text.strip()):
        head, _, rest = block.partition("\n")
        if found := re.fullmatch(r"(#{1,4}) (.+)", head):
            level = len(found[1])
            yield f"<h{level}>{_inline(found[2])}</h{level}>"
            block = rest
        if block.strip():
            yield from _listed(block) if re.search(r"^- ", block, re.MULTILINE) else [f"<p>{_inline(block)}</p>"]


def _listed(block: str) -> Iterator[str]:
    """What stands above a list, and the list; a line that is indented goes on with the one before."""
    above, *items = re.split(r"^- ", block, flags=re.MULTILINE)
    if above.strip():
        yield f"<p>{_inline(above)}</p>"
    yield "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"


def _inline(text: str) -> str:
    safe = html.escape(" ".join(text.split()), quote=False)
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    safe = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", safe)
    return re.sub(r"(https://[\w./?=&;#%-]+[\w/])", r'<a href="\1" rel="noreferrer">\1</a>', safe)
