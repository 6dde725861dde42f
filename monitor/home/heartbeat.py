"""Tells a dead man's switch outside that this box lives. Its address is a secret, never shown or logged."""

from __future__ import annotations

import asyncio

import aiohttp

from monitor.logs import Log

_log = Log()


async def beat(url: str, every_s: float, patience_s: float) -> None:
    """Asks for the address again and again; what comes of it is only logged."""
    timeout = aiohttp.ClientTimeout(total=patience_s)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        while True:
            try:
                async with session.get(url) as answer:
                    await answer.content.read(1024)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                _log.info("heartbeat_not_heard", why=type(error).__name__)
            await asyncio.sleep(every_s)
