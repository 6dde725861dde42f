"""What is sealed on a board nobody may read, and what the hub can open."""

from __future__ import annotations

import pytest

from monitor.keeping import seal

HUB, ANOTHER = seal.new_key(), seal.new_key()


def test_the_hub_opens_what_was_sealed_to_it() -> None:
    sealed = seal.seal(b"a day of walks", seal.public_of(HUB))
    assert b"walks" not in sealed
    assert seal.unseal(sealed, HUB) == b"a day of walks"


def test_nobody_else_does() -> None:
    with pytest.raises(seal.NotOurs):
        seal.unseal(seal.seal(b"a day of walks", seal.public_of(HUB)), ANOTHER)


def test_no_bit_of_it_can_be_changed() -> None:
    sealed = seal.seal(b"a day of walks", seal.public_of(HUB))
    for at in range(len(sealed)):
        with pytest.raises(seal.NotOurs):
            seal.unseal(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], HUB)


def test_the_same_day_twice_does_not_look_the_same() -> None:
    assert seal.seal(b"quiet", seal.public_of(HUB)) != seal.seal(b"quiet", seal.public_of(HUB))


@pytest.mark.parametrize("given", ["", "no key", "AAAA", "å"])
def test_what_is_no_key_is_not_taken_for_one(given: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        seal.check_public(given)
