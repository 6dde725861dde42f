"""What lies on a disk or comes on one: exports of ours and of OONI's, spools after damage, sealed hours, backups."""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import json
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from monitor.decoding import Undecodable
from monitor.disk import copies
from monitor.disk.file import Unusable
from monitor.evidence import given
from monitor.evidence.proof import commitments, verify
from monitor.hub import notes
from monitor.hub.looking import marks
from monitor.keeping import pieces, records, seal, summaries, ticks
from monitor.spool import Spool
from monitor.stored import documents, metrictext, reading
from monitor.stored.committed import Committed
from monitor.stored.exported import Exported
from monitor.stored.ooni import pages
from probes import known
from tests.fuzz.target import Target, _loop, folder, of_file
from tests.monitor.evidence import boxes, ooni
from tests.monitor.evidence.evenings import evening, exported
from tests.monitor.facts import INSIDE, rounds, walk

_PRIVATE = seal.new_key()
_PUBLIC = seal.public_of(_PRIVATE)
_DAY_MS = 86_400_000


def _judged(path: Path) -> object:
    return list(reading.judged(path, known.load(), documents.Bounds(file=2**22, document=2**20)))


def _measured() -> Iterable[bytes]:
    made = (
        ooni.whatsapp(),
        ooni.telegram(),
        ooni.signal(),
        ooni.facebook_messenger(),
        ooni.tor(),
        ooni.openvpn(),
        ooni.legacy(),
    )
    yield from (json.dumps(each).encode() for each in made)
    yield gzip.compress(json.dumps(ooni.whatsapp()).encode())
    yield b'{"walk":' + records.encode(walk()) + b',"round":1}\n'
    yield msgspec.json.encode(rounds(walk()))
    yield b'{"target":"a/b","state":"ok","walks":[{"endpoint":"a:443/udp","steps":[{"step":"knock","took_s":1e300}]}]}'
    yield gzip.compress(b"[" * 20000)
    yield b'{"a":' * 3000
    yield b'{"test_name":"web_connectivity","test_keys":{"requests":[]},"input":"http://[/"}'


@functools.cache
def _sealed() -> Path:
    """A sealed export of our own making."""
    made = boxes.box(folder() / "box", INSIDE, evening(), stated=boxes.few_ticks())
    out = folder() / "export"
    done = exported("--sealed", "--since", "2026-11-16", "--until", "2026-11-17", "--storage.path", made,
                    "--config.file", made / "none.yml", "--format", "jsonl", "--out", out)  # fmt: skip
    assert done.exit_code == 0, done.output
    return out


def _in_an_export(name: str, *, true: bool) -> Callable[[bytes], object]:
    """One file of a sealed export is the data. `true`: whoever changed it changed the sums with it."""

    def read(data: bytes) -> object:
        copy = folder() / "changed"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(_sealed(), copy)
        (file,) = copy.rglob(name)
        file.write_bytes(data)
        if true:
            (copy / verify.SUMS).write_bytes(verify.sums(copy).encode("utf-8", "surrogateescape"))
        verify.check(copy, [])
        found = []
        with contextlib.suppress(Unusable):
            for part in given.parts([copy]):
                kept = Exported(part.folder, part.said, {"didban_target_up"})
                found += _all_of(kept)
        return found

    return read


def _all_of(box: Exported | Committed) -> list[object]:
    """Everything that is asked of a box."""
    if isinstance(box, Committed):
        asked: tuple[Callable[[], object], ...] = (
            lambda: list(box.walks(0)), lambda: list(box.ticks(0)), lambda: list(box.summaries()),
            lambda: list(box.unstamped()), lambda: box.vantage, lambda: box.memory("book"), box.sealed, box.series, box.identity, box.keys,
        )  # fmt: skip
    else:
        asked = (
            lambda: [each.walk for each in box.records(0, 2**60)], lambda: list(box.links(0, 2**42)), lambda: list(box.ticks(0, 2**42)),
            lambda: list(box.stamped_later(0, 2**60)), lambda: list(box.unstamped()), box.identity, box.series,
            lambda: [box.stamps(each.head) for each in box.links(0, 2**42)],
        )  # fmt: skip
    found: list[object] = []
    for ask in asked:
        with contextlib.suppress(Unusable):
            found.append(ask())
    return found


