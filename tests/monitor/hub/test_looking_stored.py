"""The late look beside a real database: a backlog is looked at once, told once, and nothing is lost on the way."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import struct
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.home.querying import Far, Unanswered
from monitor.home.remotewrite import STALE, Labels, TimeSeries, decode, number, value
from monitor.hub import settings
from monitor.hub.batch import Batch
from monitor.hub.gateway import Bounds, Gateway
from monitor.hub.looking import fetched
from monitor.hub.looking.again import remembered
from monitor.hub.looking.look import WRITER, Looking
from monitor.hub.looking.marks import Marks
from monitor.hub.queue import ALWAYS, Queue
from monitor.settings import ClientTls
from probes.doors.clock import SystemClock
from tests.monitor.home.receivers import prometheus, victoria
from tests.monitor.hub.late import MINUTE, Sample, alertmanager, of_boxes, stated, write
from tests.rules.peace import dark, world
from tests.rules.world import MCI

SHUTDOWN = {"alert": "NetworkShutdown", "country": "IR", "network": MCI}


class Later(SystemClock):
    """Our clock, and so much later."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


@dataclasses.dataclass
class Place:
    """A hub's parts, with a backlog in the database."""

    looking: Looking
    queue: Queue
    clock: Later
    base: str
    database: Far
    backlog: list[Batch]
    told: list[dict[str, Any]]
    loaded: settings.LoadedHub
    gateway: Gateway

    async def look(self) -> None:
        """Quiet for long enough."""
        self.clock.ahead_ms += 200_000
        await self.looking.step(self.database)

    async def written(self) -> dict[tuple[Labels, int], bytes]:
        batches = await self.queue.take([WRITER], ALWAYS, most=100, most_samples=10**6)
        self.queue.give_back(batches)
        return {
            (series.labels, at_ms): packed
            for batch in batches
            for series in decode(batch.body)
            for at_ms, packed in series.samples
        }

    def anew(self) -> None:
        """As after a restart."""
        self.looking = Looking(self.loaded, self.gateway, self.queue, self.clock, 1)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One for all of these: each lives on a day of its own."""
    with prometheus(tmp_path_factory.mktemp("late") / "prometheus") as base:
        yield base


DAYS = itertools.count(1)


@pytest.fixture
async def place(tmp_path: Path, database: str) -> AsyncIterator[Place]:
    now_ms = int(time.time()) // 60 * MINUTE - next(DAYS) * 24 * 60 * MINUTE
    began_ms, made = now_ms - 150 * MINUTE, dark(world(), "m1", "m2", since=20, until=50)
    everything = stated(made, 149, began_ms)
    late = [each for each in everything if of_boxes(each[0], "m1", "m2") and each[1] >= began_ms + 20 * MINUTE]
    async with alertmanager() as (teller, told):
        known = set(late)
        await write(database, [each for each in everything if each not in known])
        await write(database, late)
        (tmp_path / "credentials").mkdir()
        boxes = "".join(
            f"  - {{id: {each}, country: IR, network: {MCI}, access: mobile, role: inside}}\n" for each in ("m1", "m2")
        )
        (tmp_path / "registry.yml").write_text(f"vantages:\n{boxes}")
        (tmp_path / "hub.yml").write_text(
            f"listen: 127.0.0.1:1\nforward: {{remote_write: '{database}/api/v1/write', query: '{database}'}}\n"
            f"look: {{alertmanagers: ['{teller}']}}\n"
        )
        loaded, mistakes = settings.load(tmp_path / "hub.yml")
        assert loaded is not None, mistakes
        clock, queue = Later(), Queue(loaded.queue, most_bytes=10**8, sharers=lambda: 2)
        await queue.open()
        gateway = Gateway(tmp_path / "credentials", loaded.registry, Bounds(10**9, 5000))
        mine = [
            TimeSeries(labels, ((at_ms, value(sample)),)) for labels, at_ms, sample in late if of_boxes(labels, "m1")
        ]
        batch = Batch.of("m1", now_ms, [each for each in mine if each.samples[0][0] < began_ms + 60 * MINUTE])
        looking, far = Looking(loaded, gateway, queue, clock, 1), Far.of(database, None, ClientTls(), tmp_path)
        yield Place(looking, queue, clock, database, far, [batch], told, loaded, gateway)
        await queue.close()


async def test_a_backlog_is_looked_at_once_it_is_quiet_and_told_once(place: Place) -> None:
    await place.looking.landed(place.backlog)
    await place.looking.step(place.database)
    assert (await place.written(), place.told) == ({}, []), "more of it may be on its way"
    place.anew()
    await place.look()
    written = await place.written()
    assert {dict(labels)["alert"] for labels, _ in written} == {"NetworkShutdown"}
    assert {dict(labels)["__name__"] for labels, _ in written} == {"didban_incident"}
    times_ms = sorted(at_ms for _, at_ms in written)
    assert written[next(iter(written))[0], times_ms[-1]] == value(STALE), "it has an end"
    assert {number(packed) for (_, at_ms), packed in written.items() if at_ms != times_ms[-1]} == {1.0}
    assert 44 * MINUTE <= times_ms[-1] - times_ms[0] <= 48 * MINUTE
    (said,) = place.told
    assert said["labels"]["alertname"] == "LateLook"
    assert f"{MCI}: was cut off from abroad" in said["annotations"]["description"]
    await place.look()
    assert len(place.told) == 1, "it was looked at"


async def test_the_same_backlog_again_gives_the_same_bits_and_no_second_notice(place: Place) -> None:
    await place.looking.landed(place.backlog)
    await place.look()
    first = await place.written()
    place.anew()
    await place.looking.landed(place.backlog)
    await place.look()
    assert await place.written() == first
    assert first
    assert len(place.told) == 1


async def test_what_was_told_live_is_not_told_again(place: Place) -> None:
    name = {
        "__name__": "ALERTS",
        "alertname": "NetworkShutdown",
        "alertstate": "firing",
        "country": "IR",
        "network": MCI,
    }
    at_ms = min(at_ms for each in place.backlog for _, at_ms, _ in each.loose()) + 10 * MINUTE
    await write(place.base, [(tuple(sorted(name.items())), at_ms, 1.0)])
    await place.looking.landed(place.backlog)
    await place.look()
    assert (await place.written(), place.told) == ({}, [])


async def test_nobody_to_tell_is_tried_again_and_nothing_is_lost(place: Place) -> None:
    there = place.loaded.config.tellers
    gone = place.loaded.config.model_copy(
        update={"look": place.loaded.config.look.model_copy(update={"alertmanagers": ("http://127.0.0.1:1",)})}
    )
    place.loaded = dataclasses.replace(place.loaded, config=gone)
    place.anew()
    await place.looking.landed(place.backlog)
    await place.look()
    assert place.told == []
    back = gone.model_copy(update={"look": gone.look.model_copy(update={"alertmanagers": there})})
    place.loaded = dataclasses.replace(place.loaded, config=back)
    place.anew()
    await place.look()
    assert len(place.told) == 1


async def test_news_of_a_control_and_what_is_switched_off_are_not_looked_at(place: Place) -> None:
    fresh = Batch.of("m1", 0, [TimeSeries((("__name__", "didban_x"),), ((place.clock.now_ms(), value(1.0)),))])
    await place.looking.landed([fresh])
    off = place.loaded.config.model_copy(
        update={"look": place.loaded.config.look.model_copy(update={"enabled": False})}
    )
    place.loaded = dataclasses.replace(place.loaded, config=off)
    place.anew()
    await place.looking.landed(place.backlog)
    assert Marks(place.loaded.queue.with_name("look.json")).pending == {}


# ---------------------------------------------------------------- what a database gives back


async def test_memory_is_what_the_rules_had_recorded_by_then(database: str, tmp_path: Path) -> None:
    at_ms = int(time.time() * 1000) - 13 * 24 * 60 * MINUTE
    name, old = "didban:service_works:timestamp_14d", "didban:network_cut:timestamp_long"
    place = {"country": "IR", "network": MCI}

    def of(name: str, **more: str) -> Labels:
        return tuple(sorted({"__name__": name, **place, **more}.items()))

    await write(
        database,
        [
            (of(name, service="imo"), at_ms - 5 * MINUTE, 7.0),
            (of(name, service="gone"), at_ms - 11 * MINUTE, 7.0),
            (of(name, service="elsewhere", country="UG"), at_ms - 5 * MINUTE, 7.0),
            (of(name, service="imo"), at_ms + MINUTE, 8.0),
            (of(old), at_ms - 5 * 60 * MINUTE, 9.0),
        ],
    )
    found = await fetched.memory(Far.of(database, None, ClientTls(), tmp_path), remembered(), "IR", at_ms)
    assert not isinstance(found, Unanswered)
    assert sorted(found) == sorted([(of(name, service="imo"), [at_ms], [7.0]), (of(old), [at_ms], [9.0])])


def ends(found: object) -> list[bool]:
    assert isinstance(found, list)
    ((_, _, values),) = found
    return [struct.pack("<d", each) == value(STALE) for each in values]


async def test_the_end_of_a_series_is_fetched_where_the_database_gives_it(database: str, tmp_path: Path) -> None:
    """VictoriaMetrics does; Prometheus keeps its markers to itself."""
    at_ms = int(time.time() * 1000) - 10 * MINUTE
    name: Labels = (("__name__", "didban_target_up"), ("country", "IR"))
    ended: list[Sample] = [(name, at_ms, 1.0), (name, at_ms + MINUTE, 1.0), (name, at_ms + MINUTE + 1, STALE)]
    asked = (["didban_target_up"], "IR", at_ms - MINUTE, at_ms + 2 * MINUTE)
    await write(database, ended)
    assert ends(await fetched.samples(Far.of(database, None, ClientTls(), tmp_path), *asked)) == [False, False]
    with victoria(tmp_path / "victoria") as other:
        await write(other, ended)
        far, end = Far.of(other, None, ClientTls(), tmp_path), time.monotonic() + 20
        found = await fetched.samples(far, *asked)
        while not found and time.monotonic() < end:  # what it took is to be seen a second later
            await asyncio.sleep(0.1)
            found = await fetched.samples(far, *asked)
    assert ends(found) == [False, False, True]
