"""When a round starts: arithmetic over a keyed hash, so that no two boxes on Earth knock alike, and a replay knows why.

A fixed beat of 60.0 s with one phase for all boxes would be a query that lists the fleet. So each target has a phase of
its own, and each round is moved by up to a quarter of the period, both from HMAC-SHA256 of the vantage's secret.
"""

from __future__ import annotations

import hashlib
import hmac
import math

MOVED_SHARE = 0.25


def unit(secret: bytes, *parts: str | int) -> float:
    """A number in [0, 1) that only the holder of the secret can foretell."""
    digest = hmac.digest(secret, "\x1f".join(map(str, parts)).encode(), hashlib.sha256)
    return int.from_bytes(digest[:6], "big") / 2**48


def start_s(secret: bytes, name: str, number: int, period_s: float, moved_share: float = MOVED_SHARE) -> float:
    """When round `number` of `name` starts, in seconds since 1970."""
    return _start_s(secret, name, number, period_s, moved_share, unit(secret, name))


def _start_s(secret: bytes, name: str, number: int, period_s: float, moved_share: float, phase: float) -> float:
    moved = (2 * unit(secret, name, number) - 1) * moved_share
    return (number + phase + moved) * period_s


def next_round(
    secret: bytes, name: str, after_s: float, period_s: float, moved_share: float = MOVED_SHARE
) -> tuple[int, float]:
    """The first round that starts later than `after_s`: its number, and its start in seconds since 1970.

    Rounds never overtake each other: neighbours are at least half a period apart.
    """
    phase = unit(secret, name)
    number = math.floor(after_s / period_s - phase - moved_share)  # moved as late as can be, it starts by then
    while (start := _start_s(secret, name, number, period_s, moved_share, phase)) <= after_s:
        number += 1
    return number, start


def spread_s(secret: bytes, name: str, number: int, about_s: float) -> float:
    """A delay of about `about_s`, moved by up to a quarter of it."""
    return about_s * (1 + (2 * unit(secret, name, "delay", number) - 1) * MOVED_SHARE)
