"""Tells a dead man's switch outside that this box lives. Its address is a secret, never shown or logged."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from monitor.logs import Log

_log = Log()


@dataclass(frozen=True, slots=True)
class Switch:
    """`tls`: whom it is believed to be; the extra roots of a configuration count here too."""

    url: str = field(repr=False)
    tls: ssl.SSLContext


async def beat(
    switch: Switch, every_s: float, patience_s: float, keeps_still: Callable[[], bool] = lambda: False
) -> None:
    """Asks for the address again and again, unless it is to keep still; what comes of it is only logged."""
    timeout, connector = aiohttp.ClientTimeout(total=patience_s), aiohttp.TCPConnector(ssl=switch.tls)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False) as session:
        while True:
            if not keeps_still():
                await _knock(session, switch.url)
            await asyncio.sleep(every_s)


async def _knock(session: aiohttp.ClientSession, url: str) -> None:
    try:
        async with session.get(url) as answer:
            await answer.content.read(1024)
            if not answer.ok:  # a switch that knows no such address will think us dead
                _log.info("heartbeat_not_heard", why=f"HTTP {answer.status}")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        _log.info("heartbeat_not_heard", why=type(error).__name__)
