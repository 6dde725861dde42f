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

from monitor.home import remotewrite
from monitor.home.credentials import read_basic
from monitor.home.remotewrite import STALE, Malformed, TimeSeries
from monitor.hub.batch import Batch
from monitor.hub.registry import Registry
from monitor.hub.settings import Proof
from monitor.metrics import FAMILIES, FROM_THE_HUB, HEARTBEAT, IDENTITY, Shape, identity

MOST_BODY_BYTES = 2 * 1024 * 1024
_FUTURE_MS = 120_000
_RESERVED = frozenset(family.name for family in FROM_THE_HUB)
_SUFFIXES = {Shape.GAUGE: ("",), Shape.COUNTER: ("",), Shape.HISTOGRAM: ("_bucket", "_sum", "_count")}
# metric -> the labels it may carry: with one more, a box would send a second series of itself, and vote twice
_LABELS = {
    family.name + suffix: frozenset({"__name__", *IDENTITY, *family.labels, *(["le"] if suffix == "_bucket" else [])})
    for family in FAMILIES
    for suffix in _SUFFIXES[family.shape]
}
_METRIC_NAME = re.compile(r"didban_[a-z0-9_]{1,120}")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_LABEL_TEXT = re.compile(r"[ -~]{1,128}")  # words and ids: nothing that turns a line round or looks like another letter


_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


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
    OTHER_VERSION = "other_version"
    TOO_SLOW = "too_slow"
    TOO_FAST = "too_fast"  # more samples than are taken of one vantage
    TOO_MANY_AT_ONCE = "too_many_at_once"
    FULL = "full"  # no room in the queue, or the disk takes nothing


TAKEN = "taken"
_NOBODY = "unknown"


class Refusal(Exception):
    """`after_s`: when it may come again."""

    def __init__(self, reason: Refused, after_s: float = 0.0) -> None:
        super().__init__(reason.value)
        self.reason, self.after_s = reason, after_s


@dataclass(frozen=True, slots=True)
class Bounds:
    """`accepts_age_ms`: how old a sample may be; `most_series`: different ones of a vantage within an hour."""

    accepts_age_ms: int
    most_series: int
    hour_ms: int = 3_600_000


@dataclass(slots=True)
class Heard:
    """Of one vantage since this hub was started; `newest_ms`: the newest time in what it wrote."""

    received_ms: int = 0
    newest_ms: int = 0
    samples: int = 0


class Gateway:
    """Turns a request into series that carry the writer's own identity, or raises Refusal."""

    def __init__(self, credentials: Path, registry: Registry, bounds: Bounds, proof: Proof = Proof.PASSWORD) -> None:
        self._credentials, self._bounds, self._proof = credentials, bounds, proof
        self.registry = registry
        self.batches: Counter[tuple[str, str]] = Counter()
        self.heard: dict[str, Heard] = {}
        self._seen: defaultdict[str, set[int]] = defaultdict(set)
        self._hour = -1

    def admit(self, authorization: str | None, certified: str | None = None) -> str:
        """The vantage whose credential this is.

        Args:
            certified: the one name in the certificate that was shown in the TLS handshake and verified; None without
                any. A certificate in another's name opens nothing, whatever the password.
        """
        vantage = certified or ""
        if self._proof is not Proof.CERTIFICATE:
            vantage, password = read_basic(authorization)
            given = hashlib.sha256(password.encode()).hexdigest().encode()
            if not hmac.compare_digest(given, self._hash_of(vantage)):
                raise Refusal(Refused.UNAUTHORIZED)
            if certified != vantage and (certified is not None or self._proof is Proof.BOTH):
                raise Refusal(Refused.UNAUTHORIZED)
        if not _ID.fullmatch(vantage):
            raise Refusal(Refused.UNAUTHORIZED)
        if vantage not in self.registry.vantages:
            raise Refusal(Refused.UNKNOWN_VANTAGE)
        return vantage

    def _hash_of(self, vantage: str) -> bytes:
        if not _ID.fullmatch(vantage):
            return b""
        try:
            return (self._credentials / vantage).read_bytes().strip()
        except OSError:
            return b""

    def read(self, vantage: str, body: bytes, now_ms: int) -> list[TimeSeries]:
        """The series of a batch, each with the five identity labels of its writer."""
        return self.check(vantage, unfold(body), now_ms)

    def check(self, vantage: str, batch: Sequence[TimeSeries], now_ms: int) -> list[TimeSeries]:
        """The same of a body that is unfolded already."""
        writer = self.registry.vantages.get(vantage)
        if writer is None:  # retired while the body was on its way
            raise Refusal(Refused.UNKNOWN_VANTAGE)
        mine = {key: text for key, text in identity(writer).items() if text}
        checked = [self._own(series, mine, now_ms) for series in batch]
        self._count_series(vantage, checked, now_ms)
        return checked

    def _own(self, series: TimeSeries, mine: Mapping[str, str], now_ms: int) -> TimeSeries:
        if not _METRIC_NAME.fullmatch(series.name) or series.name in _RESERVED:
            raise Refusal(Refused.FOREIGN_NAME)
        given = dict(series.labels)
        if any(key in given and given[key] != mine.get(key, "") for key in IDENTITY):
            raise Refusal(Refused.FOREIGN_IDENTITY)
        if not all(_LABEL_NAME.fullmatch(key) and _LABEL_TEXT.fullmatch(text) for key, text in series.labels):
            raise Refusal(Refused.BAD_LABEL)
        if not given.keys() <= _LABELS.get(series.name, given.keys()):  # a name of a later contract brings its own
            raise Refusal(Refused.BAD_LABEL)
        for at_ms, packed in series.samples:
            if series.name == HEARTBEAT.name and not _has_been(packed, now_ms):
                raise Refusal(Refused.FUTURE)
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

    def hear(self, batch: Batch) -> None:
        """It was taken, and is on the disk."""
        heard = self.heard.setdefault(batch.vantage, Heard())
        heard.received_ms, heard.samples = batch.received_ms, heard.samples + batch.samples
        heard.newest_ms = max(heard.newest_ms, batch.newest_ms)

    def count(self, vantage: str | None, result: str) -> None:
        """A name nobody enrolled is counted as `unknown`: a stranger must not be able to make labels."""
        known = vantage if vantage in self.registry.vantages else _NOBODY
        self.batches[(known or _NOBODY, result)] += 1


def unfold(body: bytes) -> list[TimeSeries]:
    """Asks nothing of the gateway, so that it can be done beside the loop."""
    try:
        return remotewrite.decode(body)
    except Malformed:
        raise Refusal(Refused.MALFORMED) from None


def _has_been(packed: bytes, now_ms: int) -> bool:
    """A heartbeat's value is a time, and rules compare it: one from the future would outlive its box."""
    return packed == remotewrite.value(STALE) or remotewrite.number(packed) * 1000 <= now_ms + _FUTURE_MS
