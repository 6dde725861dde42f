"""A signed catalogue is believed by its key alone, and keys are handed on by those that hold."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.renewal import signed
from monitor.renewal.signed import MAGIC, NotOurs, rotation
from tests.monitor.renewal.catalogues import (
    KEY,
    OTHER,
    OTHER_PUBLIC,
    PUBLIC,
    THIRD,
    THIRD_PUBLIC,
    VERSION,
    packed,
)


def test_what_was_packed_is_read_again_and_packed_the_same_twice() -> None:
    content = signed.unpack(packed(), [PUBLIC])
    assert (content.version, content.made, content.expires) == (VERSION, "2026-11-01", "2027-05-01")
    assert list(content.files) == ["services/imo.yml"]
    assert packed() == packed()


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_refused(at: int, by: int) -> None:
    data = bytearray(packed())
    data[at % len(data)] ^= by
    with pytest.raises(NotOurs):
        signed.unpack(bytes(data), [PUBLIC])


@given(st.binary(max_size=300))
def test_whatever_it_is_it_is_read_or_refused(noise: bytes) -> None:
    for data in (noise, MAGIC + noise, packed()[: len(noise)]):
        with pytest.raises(NotOurs):
            signed.unpack(data, [PUBLIC])


def test_another_key_is_refused() -> None:
    with pytest.raises(NotOurs, match="is signed by a key that is not in"):
        signed.unpack(packed(key=OTHER), [PUBLIC])


def test_what_unfolds_to_more_than_is_taken_is_refused_though_it_is_signed() -> None:
    bomb = packed(files={"services/a.yml": "a" * 3_000_000})
    assert len(bomb) < 10_000
    with pytest.raises(NotOurs, match="more than is taken"):
        signed.unpack(bomb, [PUBLIC])


def test_rotations_beyond_all_use_are_not_gone_through() -> None:
    nothing = signed.Rotation((PUBLIC,), PUBLIC, "AAAA")
    with pytest.raises(NotOurs, match="changed more than 64 times"):
        signed.unpack(packed(rotations=[nothing] * 65), [PUBLIC])
    assert signed.unpack(packed(rotations=[nothing] * 64), [PUBLIC]).version == VERSION


def test_a_later_program_may_say_more() -> None:
    head = len(MAGIC) + 96
    text = zlib.decompress(packed()[head:]).replace(b'{"expires"', b'{"new": [1], "expires"', 1)
    body = zlib.compress(text)
    key = signed._private(KEY)
    data = MAGIC + key.public_key().public_bytes_raw() + key.sign(MAGIC + body) + body
    assert signed.unpack(data, [PUBLIC]).version == VERSION


def test_a_key_hands_on_and_holds_no_longer() -> None:
    handed = [rotation((), [OTHER_PUBLIC], KEY)]
    assert signed.unpack(packed(key=OTHER, rotations=handed), [PUBLIC]).version == VERSION
    with pytest.raises(NotOurs):
        signed.unpack(packed(key=KEY, rotations=handed), [PUBLIC])
    again = [*handed, rotation(handed, [THIRD_PUBLIC], OTHER)]
    assert signed.held([PUBLIC], again) == {THIRD_PUBLIC}
    assert signed.held([OTHER_PUBLIC], again) == {THIRD_PUBLIC}, "a box that was told the second key goes on from there"


def test_nobody_hands_on_what_they_do_not_hold() -> None:
    stranger = [rotation((), [OTHER_PUBLIC], THIRD)]
    assert signed.held([PUBLIC], stranger) == {PUBLIC}
    first = rotation((), [OTHER_PUBLIC], KEY)
    moved = [rotation((), [THIRD_PUBLIC], KEY), first]
    assert signed.held([PUBLIC], moved) == {THIRD_PUBLIC}, "a rotation counts in its own place only"


@pytest.mark.parametrize("given_key", ["", "x", "AAAA", PUBLIC + "A"])
def test_what_is_no_key_is_said_to_be_none(given_key: str) -> None:
    with pytest.raises(ValueError, match="must be a"):
        signed.check_public(given_key)
    with pytest.raises(ValueError, match="must be a private key"):
        signed.public_of(given_key)
