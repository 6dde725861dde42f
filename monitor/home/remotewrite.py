"""Prometheus remote write 1.0, both ways: a snappy block round a protobuf WriteRequest, and nothing else.

Spec: prometheus.io/docs/specs/prw/remote_write_spec. WriteRequest{timeseries=1}, TimeSeries{labels=1, samples=2},
Label{name=1, value=2}, Sample{value=1 double, timestamp=2 int64}. What a hostile body may
cost is bounded (`Most`).
"""

from __future__ import annotations

import functools
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import cramjam

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]  # Prometheus's staleness marker, a NaN of its own
HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}  # wire types of fixed length, and their bytes

Labels = tuple[tuple[str, str], ...]  # sorted by name, `__name__` among them


class Malformed(ValueError):
    """The bytes are no write request."""


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """`samples`: (milliseconds since 1970, value as its eight bytes), so that a staleness marker stays itself."""

    labels: Labels
    samples: tuple[tuple[int, bytes], ...]

    @property
    def name(self) -> str:
        return dict(self.labels).get("__name__", "")


def labels(name: str, rest: Mapping[str, str]) -> Labels:
    return tuple(sorted({"__name__": name, **rest}.items()))


def value(number: float) -> bytes:
    return struct.pack("<d", number)


def number(packed: bytes) -> float:
    found: float = struct.unpack("<d", packed)[0]
    return found


def gather(samples: Iterable[tuple[Labels, int, bytes]]) -> list[TimeSeries]:
    """Loose samples as series, each in the order of time."""
    by_labels: defaultdict[Labels, list[tuple[int, bytes]]] = defaultdict(list)
    for key, at_ms, packed in samples:
        by_labels[key].append((at_ms, packed))
    return [TimeSeries(key, tuple(sorted(found))) for key, found in by_labels.items()]


# ---------------------------------------------------------------- writing


def encode(series: Iterable[TimeSeries]) -> bytes:
    """The body of one request."""
    return bytes(cramjam.snappy.compress_raw(b"".join(_field(1, _time_series(each)) for each in series)))


def _time_series(series: TimeSeries) -> bytes:
    points = (_field(2, b"\x09" + packed + b"\x10" + _varint(at_ms)) for at_ms, packed in series.samples)
    return _labels(series.labels) + b"".join(points)


@functools.lru_cache(maxsize=8192)
def _labels(pairs: Labels) -> bytes:
    """The same series go home every tick: encoding their labels anew was seven eighths of the work (tests/bench)."""
    return b"".join(_field(1, _field(1, key.encode()) + _field(2, text.encode())) for key, text in pairs)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


# ---------------------------------------------------------------- reading

_MOST_LABELS = 32
_FEW = 8  # fields of a label or a sample


@dataclass(frozen=True, slots=True)
class Most:
    """How much of a body is read: unfolding a few hundred kilobytes of empty fields took half a minute (measured)."""

    unfolded_bytes: int = 4 * 1024 * 1024
    series: int = 5_000
    samples: int = 50_000


def decode(body: bytes, most: Most = Most()) -> list[TimeSeries]:
    """Every series of a request. Raises Malformed for what is not one, holds none, or is more than is taken."""
    length, _ = _read_varint(body, 0)
    if length > most.unfolded_bytes:
        raise Malformed("unfolds to more than is taken")
    try:
        raw = bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        raise Malformed("is not snappy") from None
    found: list[TimeSeries] = []
    left = most.samples
    for number, wire, part in _fields(raw, most.series):
        if number != 1 or wire != _BYTES or not isinstance(part, bytes):
            raise Malformed("is no write request of version 1")
        found.append(_read_series(part, left))
        left -= len(found[-1].samples)
    if not found:
        raise Malformed("holds nothing")
    return found


def _read_series(data: bytes, most_samples: int) -> TimeSeries:
    pairs: list[tuple[str, str]] = []
    samples: list[tuple[int, bytes]] = []
    for number, wire, part in _fields(data, _MOST_LABELS + most_samples):
        match number, wire, part:
            case 1, 2, bytes() if len(pairs) < _MOST_LABELS:
                pairs.append(_read_label(part))
            case 2, 2, bytes():
                samples.append(_read_sample(part))
            case _:
                raise Malformed("is no series of labels and samples")
    names = [name for name, _ in pairs]
    if names != sorted(set(names)) or not all(name and text for name, text in pairs):
        raise Malformed("labels must be sorted, once each, and not empty")
    return TimeSeries(tuple(pairs), tuple(samples))


def _read_label(data: bytes) -> tuple[str, str]:
    found = {number: part for number, _, part in _fields(data, _FEW) if isinstance(part, bytes)}
    try:
        return found.get(1, b"").decode(), found.get(2, b"").decode()
    except UnicodeDecodeError:
        raise Malformed("a label is not text") from None


def _read_sample(data: bytes) -> tuple[int, bytes]:
    """What is read is what is handed on: a value of another length would carry fields of its own past every check."""
    at_ms, packed = 0, bytes(8)
    for number, wire, part in _fields(data, _FEW):
        match number, wire, part:
            case 1, 1, bytes():
                packed = part
            case 2, 0, int():
                at_ms = part - 2**64 if part >= 2**63 else part
            case _:
                raise Malformed("is no sample of value and time")
    return at_ms, packed


def _fields(data: bytes, most: int) -> Iterator[tuple[int, int, int | bytes]]:
    """Number, wire type and content of each field of a message."""
    at = 0
    while at < len(data):
        if (most := most - 1) < 0:
            raise Malformed("holds more than is taken")
        tag, at = _read_varint(data, at)
        wire = tag & 7
        if wire == _VARINT:
            number, at = _read_varint(data, at)
            yield tag >> 3, wire, number
            continue
        if wire == _BYTES:
            length, at = _read_varint(data, at)
        elif wire in _FIXED:
            length = _FIXED[wire]
        else:
            raise Malformed("unknown wire type")
        if length > len(data) - at:
            raise Malformed("breaks off")
        yield tag >> 3, wire, data[at : at + length]
        at += length


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("breaks off")
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & (2**64 - 1), at
        shift += 7
