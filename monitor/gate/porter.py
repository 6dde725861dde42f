"""Lets connections in: so many at once, so many of one address, so long for each part of a request; then they end.

aiohttp waits for ever for the end of a request's head. Every connection here has one deadline that is always running,
from before its TLS handshake on. Who has shown a password or a certificate (`known`) is never sent away for a stranger:
where all places are taken, the stranger who came first goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from monitor.gate.buckets import Buckets
from monitor.gate.desk import Desk
from monitor.gate.visitor import LetsIn, Visitor

_BACKLOG = 128
_OUT_OF_HANDLES_S = 0.2
_GOODBYE_S = 5.0  # how long a far end may take to end TLS
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one listener bears.

    Attributes:
        most: connections at once.
        of_one: of one address; a /64 counts as one.
        a_minute: requests of one address, on average; twice as many may come at once.
        handshake_s, head_s: until TLS stands, and then until the whole head of the first request is here.
        work_s: from there until it is answered, its body included.
        rest_s: until the answer is taken and the next head is here.
        proxied: this machine's own address counts as nobody's: a proxy in front hands on everybody's requests.
    """

    most: Callable[[], int] = lambda: 64
    of_one: int = 32
    a_minute: int = 600
    handshake_s: float = 10.0
    head_s: float = 10.0
    work_s: float = 60.0
    rest_s: float = 90.0
    proxied: bool = False


class Porter:
    """Of one listener. `open`, then `work` for ever, then `close`.

    Args:
        lets_in: whether a certificate that was verified may come in; None is who showed none.
        faults: what aiohttp is handed for each connection (web.RequestHandler).
    """

    def __init__(
        self,
        app: web.Application,
        context: ssl.SSLContext | None,
        bounds: Bounds,
        *,
        lets_in: LetsIn = lambda certificate: True,
        **faults: Any,
    ) -> None:
        self._lets_in = lets_in
        self._app, self._context, self._bounds, self._faults = app, context, bounds, faults
        self._known: set[Visitor] = set()
        self._strangers: dict[Visitor, None] = {}  # in the order in which they came
        self._by_inner: dict[object, Visitor] = {}
        self._of: Counter[str] = Counter()
        self._asked = Buckets(bounds.a_minute, 2 * bounds.a_minute)
        self._listeners: list[socket.socket] = []

        @web.middleware
        async def passed(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._pass(request, handler)

        app.middlewares.insert(0, passed)
        app[_PORTER] = self
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=1.0)

    async def open(self, host: str, port: int) -> None:
        """Raises OSError when the address is taken or not ours."""
        take_all_handles()
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        refused: OSError | None = None
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                listener = socket.create_server((str(address[0]), int(address[1])), family=family, backlog=_BACKLOG)
            except OSError as error:
                refused = error
                if error.errno not in _NOT_HERE:
                    break
                continue
            listener.setblocking(False)
            self._listeners.append(listener)
        if refused is not None and (refused.errno not in _NOT_HERE or not self._listeners):
            await self.close()
            raise refused

    async def work(self, spawn: Spawn) -> None:
        """Lets them in. `spawn`: starts a coroutine in the task group of whoever keeps this listener."""
        try:
            await asyncio.gather(*(self._accept(each, spawn) for each in self._listeners))
        finally:
            for visitor in self._strangers:
                if visitor.transport is None:
                    visitor.leave()

    async def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        await self._runner.cleanup()

    @property
    def visitors(self) -> int:
        return len(self._known) + len(self._strangers)

    # ---------------------------------------------------------------- coming in

    async def _accept(self, listener: socket.socket, spawn: Spawn) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, peer = await loop.sock_accept(listener)
            except OSError:  # it was gone before we looked, or we are out of handles
                await asyncio.sleep(_OUT_OF_HANDLES_S)
                continue
            visitor = self._seated(_neighbourhood(peer[0] if peer else ""))
            if visitor is None:
                sock.close()
            else:
                visitor.entering = spawn(self._let_in(sock, visitor))

    def _seated(self, address: str) -> Visitor | None:
        """None where there is no place for it."""
        server = self._runner.server
        if server is None or (not self._is_proxy(address) and self._of[address] >= self._bounds.of_one):
            return None
        if self.visitors >= self._bounds.most():
            first = next(iter(self._strangers), None)
            if first is None:
                return None
            first.leave()
            self._gone(first)
        desk = Desk(server, self._app, **self._faults)
        visitor = Visitor(desk, address, self._lets_in, self._gone)
        self._strangers[visitor] = None
        self._by_inner[visitor.inner] = visitor
        self._of[address] += 1
        return visitor

    async def _let_in(self, sock: socket.socket, visitor: Visitor) -> None:
        timed = {"ssl_handshake_timeout": self._bounds.handshake_s, "ssl_shutdown_timeout": _GOODBYE_S}
        visitor.may_take(self._bounds.head_s + (self._bounds.handshake_s if self._context else 0))
        try:
            with contextlib.suppress(OSError, EOFError):  # TLS that never stood is theirs to explain
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: visitor, sock, ssl=self._context, **(timed if self._context else {})
                )
        finally:
            if visitor.transport is None:
                visitor.takes_no_more()
                self._gone(visitor)

    def _gone(self, visitor: Visitor) -> None:
        if self._by_inner.pop(visitor.inner, None) is None:
            return
        self._known.discard(visitor)
        self._strangers.pop(visitor, None)
        self._of[visitor.address] -= 1
        if not self._of[visitor.address]:
            del self._of[visitor.address]

    # ---------------------------------------------------------------- asking

    async def _pass(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        visitor = self._by_inner.get(request.protocol)
        if visitor is None:  # sent away while its request was read
            raise web.HTTPServiceUnavailable
        visitor.may_take(self._bounds.work_s)
        try:
            if not self._may_ask(visitor.address):
                response = web.Response(status=429, text="Not so fast.\n", headers={"Retry-After": "60"})
                response.force_close()
                return response
            return await handler(request)
        finally:
            visitor.may_take(self._bounds.rest_s)

    def _may_ask(self, address: str) -> bool:
        if self._is_proxy(address):
            return True
        if self._asked.left(address) < 1:
            return False
        self._asked.take(address)
        return True

    def _is_proxy(self, address: str) -> bool:
        return self._bounds.proxied and address in ("127.0.0.1", "::")

    def welcome(self, request: web.Request) -> None:
        """Whose request it is has shown who it is: its connection does not make way for strangers."""
        visitor = self._by_inner.get(request.protocol)
        if visitor is not None and visitor in self._strangers:
            del self._strangers[visitor]
            self._known.add(visitor)


_PORTER = web.AppKey("didban.porter", Porter)


def known(request: web.Request) -> None:
    """To the porter of the listener it came by, if it has one."""
    porter = request.config_dict.get(_PORTER)
    if porter is not None:
        porter.welcome(request)


def take_all_handles() -> None:
    """Whoever may connect must not be able to take the file handles the work needs."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _neighbourhood(address: str) -> str:
    """Of IPv6 the /64, which is one home; a scope (`%eth0`) says nothing here."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False).network_address)
