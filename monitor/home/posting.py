"""Posts bytes by the ways home the operator named, in turn, the one that worked first. Knows nothing of samples."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from monitor.home import answers, remotewrite, ways
from monitor.home.answers import Outcome
from monitor.home.credentials import basic_header, client_context
from monitor.home.ways import NO_WAY, Way
from monitor.logs import Log
from monitor.settings import Destination
from probes.doors.dates import OURS, Dates, dated

_HEADERS_BYTES = 700  # request line, headers and TLS records of one request on an open connection, both ways
_HANDSHAKE_BYTES = (1_200, 4_500)  # sent and received for a new connection, with a chain of two certificates

_log = Log()

Spend = Callable[[int, int], None]  # bytes sent, bytes received


@dataclass(frozen=True, slots=True)
class Reply:
    """`after_s`: how long the far end asked us to wait."""

    outcome: Outcome
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Home:
    """Where samples go, and what is needed to get there. Secrets are read once, from their files."""

    destination: Destination
    authorization: str | None
    tls: ssl.SSLContext
    device: str
    dates: Dates = OURS

    @classmethod
    def of(cls, destination: Destination, folder: Path, device: str = "", dates: Dates = OURS) -> Home:
        """Raises OSError when a file named in the configuration cannot be read.

        `dates`: by what time the far end's certificate is judged.
        """
        auth = destination.basic_auth
        authorization = basic_header(auth, folder) if auth is not None else None
        tls = client_context(destination.tls, folder)
        dated(tls, dates)
        return cls(destination, authorization, tls, device, dates)


class Ways:
    """Of one destination.

    Args:
        patience_s: how long one request may take.
        kept_s: how long a connection is kept open for the next.
    """

    def __init__(self, home: Home, *, patience_s: float, kept_s: float, spend: Spend) -> None:
        self._home, self._patience_s, self._kept_s, self._spend = home, patience_s, kept_s, spend
        self._sessions: dict[Way, aiohttp.ClientSession] = {}
        self.order = list(ways.of(home.destination.proxies, home.device))

    async def post(self, body: bytes) -> Reply:
        """Through each way in turn until the receiver answers.

        Who says that we are to log in, or that nothing is there, may be a portal or a censor on that way: the next is
        tried, and what was said counts only where none leads further.
        """
        name, last = self._home.destination.name, Reply(Outcome.LATER)
        for way in list(self.order):
            try:
                reply, status = await self._post_by(way, body)
            except NO_WAY as error:
                _log.info("way_home_failed", destination=name, way=way.kind, why=type(error).__name__)
                continue
            if reply.outcome is not Outcome.TAKEN:
                _log.warning("destination_refuses", destination=name, way=way.kind, status=status)
            if reply.outcome is Outcome.LATER and status not in answers.OF_ITS_OWN:
                last = reply
                continue
            self.order.remove(way)
            self.order.insert(0, way)
            return reply
        return last

    async def _post_by(self, way: Way, body: bytes) -> tuple[Reply, int]:
        if way not in self._sessions:
            trace = aiohttp.TraceConfig()
            trace.on_connection_create_end.append(self._connected)
            self._sessions[way] = way.session(self._patience_s, kept_s=self._kept_s, traces=[trace])
        headers = dict(remotewrite.HEADERS)
        if self._home.authorization:
            headers["Authorization"] = self._home.authorization
        url, tls = way.url(self._home.destination.remote_write), self._home.tls
        self._home.dates.fit(tls)
        self._spend(len(body) + _HEADERS_BYTES, 0)
        async with self._sessions[way].post(
            url, data=body, headers=headers, proxy=way.proxy, ssl=tls, allow_redirects=False
        ) as response:
            await response.content.read(64 * 1024)
            self._spend(0, _HEADERS_BYTES)
            after_s = answers.asked_to_wait_s(response.headers.get("Retry-After"))
            return Reply(answers.meant(response.status), after_s), response.status

    async def _connected(self, session: aiohttp.ClientSession, context: object, params: object) -> None:
        self._spend(*_HANDSHAKE_BYTES)

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
