"""Tells a vantage what the database holds of it: counts and digests, or the samples of a few series. Nobody else's.

Who asks is known by the credential, never by what is asked. How much may be asked is bounded: a captured vantage must
not be able to keep the database busy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from aiohttp import web

from monitor.home import querying
from monitor.home.digests import Running
from monitor.home.holders import MOST_AT_ONCE
from monitor.home.querying import Far, Unanswered
from monitor.hub.gateway import Refusal, Refused
from monitor.hub.settings import Forward
from probes.ports import Clock

_HOUR_MS = 3_600_000
_LONGEST_MS = 24 * _HOUR_MS
_LATEST_MS = 2**53
_MOST_HOURS = 1000.0  # of data that may be asked for at once: more than a month; and so many come back a second
_HOURS_BACK_PER_S = 2.0
Admit = Callable[[web.Request], str]  # the vantage whose credential it carries; raises Refusal

STATUS = {Refused.UNAUTHORIZED: 401, Refused.UNKNOWN_VANTAGE: 403}


@dataclass(frozen=True, slots=True)
class Asked:
    """`series`: of these alone, or of all. `samples`: themselves, in the place of digests."""

    from_ms: int
    until_ms: int
    series: frozenset[str]
    samples: bool


class Allowance:
    """Of each vantage: how many hours of data it may still ask for."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def wait_s(self, vantage: str, hours: float, now_s: float) -> float:
        """0 where it may ask now, and then it is spent; else after how many seconds."""
        left, then_s = self._left.get(vantage, (_MOST_HOURS, now_s))
        left = min(_MOST_HOURS, left + (now_s - then_s) * _HOURS_BACK_PER_S)
        if left < hours:
            return (hours - left) / _HOURS_BACK_PER_S
        self._left[vantage] = (left - hours, now_s)
        return 0.0


class Inquiries:
    """`GET /api/v1/held?from=MS&until=MS[&series=ID,ID[&samples=1]]`: of at most a day; samples of at most an hour."""

    def __init__(
        self, admit: Admit, forward: Forward, folder: Path, clock: Clock, waiting: Callable[[str], int]
    ) -> None:
        """Raises OSError when a file named in the configuration cannot be read.

        Args:
            admit: whose request it is.
            waiting: how many samples of a vantage the database does not have yet.
        """
        self._admit, self._clock, self._waiting = admit, clock, waiting
        self._far = Far.of(forward.query, forward.basic_auth, forward.tls, folder) if forward.query else None
        self._allowance = Allowance()
        self._busy: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        try:
            vantage = self._admit(request)
        except Refusal as refusal:
            return web.Response(text=f"{refusal.reason}\n", status=STATUS.get(refusal.reason, 400))
        if self._far is None:
            return web.Response(text="this hub does not say: forward.query is not set\n", status=501)
        asked = _asked(request.query)
        if asked is None:
            return web.Response(text="from and until are milliseconds, at most a day apart\n", status=400)
        hours = max(1.0, (asked.until_ms - asked.from_ms) / _HOUR_MS)
        wait_s = 1.0 if vantage in self._busy else self._allowance.wait_s(vantage, hours, self._clock.elapsed_s())
        if wait_s:
            return web.Response(status=429, headers={"Retry-After": str(int(wait_s) + 1)})
        self._busy.add(vantage)
        try:
            said = await self._said(self._far, vantage, asked)
        finally:
            self._busy.discard(vantage)
        if said is None:
            return web.Response(text="the database does not answer\n", status=503)
        return web.Response(body=said, content_type="application/json")

    async def _said(self, far: Far, vantage: str, asked: Asked) -> bytes | None:
        """An hour at a time, so that no more than that is ever held in memory."""
        running, samples = Running(), {}
        waiting = self._waiting(vantage)  # first: what leaves the queue meanwhile is found twice, and never not at all
        for start_ms in range(asked.from_ms, asked.until_ms, _HOUR_MS):
            held = await querying.held(far, vantage, start_ms, min(start_ms + _HOUR_MS, asked.until_ms))
            if isinstance(held, Unanswered):
                return None
            for series, of in held.items():
                if asked.series and series not in asked.series:
                    continue
                if asked.samples:
                    samples[series] = [(at_ms, repr(value)) for at_ms, value in sorted(of.items())]
                else:
                    running.add(series, sorted(of.items()))
        if asked.samples:
            return msgspec.json.encode({"samples": samples, "waiting": waiting})
        return msgspec.json.encode({"series": running.digests(), "waiting": waiting})


def _asked(query: Mapping[str, str]) -> Asked | None:
    """None for what is not answered."""
    try:
        from_ms, until_ms = int(query.get("from", "")), int(query.get("until", ""))
    except ValueError:
        return None
    series = frozenset(query["series"].split(",")) if "series" in query else frozenset()
    samples = query.get("samples") == "1"
    longest_ms = _HOUR_MS if samples else _LONGEST_MS
    if not 0 <= from_ms < until_ms <= min(from_ms + longest_ms, _LATEST_MS):
        return None
    if len(series) > MOST_AT_ONCE or (samples and not series):
        return None
    return Asked(from_ms, until_ms, series, samples)
