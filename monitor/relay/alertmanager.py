"""Alertmanager's API v2: alerts that are posted or stand, silences. Members of a cluster tell one another silences."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import aiohttp
import msgspec

from monitor.decoding import Undecodable, from_json
from monitor.logs import Log

_PATIENCE_S = 10.0
_MOST_BYTES = 16 * 1024 * 1024  # ten thousand alerts
_BY = "didban"

T = TypeVar("T")

_log = Log()


class Status(msgspec.Struct, frozen=True):
    state: str


class Silence(msgspec.Struct, frozen=True):
    id: str
    comment: str
    status: Status
    createdBy: str = ""


class _Standing(msgspec.Struct, frozen=True):
    fingerprint: str


class _Made(msgspec.Struct, frozen=True):
    silenceID: str


def rfc3339(at_ms: int) -> str:
    moment = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Alertmanagers:
    """The first of them that answers is told; alerts are posted to every one, as Prometheus does."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = [url.rstrip("/") for url in urls]
        self._session: aiohttp.ClientSession | None = None

    async def standing(self) -> set[str] | None:
        """Fingerprints of every alert that fires, muted or not; None where nobody answers.

        Of all of them together: what one does not know yet, or any more, the other may.
        """
        found: set[str] = set()
        heard = False
        for url in self._urls:
            body = _understood(await self._ask("GET", f"{url}/api/v2/alerts"), list[_Standing])
            if body is not None:
                heard = True
                found |= {each.fingerprint for each in body}
        return found if heard else None

    async def post(
        self, labels: Mapping[str, str], annotations: Mapping[str, str], *, from_ms: int, to_ms: int
    ) -> bool:
        """Whether one of them took the alert."""
        alert = {"labels": labels, "annotations": annotations, "startsAt": rfc3339(from_ms), "endsAt": rfc3339(to_ms)}
        took = [await self._ask("POST", f"{url}/api/v2/alerts", [alert]) is not None for url in self._urls]
        return any(took)

    async def silence(
        self, labels: Mapping[str, str], comment: str, *, by: str = _BY, from_ms: int, to_ms: int, known: str = ""
    ) -> str:
        """Its id, another than `known` where that one is over; empty where nobody took it."""
        wanted: dict[str, Any] = {
            "matchers": [
                {"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in labels.items()
            ],
            "startsAt": rfc3339(from_ms),
            "endsAt": rfc3339(to_ms),
            "createdBy": by,
            "comment": comment,
        }
        body = await self._first("POST", "/api/v2/silences", wanted | ({"id": known} if known else {}))
        if body is None and known:  # that one ended in the meantime
            body = await self._first("POST", "/api/v2/silences", wanted)
        made = _understood(body, _Made)
        return made.silenceID if made is not None else ""

    async def lift(self, silence: str) -> bool:
        return await self._first("DELETE", f"/api/v2/silence/{silence}") is not None

    async def silences(self) -> list[Silence] | None:
        """Those of ours that are not over; None where nobody answers."""
        found = _understood(await self._first("GET", "/api/v2/silences"), list[Silence])
        if found is None:
            return None
        return [each for each in found if each.status.state != "expired" and each.createdBy == _BY]

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _first(self, method: str, path: str, body: object = None) -> bytes | None:
        for url in self._urls:
            if (answer := await self._ask(method, url + path, body)) is not None:
                return answer
        return None

    async def _ask(self, method: str, url: str, body: object = None) -> bytes | None:
        """The body of a 200; None for all else, which is said."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        try:
            async with self._session.request(method, url, json=body, allow_redirects=False) as answer:
                said = bytearray()
                async for part in answer.content.iter_chunked(64 * 1024):
                    said += part
                    if len(said) > _MOST_BYTES:
                        _log.warning("alertmanager_says_more_than_is_read", method=method)
                        return None
                if answer.status == 200:
                    return bytes(said)
                _log.warning("alertmanager_refuses", method=method, status=answer.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("alertmanager_unreachable", why=type(error).__name__)
        return None


def _understood(body: bytes | None, type: type[T]) -> T | None:
    """None also for what no Alertmanager would say: whoever stands in its place is nobody to us."""
    try:
        return from_json(body, type=type) if body is not None else None
    except Undecodable:
        _log.warning("alertmanager_not_understood")
        return None
