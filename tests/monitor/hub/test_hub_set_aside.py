"""What a database does not take is found, set aside and kept for a time; what came with it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.home.answers import Outcome
from monitor.home.remotewrite import Malformed, TimeSeries, decode, labels, value
from monitor.home.sifting import Progress, Sifting
from monitor.hub.batch import Batch, Sample
from monitor.hub.courier import Courier
from monitor.hub.queue import Queue
from tests.monitor.hub.queues import MINUTE_MS, NOW_MS, Clock, Database, batch, carried, courier, made, minutes


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
