"""What fuzzing found and is mended: each find once more, by the smallest input that made it."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import time
import zlib
from pathlib import Path

import msgspec
import pytest
import typer
from cryptography import x509

from monitor.cli import run
from monitor.decoding import Undecodable, from_json, from_msgpack, inflated
from monitor.disk.file import Unusable
from monitor.evidence import given
from monitor.evidence.proof import verify
from monitor.keeping import pieces, ticks
from monitor.promql import reading
from monitor.promql.understood import NotUnderstood
from monitor.relay import ways
from monitor.stored import metrictext
from monitor.stored.exported import Exported
from probes.doors import yamlfile
from probes.failure import Refusal
from probes.words import Failure
from tests.fuzz import doors
from tests.fuzz.table import TABLE
from tests.fuzz.target import folder

_DEEP = b"[" * 20_000


@pytest.mark.parametrize(
    "data", [_DEEP, b'["\xff"]', b'{"\xff":1}', b"{", b'{"a":' * 5_000], ids=lambda data: repr(data[:8])
)
def test_whatever_is_wrong_with_json_is_one_exception(data: bytes) -> None:
    """msgspec's own is one of three: a reader that knew it alone ended the hub (monitor/relay/alertmanager.py)."""
    with pytest.raises(Undecodable):
        from_json(data)
    with pytest.raises(Undecodable):
        from_json(data, dict[str, str])


def test_whatever_is_wrong_with_message_pack_is_one_exception() -> None:
    for data in (b"\x91" * 20_000, b"\xa1\xff", b"\xdd\xff\xff\xff\xff"):
        with pytest.raises(Undecodable):
            from_msgpack(data, list[object])


def test_a_kilobyte_does_not_become_a_gigabyte() -> None:
    bomb = zlib.compress(bytes(10_000_000), 9)
    assert len(bomb) < 10_000
    with pytest.raises(Undecodable, match="more than is taken"):
        inflated(bomb, 1_000_000)
    assert len(inflated(bomb, 10_000_000)) == 10_000_000


@pytest.mark.parametrize(
    "name", ["answer-alertmanager", "answer-database", "answer-hub", "answer-told", "answer-drill", "webhook"]
)
@pytest.mark.parametrize("data", [_DEEP, b'{"data":"\xff"}', b'["\xff"]'], ids=["deep", "no text", "no text in a list"])
def test_no_answer_ends_who_asked(name: str, data: bytes) -> None:
    TABLE[name].run(data)


def test_a_fleet_whose_last_heartbeat_is_no_number_is_shown_all_the_same() -> None:
    """int(nan) flew out of `didban hub status`."""
    for value in ("NaN", "+Inf", "1e300", "-1"):
        row = b'{"data":{"result":[{"metric":{"vantage":"v1"},"value":[1,"%s"]}]}}' % value.encode()
        TABLE["answer-database"].run(row)


def test_a_week_whose_counts_are_no_numbers_is_not_told() -> None:
    """The relay's weekly message ended the relay."""
    TABLE["answer-digest"].run(b'{"data":{"result":[{"metric":{},"value":[1,"1e3t"]}]}}')


def test_a_number_in_another_script_is_no_length_of_waiting() -> None:
    """'²'.isdigit() is true, and float('²') is an error."""
    assert ways._after_s({}, '{"retry_after_ms":"²"}'.encode()) == 0
    TABLE["answer-header"].run("²".encode("latin-1"))


def test_a_certificate_that_only_one_of_two_libraries_reads_is_an_invalid_one() -> None:
    """A name that says it is UTF-8 and is not: cryptography reads it, OpenSSL's error ended the daemon (QUIC)."""
    leaf = doors._ders()[0].replace(b"trustme", b"trust\xff\xfe")
    assert x509.load_der_x509_certificate(leaf)
    with pytest.raises(Refusal) as caught:
        doors._certificates(len(leaf).to_bytes(2, "big") + leaf)
    assert caught.value.failure is Failure.SSL_INVALID_CERTIFICATE


def test_ten_thousand_brackets_that_are_signed_are_no_account() -> None:
    """A captured responder signs what it likes."""
    TABLE["answer-witness"].run(_DEEP)


def test_three_kilobytes_of_brackets_do_not_hold_anybody_up(tmp_path: Path) -> None:
    """They took ruamel five seconds."""
    (tmp_path / "a.yml").write_bytes(b"[" * 3_000)
    began_s = time.monotonic()
    assert "unfolds into too much" in str(yamlfile.read(tmp_path / "a.yml").mistakes[0])
    assert time.monotonic() - began_s < 1


def test_five_thousand_digits_are_no_duration_and_no_port() -> None:
    """The pattern was tried from each of them, and int() takes no more than 4,300."""
    began_s = time.monotonic()
    with pytest.raises(NotUnderstood):
        reading.duration_ms("9" * 100_000)
    assert time.monotonic() - began_s < 1
    with pytest.raises(typer.BadParameter):
        run._address("a:" + "9" * 5_000)


