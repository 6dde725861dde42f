"""Hands bytes to the database behind the hub, and says what it made of them. Knows neither vantages nor the queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from pathlib import Path

import aiohttp
import structlog

from monitor.home import remotewrite
from monitor.home.credentials import basic_header, client_context
from monitor.home.remotewrite import TimeSeries
from monitor.hub.settings import Forward

_PATIENCE_S = 10.0
_COMES_AGAIN = {401, 403, 404, 408, 425, 429, 502, 503, 504}  # a set-up of ours, or too fast: never the samples
_LONGEST_ASKED_S = 60.0


class Outcome(Enum):
    DELIVERED = auto()
    REFUSED = auto()  # for good: the same samples will never be taken
    FAULT = auto()  # either what was sent or who received it: Prometheus 2.42 says 500 to a sample that is too old
    UNDELIVERED = auto()  # should come again


_log = structlog.get_logger("didban.hub")


class Forwarder:
    """Remote write to Prometheus, VictoriaMetrics or Mimir.

    Attributes:
        last_success_ms: when the database last took something from the queue; 0 before it did.
        asked_to_wait_s: what its last answer asked for.
    """

    def __init__(self, forward: Forward, folder: Path, *, now_ms: Callable[[], int]) -> None:
        self._url, self._now_ms = forward.remote_write, now_ms
        self._headers = dict(remotewrite.HEADERS)
        if forward.basic_auth is not None:
            self._headers["Authorization"] = basic_header(forward.basic_auth, folder)
        self._tls = client_context(forward.tls, folder)
        self._session: aiohttp.ClientSession | None = None
        self.last_success_ms = 0
        self.asked_to_wait_s = 0.0

    async def send(self, series: Sequence[TimeSeries]) -> Outcome:
        """Statements of the hub itself, straight."""
        return await self._post(remotewrite.encode(series))

    async def send_on(self, body: bytes, *, doubted: bool = False) -> Outcome:
        """What vantages wrote. `doubted`: a No is expected, and one box must not be able to fill the log with them."""
        outcome = await self._post(body, doubted=doubted)
        if outcome is Outcome.DELIVERED:
            self.last_success_ms = self._now_ms()
        return outcome

    async def _post(self, body: bytes, *, doubted: bool = False) -> Outcome:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        self.asked_to_wait_s = 0.0
        try:
            async with self._session.post(
                self._url, data=body, headers=self._headers, ssl=self._tls, allow_redirects=False
            ) as response:
                said = await response.content.read(500)
                outcome = _meant(response.status)
                self.asked_to_wait_s = _seconds(response.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("database_unreachable", why=type(error).__name__)
            return Outcome.UNDELIVERED
        if outcome is not Outcome.DELIVERED:
            log = _log.debug if doubted and outcome is not Outcome.UNDELIVERED else _log.warning
            log("database_refuses", status=response.status, said=said.decode(errors="replace").strip())
        return outcome

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _meant(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if status in _COMES_AGAIN or status < 400:  # a redirect is a login page's: nothing was stored behind it
        return Outcome.UNDELIVERED
    return Outcome.REFUSED if status < 500 else Outcome.FAULT


def _seconds(header: str | None) -> float:
    """Of a `Retry-After` in seconds, as far as we would wait."""
    given = header is not None and header.isascii() and header.isdigit() and len(header) < 8
    return min(float(header or 0), _LONGEST_ASKED_S) if given else 0.0
