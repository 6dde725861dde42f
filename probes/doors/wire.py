"""Sockets and TLS, by hand: connect and handshake are steps of their own, each with its own error and its own length.

TLS runs through memory BIOs on our own socket, because asyncio's transports rename errors (a clean close in
mid-handshake reads as a reset) and aiohttp puts one timeout round connect and handshake.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import hashlib
import socket
import ssl
import sys
import termios
from dataclasses import replace
from pathlib import Path
from typing import Any

from probes.doors import dates
from probes.doors.dates import OURS, Dates
from probes.doors.nonblocking import Nonblocking
from probes.facts import Certificate
from probes.failure import Refusal
from probes.ports import Greeted, Greeting, Stream, Traffic
from probes.words import Failure, Transport

_CHUNK = 16 * 1024
# What a long page that we close early costs a mobile line: 39 KB by loopback, 52 KB with twice this buffer, 28 KB with
# half of it, which would cost a chain of certificates a round trip (tests/bench/walk_bytes.py).
_RECEIVE_BUFFER = 8 * 1024
_LONG_BUFFER = 32 * 1024  # for a body that is wanted: with 8 KB a round trip every far transfer would be equally slow
_TCP_OPEN_AND_CLOSE = 140  # each way: the packets without payload that open and close a connection
_SEGMENT = 1400
ROOTS = Path(__file__).parents[1] / "roots"
_HEADERS = {Transport.TCP: 40, Transport.UDP: 28}


_Policy = tuple[tuple[str, ...], str, bool, bool]  # what of a greeting its context depends on


class Line:
    """A connected socket that counts what crosses it."""

    def __init__(self, sock: socket.socket, transport: Transport, traffic: Traffic) -> None:
        self._sock, self._waiting = sock, Nonblocking(sock)
        self._per_packet = _HEADERS[transport]
        self._traffic = traffic

    async def connect(self, address: str, port: int) -> None:
        """By TCP."""
        self._traffic.sent += _TCP_OPEN_AND_CLOSE
        await self._waiting.connect(address, port)
        self._traffic.received += _TCP_OPEN_AND_CLOSE

    async def send(self, data: bytes) -> None:
        self._traffic.sent += self._on_the_wire(len(data))
        await self._waiting.send(data)

    async def receive(self, most: int) -> bytes:
        data = await self._waiting.receive(most)
        self._traffic.came(self._on_the_wire(len(data)))
        return data

    def close(self) -> None:
        """What came and was never asked for was paid for all the same."""
        with contextlib.suppress(OSError):
            unread = int.from_bytes(fcntl.ioctl(self._sock, termios.FIONREAD, bytes(4)), sys.byteorder)
            self._traffic.received += self._on_the_wire(unread) if unread else 0
        self._waiting.close()

    def _on_the_wire(self, payload: int) -> int:
        return payload + self._per_packet * (1 + payload // _SEGMENT)


class SecureLine:
    """TLS on a `Line`."""

    def __init__(self, below: Stream, context: ssl.SSLContext, greeting: Greeting, by: Dates = OURS) -> None:
        self._below, self._greeting, self._dates = below, greeting, by
        self._undated = by.fit(context) and context.verify_mode is ssl.CERT_REQUIRED
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=greeting.says)

    async def handshake(self) -> Greeted:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    raise EOFError from None
            except ssl.SSLError:
                with contextlib.suppress(OSError):  # they may be gone; what they showed outranks that
                    await self._flush()  # the alert that says why: an ordinary client sends it
                raise
            else:
                await self._flush()
                return self._greeted()

    def _greeted(self) -> Greeted:
        """What was shown. Where another name was said than is demanded, OpenSSL has not compared it: we do."""
        shown = _shown(self._tls)
        valid_ms = self._judged_by_date() if self._undated else None
        accepts = self._greeting.accepts
        if _compared_by_us(self._greeting) and not any(_holds(shown, name) for name in accepts):
            raise Refusal(Failure.SSL_INVALID_HOSTNAME)
        certificate = replace(_certificate(self._tls, shown), valid_ms=valid_ms)
        return Greeted(self, certificate, self._tls.selected_alpn_protocol() or "")

    def _judged_by_date(self) -> tuple[int, int]:
        """OpenSSL was told to leave dates to us."""
        try:
            valid_ms = dates.window(self._tls)
            self._dates.judge(valid_ms)
        except dates.WrongDate:
            raise Refusal(Failure.SSL_INVALID_CERTIFICATE) from None
        return valid_ms

    async def send(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def receive(self, most: int) -> bytes:
        while True:
            try:
                return self._tls.read(most)
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    return b""  # many servers close without the TLS goodbye
            except ssl.SSLZeroReturnError:
                return b""

    def close(self) -> None:
        self._below.close()

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._below.send(data)

    async def _fill(self) -> bool:
        data = await self._below.receive(_CHUNK)
        self._incoming.write(data)
        return bool(data)


class Sockets:
    """`Wire` on the machine's own network.

    Args:
        ca_file: extra roots, as of a laboratory; the system's stay trusted.
        device: bind every walk to this interface (`uplink.walks`).
        roots: the folder of the files a greeting names.
        dates: by what time certificates are judged.
    """

    def __init__(self, ca_file: Path | None = None, device: str = "", roots: Path = ROOTS, dates: Dates = OURS) -> None:
        self._ca_file, self._device, self._roots, self._dates = ca_file, device, roots, dates
        # 38-46 ms each with a CA bundle (measured): one context per policy, never per walk
        self._contexts: dict[_Policy, ssl.SSLContext] = {}
        for alpn in ((), ("http/1.1",)):  # made at once: what most walks need, and a bad file is told before the first
            self._context(Greeting("", ("",), alpn))

    async def connect(self, address: str, port: int, transport: Transport, traffic: Traffic) -> Stream:
        sock = self._socket(address, transport, traffic.wanted)
        line = Line(sock, transport, traffic)
        try:
            if transport is Transport.UDP:
                sock.connect((address, port))
            else:
                await line.connect(address, port)
        except BaseException:
            line.close()
            raise
        return line

    def _socket(self, address: str, transport: Transport, wanted: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM if transport is Transport.UDP else socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if self._device:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._device.encode())
            if transport is Transport.TCP:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else 43 ms of delayed ACK are measured
                room = max(_RECEIVE_BUFFER, min(wanted, _LONG_BUFFER))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        except BaseException:
            sock.close()
            raise
        return sock

    async def handshake(self, stream: Stream, greeting: Greeting) -> Greeted:
        return await SecureLine(stream, self._context(greeting), greeting, self._dates).handshake()

    def _context(self, greeting: Greeting) -> ssl.SSLContext:
        policy = (greeting.alpn, greeting.roots, bool(greeting.accepts), _compared_by_us(greeting))
        if (context := self._contexts.get(policy)) is None:
            context = self._contexts[policy] = _context(policy, self._ca_file, self._roots)
        return context


def trusted_file(roots: str, folder: Path) -> Path | str | None:
    """Where the certificates stand that alone may sign: a file of `folder`, or the system's."""
    return folder / f"{roots}.pem" if roots else ssl.get_default_verify_paths().cafile


