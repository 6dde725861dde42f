"""The page anybody may see: late, in groups of three lines and more, with no box, no exact count and nothing live.

It is a file. What it is made of is made safe before it comes here (monitor/hub/publishing.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from dashboards.status.frame import page, sign
from dashboards.status.strips import drawn
from dashboards.status.tongue import Lang, Tongue, code
from dashboards.status.words import VERDICTS

Json = Mapping[str, Any]

FILES: Mapping[Lang, str] = {"en": "index.html", "fa": "fa.html"}


def render(told: Json, lang: Lang = "en") -> str:
    """The whole page."""
    tongue = Tongue(lang)
    groups = "".join(_group(tongue, each) for each in told["groups"])
    body = (
        f"<header class=top><h1 class=who>{tongue.say('public_title')}</h1>"
        f"<a href='{FILES[tongue.other]}' lang={tongue.other}>{tongue.say('other_language')}</a></header><main>"
        f"<p>{tongue.say('public_as_of', at=tongue.full(told['at'], seconds=False))}</p>"
        f"{groups or '<p>' + tongue.say('public_nothing') + '</p>'}"
        f"<p class=soft>{tongue.say('public_method')}</p></main>"
    )
    return page(tongue, f"{tongue.say('name')}: {tongue.say('public_title')}", body, live=False)


def _group(tongue: Tongue, group: Json) -> str:
    network = code(group["network"]) if group["network"] else tongue.say("public_others")
    lines = tongue.say("public_lines", count=tongue.number(group["lines"]))
    heads = "".join(f"<th scope=col>{tongue.say(f'public_{each}')}</th>" for each in ("service", "said", "day"))
    rows = "".join(_row(tongue, each) for each in group["services"])
    return (
        f"<h2>{code(group['country'])} · {network}</h2><p class=soft>{lines}</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(tongue: Tongue, service: Json) -> str:
    verdict = service["verdict"]
    look = verdict if verdict in VERDICTS else "unknown"
    said = f"<td class='state {look}'>{sign(look)} {tongue.word(VERDICTS, verdict)}</td>"
    name = tongue.title(service["title"], service["service"])
    return f"<tr><th scope=row>{name}</th>{said}<td>{_day(tongue, service)}</td></tr>"


def _day(tongue: Tongue, service: Json) -> str:
    hours = [each or "" for each in service["hours"]]
    said = tongue.listed([tongue.word(VERDICTS, each) for each in dict.fromkeys(hours) if each])
    name = escape(f"{tongue.say('public_day')}: {said or tongue.say('nothing_kept')}", quote=True)
    return f'<svg class=strip role=img aria-label="{name}" {drawn(hours)}</svg>'
