"""Between gateway and database: what was acknowledged is on the disk, goes on in its order, and nobody holds up another."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.disk.file import Unusable
from monitor.home.answers import Outcome
from monitor.home.remotewrite import Labels, Malformed, Most, TimeSeries, decode, labels, value
from monitor.home.sifting import Progress, Sifting
from monitor.hub import queuefile
from monitor.hub.batch import Batch, Sample
from monitor.hub.courier import Courier
from monitor.hub.queue import ALWAYS, Queue

NOW_MS = 1_800_000_000_000
MINUTE_MS = 60_000


@dataclass
class Clock:
    at_ms: int = NOW_MS

    def now_ms(self) -> int:
        return self.at_ms

    def elapsed_s(self) -> float:
        return self.at_ms / 1000

    def boot_ms(self) -> int:
        return self.at_ms


@dataclass
class Database:
    """Takes a request whole or not at all, as Prometheus does. `bad`: what it says to a request with such a sample."""

    asked_to_wait_s: float = 0.0
    there: bool = True
    bad: dict[Outcome, Callable[[Sample], bool]] = field(default_factory=dict)
    taken: dict[tuple[Labels, int], bytes] = field(default_factory=dict)
    order: list[list[int]] = field(default_factory=list)
    requests: int = 0
    changed: int = 0

    async def send_on(self, body: bytes, *, doubted: bool = False) -> Outcome:
        self.requests += 1
        if not self.there:
            return Outcome.LATER
        try:
            found = decode(body, Most(unfolded_bytes=2**26))
        except Malformed:
            return Outcome.REFUSED
        samples = [(each.labels, at_ms, packed) for each in found for at_ms, packed in each.samples]
        for outcome, is_bad in self.bad.items():
            if any(is_bad(sample) for sample in samples):
                return outcome
        for key, at_ms, packed in samples:
            self.changed += self.taken.setdefault((key, at_ms), packed) != packed
        self.order.append(sorted({at_ms for _, at_ms, _ in samples}))
        return Outcome.TAKEN

    async def lives(self) -> bool:
        return self.there

    def of(self, vantage: str) -> set[int]:
        return {at_ms for key, at_ms in self.taken if dict(key)["vantage"] == vantage}


def batch(vantage: str = "v1", at_ms: int = NOW_MS, *, series: int = 3) -> Batch:
    rows = [
        TimeSeries(labels("didban_target_up", {"vantage": vantage, "target": f"t{n}"}), ((at_ms, value(1.0)),))
        for n in range(series)
    ]
    return Batch.of(vantage, NOW_MS, rows)


def minutes(*ago: int) -> list[int]:
    return [NOW_MS - each * MINUTE_MS for each in ago]


def made(folder: Path, *, most_bytes: int = 10**9, sharers: int = 2) -> Queue:
    return Queue(folder / "q" / "queue.db", most_bytes=most_bytes, sharers=lambda: sharers, now_ms=lambda: NOW_MS)


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[Queue]:
    there = made(tmp_path)
    await there.open()
    yield there
    await there.close()


@pytest.fixture
def database() -> Database:
    return Database()


def courier(queue: Queue, database: Database, *, live: bool, clock: Clock | None = None) -> Courier:
    return Courier(queue, database, live=live, lives=database.lives, clock=clock or Clock(), time_scale=1)


async def carried(*couriers: Courier) -> None:
    """Until none of them has anything to carry."""
    while any([await each.carry() for each in couriers]):
        pass


# ---------------------------------------------------------------- on the disk


async def test_what_was_taken_is_there_for_the_next_hub(tmp_path: Path) -> None:
    first = made(tmp_path)
    await first.open()
    assert all(await asyncio.gather(*(first.put(batch(at_ms=at_ms)) for at_ms in minutes(*range(20)))))
    await first.close()
    second, database = made(tmp_path), Database()
    await second.open()
    assert second.samples == 60
    await carried(courier(second, database, live=True), courier(second, database, live=False))
    assert database.of("v1") == set(minutes(*range(20)))
    assert (second.samples, second.bytes, await second.oldest_ms()) == (0, 0, None)
    await second.close()


async def test_every_commit_waits_for_the_disk_and_only_the_hub_may_read_it(queue: Queue, tmp_path: Path) -> None:
    assert await queue.put(batch())
    for path in (tmp_path / "q").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name
    synchronous = queue._desk.file.db()[0].execute("PRAGMA synchronous").fetchone()[0]
    assert synchronous == 2, "FULL: the log is written through before anybody is told"


async def test_a_second_hub_on_the_same_folder_is_refused(queue: Queue, tmp_path: Path) -> None:
    other = made(tmp_path)
    with pytest.raises(Unusable, match="in use by another hub"):
        await other.open()
    await other.close()


async def test_a_newer_file_is_left_untouched(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    with sqlite3.connect(tmp_path / "q" / "queue.db") as db:
        db.execute("PRAGMA user_version=9")
    db.close()
    there = made(tmp_path)
    with pytest.raises(Unusable, match="newer Didban"):
        await there.open()
    await there.close()


async def test_what_an_older_hub_kept_goes_on(tmp_path: Path, database: Database) -> None:
    (tmp_path / "q").mkdir()
    one = batch()
    with sqlite3.connect(tmp_path / "q" / "queue.db") as db:
        db.executescript(f"{queuefile._FIRST}PRAGMA user_version=1;")
        sql = "INSERT INTO batches(vantage, received_ms, newest_ms, samples, body) VALUES (?, ?, ?, ?, ?)"
        db.execute(sql, (one.vantage, one.received_ms, one.newest_ms, one.samples, one.body))
    db.close()
    there = made(tmp_path)
    await there.open()
    (out,) = await there.take(["v1"], ALWAYS, most=1, most_samples=10**6)
    assert out.oldest_ms == out.newest_ms == one.newest_ms
    there.give_back([out])
    await carried(courier(there, database, live=True))
    assert database.of("v1") == {NOW_MS}
    await there.close()


async def test_a_damaged_file_is_set_aside_and_what_can_be_read_goes_on(tmp_path: Path, database: Database) -> None:
    first = made(tmp_path)
    await first.open()
    for at_ms in minutes(*range(60)):
        assert await first.put(batch(at_ms=at_ms, series=40))
    await first.close()
    path = tmp_path / "q" / "queue.db"
    content = bytearray(path.read_bytes())
    content[5 * 4096 : 6 * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    second = made(tmp_path)
    await second.open()
    await carried(courier(second, database, live=True), courier(second, database, live=False))
    assert 40 < len(database.of("v1")) <= 60
    assert await second.put(batch())
    await second.close()


async def test_without_room_nothing_is_taken_and_nothing_is_lost(tmp_path: Path, database: Database) -> None:
    there = made(tmp_path, most_bytes=int(20.9 * batch().bytes), sharers=1)
    await there.open()
    took = [at_ms for at_ms in minutes(*range(30)) if await there.put(batch(at_ms=at_ms))]
    assert len(took) == 20
    await carried(courier(there, database, live=True), courier(there, database, live=False))
    assert database.of("v1") == set(took)
    assert await there.put(batch()), "and then there is room again"
    await there.close()


async def test_while_the_disk_takes_nothing_nothing_is_acknowledged(queue: Queue, database: Database) -> None:
    queue._desk.file.db()[0].execute("PRAGMA max_page_count=12")
    took = [at_ms for at_ms in minutes(*range(60)) if await queue.put(batch(at_ms=at_ms, series=90))]
    assert 0 < len(took) < 60
    assert queue.trouble
    await carried(courier(queue, database, live=True), courier(queue, database, live=False))
    assert database.of("v1") == set(took), "what was acknowledged, and nothing else"
    assert await queue.put(batch())
    assert not queue.trouble
    assert queue.samples == 3


async def test_one_that_writes_without_end_fills_its_own_part_alone(tmp_path: Path) -> None:
    there = made(tmp_path, most_bytes=int(20.9 * batch().bytes), sharers=2)
    await there.open()
    assert sum([await there.put(batch("v1", at_ms)) for at_ms in minutes(*range(30))]) == 10
    assert sum([await there.put(batch("v2", at_ms)) for at_ms in minutes(*range(10))]) == 10
    await there.close()


async def test_what_was_counted_wrong_is_counted_anew(queue: Queue, database: Database) -> None:
    """As after a commit that failed and was there all the same: nobody would ask for that vantage again."""
    with queue._desk.file.db()[0] as db:
        row = ("v1", NOW_MS, NOW_MS, 3, batch().body)
        db.execute("INSERT INTO batches(vantage, received_ms, newest_ms, samples, body) VALUES (?, ?, ?, ?, ?)", row)
    news = courier(queue, database, live=True)
    assert not await news.carry()
    await queue.trim(0)
    assert await news.carry()
    assert database.of("v1") == {NOW_MS}
    assert (queue.samples, queue.vantages()) == (0, [])


# ---------------------------------------------------------------- in its order


async def test_news_goes_before_what_is_late_and_both_move(queue: Queue, database: Database) -> None:
    for at_ms in minutes(*range(40, 0, -1)):
        await queue.put(batch(at_ms=at_ms))
    news, late = courier(queue, database, live=True), courier(queue, database, live=False)
    assert await news.carry()
    assert database.order[0] == sorted(minutes(1, 2))
    assert await late.carry()
    assert database.order[1] == sorted(minutes(*range(25, 41))), "the oldest first"
    assert not await news.carry()
    await carried(late)
    assert database.of("v1") == set(minutes(*range(1, 41)))


async def test_while_the_database_is_away_everything_waits_and_then_comes(queue: Queue, database: Database) -> None:
    clock = Clock()
    news, late = courier(queue, database, live=True, clock=clock), courier(queue, database, live=False, clock=clock)
    for at_ms in minutes(50, 1, 0):
        await queue.put(batch(at_ms=at_ms))
    database.there = False
    await carried(news, late)
    asked = database.requests
    await carried(news, late)
    assert database.requests == asked, "and nobody is asked without a pause"
    assert queue.samples == 9
    database.there = True
    clock.at_ms += 1_100
    await carried(news, late)
    assert database.of("v1") == set(minutes(50, 1, 0))
    assert not queue.quarantined


# ---------------------------------------------------------------- what is not taken


def is_web(sample: Sample) -> bool:
    return dict(sample[0])["target"] == "t1"


@pytest.mark.parametrize(("outcome", "reason"), [(Outcome.REFUSED, "refused"), (Outcome.FAULT, "fault")])
async def test_a_bad_sample_is_found_and_set_aside_and_the_rest_arrives(
    queue: Queue, database: Database, outcome: Outcome, reason: str
) -> None:
    database.bad[outcome] = lambda sample: is_web(sample) and sample[1] == NOW_MS
    for at_ms in minutes(1, 0):
        await queue.put(batch(at_ms=at_ms, series=40))
    await carried(courier(queue, database, live=True))
    assert len(database.taken) == 79
    assert dict(queue.quarantined) == {reason: 1}
    assert queue.samples == 0
    (row,) = queue._desk.file.db()[0].execute("SELECT vantage, reason, samples, body FROM aside").fetchall()
    assert row[:3] == ("v1", reason, 1)
    assert dict(decode(row[3])[0].labels)["target"] == "t1"


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.FAULT])
async def test_a_database_that_takes_nothing_of_ours_either_is_not_believed(
    queue: Queue, database: Database, outcome: Outcome
) -> None:
    """A 400 to everything is a wrong address or a proxy: nothing that was acknowledged is set aside for that."""
    clock = Clock()
    news = Courier(queue, database, live=True, lives=_never, clock=clock, time_scale=1)
    database.bad[outcome] = lambda _: True
    await queue.put(batch())
    await carried(news)
    assert queue.samples == 3
    assert not queue.quarantined


async def _never() -> bool:
    return False


async def test_one_whose_samples_are_all_bad_holds_up_nobody(queue: Queue, database: Database) -> None:
    database.bad[Outcome.FAULT] = lambda sample: dict(sample[0])["vantage"] == "v1"
    for at_ms in minutes(*range(30, 5, -1)):
        await queue.put(batch("v1", at_ms, series=64))
    for at_ms in minutes(9, 8):
        await queue.put(batch("v2", at_ms))
    late = courier(queue, database, live=False)
    await late.carry()
    await late.carry()
    assert database.of("v2") == set(minutes(9, 8))
    assert database.requests < 10
    await carried(late)
    assert queue.quarantined["fault"] == 25 * 64


async def test_one_to_whom_the_database_says_later_rests_alone(queue: Queue, database: Database) -> None:
    clock = Clock()
    database.bad[Outcome.LATER] = lambda sample: dict(sample[0])["vantage"] == "v1"
    news = courier(queue, database, live=True, clock=clock)
    await queue.put(batch("v1"))
    await queue.put(batch("v2"))
    await carried(news)
    assert database.of("v2") == {NOW_MS}
    assert queue.samples == 3
    database.bad.clear()
    clock.at_ms += 1_100
    await carried(news)
    assert database.of("v1") == {NOW_MS}


async def test_what_grew_too_old_while_it_waited_is_set_aside_and_not_what_came_with_it(
    queue: Queue, database: Database
) -> None:
    """A time bomb: within what is taken when it comes, beyond it when the database is back."""
    window_ms = NOW_MS - 30 * MINUTE_MS
    database.bad[Outcome.FAULT] = lambda sample: sample[1] < window_ms
    for at_ms in minutes(*range(40, 5, -1)):
        await queue.put(batch(at_ms=at_ms))
    await carried(courier(queue, database, live=False))
    assert database.of("v1") == set(minutes(*range(6, 31)))
    assert queue.quarantined["fault"] == 10 * 3


async def test_a_batch_that_grew_by_its_identity_can_still_be_sifted(queue: Queue, database: Database) -> None:
    """The largest body that is taken, with five labels more: a bomb that would go off in the hub's own hands."""
    rows = [
        TimeSeries(labels("didban_target_up", {"vantage": "v1", "target": f"{n:0128d}", "step": "x" * 128, "a": "y" * 128,
                                               "b": "z" * 128, "c": "w" * 128, "d": "v" * 128}), ((NOW_MS, value(1.0)),))
        for n in range(5000)
    ]  # fmt: skip
    big = Batch.of("v1", NOW_MS, rows)
    with pytest.raises(Malformed):
        decode(big.body)
    assert await queue.put(big)
    assert await queue.put(batch())
    database.bad[Outcome.REFUSED] = lambda sample: ("target", f"{7:0128d}") in sample[0]
    await carried(courier(queue, database, live=True))
    assert dict(queue.quarantined) == {"refused": 1}
    assert len(database.taken) == 4999 + 3


