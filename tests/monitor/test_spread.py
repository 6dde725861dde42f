"""Starts are moved by a keyed hash: replayable with the secret, and no two boxes alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.beat.spread import next_round, spread_s, start_s, unit

secrets = st.binary(min_size=32, max_size=32)
names = st.sampled_from(["whatsapp/chat", "canaries/international", "imo/web"])
periods = st.sampled_from([2.0, 10.0, 60.0, 300.0, 900.0])
moments = st.floats(0, 4e9)


@given(secrets, names, moments, periods)
def test_the_next_round_is_later_and_the_one_before_is_not(
    secret: bytes, name: str, now_s: float, period_s: float
) -> None:
    number, start = next_round(secret, name, now_s, period_s)
    assert start > now_s
    assert start_s(secret, name, number - 1, period_s) <= now_s
    assert start - now_s <= 1.5 * period_s


@given(secrets, names, st.integers(-1000, 1000), periods)
def test_neighbours_are_half_a_period_apart_or_more(secret: bytes, name: str, number: int, period_s: float) -> None:
    apart = start_s(secret, name, number + 1, period_s) - start_s(secret, name, number, period_s)
    assert 0.5 * period_s <= apart <= 1.5 * period_s


@given(secrets, names, st.integers(0, 100))
def test_a_confirming_walk_comes_about_when_it_should(secret: bytes, name: str, number: int) -> None:
    assert 15 * 0.75 <= spread_s(secret, name, number, 15) <= 15 * 1.25


def test_the_same_secret_replays_and_another_does_not() -> None:
    one, other = b"a" * 32, b"b" * 32
    mine = [start_s(one, "imo/web", number, 60) for number in range(100)]
    assert mine == [start_s(one, "imo/web", number, 60) for number in range(100)]
    assert not set(mine) & {start_s(other, "imo/web", number, 60) for number in range(100)}


def test_starts_fill_the_quarter_they_may_move_in() -> None:
    moved = [start_s(b"k" * 32, "x", number, 60) - number * 60 - unit(b"k" * 32, "x") * 60 for number in range(2000)]
    assert min(moved) < -14
    assert max(moved) > 14
    assert abs(sum(moved) / len(moved)) < 1, "none is preferred"


def test_parts_of_a_name_do_not_run_together() -> None:
    assert unit(b"k", "ab", "c") != unit(b"k", "a", "bc")