def _of_export(name: str) -> Callable[[], Iterable[bytes]]:
    def seeds() -> Iterable[bytes]:
        (file,) = _sealed().rglob(name)
        true = file.read_bytes()
        return [true, b"\n".join(true.split(b"\n")[:2]), b"{}", b"[" * 3000]

    return seeds


# ---------------------------------------------------------------- a spool after damage


@functools.cache
def _spool() -> Path:
    made = boxes.box(folder() / "spool", INSIDE, [rounds(walk(), at_ms=boxes.NOON_MS)], stated=boxes.few_ticks(3))
    with contextlib.closing(sqlite3.connect(made / "spool.db")) as db:
        db.execute("PRAGMA journal_mode=DELETE")
    return made


def _damaged(data: bytes) -> object:
    """The first byte says which column of which table holds the rest, in its first row."""
    columns = (("walks", "walk"), ("ticks", "samples"), ("ticks", "ended"), ("series", "labels"), ("memory", "value"),
               ("links", "commitments"), ("links", "ids"), ("summaries", "summary"), ("accounts", "account"))  # fmt: skip
    table, column = columns[(data[0] if data else 0) % len(columns)]
    copy = folder() / "damaged"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(_spool(), copy)
    with (
        contextlib.closing(sqlite3.connect(copy / "spool.db")) as db,
        db,
        contextlib.suppress(sqlite3.OperationalError),
    ):
        db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = (SELECT min(rowid) FROM {table})", (data[1:],))
    with contextlib.suppress(Unusable), contextlib.closing(Committed(copy)) as box:
        return _all_of(box)
    return None


def _torn_copy(data: bytes) -> Path:
    copy = folder() / "torn"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(_spool(), copy)
    path = copy / "spool.db"
    whole = path.read_bytes()
    at = int.from_bytes(data[:3], "big") % len(whole)
    path.write_bytes(whole[:at] + data[3:] + whole[at + len(data[3:]) :])
    return copy


def _torn(data: bytes) -> object:
    """The file itself: what lies in it is written over from a place on."""
    copy = _torn_copy(data)
    with contextlib.suppress(Unusable), contextlib.closing(Committed(copy)) as box:
        return _all_of(box)
    return None


def _at_work(data: bytes) -> object:
    """The same file, opened by a daemon: it works on, or says that it cannot be used."""
    _torn_copy(data)
    return _loop().run_until_complete(_opened(folder() / "torn"))


async def _opened(where: Path) -> object:
    spool = Spool(where, now_ms=lambda: boxes.NOW_MS, boot="b")
    try:
        await spool.open()
        return (
            await spool.walks(),
            await spool.owed("hub", but=(), most=9),
            await spool.last_tick(),
            await spool.recall("book"),
        )
    except Unusable:
        return None
    finally:
        await spool.close()


def _hour(data: bytes) -> object:
    """An hour that somebody sealed to our key: what is within is of his making."""
    hour = pieces.unpack(data)
    tables = [list(hour.rows(name).of(*hour.rows(name).columns)) for name in hour.tables]
    return tables, list(hour.ticks), [records.decode(blob) for (blob,) in hour.rows("walks").of("walk")]  # type: ignore[arg-type]


def _hours() -> Iterable[bytes]:
    tables = {
        "walks": pieces.Rows(
            ("id", "started_ms", "target", "round", "walk"), ((1, 2, "a/b", 3, records.encode(walk())),)
        ),
        "ticks": pieces.Rows(("at_ms", "samples", "ended"), (ticks.packed(ticks.Kept(5, ((1, 1.0),), ())),)),
        "series": pieces.Rows(("id", "name", "labels"), ((1, "didban_target_up", "{}"),)),
    }
    packed = pieces.pack(pieces.Hour(0, tables))
    return [packed, zlib.decompress(packed), zlib.compress(b"\x91" * 5000), zlib.compress(bytes(2**20))]


def _packed_hour(data: bytes) -> object:
    """The same without zlib, which mutations seldom leave whole."""
    return _hour(zlib.compress(data, 1))


def _backup(data: bytes) -> object:
    source = folder() / "backup"
    source.mkdir(exist_ok=True)
    (source / "hub.yml").write_bytes(b"")
    (source / copies.SUMS).write_bytes(data)
    return list(copies.checked(source, "hub.yml", "a hub"))


