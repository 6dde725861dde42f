"""The frame of every page here: head, style, script, and the policy under which a browser runs no other."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from importlib.resources import files

from dashboards.palette import STATES, VERDICTS, Look
from dashboards.status.tongue import Tongue

EVERY_S = 15  # a page that is looked at asks again
_LOOKS = {**VERDICTS, **STATES}


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _inks(ink: str) -> str:
    return " ".join(f"--{word}: {getattr(look, ink)};" for word, look in _LOOKS.items())


def _classes() -> str:
    """`ok`: text in its ink; `f-ok`: an area in its fill."""
    texts = "".join(f".{word}{{color:var(--{word})}}" for word in _LOOKS)
    return texts + "".join(f".f-{word}{{fill:{look.fill}}}" for word, look in _LOOKS.items())


_STYLE = (
    f":root{{{_inks('ink')}}}@media (prefers-color-scheme: dark){{:root{{{_inks('ink_dark')}}}}}"
    + _text("page.css").replace("\n", "")
    + _classes()
)
_SCRIPT = _text("live.js")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# a browser runs this script and this style, and nothing that a name from outside could slip in (CSP level 3)
POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def sign(word: str) -> str:
    """What stands for a word where there is no colour; a reader hears the word alone."""
    look: Look | None = _LOOKS.get(word)
    return f"<span aria-hidden=true>{look.sign if look else '?'}</span>"


def part(name: str, html: str, *, tag: str = "section", kind: str = "", role: str = "") -> str:
    """A piece of the page that is renewed by itself when it changed. `role`: `status` has a change read out."""
    digest = hashlib.sha256((kind + html).encode()).hexdigest()[:12]
    look = (f' class="{kind}"' if kind else "") + (f" role={role}" if role else "")
    return f"<{tag} id={name} data-part={digest}{look}>{html}</{tag}>"


def page(tongue: Tongue, title: str, body: str, *, live: bool = True) -> str:
    """The whole document. `live`: it asks for itself again; a page that lies somewhere as a file does not."""
    data = f" data-every={EVERY_S}" if live else ""
    stale = f"<p id=stale role=alert hidden>{tongue.say('stale')}</p>" if live else ""
    script = f"<script>{_SCRIPT}</script>" if live else ""
    return (
        f"<!doctype html><html lang={tongue.lang} dir={tongue.direction}><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1"><meta name=robots content=noindex>'
        '<link rel=icon href="data:,">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body{data}>{stale}{body}{script}</body></html>"
    )


def again(tongue: Tongue) -> str:
    """How to see it anew: a link where no script runs, and a word where one does."""
    seconds = tongue.number(EVERY_S)
    return (
        f"<p class=soft id=again><a href='?lang={tongue.lang}'>{tongue.say('reload')}</a> "
        f"<span id=live hidden>{tongue.say('live', seconds=seconds)}</span></p>"
    )
