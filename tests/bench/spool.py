"""Keeping finished walks on disk: rounds through the spool, beside plain sqlite3 with the same rows and promise.

Both commit after every round of one walk with four observations, into the same schema and indexes, in WAL mode with
`synchronous=NORMAL`: kill -9 loses nothing, a power cut what the system had not yet written; neither waits for the disk
but at a checkpoint. What is not comparable: the peer is handed rows that were encoded before and writes on the caller's
own thread, holding the event loop for each commit; the spool encodes them and hands them to a thread of its own, eight
rounds in flight, so that its figure falls when both cores are busy.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from monitor.spool import Spool
from probes.facts import Round
from tests.bench import vantage
from tests.bench.far_end import Ports
from tests.bench.figures import Figure
from tests.bench.turns import in_turn
from tests.monitor import facts

_ADDS = 1_600
_AT_ONCE = 8
_ROUNDS = 15

Row = tuple[Any, ...]


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """Observations a second, by the wall clock, from the first row to the last commit."""
    done = [facts.rounds(vantage.walk(f"messenger{n % 10}/edge-{n % 9}", n), number=n, at_ms=n) for n in range(_ADDS)]
    observations = sum(len(walk.steps) for each in done for walk in each.walks)
    schema, rows = await _as_written(done)
    own_s, peer_s = await in_turn(partial(_by_spool, done), partial(_by_sqlite, schema, rows), rounds=_ROUNDS)
    name, value, peer_value = "spool_add_observations_per_s", observations / own_s, observations / peer_s
    return [Figure(name, value, "1/s", "sqlite3, rows encoded", peer_value, more_is_better=True)]


async def _add(spool: Spool, done: Iterable[Round]) -> None:
    for each in done:
        await spool.add(each)


async def _by_spool(done: list[Round]) -> float:
    """Seconds."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder))
        await spool.open()
        began_s = time.perf_counter()
        await asyncio.gather(*(_add(spool, done[number::_AT_ONCE]) for number in range(_AT_ONCE)))
        took_s = time.perf_counter() - began_s
        assert (await spool.size()).walks == len(done)
        await spool.close()
    return took_s


async def _by_sqlite(schema: str, rows: list[Row]) -> float:
    """Seconds."""
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(sqlite3.connect(f"{folder}/plain.db")) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.executescript(schema)
        sql = f"INSERT INTO walks VALUES ({','.join('?' * len(rows[0]))})"
        began_s = time.perf_counter()
        for row in rows:
            db.executemany(sql, [row])
            db.commit()
        return time.perf_counter() - began_s


async def _as_written(done: list[Round]) -> tuple[str, list[Row]]:
    """The schema and the rows of a file that the spool wrote: the peer gets them as they are."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder))
        await spool.open()
        await _add(spool, done)
        await spool.close()
        with contextlib.closing(sqlite3.connect(f"{folder}/spool.db")) as db:
            created = db.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name = 'walks' AND sql IS NOT NULL ORDER BY rowid"
            )
            schema = ";\n".join(sql for (sql,) in created) + ";"
            return schema, db.execute("SELECT * FROM walks").fetchall()
