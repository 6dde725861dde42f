"""The way home: sends each tick's home set by remote write, live, through the ways the operator named, in turn.

What could not be sent while it was news stays in the spool. Nothing here changes a sample: a resend is bit-identical.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import structlog
from aiohttp_socks import ProxyConnector

from monitor import metrics
from monitor.beat.limits import Budget
from monitor.beat.spread import spread_s
from monitor.home import remotewrite
from monitor.home.credentials import basic_header, client_context
from monitor.home.remotewrite import STALE, TimeSeries
from monitor.home.ways import NO_WAY, bound_to
from monitor.metrics import Series
from monitor.pace import Pace
from monitor.settings import Destination
from monitor.tick import Tick
from probes.ports import Clock

_TICKS_KEPT = 10  # what is older is no longer live
_HEADERS_BYTES = 700  # request line, headers and TLS records of one request on an open connection, both ways
_HANDSHAKE_BYTES = (1_200, 4_500)  # sent and received for a new connection, with a chain of two certificates
_OK, _REFUSED, _FAILED = "ok", "refused", "failed"

_log = structlog.get_logger("didban.ship")


@dataclass(frozen=True, slots=True)
class Home:
    """Where samples go, and what is needed to get there. Secrets are read once, from their files."""

    destination: Destination
    authorization: str | None
    tls: ssl.SSLContext
    device: str

    @classmethod
    def of(cls, destination: Destination, folder: Path, device: str = "") -> Home:
        """Raises OSError when a file named in the configuration cannot be read."""
        auth = destination.basic_auth
        authorization = basic_header(auth, folder) if auth is not None else None
        return cls(destination, authorization, client_context(destination.tls, folder), device)


class Shipper:
    """One destination. `offer` a tick, and `run` brings it there or says why not."""

    def __init__(self, home: Home, identity: Mapping[str, str], *, clock: Clock, budget: Budget, pace: Pace) -> None:
        self._home, self._identity = home, identity
        self._clock, self._budget, self._pace = clock, budget, pace
        self._also = frozenset(home.destination.also)
        self._waiting: deque[list[TimeSeries]] = deque(maxlen=_TICKS_KEPT)
        self._news = asyncio.Event()
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._ways = list(home.destination.proxies)  # the one that worked last stands first
        self.samples = Counter[str]()
        self.quarantined = Counter[str]()
        self.last_success_ms = 0

    @property
    def name(self) -> str:
        return self._home.destination.name

    @property
    def pending(self) -> int:
        return sum(len(batch) for batch in self._waiting)

    def offer(self, tick: Tick) -> None:
        """The home set of a tick, each ended series with its one staleness marker."""
        mine = tick.home(self._also)
        live = (self._sample(s.name, s.labels(self._identity), mine.at_ms, v) for s, v in mine.samples.items())
        gone = (self._sample(s.name, s.labels(self._identity), mine.at_ms, STALE) for s in mine.ended)
        self._waiting.append(remotewrite.gather([*live, *gone]))
        self._news.set()

    @staticmethod
    def _sample(name: str, rest: Mapping[str, str], at_ms: int, number: float) -> tuple[remotewrite.Labels, int, bytes]:
        return remotewrite.labels(name, rest), at_ms, remotewrite.value(number)

    def inherit(self, before: Shipper) -> None:
        """What a reload would forget."""
        self._waiting.extend(before._waiting)
        self.samples, self.quarantined = before.samples, before.quarantined
        self.last_success_ms = before.last_success_ms
        self._news.set()

    def series(self) -> Iterator[tuple[Series, float]]:
        """What the tick says of this destination."""
        yield Series(metrics.SHIP_PENDING, (self.name,)), self.pending
        if self.last_success_ms:
            yield Series(metrics.SHIP_SUCCESS, (self.name,)), self.last_success_ms / 1000
        for result in (_OK, _REFUSED, _FAILED):
            yield Series(metrics.SHIP_SAMPLES, (self.name, result)), self.samples[result]
        yield Series(metrics.SHIP_QUARANTINED, (self.name, _REFUSED)), self.quarantined[_REFUSED]

    async def run(self) -> None:
        """Sends for ever; after a failure it waits, each box in its own rhythm."""
        failures = 0
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                if await self.send_waiting():
                    failures = 0
                    continue
                failures += 1
                about_s = self._pace.ship_backoff_s * min(2 ** (failures - 1), 12)
                await asyncio.sleep(spread_s(self.name.encode(), self._identity["vantage"], failures, about_s))

    async def send_waiting(self) -> bool:
        """One request with everything that waits; False if it has to be tried again."""
        batches = list(self._waiting)
        if not batches:
            return True
        series = remotewrite.gather(
            (each.labels, at_ms, packed) for batch in batches for each in batch for at_ms, packed in each.samples
        )
        count = sum(len(each.samples) for each in series)
        result = await self._post(remotewrite.encode(series))
        self.samples[result] += count
        if result == _FAILED:
            return False
        if result == _REFUSED:
            self.quarantined[_REFUSED] += count
        while self._waiting and any(self._waiting[0] is batch for batch in batches):  # others may have come meanwhile
            self._waiting.popleft()
        return True

    async def _post(self, body: bytes) -> str:
        """Through each way in turn until one answers. Only an answer that says "never" ends the trying."""
        for way in list(self._ways):
            try:
                status = await self._post_by(way, body)
            except NO_WAY as error:
                _log.info("way_home_failed", destination=self.name, way=way.partition(":")[0], why=type(error).__name__)
                continue
            if way != self._ways[0]:
                self._ways.remove(way)
                self._ways.insert(0, way)
            if 200 <= status < 300:
                self.last_success_ms = self._clock.now_ms()
                return _OK
            _log.warning("destination_refuses", destination=self.name, status=status)
            return _REFUSED if 400 <= status < 500 and status not in (401, 403, 408, 429) else _FAILED
        return _FAILED

    async def _post_by(self, way: str, body: bytes) -> int:
        if way not in self._sessions:
            self._sessions[way] = self._session(way)
        proxy = way if way.startswith("http") else None
        headers = dict(remotewrite.HEADERS)
        if self._home.authorization:
            headers["Authorization"] = self._home.authorization
        url, tls = self._home.destination.remote_write, self._home.tls
        self._spend(sent=len(body) + _HEADERS_BYTES, received=0)
        async with self._sessions[way].post(
            url, data=body, headers=headers, proxy=proxy, ssl=tls, allow_redirects=False
        ) as response:
            await response.content.read(64 * 1024)
            self._spend(sent=0, received=_HEADERS_BYTES)
            return response.status

    def _spend(self, *, sent: int, received: int) -> None:
        self._budget.spend(purpose="ship", sent=sent, received=received, now_ms=self._clock.now_ms())

    def _session(self, way: str) -> aiohttp.ClientSession:
        connector: aiohttp.BaseConnector
        if way.startswith("socks"):
            connector = ProxyConnector.from_url(way.replace("socks5h", "socks5"), rdns=True)
        else:
            kept_s = 2.5 * self._pace.interval_s  # over the next tick: else each pays for a handshake
            connector = aiohttp.TCPConnector(
                limit=2, keepalive_timeout=kept_s, socket_factory=bound_to(self._home.device)
            )
        timeout = aiohttp.ClientTimeout(total=self._pace.ship_patience_s)
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(self._connected)
        return aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False, trace_configs=[trace])

    async def _connected(self, session: aiohttp.ClientSession, context: object, params: object) -> None:
        self._spend(sent=_HANDSHAKE_BYTES[0], received=_HANDSHAKE_BYTES[1])

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
