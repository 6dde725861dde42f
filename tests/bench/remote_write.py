"""Encoding one batch of 400 series as remote write 1.0, beside Google's protobuf where it is installed.

The peer fills protobuf messages from the same tuples and compresses with the same snappy; both read back as the same
series. Without it there is no peer: JSON is another format. Every batch here holds the same series as the one before,
as a vantage's ticks do.
"""

from __future__ import annotations

import importlib
import itertools
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import cramjam

from monitor import metrics
from monitor.home import remotewrite
from monitor.home.remotewrite import TimeSeries
from tests.bench import vantage
from tests.bench.far_end import Ports
from tests.bench.figures import Figure, Missing
from tests.bench.turns import in_turn, took_ms
from tests.monitor import facts

_SERIES = 400
_ROUNDS = 15
_DOUBLE, _INT64, _STRING, _MESSAGE = 1, 3, 9, 11  # descriptor.proto, FieldDescriptorProto.Type
_REPEATED = 3


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """Milliseconds of CPU per batch, snappy included."""
    series = _batch()
    own = partial(remotewrite.encode, series)
    try:
        request = _write_request()
    except Missing as missing:
        said(str(missing))
        (value,) = await in_turn(took_ms(own, count=10), rounds=_ROUNDS)
        return [Figure("remote_write_encode_ms", value, "ms")]
    theirs = partial(_by_protobuf, request, series)
    assert _read(own()) == _read(theirs()) == series, "not the same message"
    value, peer_value = await in_turn(took_ms(own, count=10), took_ms(theirs, count=10), rounds=_ROUNDS)
    return [Figure("remote_write_encode_ms", value, "ms", "protobuf", peer_value)]


def _read(body: bytes) -> list[TimeSeries]:
    return remotewrite.decode(body)


def _batch() -> list[TimeSeries]:
    tick = vantage.tick(90).home()
    identity = metrics.identity(facts.INSIDE)
    loose = (
        (remotewrite.labels(series.name, series.labels(identity)), tick.at_ms, remotewrite.value(number))
        for series, number in itertools.islice(tick.samples.items(), _SERIES)
    )
    series = remotewrite.gather(loose)
    assert len(series) == _SERIES
    return series


def _write_request() -> Any:
    """The message class of prometheus/prompb/remote.proto, built without protoc."""
    try:
        descriptors = importlib.import_module("google.protobuf.descriptor_pb2")
        pools = importlib.import_module("google.protobuf.descriptor_pool")
        factory = importlib.import_module("google.protobuf.message_factory")
    except ImportError:
        raise Missing("protobuf, the peer of remote_write_encode_ms (pip: protobuf)") from None
    file = descriptors.FileDescriptorProto(name="remote.proto", package="prometheus", syntax="proto3")
    _message(file, "Label", ("name", 1, _STRING, ""), ("value", 2, _STRING, ""))
    _message(file, "Sample", ("value", 1, _DOUBLE, ""), ("timestamp", 2, _INT64, ""))
    _message(file, "TimeSeries", ("labels", 1, _MESSAGE, "Label"), ("samples", 2, _MESSAGE, "Sample"))
    _message(file, "WriteRequest", ("timeseries", 1, _MESSAGE, "TimeSeries"))
    pool = pools.DescriptorPool()
    pool.Add(file)
    return factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


def _message(file: Any, name: str, *fields: tuple[str, int, int, str]) -> None:
    message = file.message_type.add(name=name)
    for field, number, kind, of in fields:
        row = message.field.add(name=field, number=number, type=kind, label=_REPEATED if of else 1)
        if of:
            row.type_name = f".prometheus.{of}"


def _by_protobuf(request: Any, series: list[TimeSeries]) -> bytes:
    body = request()
    for each in series:
        row = body.timeseries.add()
        for name, value in each.labels:
            row.labels.add(name=name, value=value)
        for at_ms, packed in each.samples:
            row.samples.add(value=struct.unpack("<d", packed)[0], timestamp=at_ms)
    return bytes(cramjam.snappy.compress_raw(body.SerializeToString()))
