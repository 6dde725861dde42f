"""Commitments to walks, hour by hour: a link is written once, and a walk is in one of them and no more."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evidence.proof import commitments
from monitor.evidence.proof.commitments import DAY_MS, HOUR_MS, Link, genesis, ranges, unranged
from monitor.keeping import chain, rescue
from monitor.keeping.schema import bring_forward

NOON_MS = 20_000 * DAY_MS + 12 * HOUR_MS
MINUTE_MS = 60_000


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    yield from opened(tmp_path / "spool.db")


def opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    bring_forward(connection, path)
    yield connection
    connection.close()


def walked(db: sqlite3.Connection, *at_ms: int) -> None:
    rows = [(ms, "imo/web", 1, f"walk at {ms}".encode()) for ms in at_ms]
    db.executemany("INSERT INTO walks(started_ms, target, round, walk) VALUES (?, ?, ?, ?)", rows)


def closed(db: sqlite3.Connection, now_ms: int) -> list[Link]:
    return list(iter(lambda: chain.close(db, now_ms=now_ms, vantage="v1"), None))


def ids(found: list[Link]) -> list[tuple[int, ...]]:
    return [link.ids for link in found]


def test_an_hour_is_closed_when_it_has_ended_and_not_before(db: sqlite3.Connection) -> None:
    walked(db, NOON_MS, NOON_MS + 59 * MINUTE_MS)
    assert closed(db, NOON_MS + 59 * MINUTE_MS + 1) == []
    (link,) = closed(db, NOON_MS + HOUR_MS)
    assert (link.number, link.hour_ms, link.ids) == (1, NOON_MS, (1, 2))
    assert closed(db, NOON_MS + HOUR_MS) == []


def test_a_commitment_is_a_hash_of_a_salt_of_that_record_alone_and_the_record(db: sqlite3.Connection) -> None:
    walked(db, NOON_MS, NOON_MS + 1)
    (link,) = closed(db, NOON_MS + HOUR_MS)
    key = chain.keys(db)[20_000]
    salts = [hmac.new(key, number, hashlib.sha256).digest() for number in (b"1", b"2")]
    each = [hashlib.sha256(salts[n] + f"walk at {NOON_MS + n}".encode()).digest() for n in (0, 1)]
    assert link.commitments == b"".join(each)
    label = b"2024-10-04T12Z 1-2\n"
    assert link.head == hashlib.sha256(genesis("v1") + label + link.commitments).digest()


def test_hours_that_were_missed_are_closed_later_each_by_itself(db: sqlite3.Connection) -> None:
    walked(db, *(NOON_MS + n * HOUR_MS for n in (0, 0, 2, 5)))
    found = closed(db, NOON_MS + 9 * HOUR_MS)
    assert ids(found) == [(1, 2), (3,), (4,)]
    assert [link.previous for link in found[1:]] == [link.head for link in found[:-1]]


def test_a_walk_that_comes_after_its_hour_was_closed_stands_in_the_next_link(db: sqlite3.Connection) -> None:
    walked(db, NOON_MS)
    first = closed(db, NOON_MS + HOUR_MS)
    walked(db, NOON_MS + HOUR_MS, NOON_MS + HOUR_MS - 1, NOON_MS + HOUR_MS + 1)
    assert ids(closed(db, NOON_MS + 2 * HOUR_MS)) == [(2, 3, 4)]
    assert next(chain.links(db, NOON_MS, NOON_MS + HOUR_MS)) == first[0]


def test_a_clock_that_woke_in_1970_or_ran_ahead_holds_up_nothing(db: sqlite3.Connection) -> None:
    walked(db, 5000, 6000, NOON_MS, NOON_MS * 2, NOON_MS + 1)
    found = closed(db, NOON_MS + HOUR_MS)
    assert ids(found) == [(1, 2), (3,), (4,), (5,)]
    assert [link.hour_ms for link in found] == [0, NOON_MS, NOON_MS * 2 // HOUR_MS * HOUR_MS, NOON_MS]


def test_what_was_thinned_meanwhile_leaves_a_gap_in_the_ids(db: sqlite3.Connection) -> None:
    walked(db, *(NOON_MS + n for n in range(6)))
    db.execute("DELETE FROM walks WHERE id IN (2, 3)")
    (link,) = closed(db, NOON_MS + HOUR_MS)
    assert ranges(link.ids) == "1,4-6"


def test_links_outlive_their_walks_and_heads_outlive_the_links(db: sqlite3.Connection) -> None:
    for day in range(3):
        walked(db, *(NOON_MS + day * DAY_MS + hour * HOUR_MS for hour in range(2)))
    found = closed(db, NOON_MS + 9 * DAY_MS)
    db.execute("DELETE FROM walks WHERE id < 4")
    assert list(chain.links(db, 0, 2**63)) == found
    assert chain.forget(db, NOON_MS + DAY_MS) == 2
    assert [link.number for link in chain.links(db, 0, 2**63)] == [3, 4, 5, 6]
    assert chain.heads(db, 20_002) == [(20_000, found[1].head), (20_001, found[3].head)]
    assert list(chain.keys(db)) == [20_001, 20_002]
    assert chain.forget(db, NOON_MS + DAY_MS) == 0


def test_ids_that_begin_anew_are_closed_anew(db: sqlite3.Connection) -> None:
    walked(db, NOON_MS, NOON_MS + 1)
    closed(db, NOON_MS + HOUR_MS)
    db.execute("DELETE FROM walks")
    walked(db, NOON_MS + 40 * DAY_MS)
    (link,) = closed(db, NOON_MS + 41 * DAY_MS)
    assert (link.number, link.ids) == (2, (1,))


def test_a_rescue_carries_the_chain_over_and_ids_given_twice_are_closed_twice(tmp_path: Path) -> None:
    wreck = tmp_path / "wreck.db"
    for db in opened(wreck):
        walked(db, NOON_MS, NOON_MS + 1, NOON_MS + 2)
        before = closed(db, NOON_MS + HOUR_MS)
        chain.keep_stamp(db, before[0].head, "https://tsa.example", b"token")
        db.execute("DELETE FROM walks WHERE id > 1")  # the page that held the newest could not be read
        db.commit()
    for db in opened(tmp_path / "spool.db"):
        rescue.carry_over(wreck, db)
        assert list(chain.links(db, 0, 2**63)) == before
        assert chain.stamps(db, before[0].head) == [("https://tsa.example", b"token")]
        walked(db, NOON_MS + HOUR_MS, NOON_MS + HOUR_MS + 1, NOON_MS + HOUR_MS + 2)
        assert ids(closed(db, NOON_MS + 2 * HOUR_MS)) == [(2, 3, 4)]


def test_who_has_not_seen_a_head_of_a_closed_day_is_asked(db: sqlite3.Connection) -> None:
    walked(db, NOON_MS, NOON_MS + DAY_MS)
    one, two = closed(db, NOON_MS + 2 * DAY_MS)
    assert chain.unstamped(db, ("a", "b"), before_day=20_001) == [(one.head, "a"), (one.head, "b")]
    chain.keep_stamp(db, one.head, "a", b"first")
    chain.keep_stamp(db, one.head, "a", b"second")
    assert chain.stamps(db, one.head) == [("a", b"first")]
    assert chain.unstamped(db, ("a",), before_day=20_002) == [(two.head, "a")]


@given(st.sets(st.integers(1, 10**9), max_size=50).map(sorted))
def test_ranges_say_every_id_and_no_other(numbers: list[int]) -> None:
    assert unranged(ranges(numbers)) == tuple(numbers)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30))
def test_every_walk_is_in_one_link_whatever_the_order_of_hours(story: list[tuple[int, bool]]) -> None:
    """A walk of some hour is written down; now and then, closing comes round."""
    db = sqlite3.connect(":memory:")
    bring_forward(db, Path(":memory:"))
    found: list[Link] = []
    for hour, closing in story:
        walked(db, NOON_MS + hour * HOUR_MS)
        if closing:
            found += closed(db, NOON_MS + (hour + 1) * HOUR_MS)
    found += closed(db, NOON_MS + 100 * HOUR_MS)
    assert [id for link in found for id in link.ids] == list(range(1, len(story) + 1))
    for before, after in itertools.pairwise(found):
        assert after.previous == before.head
        assert commitments.head(after.previous, after.hour_ms, after.ids, after.commitments) == after.head
    db.close()
