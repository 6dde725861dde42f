"""Remote write 1.0, both ways: what is written is read, and no bytes make the reader fall."""

from __future__ import annotations

import math
import struct
import time

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.home.remotewrite import STALE, Malformed, TimeSeries, decode, encode, gather, labels, value

words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
series = st.builds(
    lambda name, rest, samples: TimeSeries(labels(name, rest), tuple(samples)),
    words,
    st.dictionaries(words, st.text(min_size=1, max_size=20), max_size=4),
    st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.binary(min_size=8, max_size=8)), max_size=5),
)


@given(st.lists(series, min_size=1, max_size=6))
def test_what_is_written_is_read_bit_for_bit(written: list[TimeSeries]) -> None:
    assert decode(encode(written)) == written


def test_these_are_the_bytes_prometheus_expects() -> None:
    """Made by hand from the protobuf schema of the specification."""
    body = encode([TimeSeries(labels("up", {"a": "b"}), ((1000, value(1.0)),))])
    assert cramjam.snappy.decompress_raw(body).read() == bytes.fromhex(
        "0a260a0e0a085f5f6e616d655f5f120275700a060a0161120162120c09000000000000f03f10e807"
    )


def test_a_staleness_marker_keeps_its_bits() -> None:
    assert math.isnan(STALE)
    ((_, packed),) = decode(encode([TimeSeries(labels("x", {}), ((1, value(STALE)),))]))[0].samples
    assert struct.unpack("<Q", packed)[0] == 0x7FF0000000000002


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fall(data: bytes) -> None:
    for body in (data, bytes(cramjam.snappy.compress_raw(data))):
        try:
            decode(body)
        except Malformed:
            continue


def test_half_a_body_is_malformed() -> None:
    body = encode([TimeSeries(labels("up", {"a": "b" * 50}), ((1000, value(1.0)),))])
    for cut in range(1, len(body)):
        with pytest.raises(Malformed):
            decode(body[:cut])


def test_a_bomb_is_not_unfolded() -> None:
    with pytest.raises(Malformed, match="unfolds"):
        decode(bytes(cramjam.snappy.compress_raw(bytes(10_000_000))))


def test_labels_out_of_order_or_twice_are_malformed() -> None:
    good = encode([TimeSeries((("a", "1"), ("b", "2")), ())])
    assert decode(good)
    for wrong in ((("b", "2"), ("a", "1")), (("a", "1"), ("a", "2")), (("a", ""),)):
        with pytest.raises(Malformed):
            decode(encode([TimeSeries(wrong, ())]))


def test_loose_samples_are_gathered_in_the_order_of_time() -> None:
    up = labels("up", {})
    assert gather([(up, 2, value(2)), (labels("x", {}), 1, value(0)), (up, 1, value(1))]) == [
        TimeSeries(up, ((1, value(1)), (2, value(2)))),
        TimeSeries(labels("x", {}), ((1, value(0)),)),
    ]


def _bytes(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


LABEL = _bytes(1, _bytes(1, b"__name__") + _bytes(2, b"didban_x"))


@pytest.mark.parametrize(
    "sample",
    [
        _bytes(1, bytes(8) + b"\x10\xff\xff\xff\xff\x7f\x1a\x02") + b"\x10\x01",  # a later time behind the value
        b"\x0d" + bytes(4) + b"\x10\x01",  # a value of four bytes
        b"\x09" + bytes(8) + b"\x10\x01\x18\x02",  # a field nobody knows
    ],
    ids=["smuggled time", "short value", "third field"],
)
def test_a_sample_is_a_value_of_eight_bytes_and_a_time(sample: bytes) -> None:
    with pytest.raises(Malformed):
        decode(bytes(cramjam.snappy.compress_raw(_bytes(1, LABEL + _bytes(2, sample)))))


@pytest.mark.parametrize(
    "raw",
    [b"\x0a\x00" * 1_000_000, _bytes(1, LABEL) + b"\x12\x00", b"\x08\x01" * 1_000_000, b"",
     b"\x0a\xc0\x84\x3d" + b"\x12\x00" * 500_000, b"\x0a\xc0\x84\x3d" + b"\x0a\x00" * 500_000],
    ids=["empty series", "version 2", "numbers", "nothing", "empty samples", "empty labels"],
)  # fmt: skip
def test_a_small_body_cannot_hold_up_the_hub(raw: bytes) -> None:
    """Each of these is a few kilobytes on the wire, and took seconds to unfold."""
    began_s = time.process_time()
    with pytest.raises(Malformed):
        decode(bytes(cramjam.snappy.compress_raw(raw)))
    assert time.process_time() - began_s < 1
