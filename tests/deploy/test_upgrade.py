"""From version to version and back: what earlier ones left behind is read, and what later ones write breaks nothing.

Hub first, then boxes; back, boxes first. `recorded/` holds what each version that was given out left behind.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from monitor import __version__
from monitor.begin import enrolment
from monitor.home import remotewrite
from monitor.home.remotewrite import TimeSeries, labels, value
from monitor.hub.gateway import Bounds, Gateway, Refusal
from monitor.hub.queue import Queue
from monitor.hub.registry import Registry
from monitor.hub.settings import Proof
from monitor.keeping.pieces import Hour, Rows
from monitor.keeping.schema import VERSION as FORMAT
from monitor.keeping.summaries import summary
from monitor.metrics import identity
from monitor.spool import Spool, Unusable
from tests.deploy.record import RECORDED, SAMPLE, T0_MS, WALKS
from tests.monitor.facts import INSIDE

EARLIER = sorted(path for path in RECORDED.iterdir() if path.is_dir())
of_each = pytest.mark.parametrize("left", EARLIER, ids=lambda path: path.name)


@pytest.fixture
async def spool(tmp_path: Path, left: Path) -> AsyncIterator[Spool]:
    shutil.copy(left / "spool.db", tmp_path)
    opened = Spool(tmp_path)
    yield opened
    await opened.close()


def gateway(folder: Path) -> Gateway:
    known = Registry({"v1": INSIDE}, frozenset(), (), (), ())
    return Gateway(folder, known, Bounds(7 * 86_400_000, 5000), Proof.PASSWORD)


def test_what_this_version_leaves_behind_is_recorded() -> None:
    assert __version__ in {path.name for path in EARLIER}, "python -m tests.deploy.record"


# ---------------------------------------------------------------- forward: a later program, an earlier file


@of_each
async def test_a_spool_of_an_earlier_version_is_read_and_written_to(spool: Spool) -> None:
    await spool.open()
    assert tuple(await spool.walks())[:2] == WALKS
    assert await spool.owed_samples("hub") == 2, "what it owed is owed"
    owed = await spool.owed("hub", but=[], most=10)
    assert [each.at_ms for each in owed] == [T0_MS + 10, T0_MS + 60_010]
    assert await spool.recall("budget") == {"a later word": 1}


@of_each
async def test_a_hub_takes_what_an_earlier_box_sends_and_what_an_earlier_hub_left(left: Path, tmp_path: Path) -> None:
    batch = remotewrite.decode((left / "batch.bin").read_bytes(), remotewrite.Most())
    (taken,) = gateway(tmp_path).check("v1", batch, T0_MS)
    assert dict(taken.labels) == dict(SAMPLE.labels)
    shutil.copy(left / "queue.db", tmp_path)
    queue = Queue(tmp_path / "queue.db", most_bytes=10**6, sharers=lambda: 1)
    await queue.open()
    assert queue.waiting_of("v1") == 1
    await queue.close()


@of_each
def test_the_line_of_an_earlier_hub_enrols_a_box(left: Path) -> None:
    told = enrolment.read((left / "enrolment.txt").read_text())
    assert (told.vantage, told.network) == ("v1", "AS197207")


# ---------------------------------------------------------------- back: an earlier program, a later file


@of_each
async def test_columns_tables_and_words_of_a_later_version_do_no_harm(spool: Spool, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.execute("ALTER TABLE walks ADD COLUMN later TEXT")
        db.execute("ALTER TABLE ticks ADD COLUMN later BLOB")
        db.execute("CREATE TABLE later(id INTEGER PRIMARY KEY)")
        db.execute("INSERT INTO memory VALUES ('later', ?)", (msgspec.json.encode({"more": [1]}),))
        for id, blob in db.execute("SELECT id, walk FROM walks").fetchall():
            record = msgspec.json.decode(blob) | {"later": {"a": 1}}
            record["steps"][0]["later"] = "word"
            db.execute("UPDATE walks SET walk = ? WHERE id = ?", (msgspec.json.encode(record), id))
    db.close()
    await spool.open()
    assert tuple(await spool.walks())[:2] == WALKS
    assert await spool.owed_samples("hub") == 2


@of_each
async def test_a_walk_in_a_word_of_a_later_version_ends_no_daemon_and_stays_as_it_is(
    spool: Spool, tmp_path: Path
) -> None:
    """Back from a version with one finding more, the daemon sums up the hours of that version: else it died of it."""
    with sqlite3.connect(tmp_path / "spool.db") as db:
        ((id, blob),) = db.execute("SELECT id, walk FROM walks ORDER BY id LIMIT 1").fetchall()
        record = msgspec.json.decode(blob)
        record["steps"][-1]["findings"] = ["a_later_word"]
        later = msgspec.json.encode(record)
        db.execute("UPDATE walks SET walk = ? WHERE id = ?", (later, id))
    db.close()
    await spool.open()
    assert tuple(await spool.walks()) == WALKS[1:]
    with sqlite3.connect(tmp_path / "spool.db") as db:
        hour = Hour(T0_MS, {"walks": Rows(("walk",), tuple(db.execute("SELECT walk FROM walks")))})
        assert db.execute("SELECT walk FROM walks WHERE id = ?", (id,)).fetchone() == (later,)
    db.close()
    assert summary(hour, lambda number: ("", {})).walks == 1


@of_each
async def test_a_later_format_is_left_untouched_and_said_in_one_line(spool: Spool, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.execute(f"PRAGMA user_version={FORMAT + 1}")
    db.close()
    before = hashlib.sha256((tmp_path / "spool.db").read_bytes()).digest()
    with pytest.raises(Unusable, match=rf"written by a newer Didban \(format {FORMAT + 1}\); left untouched"):
        await spool.open()
    assert hashlib.sha256((tmp_path / "spool.db").read_bytes()).digest() == before


def test_a_hub_takes_series_of_a_later_version_and_refuses_no_more_than_one_it_knows_otherwise(tmp_path: Path) -> None:
    """Names are only added. A label more on a name we know is refused: hence hub first."""
    later = TimeSeries(labels("didban_later_seconds", {**identity(INSIDE), "later": "x"}), ((T0_MS, value(1.0)),))
    assert len(gateway(tmp_path).check("v1", [SAMPLE, later], T0_MS)) == 2
    otherwise = TimeSeries(labels(SAMPLE.name, {**dict(SAMPLE.labels), "later": "x"}), ((T0_MS, value(1.0)),))
    with pytest.raises(Refusal, match="bad_label"):
        gateway(tmp_path).check("v1", [otherwise], T0_MS)