def _context(policy: _Policy, ca_file: Path | None, folder: Path) -> ssl.SSLContext:
    alpn, roots, verified, compared_by_us = policy
    # by file alone: looking for every unknown issuer in the system's folder costs 0.2 ms of a handshake (tests/bench)
    context = ssl.create_default_context(cafile=trusted_file(roots, folder))
    if compared_by_us or not verified:
        context.check_hostname = False
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if not verified:
        context.verify_mode = ssl.CERT_NONE
    elif ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except ssl.SSLError:
            raise OSError(errno.EINVAL, "there is no certificate in it", str(ca_file)) from None
    return context


def _compared_by_us(greeting: Greeting) -> bool:
    return bool(greeting.accepts) and greeting.accepts != (greeting.says,)


def _shown(tls: ssl.SSLObject) -> dict[str, Any]:
    """The certificate as Python reads it; empty where the chain was not verified."""
    try:
        return tls.getpeercert() or {}
    except ValueError:  # a name in it that is no text
        raise Refusal(Failure.SSL_INVALID_CERTIFICATE) from None


def _holds(shown: dict[str, Any], name: str) -> bool:
    """Whether the certificate is for `name`: RFC 6125 section 6.4, a wildcard being the whole of the first label."""
    parent = name.lower().partition(".")[2]
    held = {value.lower() for kind, value in shown.get("subjectAltName", ()) if kind in ("DNS", "IP Address")}
    return name.lower() in held or f"*.{parent}" in held


@functools.lru_cache(maxsize=1024)
def _at_ms(said: str) -> int:
    """The same few certificates say it all day long."""
    return ssl.cert_time_to_seconds(said) * 1000


def _certificate(tls: ssl.SSLObject, shown: dict[str, Any]) -> Certificate:
    der = tls.getpeercert(binary_form=True) or b""
    issuer: dict[str, str] = dict(pair for rdn in shown.get("issuer", ()) for pair in rdn)
    return Certificate(
        issuer=issuer.get("organizationName") or issuer.get("commonName", ""),
        sha256=hashlib.sha256(der).hexdigest(),
        expires_ms=_at_ms(shown["notAfter"]) if shown else 0,
    )