def _text_of(name: str, data: bytes) -> Path:
    path = folder() / name
    path.write_bytes(data)
    return path


TARGETS = (
    Target("stored", of_file(_judged, "a.jsonl"), ("monitor/stored/documents.py", "monitor/stored/ours.py", "monitor/stored/printed.py",
           "monitor/stored/ooni/pages.py", "monitor/stored/ooni/walks.py", "monitor/stored/said.py", "monitor/stored/replay.py"), seeds=_measured),
    Target("stored-url", lambda data: pages.Url.of(data.decode(errors="replace")), ("monitor/stored/ooni/pages.py",), seeds=lambda: [b"http://[::1]:80/"]),
    Target("metric-text", of_file(lambda path: metrictext.read(path, {"didban_target_up"}), "t.txt"), ("monitor/stored/metrictext.py",),
           (ValueError, OverflowError), lambda: [b'didban_target_up{service="a\\"b"} 1 1.5\n', b"didban_target_up{} 1 1e999\n"]),
    *(Target(f"export-{name}{'' if true else '-changed'}", _in_an_export(name, true=true), ("monitor/evidence/proof/verify.py", "monitor/evidence/given.py",
             "monitor/stored/exported.py", "monitor/evidence/proof/commitments.py"), seeds=_of_export(name), slow=True)
      for name in (verify.MANIFEST, "chain.jsonl", "walks.jsonl") for true in (True, False)),
    Target("export-sums", _in_an_export(verify.SUMS, true=False), ("monitor/evidence/proof/verify.py",), seeds=_of_export(verify.SUMS), slow=True),
    Target("ids", lambda data: commitments.unranged(data.decode("latin-1")[:64]) if b"-" not in data else None,
           ("monitor/evidence/proof/commitments.py",), (ValueError,), lambda: [b"1,2,7"]),
    Target("spool-damaged", _damaged, ("monitor/stored/kept.py", "monitor/stored/committed.py", "monitor/spool.py", "monitor/keeping/glance.py", "monitor/keeping/sealing.py"), seeds=lambda: [bytes([n]) + b"{}" for n in range(9)], slow=True),
    Target("spool-torn", _torn, ("monitor/stored/kept.py",), seeds=lambda: [b"\0\x10\0" + bytes(64)], slow=True),
    Target("spool-torn-at-work", _at_work, ("monitor/spool.py",), seeds=lambda: [b"\0\x10\0" + bytes(64)], slow=True),
    Target("spool-walk", records.decode, ("monitor/keeping/records.py",), (Undecodable,), lambda: [records.encode(walk())]),
    Target("spool-tick", lambda data: ticks.read((1, data, b"\x90")), ("monitor/keeping/ticks.py", "monitor/decoding.py"), (Undecodable,),
           lambda: [ticks.packed(ticks.Kept(5, ((1, 1.0),), ()))[1]]),
    Target("spool-summary", summaries.decode, ("monitor/keeping/summaries.py",), (Undecodable,), lambda: [summaries.encode(summaries.Summary())]),
    Target("sealed-hour", _hour, ("monitor/keeping/pieces.py",), (pieces.Unreadable, Undecodable), _hours),
    Target("sealed-hour-within", _packed_hour, ("monitor/keeping/pieces.py",), (pieces.Unreadable, Undecodable), lambda: list(_hours())[1:]),
    Target("sealed", lambda data: seal.unseal(data, _PRIVATE), ("monitor/keeping/seal.py",), (seal.NotOurs,), lambda: [seal.seal(b"x" * 40, _PUBLIC)]),
    Target("key", lambda data: seal.check_public(data.decode("latin-1")), ("monitor/keeping/seal.py",), (ValueError,), lambda: [_PUBLIC.encode()]),
    Target("notes", of_file(notes.read, "notes.jsonl"), ("monitor/hub/notes.py",), seeds=lambda: [b'{"at_ms":1,"incident":"a","text":"b"}\n']),
    Target("late-look-marks", of_file(marks._read, "marks.json"), ("monitor/hub/looking/marks.py",), seeds=lambda: [b'{"pending":{},"owed":[],"told":[]}']),
    Target("backup-sums", _backup, ("monitor/disk/copies.py",), (copies.BadBackup,), lambda: [hashlib.sha256().hexdigest().encode() + b"  hub.yml\n", b"00" * 32 + b"  ../x\n"]),
)  # fmt: skip
