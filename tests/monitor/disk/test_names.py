"""A series has one number, whoever asks for it: stated by this process, or left by an earlier one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import metrics
from monitor.keeping.schema import bring_forward
from monitor.keeping.ticks import Names
from monitor.metrics import Series
from tests.monitor import facts

WHO = metrics.identity(facts.INSIDE)
UP = Series(metrics.TARGET_UP, ("whatsapp", "chat"))
BUCKET = Series(metrics.LATENESS, (), "_bucket", "0.1")
CUSUM = Series(metrics.TARGET_CUSUM, ("whatsapp", "chat"))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(":memory:") as made:
        bring_forward(made, tmp_path / "spool.db")
        yield made
    made.close()


@pytest.fixture(params=["stated here", "left by an earlier process", "left, and stated again"])
def names(request: pytest.FixtureRequest, db: sqlite3.Connection) -> Names:
    first = Names()
    for series in (UP, BUCKET, CUSUM):
        first.stated(db, series, WHO)
    if request.param == "stated here":
        return first
    later = Names()
    later.load(db)
    if request.param != "left by an earlier process":
        later.stated(db, UP, WHO)
    return later


@pytest.mark.parametrize("series", [UP, BUCKET, CUSUM])
def test_it_is_the_same_number_by_every_way(names: Names, db: sqlite3.Connection, series: Series) -> None:
    labels = series.labels(WHO)
    number = names.number(series.name, labels)
    assert number
    assert names.id(db, series.name, labels) == number
    assert names.stated(db, series, WHO) == number
    assert names.of(number) == (series.name, labels)
    assert names.numbers({series.name}) == {number}
    assert db.execute("SELECT name, labels FROM series WHERE id = ?", (number,)).fetchone() == names.as_kept(number)
    assert db.execute("SELECT count(*) FROM series").fetchone() == (3,)


def test_only_the_home_set_goes_home_and_what_is_asked_for_beside_it(names: Names) -> None:
    up, cusum = (names.number(each.name, each.labels(WHO)) for each in (UP, CUSUM))
    assert names.goes_home(up, frozenset())
    assert not names.goes_home(cusum, frozenset())
    assert names.goes_home(cusum, frozenset({CUSUM.name}))
    assert not names.goes_home(99, frozenset())


def test_what_is_forgotten_gets_a_number_anew(names: Names, db: sqlite3.Connection) -> None:
    number = names.number(UP.name, UP.labels(WHO))
    db.execute("DELETE FROM series WHERE id = ?", (number,))
    names.forget([number])
    assert names.number(UP.name, UP.labels(WHO)) == 0
    assert names.of(number) is None
    assert names.as_kept(number) is None
    assert names.of(names.stated(db, UP, WHO)) == (UP.name, UP.labels(WHO))


def test_what_was_numbered_in_a_transaction_that_failed_has_no_number(names: Names, db: sqlite3.Connection) -> None:
    db.commit()
    db.execute("BEGIN")
    names.stated(db, Series(metrics.TARGET_UP, ("imo", "web")), WHO)
    db.rollback()
    names.load(db)
    assert names.number(UP.name, Series(metrics.TARGET_UP, ("imo", "web")).labels(WHO)) == 0
    assert names.number(UP.name, UP.labels(WHO)) != 0


def test_another_vantage_has_other_series(names: Names) -> None:
    assert names.number(UP.name, UP.labels({**WHO, "vantage": "v2"})) == 0
    assert names.number("no_name_of_ours", {}) == 0
