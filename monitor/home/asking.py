"""Asks the operator's responder what it saw of a walk of ours, by each way in turn until one gets there.

The stretch that lost the walk's packets need not be healthy for that: any way home will do, and its log is kept.
Silence, a No, and a log that does not hold are values. It is told a hash, never an address or a name.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.home import ways
from monitor.home.ways import NO_WAY, Way
from monitor.logs import Log
from monitor.settings import Config, Responder
from probes.account import Newest, checked, public_key
from probes.doors import handed
from probes.doors.dates import OURS, Dates, dated
from probes.facts import Account, Endpoint, Walk
from probes.ports import Clock
from probes.words import Hearing

_MOST_BYTES = 64 * 1024  # a walk has eight lines of 300 bytes
_MOST_MARKS = 4
_REQUEST_BYTES, _HANDSHAKE_BYTES = 500, (1_000, 2_600)  # with the responder's chain of one certificate

Spend = Callable[[int, int], None]

_log = Log()


@dataclass(frozen=True, slots=True)
class Far:
    """The responder as it is asked. `token` is read once from its file, and shown nowhere else.

    Attributes:
        ways: in turn.
    """

    responder: Responder
    token: str
    tls: ssl.SSLContext
    ways: tuple[Way, ...]

    @classmethod
    def of(cls, config: Config, folder: Path) -> Far | None:
        """None where there is no responder, or no key to believe it by. Raises OSError where a file cannot be read."""
        responder = config.responder
        if responder is None or responder.token_file is None:
            return None
        tls = ssl.create_default_context()
        if config.tls.ca_file:
            tls.load_verify_locations(handed.at(folder, config.tls.ca_file))
        token = handed.at(folder, responder.token_file).read_text().strip()
        return cls(responder, token, tls, ways.abroad(config, responder.ways))

    @property
    def at(self) -> Endpoint:
        return self.responder.endpoint

    def url(self, mark: str) -> str:
        name = f"[{self.at.address}]" if ":" in self.at.address and not self.at.host else self.at.host
        return f"https://{name or self.at.address}:{self.at.port}/witness/{mark}"

    def met(self, walk: Walk) -> bool:
        """Whether it was the responder that this walk went to, and something was said that it knows the walk by."""
        named = bool(self.at.host) and walk.endpoint.host == self.at.host
        return bool(walk.marks) and (named or walk.address in {self.at.address, self.responder.address} - {"", None})


class Asker:
    """`account` of a walk. Remembers the newest line it was ever shown: a log that was cut back does not hold."""

    def __init__(self, far: Far, *, clock: Clock, patience_s: float, spend: Spend, dates: Dates = OURS) -> None:
        self.far, self._clock, self._patience_s, self._spend, self._dates = far, clock, patience_s, spend, dates
        dated(far.tls, dates)
        self._ways = list(far.ways)  # the one that worked last stands first
        self._key = public_key(far.responder.key)
        self.newest = Newest()

    async def account(self, walk: Walk) -> Account:
        """What it says of the walk, whatever that is. Takes as long as `patience_s` for each way."""
        lines: list[str] = []
        for mark in walk.marks[:_MOST_MARKS]:
            hearing, more = await self._asked(mark)
            lines += more
            if hearing is not Hearing.TOLD:
                return self._account(hearing, lines)
        newest = checked(lines, self._key, self.newest)
        if newest is None:
            _log.warning("responder_log_does_not_hold", lines=len(lines))
            return self._account(Hearing.FALSE, lines)
        self.newest = newest
        return self._account(Hearing.TOLD, lines)

    def _account(self, hearing: Hearing, lines: Sequence[str]) -> Account:
        return Account(hearing, self._clock.now_ms(), self.far.responder.key, tuple(lines))

    async def _asked(self, mark: str) -> tuple[Hearing, list[str]]:
        """By each way in turn, until one answers."""
        for way in list(self._ways):
            try:
                status, body = await self._get(way, mark)
            except NO_WAY as error:
                _log.info("way_to_responder_failed", way=way.kind, why=type(error).__name__)
                continue
            self._ways.remove(way)
            self._ways.insert(0, way)
            if status != 200:
                return Hearing.REFUSED, []
            if len(body) > _MOST_BYTES:
                return Hearing.FALSE, []
            return Hearing.TOLD, body.decode(errors="replace").splitlines()
        return Hearing.SILENT, []

    async def _get(self, way: Way, mark: str) -> tuple[int, bytes]:
        """Status and body, of which no more than a little beyond the bound is read."""
        headers = {"Authorization": f"Bearer {self.far.token}"}
        known = _Stands(self.far.at) if self.far.at.host and self.far.at.address else None
        self._dates.fit(self.far.tls)
        self._spend(_REQUEST_BYTES + _HANDSHAKE_BYTES[0], _HANDSHAKE_BYTES[1])
        async with (
            way.session(self._patience_s, resolver=known) as session,
            session.get(
                self.far.url(mark), headers=headers, proxy=way.proxy, ssl=self.far.tls, allow_redirects=False
            ) as answer,
        ):
            body = b""
            async for part in answer.content.iter_chunked(16 * 1024):
                body += part
                if len(body) > _MOST_BYTES:
                    break
            self._spend(0, _REQUEST_BYTES + len(body))
            return answer.status, body


class _Stands(AbstractResolver):
    """Knows where the responder stands, and asks the machine's resolver for what else there is: a proxy by name."""

    def __init__(self, at: Endpoint) -> None:
        self._at = at
        self._others = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host != self._at.host:
            return await self._others.resolve(host, port, family)
        own = socket.AF_INET6 if ":" in self._at.address else socket.AF_INET
        return [ResolveResult(hostname=host, host=self._at.address, port=port, family=own, proto=0, flags=0)]

    async def close(self) -> None:
        await self._others.close()
