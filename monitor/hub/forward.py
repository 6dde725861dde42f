"""Hands bytes to the database behind the hub, and says what it made of them. Knows neither vantages nor the queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import aiohttp

from monitor.home import answers, remotewrite
from monitor.home.answers import Outcome
from monitor.home.credentials import basic_header, client_context
from monitor.home.remotewrite import TimeSeries
from monitor.hub.settings import Forward
from monitor.logs import Log

_PATIENCE_S = 10.0
_LONGEST_ASKED_S = 60.0


_log = Log()


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
        if outcome is Outcome.TAKEN:
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
                outcome = answers.meant(response.status)
                asked_s = answers.asked_to_wait_s(response.headers.get("Retry-After"))
                self.asked_to_wait_s = min(asked_s, _LONGEST_ASKED_S)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("database_unreachable", why=type(error).__name__)
            return Outcome.LATER
        if outcome is not Outcome.TAKEN:
            log = _log.debug if doubted and outcome is not Outcome.LATER else _log.warning
            log("database_refuses", status=response.status, said=said.decode(errors="replace").strip())
        return outcome

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
