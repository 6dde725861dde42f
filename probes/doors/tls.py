"""TLS by hand, on a stream that is already there: its own errors, its own length, and what the far end showed.

It runs through memory BIOs, because asyncio's transports rename errors (a clean close in mid-handshake reads as a
reset) and aiohttp puts one timeout round connect and handshake.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from probes.doors import dates
from probes.doors.dates import OURS, Dates
from probes.facts import Certificate
from probes.failure import Refusal
from probes.ports import Greeted, Greeting, Stream
from probes.words import Failure

_CHUNK = 16 * 1024
_MOST_READ = 512  # certificates, half a kilobyte each
ROOTS = Path(__file__).parents[1] / "roots"


_Policy = tuple[tuple[str, ...], str, bool, bool]  # what of a greeting its context depends on


@dataclass(slots=True)
class Trust:
    """Who may sign under one policy.

    Attributes:
        undated: the next handshakes leave dates to us.
    """

    context: ssl.SSLContext
    verified: bool
    undated: bool = False
    _read: dict[str, Certificate] = field(default_factory=dict)

    def leaves_dates_to_us(self, dates: Dates) -> bool:
        """The context is asked, and told, only where that has changed: Python makes an enum of its flags each time."""
        if self.undated is dates.ours_will_do:
            self.undated = dates.fit(self.context)
        return self.undated and self.verified

    def certificate(self, tls: ssl.SSLObject) -> Certificate:
        """What it says that was shown. The same few are shown all day long: each is read once."""
        sha256 = hashlib.sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()
        if (known := self._read.get(sha256)) is None:
            if len(self._read) >= _MOST_READ:
                self._read.clear()
            known = self._read[sha256] = _certificate(_shown(tls), sha256)
        return known


class Trusts:
    """One context per policy, never per walk: 38-46 ms each with a CA bundle (measured).

    Args:
        ca_file: extra roots, as of a laboratory; the system's stay trusted.
        roots: the folder of the files a greeting names.
    """

    def __init__(self, ca_file: Path | None, roots: Path) -> None:
        self._ca_file, self._roots = ca_file, roots
        self._made: dict[_Policy, Trust] = {}
        for alpn in ((), ("http/1.1",)):  # made at once: what most walks need, and a bad file is told before the first
            self.of(Greeting("", ("",), alpn))

    def of(self, greeting: Greeting) -> Trust:
        policy = (greeting.alpn, greeting.roots, bool(greeting.accepts), _compared_by_us(greeting))
        if (trust := self._made.get(policy)) is None:
            context = _context(policy, self._ca_file, self._roots)
            trust = self._made[policy] = Trust(context, verified=bool(greeting.accepts))
        return trust


class SecureLine:
    """TLS on a `Line`."""

    def __init__(self, below: Stream, trust: Trust, greeting: Greeting, by: Dates = OURS) -> None:
        self._below, self._trust, self._greeting, self._dates = below, trust, greeting, by
        self._undated = trust.leaves_dates_to_us(by)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = trust.context.wrap_bio(self._incoming, self._outgoing, server_hostname=greeting.says)

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
        certificate = self._trust.certificate(self._tls)
        if self._undated:
            certificate = replace(certificate, valid_ms=self._judged_by_date())
        if _compared_by_us(self._greeting):
            shown = _shown(self._tls)
            if not any(_holds(shown, name) for name in self._greeting.accepts):
                raise Refusal(Failure.SSL_INVALID_HOSTNAME)
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


def _certificate(shown: dict[str, Any], sha256: str) -> Certificate:
    issuer: dict[str, str] = dict(pair for rdn in shown.get("issuer", ()) for pair in rdn)
    return Certificate(
        issuer=issuer.get("organizationName") or issuer.get("commonName", ""),
        sha256=sha256,
        expires_ms=int(ssl.cert_time_to_seconds(shown["notAfter"]) * 1000) if shown else 0,
    )
