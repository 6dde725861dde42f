"""TLS by hand, on a stream that is already there: its own errors, its own length, and what the far end showed.

It runs through memory BIOs, because asyncio's transports rename errors (a clean close in mid-handshake reads as a
reset) and aiohttp puts one timeout round connect and handshake.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from msgspec.structs import replace
from OpenSSL import SSL

from probes.doors import chain, openssl
from probes.doors.dates import OURS, Dates, Window, WrongDate
from probes.facts import Certificate
from probes.failure import Refusal, of_chain
from probes.ports import Greeted, Greeting, Stream
from probes.words import Failure

_CHUNK = 16 * 1024
_MOST_READ = 512  # certificates, half a kilobyte each
ROOTS = Path(__file__).parents[1] / "roots"


_Policy = tuple[tuple[str, ...], str, bool]  # what of a greeting its context depends on


@dataclass(slots=True)
class Trust:
    """Who may sign under one policy."""

    context: SSL.Context
    verified: bool
    _read: dict[str, Certificate] = field(default_factory=dict)

    def certificate(self, tls: SSL.Connection) -> Certificate:
        """What it says that was shown. The same few are shown all day long: each is read once."""
        shown = openssl.leaf_der(tls)
        sha256 = hashlib.sha256(shown).hexdigest()
        if (known := self._read.get(sha256)) is None:
            if len(self._read) >= _MOST_READ:
                self._read.clear()
            unread = Certificate(issuer="", sha256=sha256, expires_ms=0)
            known = self._read[sha256] = chain.certificate(_leaf(shown)) if self.verified else unread
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
        policy = (greeting.alpn, greeting.roots, bool(greeting.accepts))
        if (trust := self._made.get(policy)) is None:
            context = _context(policy, self._ca_file, self._roots)
            trust = self._made[policy] = Trust(context, verified=bool(greeting.accepts))
        return trust


class SecureLine:
    """TLS on a `Line`."""

    def __init__(self, below: Stream, trust: Trust, greeting: Greeting, by: Dates = OURS) -> None:
        self._below, self._trust, self._greeting, self._dates = below, trust, greeting, by
        self._undated = trust.verified and not by.ours_will_do
        self._tls = SSL.Connection(trust.context)
        self._tls.set_connect_state()
        openssl.say(self._tls, greeting.says)
        if len(greeting.accepts) == 1:
            openssl.demand(self._tls, greeting.accepts[0])
        if self._undated:
            openssl.leave_dates(self._tls)

    async def handshake(self) -> Greeted:
        while True:
            try:
                self._tls.do_handshake()
            except SSL.WantReadError:
                await self._flush()
                if not await self._fill():
                    raise EOFError from None
            except SSL.ZeroReturnError:
                raise EOFError from None
            except SSL.Error:
                with contextlib.suppress(OSError):  # they may be gone; what they showed outranks that
                    await self._flush()  # the alert that says why: an ordinary client sends it
                raise Refusal(self._flaw()) from None
            else:
                if not self._greeting.alpn:  # who offers a protocol speaks it next: its first words take our last along
                    await self._flush()
                return self._greeted()

    def _flaw(self) -> Failure:
        """Of the chain, if that is where it ended."""
        found = openssl.verdict(self._tls) if self._trust.verified else 0
        return of_chain(found) if found else Failure.SSL_FAILED_HANDSHAKE

    def _greeted(self) -> Greeted:
        """What was shown. Where more than one name is accepted, OpenSSL has not compared them: we do."""
        certificate = self._trust.certificate(self._tls)
        if self._undated:
            certificate = replace(certificate, valid_ms=self._judged_by_date())
        if len(self._greeting.accepts) > 1:
            leaf = _leaf(openssl.leaf_der(self._tls))
            if not any(chain.is_for(leaf, name) for name in self._greeting.accepts):
                raise Refusal(Failure.SSL_INVALID_HOSTNAME)
        return Greeted(self, certificate, self._tls.get_alpn_proto_negotiated().decode("ascii", "replace"))

    def _judged_by_date(self) -> Window:
        """OpenSSL was told to leave dates to us."""
        try:
            valid_ms = chain.valid(self._tls.get_verified_chain(as_cryptography=True) or ())
            self._dates.judge(valid_ms)
        except (ValueError, WrongDate):
            raise Refusal(Failure.SSL_INVALID_CERTIFICATE) from None
        return valid_ms

    async def send(self, data: bytes) -> None:
        try:
            self._tls.sendall(data)
        except SSL.Error:
            raise Refusal(Failure.SSL_FAILED_HANDSHAKE) from None
        await self._flush()

    async def receive(self, most: int) -> bytes:
        while True:
            try:
                return self._tls.recv(most)
            except SSL.WantReadError:
                await self._flush()
                if not await self._fill():
                    return b""  # many servers close without the TLS goodbye
            except SSL.ZeroReturnError:
                return b""
            except SSL.Error:
                raise Refusal(Failure.SSL_FAILED_HANDSHAKE) from None

    def close(self) -> None:
        self._below.close()

    async def _flush(self) -> None:
        while data := self._said():
            await self._below.send(data)
            if len(data) < _CHUNK:
                return

    def _said(self) -> bytes:
        try:
            return self._tls.bio_read(_CHUNK)
        except SSL.WantReadError:  # there was nothing to be said
            return b""

    async def _fill(self) -> bool:
        data = await self._below.receive(_CHUNK)
        if data:
            self._tls.bio_write(data)
        return bool(data)


def trusted_file(roots: str, folder: Path) -> Path | str | None:
    """Where the certificates stand that alone may sign: a file of `folder`, or the system's."""
    return folder / f"{roots}.pem" if roots else ssl.get_default_verify_paths().cafile


def _context(policy: _Policy, ca_file: Path | None, folder: Path) -> SSL.Context:
    alpn, roots, verified = policy
    context = openssl.context()
    if alpn:
        context.set_alpn_protos([each.encode() for each in alpn])
    if verified:
        context.set_verify(SSL.VERIFY_PEER)
        for file in (trusted_file(roots, folder), ca_file):
            if file is not None:
                _trust(context, file)
    return context


def _trust(context: SSL.Context, file: Path | str) -> None:
    """By file alone: to look for every unknown issuer in the system's folder costs 0.2 ms (tests/bench/walk_cpu.py)."""
    with open(file, "rb"):  # which says why it cannot be read; OpenSSL does not
        pass
    try:
        context.load_verify_locations(str(file))
    except SSL.Error:
        raise OSError(errno.EINVAL, "there is no certificate in it", str(file)) from None


def _leaf(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:  # OpenSSL reads more than cryptography does
        raise Refusal(Failure.SSL_INVALID_CERTIFICATE) from None
