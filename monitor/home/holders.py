"""Who has what this box sent: a database that says all of it, or a hub that says it in digests. Only asks."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from monitor.decoding import from_json
from monitor.home import querying, ways
from monitor.home.digests import Digests, Held, digests
from monitor.home.querying import Far, Unanswered
from monitor.home.ways import DIRECT
from monitor.settings import Destination

_WRITE, _HELD = "/api/v1/write", "/api/v1/held"
MOST_AT_ONCE = 50  # series a hub is asked for by name in one request
_MOST_PATIENCE_S = 60.0
_TRIES = 3
_NO_HUB = Unanswered("it says nothing that a hub of ours would: give `query`")


class Holder(Protocol):
    """Attributes:
    in_digests: whether a day can be asked for in digests; else it has to be compared sample by sample.
    waiting: samples of this box that it has taken and cannot show yet, as it last said.
    """

    in_digests: bool
    waiting: int

    async def digests(self, from_ms: int, until_ms: int) -> Digests | Unanswered:
        """Of a day at most."""
        ...

    async def held(self, from_ms: int, until_ms: int, expected: Held) -> Held | Unanswered:
        """Of an hour at most. A series that is known to be as expected comes back as it was given."""
        ...


class Database:
    """A Prometheus or VictoriaMetrics."""

    in_digests = False
    waiting = 0

    def __init__(self, far: Far, vantage: str) -> None:
        self._far, self._vantage = far, vantage

    async def digests(self, from_ms: int, until_ms: int) -> Digests | Unanswered:
        return Unanswered("it says no digests")

    async def held(self, from_ms: int, until_ms: int, expected: Held) -> Held | Unanswered:
        return await querying.held(self._far, self._vantage, from_ms, until_ms)


class _Digested(msgspec.Struct):
    series: dict[str, tuple[int, str]]
    waiting: int = 0


class _Sampled(msgspec.Struct):
    samples: dict[str, list[tuple[int, str]]]


class Hub:
    """A hub of ours: who asks, it knows by the credential."""

    in_digests = True

    def __init__(self, far: Far) -> None:
        self._far = far
        self.waiting = 0

    async def digests(self, from_ms: int, until_ms: int) -> Digests | Unanswered:
        return await self._digests(from_ms, until_ms, ())

    async def _digests(self, from_ms: int, until_ms: int, series: Collection[str]) -> Digests | Unanswered:
        """`series`: of these alone, where they are few."""
        few = tuple(series) if len(series) <= MOST_AT_ONCE else ()
        said = await self._ask(from_ms, until_ms, few)
        if isinstance(said, Unanswered):
            return Unanswered(f"{said.why} (if it is no Didban hub, give `query`)")
        try:
            found = from_json(said, type=_Digested)
        except msgspec.DecodeError:
            return _NO_HUB
        self.waiting = found.waiting
        return found.series

    async def held(self, from_ms: int, until_ms: int, expected: Held) -> Held | Unanswered:
        """Samples are asked for only of what differs: a bad line pays kilobytes."""
        theirs = await self._digests(from_ms, until_ms, expected)
        if isinstance(theirs, Unanswered):
            return theirs
        mine = digests(expected)
        found = {series: expected[series] for series in expected if theirs.get(series) == mine[series]}
        for some in _pieces([series for series in expected if series not in found and series in theirs]):
            said = await self._ask(from_ms, until_ms, some, samples="1")
            if isinstance(said, Unanswered):
                return said
            try:
                sampled = from_json(said, type=_Sampled).samples
                found |= {each: {at_ms: float(text) for at_ms, text in samples} for each, samples in sampled.items()}
            except (msgspec.DecodeError, ValueError):
                return _NO_HUB
        return found

    async def _ask(self, from_ms: int, until_ms: int, series: Sequence[str], **more: str) -> bytes | Unanswered:
        """Waits where it is asked to: a hub says no more than so much an hour."""
        params = {"from": str(from_ms), "until": str(until_ms), **more}
        if series:
            params["series"] = ",".join(series)
        said: bytes | Unanswered = Unanswered("")
        for _ in range(_TRIES):
            said = await self._far.ask(_HELD, params)
            if not isinstance(said, Unanswered) or not said.after_s:
                return said
            await asyncio.sleep(min(said.after_s, _MOST_PATIENCE_S))
        return said


def _pieces(series: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (series[first : first + MOST_AT_ONCE] for first in range(0, len(series), MOST_AT_ONCE))


def of(destination: Destination, folder: Path, vantage: str, device: str = "") -> Holder | Unanswered:
    """Whom to ask about a destination. Raises OSError when a file named in the configuration cannot be read."""
    there = tuple(way for way in ways.of(destination.proxies, device) if not way.elsewhere) or ways.of([DIRECT], device)
    rest = (destination.basic_auth, destination.tls, folder, there)
    if destination.query is not None:
        return Database(Far.of(destination.query, *rest), vantage)
    if not destination.remote_write.endswith(_WRITE):
        return Unanswered("nobody says where to ask: give `query`")
    return Hub(Far.of(destination.remote_write.removesuffix(_WRITE), *rest))
