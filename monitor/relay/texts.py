"""What a message says: what and where first, then since when, how sure, what to do; English, then Persian.

A lock screen shows about 110 characters: ntfy's title, and the first line elsewhere. Latin words in Persian stand in
isolates (Unicode Standard Annex 9, FSI and PDI), a Persian line in one of its own (RLI).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.beside.rulefiles import relinked
from monitor.notify.settings import Pages
from monitor.relay.alerts import NEWS, Alert, worst

LOCK_SCREEN = 110
MOST = 3_000  # characters of a body; ntfy makes a file of more than 4,096 bytes
MOST_BYTES = 3_600
_TOLD = 4  # alerts told in full
_PERSIAN = {"page": "فوری", "ticket": "کار", "info": "خبر"}
_SURE = {"high": "زیاد", "medium": "متوسط", "low": "کم"}
_RLI, _FSI, _PDI = "\u2067", "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class Text:
    """`title`: what a lock screen shows; `body`: the rest, without the link that is made when it is sent."""

    title: str
    body: str


def cut(text: str, most: int) -> str:
    """At most so many characters, with a sign where some are missing, and no isolate left open."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    short = text[: most - 1].rstrip()
    opened = sum(short.count(each) for each in (_RLI, _FSI)) - short.count(_PDI)
    return (short[: most - 1 - max(0, opened)] + _PDI * max(0, opened) if opened > 0 else short) + "…"


def compose(alerts: Sequence[Alert], pages: Pages) -> Text:
    """Of alerts that are told together, the worst first."""
    ordered = sorted(alerts, key=lambda each: (_rank(each), each.started_ms, each.step))
    first, more = ordered[0], len(ordered) - 1
    severity = worst(ordered)
    told = f" (+{more})" if more else ""
    mark = "" if first.name in NEWS else f"{severity.upper()} "
    title = cut(mark + first.annotations.get("summary", first.name), LOCK_SCREEN - len(told)) + told
    parts = [_told(each, pages, alone=not more, first=not index) for index, each in enumerate(ordered[:_TOLD])]
    if more >= _TOLD:
        parts.append(f"and {more + 1 - _TOLD} more: see the dashboard")
    return Text(title, _bounded("\n\n".join(parts)))


def _rank(alert: Alert) -> int:
    return ("page", "ticket", "info").index(alert.severity) if alert.severity in ("page", "ticket", "info") else 3


def _told(alert: Alert, pages: Pages, *, alone: bool, first: bool) -> str:
    said = alert.annotations
    if alert.name in NEWS:
        return said.get("description", "").strip()[:MOST]
    lines = [] if first else [cut(said.get("summary", alert.name), LOCK_SCREEN)]
    onset, local = cut(said.get("onset", ""), 80), cut(said.get("onset_local", ""), 80)
    if onset:
        lines.append(f"Since {onset}" + (f" · {local}" if local else ""))
    if confidence := cut(said.get("confidence", ""), 80):
        lines.append(f"Sure: {confidence}")
    if alone and (lacking := cut(said.get("not_known", ""), 160)):
        lines.append(f"Not known: {lacking}")
    lines += _persian(alert, onset)
    if runbook := said.get("runbook_url", ""):
        lines.append(f"Do: {relinked(runbook, pages)}")
    if first and (dashboard := said.get("dashboard_url", "")):
        lines.append(f"See: {relinked(dashboard, pages)}")
    return "\n".join(lines)


def _persian(alert: Alert, onset: str) -> list[str]:
    summary = cut(alert.annotations.get("summary_fa", ""), LOCK_SCREEN)
    if not summary:
        return []
    lines = [f"{_PERSIAN.get(alert.severity, _PERSIAN['info'])}: {summary}"]
    if onset:
        lines.append(f"از {_FSI}{onset}{_PDI}")
    if sure := _SURE.get(alert.annotations.get("confidence", "").partition(":")[0].strip()):
        lines[-1] += f"؛ اطمینان: {sure}"
    return [f"{_RLI}{line}{_PDI}" for line in lines]


def _bounded(text: str) -> str:
    """Whole lines only, so many that every way takes them as a message."""
    kept: list[str] = []
    size = 0
    for line in text.split("\n"):
        size += len(line.encode()) + 1
        if size > MOST_BYTES:
            return "\n".join([*kept, "…"])
        kept.append(line)
    return "\n".join(kept)


def have_it(url: str) -> str:
    """The last line, with the link of one person."""
    return f"I have it: {url}"
