"""Renders the status JSON as one plain page: what stands how, since when and why, and the last walk step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

Json = Mapping[str, Any]

_REFRESH_S = 30

# one palette for the states everywhere, told apart without colour by their sign (Okabe and Ito, 2008)
SIGNS = {
    "ok": "●",
    "slow": "◐",
    "broken": "▲",
    "interfered": "◆",
    "refused": "■",
    "cut_off": "✕",
    "insufficient": "○",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fbfbf9; --line: #d9d9d4; --soft: #5c6470;
  --ok: #00734f; --slow: #8a6100; --broken: #b34700; --interfered: #a1246b; --refused: #6a4fb0; --cut_off: #b00020;
  --insufficient: #5c6470; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --paper: #14171a; --line: #343a40; --soft: #a0a7b0;
  --ok: #4cc79b; --slow: #e0b04c; --broken: #ff9d5c; --interfered: #f08ac2; --refused: #b9a6f2; --cut_off: #ff7b86;
  --insufficient: #a0a7b0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 56rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; }
.soft { color: var(--soft); }
.summary { font-size: 1.25rem; margin: 1rem 0; text-wrap: balance; }
.notice { border-left: .25rem solid var(--slow); padding: .25rem .75rem; margin: .5rem 0; }
details { border-top: 1px solid var(--line); padding: .5rem 0; }
summary { cursor: pointer; display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap; }
summary strong { min-width: 8rem; }
.state { font-weight: 600; white-space: nowrap; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; margin: .5rem 0; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .25rem .5rem .25rem 0; vertical-align: top; border-top: 1px solid var(--line); }
code { font-size: .875em; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
"""


def render(status: Json) -> str:
    """The whole page. Everything that comes from `status` is escaped."""
    body = [
        f"<h1>Didban <span class=soft>{escape(status['vantage'])}, {escape(status['role'])}, "
        f"{escape(status['country'])}</span></h1>",
        f'<p class="summary">{escape(status["summary"])}</p>',
        *(f'<p class="notice">{escape(notice)}</p>' for notice in status["notices"]),
        f'<p class="soft">{_time(status["at"])}, all times UTC</p>',
        "<h2>Services</h2>",
        *(_service(service) for service in status["services"]),
        "<h2>Canaries</h2>",
        "<p class=soft>Hosts nobody has a reason to block: what breaks with them is not broken by itself.</p>",
        *(_scope(scope) for scope in status["canaries"]),
        *(f"<p class=soft>{escape(sentence)}</p>" for sentence in status.get("not_observable", [])),
    ]
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<meta http-equiv=refresh content={_REFRESH_S}>"
        f"<title>Didban {escape(status['vantage'])}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>"
    )


def _service(service: Json) -> str:
    since = f"since {_time(service['since'])}" if service["since"] else ""
    return (
        f"<details><summary><strong>{escape(service['title'].get('en', service['service']))}</strong>"
        f"{_state(service['state'])}<span class=soft>{since}</span></summary>"
        f"<p>{escape(_sentence(service['why']))}</p>"
        f"<div class=wide><table><thead><tr><th>Target<th>State<th>Last walk</tr></thead><tbody>"
        f"{''.join(_target(target) for target in service['targets'])}</tbody></table></div></details>"
    )


def _target(target: Json) -> str:
    walk = target["last_walk"]
    steps = _steps(walk) if walk else "<span class=soft>not walked yet</span>"
    if gone := ", ".join(target.get("quarantined", ())):
        steps += f"<br><span class=soft>Not walked, dead at control points: {escape(gone)}</span>"
    findings = "".join(f"<br>{escape(finding)}" for finding in target["findings"])
    not_seen = target["not_seen"].get("en")
    unseen = f"<br><span class=soft>Not seen: {escape(not_seen)}</span>" if not_seen else ""
    name = f"<code>{escape(target['target'])}</code>{unseen}"
    return f"<tr><td>{name}<td>{_state(target['state'])}{findings}<td>{steps}</tr>"


def _steps(walk: Json) -> str:
    """`e1.whatsapp.net:443/tcp: resolve 12 ms, connect generic_timeout_error`."""
    taken = (
        f"{escape(seen['step'])} <strong>{escape(seen['failure'])}</strong>"
        if seen["failure"]
        else f"{escape(seen['step'])} {seen['took_s'] * 1000:.0f} ms"
        for seen in walk["steps"]
    )
    return f"<code>{escape(walk['endpoint'])}</code><br>{', '.join(taken)}"


def _scope(scope: Json) -> str:
    ratio = f"{scope['ratio']:.0%} answer" if scope["ratio"] is not None else "too few to say"
    return (
        f"<details><summary><strong>{escape(scope['scope'])}</strong><span class=state>{ratio}</span></summary>"
        f"<p>{', '.join(_hosts(scope['hosts']))}</p></details>"
    )


def _hosts(hosts: Iterable[Json]) -> Iterable[str]:
    for host in hosts:
        name = escape(host["target"].partition("/")[2])
        word = {True: "answers", False: "silent", None: "not walked yet"}[host["alive"]]
        aside = f", set aside: {escape(host['set_aside'])}" if host["set_aside"] else ""
        yield f"<code>{name}</code> <span class=soft>({word}{aside})</span>"


def _state(state: str) -> str:
    return f'<span class=state style="color: var(--{escape(state)})">{SIGNS[state]} {escape(state)}</span>'


def _time(at: str | None) -> str:
    if at is None:
        return ""
    return f"<time datetime={escape(at)}>{escape(at.replace('T', ' ').removesuffix('Z'))}</time>"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
