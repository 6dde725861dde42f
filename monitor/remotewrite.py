"""Prometheus remote write 1.0, both ways: a snappy block round a protobuf WriteRequest, and nothing else.

Spec: prometheus.io/docs/specs/prw/remote_write_spec. WriteRequest{timeseries=1}, TimeSeries{labels=1, samples=2},
Label{name=1, value=2}, Sample{value=1 double, timestamp=2 int64}. A hostile body costs its own size.
"""

from __future__ import annotations

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

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

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
    pairs = (_field(1, _field(1, key.encode()) + _field(2, text.encode())) for key, text in series.labels)
    points = (_field(2, b"\x09" + packed + b"\x10" + _varint(at_ms)) for at_ms, packed in series.samples)
    return b"".join(pairs) + b"".join(points)


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


def decode(body: bytes, *, most_bytes: int) -> list[TimeSeries]:
    """Every series of a request. Raises Malformed for what is not one, or unfolds to more than `most_bytes`."""
    length, _ = _read_varint(body, 0)
    if length > most_bytes:
        raise Malformed("unfolds to more than is taken")
    try:
        raw = bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        raise Malformed("is not snappy") from None
    return [_read_series(data) for number, data in _fields(raw) if number == 1 and isinstance(data, bytes)]


def _read_series(data: bytes) -> TimeSeries:
    pairs, samples = [], []
    for number, part in _fields(data):
        if number == 1 and isinstance(part, bytes):
            pairs.append(_read_label(part))
        elif number == 2 and isinstance(part, bytes):
            samples.append(_read_sample(part))
    names = [name for name, _ in pairs]
    if names != sorted(set(names)) or not all(name and text for name, text in pairs):
        raise Malformed("labels must be sorted, once each, and not empty")
    return TimeSeries(tuple(pairs), tuple(samples))


def _read_label(data: bytes) -> tuple[str, str]:
    found = {number: part for number, part in _fields(data) if isinstance(part, bytes)}
    try:
        return found.get(1, b"").decode(), found.get(2, b"").decode()
    except UnicodeDecodeError:
        raise Malformed("a label is not text") from None


def _read_sample(data: bytes) -> tuple[int, bytes]:
    at_ms, packed = 0, bytes(8)
    for number, part in _fields(data, fixed64_as_bytes=True):
        if number == 1 and isinstance(part, bytes):
            packed = part
        elif number == 2 and isinstance(part, int):
            at_ms = part - 2**64 if part >= 2**63 else part
    return at_ms, packed


def _fields(data: bytes, *, fixed64_as_bytes: bool = False) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        match tag & 7:
            case wire if wire == _VARINT:
                number, at = _read_varint(data, at)
                yield tag >> 3, number
                continue
            case wire if wire == _BYTES:
                length, at = _read_varint(data, at)
            case wire if wire == _FIXED64:
                length = 8
            case wire if wire == _FIXED32:
                length = 4
            case _:
                raise Malformed("unknown wire type")
        if length > len(data) - at:
            raise Malformed("breaks off")
        if tag & 7 == _BYTES or fixed64_as_bytes:
            yield tag >> 3, data[at : at + length]
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
