"""Puts closed hours into a store of the operator's own, by HTTP PUT or S3. A store that is away is a value."""

from __future__ import annotations

import base64
import functools
import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from yarl import URL

from monitor.evidence.store import segments, sigv4
from monitor.evidence.store.segments import Segment
from monitor.evidence.store.sigv4 import Key
from monitor.home import ways
from monitor.home.credentials import basic_header
from monitor.home.ways import NO_WAY, Way
from monitor.logs import Log
from monitor.metrics import identity
from monitor.settings import BasicAuth, Config
from monitor.spool import Spool
from probes.doors import handed

_AT_ONCE = 24  # hours: five days in the dark are made up for within the hour
_MEMORY = "uploaded"
_HEADER_BYTES, _HANDSHAKE_BYTES = 700, (1_200, 4_500)

Spend = Callable[[int, int], None]

_log = Log()


@dataclass(frozen=True, slots=True)
class Store:
    """Where hours go, and what opens it. Secrets are read from their files, and shown nowhere."""

    url: str
    ways: tuple[Way, ...]
    tls: ssl.SSLContext
    authorization: str | None = field(default=None, repr=False)
    key: Key | None = None

    @classmethod
    def of(cls, config: Config, folder: Path) -> Store | None:
        """None where nothing is to be uploaded. Raises OSError or ValueError where a file cannot be used."""
        asked = config.upload
        if asked is None:
            return None
        by = ways.abroad(config, asked.ways)
        tls = ssl.create_default_context(cafile=str(handed.at(folder, asked.ca_file)) if asked.ca_file else None)
        if asked.s3 is not None:
            key = Key.read(handed.at(folder, asked.s3.key_file).read_text(), asked.s3.region)
            return cls(f"{asked.s3.endpoint.rstrip('/')}/{asked.s3.bucket}", by, tls, key=key)
        auth = None
        if asked.username is not None:
            password = BasicAuth(username=asked.username, password_file=asked.password_file or "")
            auth = basic_header(password, folder)
        return cls((asked.url or "").rstrip("/"), by, tls, auth)

    async def put(self, segment: Segment, *, now_ms: int, patience_s: float, spend: Spend) -> bool:
        """Whether it has it now."""
        url = f"{self.url}/{sigv4.path_of(segment.name)}"
        headers = {"Content-Type": "application/gzip"}
        if self.authorization is not None:
            headers["Authorization"] = self.authorization
        if self.key is not None:
            headers["Content-MD5"] = _md5(segment.content)
            headers = sigv4.signed(self.key, "PUT", url, segment.content, now_ms, headers)
        for way in self.ways:
            try:
                status = await self._put(way, url, segment.content, headers, patience_s, spend)
            except NO_WAY as error:
                _log.info("way_to_store_failed", way=way.kind, why=type(error).__name__)
                continue
            if not 200 <= status < 300:
                _log.warning("store_refuses", status=status)
            return 200 <= status < 300
        return False

    async def _put(
        self, way: Way, url: str, body: bytes, headers: dict[str, str], patience_s: float, spend: Spend
    ) -> int:
        spend(len(body) + _HEADER_BYTES + _HANDSHAKE_BYTES[0], _HEADER_BYTES + _HANDSHAKE_BYTES[1])
        async with (
            way.session(patience_s) as session,
            session.put(
                URL(url, encoded=True), data=body, headers=headers, proxy=way.proxy, ssl=self.tls, allow_redirects=False
            ) as answer,
        ):
            await answer.content.read(4096)
            return answer.status


def _md5(content: bytes) -> str:
    """A bucket that lets nothing be taken away takes nothing without it (Amazon S3 User Guide, "Object Lock")."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


async def upload(store: Store, spool: Spool, config: Config, *, now_ms: int, patience_s: float, spend: Spend) -> int:
    """What the store does not have yet, the oldest first; how many hours. After a crash the same bytes go again."""
    who, done = identity(config.as_vantage()), 0
    last = await spool.recall(_MEMORY)
    number = last if isinstance(last, int) else 0
    while done < _AT_ONCE:
        segment = await spool.bite(functools.partial(segments.after, number=number, identity=who), None)
        if segment is None or not await store.put(segment, now_ms=now_ms, patience_s=patience_s, spend=spend):
            break
        number, done = segment.link, done + 1
        await spool.remember(_MEMORY, number)
    return done


async def not_yet(spool: Spool) -> int | None:
    """The first hour that the store does not have yet, in milliseconds since 1970; None where it has every one."""
    last = await spool.recall(_MEMORY)
    sql = "SELECT min(hour_ms) FROM links WHERE number > ? AND ids != ''"
    number = last if isinstance(last, int) else 0
    found: int | None = await spool.bite(lambda db: db.execute(sql, (number,)).fetchone()[0], None)
    return found