def test_a_time_beyond_every_calendar_in_an_export_is_a_mistake_in_it(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "ticks.openmetrics.txt").write_text("didban_target_up{} 1 1e999\n")
    with pytest.raises(OverflowError):
        metrictext.read(tmp_path / "b" / "ticks.openmetrics.txt", {"didban_target_up"})
    with pytest.raises(Unusable):
        Exported(tmp_path, {"folder": "b"}, {"didban_target_up"}).ticks(0)


@pytest.mark.parametrize(
    "tables",
    [
        {"ticks": (("at_ms", "samples"), ((1, b""),))},
        {"ticks": (("at_ms", "samples", "ended"), ((1, b""),))},
        {"walks": (("id", "started_ms", "target", "round", "walk"), ((1, "now", "a/b", 1, b"{}"),))},
        {"series": (("id", "name", "labels"), ((1, "x", None),))},
    ],
    ids=["a column less", "a row that is shorter", "a time in words", "no labels"],
)
def test_an_hour_that_somebody_else_sealed_is_looked_at_before_it_is_read(tables: object) -> None:
    """Whoever knows a box's public key can seal: KeyError, IndexError and TypeError flew out of `didban export`."""
    packed = zlib.compress(msgspec.msgpack.encode({"format": 1, "hour_ms": 0, "tables": tables}))
    with pytest.raises(pieces.Unreadable, match="no hour of a spool"):
        pieces.unpack(packed)


def test_an_export_reaches_for_nothing_outside_of_its_folder() -> None:
    """A manifest may name any folder; the walks of another export beside it would have counted as its own."""
    from tests.fuzz import stored

    copy = folder() / "elsewhere"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(stored._sealed(), copy)
    manifest = json.loads((copy / verify.MANIFEST).read_text())
    manifest["boxes"][0]["folder"] = f"../{stored._sealed().name}/{manifest['boxes'][0]['folder']}"
    (copy / verify.MANIFEST).write_text(json.dumps(manifest))
    (copy / verify.SUMS).write_text(verify.sums(copy))
    with pytest.raises(Unusable, match="is not in this folder"):
        given.parts([copy])


# ---------------------------------------------------------------- a dying card


@pytest.fixture
def spool() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.executescript("""
        CREATE TABLE ticks(at_ms INTEGER PRIMARY KEY, samples BLOB NOT NULL, ended BLOB NOT NULL);
        CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT, labels TEXT);
        CREATE TABLE owed(destination TEXT, at_ms INTEGER, samples INTEGER, PRIMARY KEY(destination, at_ms));
        CREATE TABLE aside(destination TEXT, at_ms INTEGER, series INTEGER, reason TEXT,
          PRIMARY KEY(destination, at_ms, series));""")
    for at_ms in (1, 2, 3):
        ticks.keep(db, ticks.Kept(at_ms, ((1, 1.0),), ()), {"hub": 1})
    db.execute("UPDATE ticks SET samples = x'00ff' WHERE at_ms = 2")
    return db


def test_a_damaged_tick_is_set_aside_and_the_others_go_home(spool: sqlite3.Connection) -> None:
    """It ended the daemon at each start, for ever: nobody but the card knew that the row was another one."""
    assert [kept.at_ms for kept in ticks.owed(spool, "hub", but=(), most=9)] == [1, 3]
    assert spool.execute("SELECT at_ms, series, reason FROM aside").fetchall() == [(2, 0, "damaged")]
    assert [kept.at_ms for kept in ticks.owed(spool, "hub", but=(), most=9)] == [1, 3]
    assert [kept.at_ms for kept in ticks.every(spool, 0, 9)] == [1, 3]


def test_a_damaged_last_tick_is_none(spool: sqlite3.Connection) -> None:
    spool.execute("DELETE FROM ticks WHERE at_ms = 3")
    assert ticks.last(spool) is None


def test_a_damaged_name_of_a_series_is_nobodys(spool: sqlite3.Connection) -> None:
    spool.execute("INSERT INTO series VALUES (1, 'a', '{}'), (2, 'b', '{\"c\":')")
    names = ticks.Names()
    names.load(spool)
    assert names.of(1) == ("a", {})
    assert names.of(2) is None
    with contextlib.closing(spool):
        assert names.id(spool, "b", {"c": "d"}) == 3


def test_a_file_whose_tables_have_no_names_any_more_is_set_aside_and_the_daemon_works_on() -> None:
    """SQLite's own complaint was no text, and UnicodeDecodeError ended the daemon at each start."""
    torn = b"\x00\x00\x64" + b"\xc0" * 4_000
    TABLE["spool-torn"].run(torn)
    TABLE["spool-torn-at-work"].run(torn)
