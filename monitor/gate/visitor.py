"""One connection, on its way to aiohttp: it has one deadline that is always running, and ends when that is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

from monitor.gate.desk import Desk

LetsIn = Callable[[Mapping[str, Any] | None], bool]


class Visitor(asyncio.Protocol):
    """Passes everything on to `inner`, if it may come in. `entering`: what lets it in, until it is."""

    def __init__(self, inner: Desk, address: str, lets_in: LetsIn, forget: Callable[[Visitor], None]) -> None:
        self.inner, self.address, self._lets_in, self._forget = inner, address, lets_in, forget
        self._hears: asyncio.Protocol = asyncio.Protocol()  # deaf, until it has come in
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
        if not self._lets_in(transport.get_extra_info("peercert")):
            self.leave()
            return
        self._hears = self.inner
        self._hears.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._hears.data_received(data)

    def eof_received(self) -> None:
        self._hears.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.takes_no_more()
        self._forget(self)
        self._hears.connection_lost(exc)

    def pause_writing(self) -> None:
        self._hears.pause_writing()

    def resume_writing(self) -> None:
        self._hears.resume_writing()
