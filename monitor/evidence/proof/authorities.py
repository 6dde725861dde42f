"""Asks time-stamping authorities by the ways home, each way in turn. They learn a hash; silence and lies are values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.evidence.proof.stamps import MOST_BYTES, Question, Roots, Stamp, believed, roots_of
from monitor.home import ways
from monitor.home.ways import NO_WAY, Way
from monitor.logs import Log
from monitor.settings import Config
from probes.doors import handed

_HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}  # RFC 3161, 3.4
_HEADER_BYTES, _HANDSHAKE_BYTES = 500, (1_200, 4_500)

Spend = Callable[[int, int], None]

_log = Log()


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who is asked, and by which certificates they are believed.

    Attributes:
        urls: of each authority; `ways`: as in `ship[].proxies`.
        device: by which the direct way leaves.
    """

    urls: tuple[str, ...]
    roots: Roots
    ways: tuple[Way, ...]

    @classmethod
    def of(cls, config: Config, folder: Path) -> Authorities | None:
        """None where nobody is to be asked. Raises OSError or ValueError where the roots cannot be read."""
        asked = config.evidence
        if not asked.timestamp:
            return None
        roots = roots_of(handed.at(folder, asked.ca_file) if asked.ca_file else None)
        return cls(asked.timestamp, roots, ways.abroad(config, asked.ways))

    async def stamp(self, head: bytes, url: str, *, patience_s: float, spend: Spend) -> Stamp | None:
        """What one of them says of a head, if it is to be believed; why not is only logged."""
        question = Question.over(head)
        for way in self.ways:
            try:
                status, body = await self._post(way, url, question.body, patience_s, spend)
            except NO_WAY as error:
                _log.info("way_to_authority_failed", way=way.kind, why=type(error).__name__)
                continue
            found = believed(url, body, question, self.roots) if status == 200 else f"status {status}"
            if isinstance(found, Stamp):
                return found
            _log.warning("no_time_stamp", why=found)
            return None
        return None

    async def _post(self, way: Way, url: str, body: bytes, patience_s: float, spend: Spend) -> tuple[int, bytes]:
        """Status and body, of which no more than a little beyond the bound is read."""
        spend(_HEADER_BYTES + len(body) + _HANDSHAKE_BYTES[0], _HANDSHAKE_BYTES[1])
        async with (
            way.session(patience_s) as session,
            session.post(url, data=body, headers=_HEADERS, proxy=way.proxy, allow_redirects=False) as answer,
        ):
            found = b""
            async for part in answer.content.iter_chunked(16 * 1024):
                found += part
                if len(found) > MOST_BYTES:
                    break
            spend(0, _HEADER_BYTES + len(found))
            return answer.status, found
