"""Who may write what: identity comes from the credential, never from the wire; what cannot be believed changes nothing.

A captured vantage can only lie about itself. A batch is taken whole or not at all, and every refusal is counted.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from monitor import remotewrite
from monitor.credentials import read_basic
from monitor.hub.registry import Registry
from monitor.metrics import FROM_THE_HUB, IDENTITY, identity
from monitor.remotewrite import Malformed, TimeSeries

MOST_BODY_BYTES = 2 * 1024 * 1024
_MOST_UNFOLDED_BYTES = 16 * 1024 * 1024
_FUTURE_MS = 120_000
_MOST_LABEL_CHARACTERS = 128
_RESERVED = frozenset(family.name for family in FROM_THE_HUB)
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class Refused(StrEnum):
    """Why a batch was not taken (label `result`)."""

    UNAUTHORIZED = "unauthorized"
    UNKNOWN_VANTAGE = "unknown_vantage"
    MALFORMED = "malformed"
    FOREIGN_NAME = "foreign_name"
    FOREIGN_IDENTITY = "foreign_identity"
    BAD_LABEL = "bad_label"
    FUTURE = "future"
    TOO_OLD = "too_old"
    TOO_MANY_SERIES = "too_many_series"
    TOO_LARGE = "too_large"


TAKEN, UNDELIVERED = "taken", "undelivered"
_NOBODY = "unknown"


class Refusal(Exception):
    def __init__(self, reason: Refused) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Bounds:
    """`accepts_age_ms`: how old a sample may be; `most_series`: different ones of a vantage within an hour."""

    accepts_age_ms: int
    most_series: int
    hour_ms: int = 3_600_000


class Gateway:
    """Turns a request into series that carry the writer's own identity, or raises Refusal."""

    def __init__(self, credentials: Path, registry: Registry, bounds: Bounds) -> None:
        self._credentials, self._bounds = credentials, bounds
        self.registry = registry
        self.batches: Counter[tuple[str, str]] = Counter()
        self._seen: defaultdict[str, set[int]] = defaultdict(set)
        self._hour = -1

    def admit(self, authorization: str | None) -> str:
        """The vantage whose credential this is."""
        vantage, password = read_basic(authorization)
        hashed = self._hash_of(vantage)
        given = hashlib.sha256(password.encode()).hexdigest()
        if not hmac.compare_digest(given, hashed):
            raise Refusal(Refused.UNAUTHORIZED)
        if vantage not in self.registry.vantages:
            raise Refusal(Refused.UNKNOWN_VANTAGE)
        return vantage

    def _hash_of(self, vantage: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", vantage):
            return ""
        try:
            return (self._credentials / vantage).read_text().strip()
        except OSError:
            return ""

    def read(self, vantage: str, body: bytes, now_ms: int) -> list[TimeSeries]:
        """The series of a batch, each with the five identity labels of its writer."""
        try:
            batch = remotewrite.decode(body, most_bytes=_MOST_UNFOLDED_BYTES)
        except Malformed:
            raise Refusal(Refused.MALFORMED) from None
        mine = {key: text for key, text in identity(self.registry.vantages[vantage]).items() if text}
        checked = [self._own(series, mine, now_ms) for series in batch]
        self._count_series(vantage, checked, now_ms)
        return checked

    def _own(self, series: TimeSeries, mine: Mapping[str, str], now_ms: int) -> TimeSeries:
        if not series.name.startswith("didban_") or series.name in _RESERVED:
            raise Refusal(Refused.FOREIGN_NAME)
        given = dict(series.labels)
        if any(key in given and given[key] != mine.get(key, "") for key in IDENTITY):
            raise Refusal(Refused.FOREIGN_IDENTITY)
        if any(not _LABEL_NAME.fullmatch(key) or len(text) > _MOST_LABEL_CHARACTERS for key, text in series.labels):
            raise Refusal(Refused.BAD_LABEL)
        for at_ms, _ in series.samples:
            if at_ms > now_ms + _FUTURE_MS:
                raise Refusal(Refused.FUTURE)
            if at_ms < now_ms - self._bounds.accepts_age_ms:
                raise Refusal(Refused.TOO_OLD)
        return TimeSeries(tuple(sorted({**given, **mine}.items())), series.samples)

    def _count_series(self, vantage: str, batch: Sequence[TimeSeries], now_ms: int) -> None:
        hour = now_ms // self._bounds.hour_ms
        if hour != self._hour:
            self._hour = hour
            self._seen.clear()
        after = self._seen[vantage] | {hash(series.labels) for series in batch}
        if len(after) > self._bounds.most_series:
            raise Refusal(Refused.TOO_MANY_SERIES)
        self._seen[vantage] = after

    def count(self, vantage: str | None, result: str) -> None:
        """A name nobody enrolled is counted as `unknown`: a stranger must not be able to make labels."""
        known = vantage if vantage in self.registry.vantages else _NOBODY
        self.batches[(known or _NOBODY, result)] += 1
