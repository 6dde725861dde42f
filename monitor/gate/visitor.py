"""One connection, on its way to aiohttp: it has one deadline that is always running, and ends when that is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from monitor.gate.desk import Desk


class Visitor(asyncio.Protocol):
    """Passes everything on to `inner`. `entering`: what lets it in, until it is."""

    def __init__(self, inner: Desk, address: str, forget: Callable[[Visitor], None]) -> None:
        self.inner, self.address, self._forget = inner, address, forget
        self.transport: asyncio.Transport | None = None
        self.entering: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def may_take(self, length_s: float) -> None:
        """From now on so long, whatever it does meanwhile."""
        self.takes_no_more()
        self._deadline = asyncio.get_running_loop().call_later(length_s, self.leave)

    def takes_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def leave(self) -> None:
        self.takes_no_more()
        if self.transport is not None:
            self.transport.abort()
        elif self.entering is not None:
            self.entering.cancel()

    # what asyncio says, and aiohttp hears

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.inner.data_received(data)

    def eof_received(self) -> None:
        self.inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.takes_no_more()
        self._forget(self)
        self.inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        self.inner.resume_writing()
