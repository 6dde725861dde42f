"""One picture for social media, 1200 by 675: what happened, when, and how sure; made of the same rows as the page."""

from __future__ import annotations

from dashboards.report import charts, strips
from dashboards.report.markup import text
from dashboards.report.model import Dossier, Event, Form, Kind, Language
from dashboards.report.page import heading
from dashboards.report.summary import of, sentences, service_name
from dashboards.report.svg import Row
from dashboards.report.tongue import Tongue

_MOST_ROWS, _MOST_SENTENCES = 7, 3

_STYLE = """
@page{size:1200px 675px;margin:0}
*{box-sizing:border-box}
html,body{margin:0}
body{width:1200px;height:675px;padding:34px 48px 0;background:#fff;color:#1b1f24;position:relative;
font:20px/1.35 'Vazirmatn','Noto Sans','Noto Naskh Arabic','DejaVu Sans',sans-serif}
h1{font-size:36px;line-height:1.15;margin:0 0 4px}
p{margin:0}
.window{color:#4b525c;font-size:18px;margin-bottom:12px}
.said{font-size:22px;margin-bottom:8px}
.mark{position:absolute;top:0;left:0;right:0;background:#fff3c4;border-bottom:3px solid #8c6100;text-align:center;
font-weight:700;font-size:17px;padding:5px}
.marked{padding-top:62px}
.chart{position:absolute;left:48px;right:48px;bottom:50px;margin:0}
.name{width:22%}
.strip{margin-left:22%}
[dir=rtl] .strip{margin-right:22%}
.name{font-size:17px}.name small{font-size:13px}.ticks .name,.ticks span{font-size:13px}
.ticks .strip{height:34px}.row{margin-bottom:9px}
.foot{position:absolute;left:48px;right:48px;bottom:18px;color:#4b525c;font-size:15px}
"""


def render(dossier: Dossier, language: Language) -> str:
    say = Tongue.of(dossier, language)
    counts = dossier.counts
    least = dossier.form is Form.PUBLIC
    seen = say(
        "card_lines",
        lines=say.count(counts.lines, least=least),
        controls=say.count(counts.control_networks, least=least),
    )
    source = say("card_simulated" if dossier.simulated else "card_source")
    told = "".join(f'<p class="said">{text(each)}</p>' for each in _told(dossier, say))
    mark = f'<p class="mark">{text(say("simulation"))}</p>' if dossier.simulated else ""
    window = f"{say.date(dossier.since_ms, local=True)} – {say.date(dossier.until_ms, local=True)}"
    return (
        f'<!doctype html><html lang="{language}" dir="{"rtl" if say.rtl else "ltr"}"><head><meta charset="utf-8">'
        f"<style>{strips.STYLE}{_STYLE}</style></head><body{' class=marked' if dossier.simulated else ''}>{mark}"
        f'<h1>{text(heading(dossier, say))}</h1><p class="window">{text(window)}</p>{told}{_chart(dossier, say)}'
        f'<p class="foot">{text(seen)} · {text(source)}</p></body></html>'
    )


def _told(dossier: Dossier, say: Tongue) -> list[str]:
    """Shorter than on the page: when it was is in the picture."""
    found = []
    cut = _networks(dossier, of(dossier, Kind.SHUTDOWN), say)
    if cut:
        found.append(say("card_cut_one" if len(cut) == 1 else "card_cut", networks=say.names(cut), country=say.place))
    if blocked := of(dossier, Kind.BLOCKED):
        services = [service_name(dossier, each, say) for each in dict.fromkeys(each.service for each in blocked)]
        networks = say.names(_networks(dossier, blocked, say))
        found.append(say("card_blocked", services=say.names(services), networks=networks))
    return found or sentences(dossier, say)[:_MOST_SENTENCES]


def _networks(dossier: Dossier, events: list[Event], say: Tongue) -> list[str]:
    return [say.put(charts.where(dossier, each, say)) for each in dict.fromkeys(e.network for e in events)]


def _chart(dossier: Dossier, say: Tongue) -> str:
    """As many rows as there is room for, those of whole networks first; a service once, wherever it was."""
    rows: dict[str, Row] = {}
    for each in sorted(dossier.events, key=lambda event: (event.service, event.from_ms)):
        name = service_name(dossier, each.service, say) if each.service else charts.where(dossier, each.network, say)
        bars = rows[name].bars if name in rows else ()
        under = say.alone(say(f"kind_{each.kind}"))
        rows[name] = Row(say.put(name), (*bars, charts.bar(each, dossier, say)), under=under)
    shown = list(rows.values())[:_MOST_ROWS]
    height = 40 if len(shown) <= 4 else 26
    return strips.draw(charts.axis(dossier, say), shown, title=say("timeline_title"), height=height) if shown else ""
