"""Hands what the gateway took, and what the registry says, to the database behind the hub."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path

import aiohttp
import structlog

from monitor.home import remotewrite
from monitor.home.credentials import basic_header, client_context
from monitor.home.remotewrite import TimeSeries
from monitor.hub.settings import Forward

_PATIENCE_S = 10.0
_COMES_AGAIN = {401, 403, 404, 408, 425, 429}  # of the 4xx: our own set-up, or too fast; all others are for good


class Outcome(Enum):
    DELIVERED = auto()
    REFUSED = auto()  # for good: the same samples will never be taken
    UNDELIVERED = auto()  # should come again


_log = structlog.get_logger("didban.hub")


class Forwarder:
    """Remote write to Prometheus, VictoriaMetrics or Mimir."""

    def __init__(self, forward: Forward, folder: Path) -> None:
        self._url = forward.remote_write
        self._headers = dict(remotewrite.HEADERS)
        if forward.basic_auth is not None:
            self._headers["Authorization"] = basic_header(forward.basic_auth, folder)
        self._tls = client_context(forward.tls, folder)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, series: Sequence[TimeSeries]) -> Outcome:
        """What the database made of it; a refusal is logged."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        body = remotewrite.encode(series)
        try:
            async with self._session.post(self._url, data=body, headers=self._headers, ssl=self._tls) as response:
                said = await response.content.read(500)
                if 200 <= response.status < 300:
                    return Outcome.DELIVERED
                _log.warning("database_refuses", status=response.status, said=said.decode(errors="replace").strip())
                if 400 <= response.status < 500 and response.status not in _COMES_AGAIN:
                    return Outcome.REFUSED
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("database_unreachable", why=type(error).__name__)
        return Outcome.UNDELIVERED

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