async def test_what_the_disk_gave_back_changed_is_set_aside(queue: Queue, database: Database) -> None:
    for at_ms in minutes(2, 1, 0):
        await queue.put(batch(at_ms=at_ms))
    with queue._desk.file.db()[0] as db:
        db.execute("UPDATE batches SET body = x'ffffffffff' WHERE newest_ms = ?", (minutes(1)[0],))
    await carried(courier(queue, database, live=True))
    assert database.of("v1") == set(minutes(2, 0))
    assert dict(queue.quarantined) == {"unreadable": 3}


async def test_what_was_set_aside_is_kept_for_a_time_and_never_fills_the_disk(tmp_path: Path) -> None:
    there = made(tmp_path, most_bytes=20_000)
    await there.open()
    for number in range(30):
        one = batch(at_ms=NOW_MS + number)
        await there.put(one)
        (out,) = await there.take(["v1"], (0, 2**60), most=1, most_samples=10**6)
        await there.settle([out], [out.aside(out.loose(), "refused")])
        there.give_back([out])
    await there.trim(0)
    size, count = there._desk.file.db()[0].execute("SELECT sum(length(body)), count(*) FROM aside").fetchone()
    assert 0 < size < 2_000
    assert 0 < count < 30
    await there.trim(NOW_MS + 1)
    assert there._desk.file.db()[0].execute("SELECT count(*) FROM aside").fetchone() == (0,)
    await there.close()


async def test_after_enough_questions_what_is_left_is_set_aside_whole() -> None:
    samples = batch(series=500).loose()
    asked: list[int] = []

    async def no(piece: object) -> Outcome:
        asked.append(1)
        return Outcome.REFUSED

    sifting = Sifting(samples)
    while await sifting.go_on(no, most=8) is Progress.OPEN:
        pass
    assert sorted(sifting.refused) == sorted(samples)
    assert len(asked) < 200
