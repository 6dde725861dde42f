"""Representatives stand for the keys that others say they stand for, and show nothing that chance would not."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from probes.knock.elligator import LOW_ORDER, mapped, pair_of, public_of

# RFC 9380 appendix J.4.2, u[0] and Q.x of each
RFC_9380 = [
    (
        "608d892b641f0328523802a6603427c26e55e6f27e71a91a478148d45b5093cd",
        "51125222da5e763d97f3c10fcc92ea6860b9ccbbd2eb1285728f566721c1e65b",
    ),
    (
        "46f5b22494bfeaa7f232cc8d054be68561af50230234d7d1d63d1d9abeca8da5",
        "7d56d1e08cb0ccb92baf069c18c49bb5a0dcd927eff8dcf75ca921ef7f3e6eeb",
    ),
    (
        "235fe40c443766ce7e18111c33862d66c3b33267efa50d50f9e8e5d252a40aaa",
        "3fbe66b9c9883d79e8407150e7c2a1c8680bee496c62fabe4619a72b3cabe90f",
    ),
    (
        "001e92a544463bda9bd04ddbe3d6eed248f82de32f522669efc5ddce95f46f5b",
        "227e0bb89de700385d19ec40e857db6e6a3e634b1c32962f370d26f84ff19683",
    ),
    (
        "1a68a1af9f663592291af987203393f707305c7bac9c8d63d6a729bdc553dc19",
        "3bcd651ee54d5f7b6013898aab251ee8ecc0688166fce6e9548d38472f6bd196",
    ),
]
# Monocypher's, which gitlab.com/yawning/edwards25519-extra (obfs4proxy's) is tested with: the two highest bits are not read
MONOCYPHER = [
    ("00" * 32, "00" * 32),
    ("00" * 31 + "c0", "00" * 32),
    (
        "673a505e107189ee54ca93310ac42e4545e9e59050aaac6f8b5f64295c8ec02f",
        "242ae39ef158ed60f20b89396d7d7eef5374aba15dc312a6aea6d1e57cacf85e",
    ),
    (
        "922688fa428d42bc1fa8806998fbc5959ae801817e85a42a45e8ec25a0d7545a",
        "696f341266c64bcfa7afa834f8c34b2730be11c932e08474d1a22f26ed82410b",
    ),
    (
        "0d3b0eb88b74ed13d5f6a130e03c4ad607817057dc227152827c0506a538bbba",
        "0b00df174d9fb0b6ee584d2cf05613130bad18875268c38b377e86dfefef177f",
    ),
    (
        "01a3ea5658f4e00622eeacf724e0bd82068992fae66ed2b04a8599be16662ef5",
        "7ae4c58bc647b5646c9f5ae4c2554ccbf7c6e428e7b242a574a5a9c293c21f7e",
    ),
    (
        "69599ab5a829c3e9515128d368da7354a8b69fcee4e34d0a668b783b6cae550f",
        "09024abaaef243e3b69366397e8dfc1fdc14a0ecc7cf497cbe4f328839acce69",
    ),
]
P = 2**255 - 19


def seed(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


@pytest.mark.parametrize(("r", "u"), RFC_9380)
def test_the_map_is_the_rfcs(r: str, u: str) -> None:
    assert mapped(int(r, 16)) == int(u, 16)


@pytest.mark.parametrize(("representative", "public"), MONOCYPHER)
def test_a_representative_stands_for_the_key_others_read_in_it(representative: str, public: str) -> None:
    assert public_of(bytes.fromhex(representative)).hex() == public


@given(st.binary(min_size=32, max_size=32))
def test_every_seed_makes_a_pair_that_agrees_with_itself(chance: bytes) -> None:
    pair = pair_of(chance)
    assert public_of(pair.representative) == pair.public
    assert pair_of(chance).representative == pair.representative


@given(st.binary(min_size=32, max_size=32))
def test_all_bytes_stand_for_a_point_of_the_curve(representative: bytes) -> None:
    u = int.from_bytes(public_of(representative), "little")
    v_squared = u * (u * u + 486662 * u + 1)
    assert pow(v_squared, (P - 1) // 2, P) in (0, 1)


def test_an_exchange_takes_no_notice_of_what_was_added() -> None:
    other = X25519PrivateKey.from_private_bytes(seed(0))
    pairs = [pair_of(seed(number)) for number in range(1, 17)]
    ordinary = [pair.private.public_key().public_bytes_raw() for pair in pairs]
    assert any(plain != pair.public for plain, pair in zip(ordinary, pairs, strict=True))
    for pair in pairs:
        shared = pair.private.exchange(other.public_key())
        assert other.exchange(X25519PublicKey.from_public_bytes(pair.public)) == shared


def test_the_eight_points_of_low_order_are_eight_and_end_where_they_begin() -> None:
    """On -x² + y² = 1 + d x² y² (RFC 8032 section 5.1)."""
    d = -121665 * pow(121666, -1, P) % P
    assert len(set(LOW_ORDER)) == 8
    assert all((y * y - x * x - 1 - d * x * x * y * y) % P == 0 for x, y in LOW_ORDER)
    assert {(0, 1), (0, P - 1)} < set(LOW_ORDER)  # of order 1 and 2
    assert {y for _, y in LOW_ORDER[2::4]} == {0}  # of order 4


def test_each_bit_that_is_shown_is_set_as_often_as_not() -> None:
    """Of 1024 keys, whose seeds are fixed; 72 off the half is 4.5 deviations."""
    shown = [int.from_bytes(pair_of(seed(number)).representative, "little") for number in range(1024)]
    for bit in range(256):
        assert abs(sum(number >> bit & 1 for number in shown) - 512) < 72, bit


def test_keys_are_of_the_whole_curve_and_not_of_an_eighth_of_it() -> None:
    """Where every key were of the subgroup, or none, whoever maps the representatives back would see it."""
    scalar = 2**252 + 27742317777372353535851937790883648493  # its order
    inside = sum(_times(scalar, pair_of(seed(number)).public) for number in range(128))
    assert 4 <= inside <= 32  # 16 expected


def _times(scalar: int, public: bytes) -> bool:
    """Whether `scalar` times that key is the neutral element: Montgomery's ladder (RFC 7748 section 5), unclamped."""
    u = int.from_bytes(public, "little")
    x2, z2, x3, z3 = 1, 0, u, 1
    for at in reversed(range(scalar.bit_length())):
        if scalar >> at & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a % P, c * b % P, a * a % P, b * b % P
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, (aa - bb) * (aa + 121665 * (aa - bb)) % P
        if scalar >> at & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return z2 == 0
