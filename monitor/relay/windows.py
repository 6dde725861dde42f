"""Maintenance windows as silences: made before they begin, lifted when they are taken out of the configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from monitor.notify.settings import Maintenance
from monitor.relay.alertmanager import Alertmanagers
from probes.ports import Clock

_SIGN = "maintenance"


class Windows:
    def __init__(self, windows: Sequence[Maintenance], alertmanagers: Alertmanagers, clock: Clock) -> None:
        self._windows, self._alertmanagers, self._clock = windows, alertmanagers, clock

    async def look(self) -> None:
        """Alertmanager has those that are not over, and no other of ours; once."""
        now_ms = self._clock.now_ms()
        there = await self._alertmanagers.silences()
        if there is None:
            return
        wanted = {comment(each): each for each in self._windows if each.ends.timestamp() * 1000 > now_ms}
        known = {each.comment: each.id for each in there if each.comment.startswith(f"{_SIGN} ")}
        for text, window in wanted.items():
            if text not in known:
                labels = window.match.model_dump(exclude_none=True)
                begins_ms = max(now_ms, int(window.begins.timestamp() * 1000))
                ends_ms = int(window.ends.timestamp() * 1000)
                await self._alertmanagers.silence(labels, text, from_ms=begins_ms, to_ms=ends_ms)
        for text, silence in known.items():
            if text not in wanted:
                await self._alertmanagers.lift(silence)


def comment(window: Maintenance) -> str:
    """By which a window is known again: all that it says."""
    told = f"{window.begins.isoformat()} {window.ends.isoformat()} {window.match.model_dump_json()}"
    return f"{_SIGN} {hashlib.sha256(told.encode()).hexdigest()[:12]}: {window.why}"
