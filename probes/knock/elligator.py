"""Elligator 2 on Curve25519: keys whose public half is shown as bytes that look like chance, and the way back.

The map: elligator.cr.yp.to/elligator-20130828.pdf section 5, with the non-square 2 (RFC 9380 section 6.7.1 has the same
one); the two bits a representative does not need are random, and not read. An ordinary public key lies in an eighth of
the curve, which whoever maps it back could see: so a random point of low order is added to it, as Monocypher does, and
obfs4proxy wholly since 0.0.14. X25519 takes no notice of it. Only that addition and the map are arithmetic of ours, not
in constant time: these keys are made for one handshake.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import accumulate, count, repeat

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KEY_BYTES = 32

_P = 2**255 - 19
_A = 486662
_D = -121665 * pow(121666, -1, _P) % _P  # of the Edwards form, RFC 8032 section 5.1
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_READ_BITS = 254

_Point = tuple[int, int]  # x and y on the Edwards form


@dataclass(frozen=True, slots=True)
class Pair:
    """`public` is what an X25519 exchange takes, `representative` what is shown in its place."""

    private: X25519PrivateKey
    public: bytes
    representative: bytes


def pair_of(seed: bytes) -> Pair:
    """A pair made of `seed` (32 unpredictable bytes), and of nothing else; half of all keys have no representative."""
    drawn = (hashlib.sha512(seed + number.to_bytes(4, "big")).digest() for number in count())
    return next(pair for each in drawn if (pair := _pair(each[:KEY_BYTES], each[KEY_BYTES])) is not None)


def _pair(secret: bytes, tweak: int) -> Pair | None:
    """`tweak`: six bits of chance; which point is added, which representative is shown, what fills it up."""
    u = _dirty(secret, tweak & 7)
    r = _representative(u, other=bool(tweak & 8))
    if r is None:
        return None
    scalar = hashlib.sha512(secret).digest()[:KEY_BYTES]  # RFC 8032 section 5.1.5
    shown = r | tweak >> 6 << _READ_BITS
    return Pair(X25519PrivateKey.from_private_bytes(scalar), _bytes(u), _bytes(shown))


def public_of(representative: bytes) -> bytes:
    """The public key it stands for; every 32 bytes stand for one."""
    return _bytes(mapped(int.from_bytes(representative, "little") % 2**_READ_BITS))


def mapped(r: int) -> int:
    """The u of Curve25519 that the field element `r` stands for."""
    u = -_A * pow(1 + 2 * r * r, -1, _P) % _P
    on_curve = _root(u * (u * u + _A * u + 1)) is not None
    return u if on_curve else (-u - _A) % _P


def _representative(u: int, *, other: bool) -> int | None:
    """One of the two that stand for `u`, each with a sign that is left out; None where there is none."""
    root = _root(pow(-2 * u * (u + _A), -1, _P))
    if root is None:
        return None
    r = (u + _A if other else u) * root % _P
    return min(r, _P - r)


def _dirty(secret: bytes, low: int) -> int:
    """The u of the public key of `secret`, with one of the eight points of low order added."""
    shown = int.from_bytes(Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw(), "little")
    y, odd = shown % 2**255, shown >> 255
    x = _root((y * y - 1) * pow(_D * y * y + 1, -1, _P))
    assert x is not None  # it is on the curve
    _, y = _added((x if x % 2 == odd else _P - x, y), LOW_ORDER[low])
    return (1 + y) * pow(1 - y, -1, _P) % _P


def _added(one: _Point, other: _Point) -> _Point:
    (x1, y1), (x2, y2) = one, other
    product = _D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, _P) % _P
    return x, (y1 * y2 + x1 * x2) * pow(1 - product, -1, _P) % _P


def _root(square: int) -> int | None:
    """RFC 8032 section 5.1.3; None of a non-square."""
    root = pow(square, (_P + 3) // 8, _P)
    for each in (root, root * _ROOT_OF_MINUS_ONE % _P):
        if (each * each - square) % _P == 0:
            return each
    return None


def _bytes(number: int) -> bytes:
    return number.to_bytes(KEY_BYTES, "little")


def _of_order_eight() -> _Point:
    """As Monocypher derives it: x is the root of (1 + the root of d + 1) / d, y is -x times the root of -1."""
    inner = _root(_D + 1)
    assert inner is not None  # the other root of the two leads nowhere
    x = _root((inner + 1) * pow(_D, -1, _P))
    assert x is not None
    return x, -x * _ROOT_OF_MINUS_ONE % _P


LOW_ORDER: tuple[_Point, ...] = tuple(accumulate(repeat(_of_order_eight(), 7), _added, initial=(0, 1)))
