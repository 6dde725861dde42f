"""Asks somebody abroad what they hold, by each way in turn until one answers. Only reads; silence is a value.

Prometheus's HTTP API (prometheus.io/docs/prometheus/latest/querying/api): an instant query with a range selector gives
back raw samples with their own times. VictoriaMetrics answers the same question the same way.
"""

from __future__ import annotations

import json
import math
import os
import ssl
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec

from monitor.decoding import from_json
from monitor.home.answers import asked_to_wait_s
from monitor.home.credentials import basic_header, client_context
from monitor.home.digests import Held, series_id
from monitor.home.ways import NO_WAY, Way
from monitor.settings import BasicAuth, ClientTls

_MOST_BYTES = 64 * 1024 * 1024  # an hour of 5,000 series is 10
_PATIENCE_S = 60.0
Named = tuple[str, str]  # a series: its name, and its labels as JSON, sorted
_MARGIN_MS = 1000  # Prometheus 3 leaves out what stands at the beginning of a range, 2 does not


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody said what they hold, and why. `after_s`: when to ask again, where somebody said that."""

    why: str
    after_s: float = 0.0


def _said(error: BaseException) -> str:
    """In the machine's own words where it has some ("connection refused"), and never with an address in them."""
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if isinstance(number, int) and number > 0 else type(error).__name__


@dataclass(frozen=True, slots=True)
class Far:
    """Whom to ask, and what is needed to get there. Secrets are read once, from their files."""

    url: str
    authorization: str | None
    tls: ssl.SSLContext
    ways: tuple[Way, ...] = (Way(),)

    @classmethod
    def of(
        cls,
        url: str,
        auth: BasicAuth | None,
        tls: ClientTls,
        folder: Path,
        ways: tuple[Way, ...] = (Way(),),
    ) -> Far:
        """Raises OSError when a file named in the configuration cannot be read."""
        header = basic_header(auth, folder) if auth is not None else None
        return cls(url.rstrip("/"), header, client_context(tls, folder), ways)

    async def ask(
        self, path: str, params: Mapping[str, str], patience_s: float = _PATIENCE_S, *, post: bool = False
    ) -> bytes | Unanswered:
        """The body of a 200."""
        why = "no way there"
        for way in self.ways:
            try:
                async with way.session(patience_s) as session:
                    return await self._get(session, way, path, params, "POST" if post else "GET")
            except NO_WAY as error:
                why = f"no way there: {_said(error)}"
        return Unanswered(why)

    async def _get(
        self, session: aiohttp.ClientSession, way: Way, path: str, params: Mapping[str, str], method: str
    ) -> bytes | Unanswered:
        headers = {"Authorization": self.authorization} if self.authorization else {}
        async with session.request(
            method,
            self.url + path,
            params=params,
            headers=headers,
            proxy=way.proxy,
            ssl=self.tls,
            allow_redirects=False,
        ) as answer:
            body = bytearray()
            async for part in answer.content.iter_chunked(64 * 1024):
                body += part
                if len(body) > _MOST_BYTES:
                    return Unanswered("it says more than is read")
            if answer.status != 200:
                return Unanswered(f"it says {answer.status}", asked_to_wait_s(answer.headers.get("Retry-After")))
            return bytes(body)


class Raw(msgspec.Struct):
    """One series of a range as Prometheus says it: `values` are seconds since 1970, and numbers as text."""

    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Data(msgspec.Struct):
    result: list[Raw]


class _Answer(msgspec.Struct):
    data: _Data


class _Labels(msgspec.Struct):
    data: list[dict[str, str]]


NOT_PROMETHEUS = Unanswered("it says nothing that Prometheus would")


async def raw(
    database: Far, selector: str, length_ms: int, until_ms: int, patience_s: float = _PATIENCE_S
) -> list[Raw] | Unanswered:
    """Every sample of the series a selector picks, of so long before `until_ms`."""
    range_s = math.ceil(length_ms / 1000)
    asked = {"query": f"{selector}[{range_s}s]", "time": f"{until_ms / 1000:.3f}"}
    said = await database.ask("/api/v1/query", asked | {"nocache": "1"}, patience_s)  # that is VictoriaMetrics's own
    if isinstance(said, Unanswered):
        return said
    try:
        return from_json(said, type=_Answer).data.result
    except msgspec.DecodeError:
        return NOT_PROMETHEUS


async def held(database: Far, vantage: str, from_ms: int, until_ms: int) -> Held | Unanswered:
    """Every sample of what a vantage stated, from then until before then, at most an hour."""
    selector = f'{{__name__=~"didban_.+",vantage="{vantage}"}}'
    found = await raw(database, selector, until_ms - from_ms + _MARGIN_MS, until_ms)
    if isinstance(found, Unanswered):
        return found
    held: defaultdict[str, dict[int, float]] = defaultdict(dict)
    try:
        for each in found:
            held[series_id(each.metric.get("__name__", ""), each.metric)].update(_points(each, from_ms, until_ms))
    except ValueError:
        return NOT_PROMETHEUS
    return held


async def stated(
    database: Far, vantage: str, names: Collection[str], from_ms: int, until_ms: int
) -> dict[Named, list[tuple[int, float]]] | Unanswered:
    """The same of the series with these names, each with its labels."""
    selector = f'{{__name__=~"{"|".join(sorted(names))}",vantage="{vantage}"}}'
    found = await raw(database, selector, until_ms - from_ms + _MARGIN_MS, until_ms)
    if isinstance(found, Unanswered):
        return found
    said: dict[Named, list[tuple[int, float]]] = {}
    try:
        for each in found:
            labels = dict(each.metric)
            said[labels.pop("__name__", ""), json.dumps(labels, sort_keys=True)] = _points(each, from_ms, until_ms)
    except ValueError:
        return NOT_PROMETHEUS
    return said


def _points(series: Raw, from_ms: int, until_ms: int) -> list[tuple[int, float]]:
    """Raises ValueError for a value that is no number."""
    timed = ((round(at_s * 1000), float(text)) for at_s, text in series.values)
    return [(at_ms, value) for at_ms, value in timed if from_ms <= at_ms < until_ms and not math.isnan(value)]


async def series(database: Far, matching: str, from_ms: int, until_ms: int) -> list[dict[str, str]] | Unanswered:
    """The labels of every series it has of that time."""
    params = {"match[]": matching, "start": f"{from_ms / 1000:.3f}", "end": f"{until_ms / 1000:.3f}"}
    said = await database.ask("/api/v1/series", params)
    if isinstance(said, Unanswered):
        return said
    try:
        return from_json(said, type=_Labels).data
    except (msgspec.DecodeError, ValueError):
        return NOT_PROMETHEUS
