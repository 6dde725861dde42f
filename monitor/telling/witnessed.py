"""What both ends saw of a walk to our own responder, in one sentence and as JSON; says where packets were lost."""

from __future__ import annotations

from typing import Any

from monitor.telling.plain import LOST
from probes.account import Joined, joined
from probes.facts import Walk
from probes.words import Cell, Hearing

_SAYING = {Cell.NAME_THERE: " with this name", Cell.OTHER_THERE: " with another name"}


def sentence(walk: Walk) -> str | None:
    """`ClientHello arrived, ServerHello left, ServerHello never came: lost on the way back`; None if nobody asked."""
    found = joined(walk)
    return None if found is None else _said(found)


def _said(found: Joined) -> str:
    return found.says.rstrip(".") + (f": {LOST[found.lost]}" if found.lost else "")


def beside(why: str, walk: Walk | None) -> str:
    """The judge's words, and behind them what both ends saw, where the responder told something."""
    if walk is None or walk.told is None or walk.told.hearing is not Hearing.TOLD:
        return why
    saying = _SAYING.get(walk.cell, "") if walk.cell else ""
    return f"{why}; seen from both ends of a walk{saying} to our own responder: {sentence(walk)}"


def as_json(walk: Walk | None) -> dict[str, Any] | None:
    """None where there is nothing to show; `lost` is null where nothing shows a direction."""
    found = joined(walk) if walk is not None else None
    if walk is None or walk.told is None or found is None:
        return None
    return {
        "endpoint": str(walk.endpoint),
        "cell": walk.cell.value if walk.cell else None,
        "hearing": walk.told.hearing.value,
        "says": found.says,
        "lost": found.lost.value if found.lost else None,
    }
