"""Asks resolvers who prove who they are (DoH, DoT) for a name's addresses. Believes no answer whose sender did not."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field

from probes.deadline import Deadline
from probes.failure import Refusal
from probes.knock.dns import MEDIA_TYPE, Answered, Malformed, Query, Type
from probes.ports import Greeting, Post, Stream, Traffic, Web, Wire
from probes.words import Failure, Transport

_CHUNK = 4096
_MOST_BYTES = 8192
_RCODES = {2: Failure.DNS_SERVFAIL, 3: Failure.DNS_NXDOMAIN, 5: Failure.DNS_REFUSED}


@dataclass(frozen=True, slots=True)
class TrustedResolver:
    """`address` is a literal one: a name would have to be asked for first. `path`: of DoH; empty for DoT."""

    address: str
    name: str
    port: int
    path: str = ""

    @classmethod
    def doh(cls, url: str) -> TrustedResolver:
        """Of `https://1.1.1.1/dns-query`, whose certificate must be for the address. Raises ValueError."""
        parts = urllib.parse.urlsplit(url)
        address = str(ipaddress.ip_address(parts.hostname or ""))
        if parts.scheme != "https" or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError(f"must be https://ADDRESS/PATH, not {url!r}")
        return cls(address, address, parts.port or 443, parts.path or "/")

    @classmethod
    def dot(cls, address: str, name: str = "") -> TrustedResolver:
        """`name`: whom its certificate must be for, the address itself without one. Raises ValueError."""
        return cls(str(ipaddress.ip_address(address)), name or address, 853)


@dataclass(frozen=True, slots=True)
class TrustedResolvers:
    """`Trusted`.

    Args:
        resolvers: asked in this order; the next one where one cannot be asked or cannot tell.
        patience_s: how long one of them is waited for.
        keep_s: for how long what was heard of a name, or that nobody could be asked, is not asked for again: they are
            asked wherever a walk fails, and an answer costs as much as a page.
    """

    resolvers: Sequence[TrustedResolver]
    wire: Wire
    web: Web
    patience_s: float
    keep_s: float = 0.0
    _heard: dict[tuple[str, bool], tuple[float, tuple[str, ...] | Failure]] = field(default_factory=dict)

    async def resolve(self, host: str, traffic: Traffic, *, v6: bool = False) -> tuple[str, ...]:
        now_s = asyncio.get_running_loop().time()
        at_s, heard = self._heard.get((host, v6), (now_s - self.keep_s, ()))
        if now_s - at_s < self.keep_s:
            if isinstance(heard, Failure):
                raise Refusal(heard)
            return heard
        try:
            found = await self._asked(host, traffic, v6=v6)
        except Refusal as error:
            self._heard[host, v6] = (now_s, error.failure)
            raise
        except (OSError, EOFError):
            self._heard[host, v6] = (now_s, Failure.TIMEOUT)
            raise
        self._heard[host, v6] = (now_s, found)
        return found

    async def _asked(self, host: str, traffic: Traffic, *, v6: bool) -> tuple[str, ...]:
        failed: OSError | EOFError | Refusal = Refusal(Failure.DNS_NO_ANSWER)
        for resolver in self.resolvers:
            try:
                with Deadline(self.patience_s):
                    answered = await self._ask(resolver, host, Type.AAAA if v6 else Type.A, traffic)
            except (OSError, EOFError, Refusal) as error:
                failed = error
                continue
            failure = _RCODES.get(answered.rcode, Failure.DNS_NO_ANSWER)
            if answered.rcode == 0 and answered.addresses:
                return answered.addresses
            if answered.rcode in (0, 3):  # there is nothing of the kind: the answer, whoever is asked
                raise Refusal(failure)
            failed = Refusal(failure)
        raise failed

    async def _ask(self, resolver: TrustedResolver, host: str, type_: Type, traffic: Traffic) -> Answered:
        by_https = bool(resolver.path)
        query = Query(0 if by_https else secrets.randbelow(1 << 16), host, framed=not by_https, type=type_)
        alpn = ("h2", "http/1.1") if by_https else ()
        stream = await self.wire.connect(resolver.address, resolver.port, Transport.TCP, traffic)
        try:
            greeted = await self.wire.handshake(stream, Greeting(resolver.name, (resolver.name,), alpn))
            if not by_https:
                return _read(query, await _framed(greeted.stream, query.opening()))
            host_header = f"[{resolver.name}]" if ":" in resolver.name else resolver.name
            page = await self.web.fetch(
                greeted.stream,
                host_header if resolver.port == 443 else f"{host_header}:{resolver.port}",
                resolver.path,
                secure=True,
                alpn=greeted.alpn,
                post=Post(MEDIA_TYPE, query.opening()),
            )
        finally:
            stream.close()
        if page.status != 200:
            raise Refusal(Failure.HTTP_UNEXPECTED_STATUS)
        return _read(query, page.body)


async def _framed(stream: Stream, opening: bytes) -> bytes:
    """The message that comes back. EOFError where it breaks off."""
    await stream.send(opening)
    data = b""
    while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
        more = await stream.receive(_CHUNK)
        if not more:
            raise EOFError
        data += more
        if len(data) > _MOST_BYTES:
            raise Refusal(Failure.DNS_MALFORMED_REPLY)
    return data[2 : 2 + int.from_bytes(data[:2], "big")]


def _read(query: Query, message: bytes) -> Answered:
    try:
        return query.answered(message)
    except Malformed:
        raise Refusal(Failure.DNS_MALFORMED_REPLY) from None
