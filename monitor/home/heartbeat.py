"""Tells a dead man's switch outside that this box lives. Its address is a secret, never shown or logged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp

from monitor.logs import Log

_log = Log()


async def beat(url: str, every_s: float, patience_s: float, keeps_still: Callable[[], bool] = lambda: False) -> None:
    """Asks for the address again and again, unless it is to keep still; what comes of it is only logged."""
    timeout = aiohttp.ClientTimeout(total=patience_s)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        while True:
            if not keeps_still():
                await _knock(session, url)
            await asyncio.sleep(every_s)


async def _knock(session: aiohttp.ClientSession, url: str) -> None:
    try:
        async with session.get(url) as answer:
            await answer.content.read(1024)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        _log.info("heartbeat_not_heard", why=type(error).__name__)
