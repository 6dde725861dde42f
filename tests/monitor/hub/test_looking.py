"""The late look: what a backlog shows is written once and told once; what was told live, or was nothing, is not."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import struct
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from monitor.home.querying import Far, Unanswered
from monitor.home.remotewrite import HEADERS, STALE, Labels, TimeSeries, decode, encode, number, value
from monitor.hub import settings
from monitor.hub.batch import Batch
from monitor.hub.gateway import Bounds, Gateway
from monitor.hub.looking import fetched, notice
from monitor.hub.looking.again import Again, Incident, Samples, groups, read_names, remembered
from monitor.hub.looking.look import WRITER, Looking
from monitor.hub.looking.marks import Landed, Marks, Told
from monitor.hub.queue import ALWAYS, Queue
from monitor.notify.settings import Pages
from monitor.settings import ClientTls
from probes.doors.clock import SystemClock
from tests.monitor.home.receivers import prometheus, victoria
from tests.rules.asked import samples
from tests.rules.peace import box, dark, world
from tests.rules.world import MCI, World

MINUTE = 60_000
SHUTDOWN = {"alert": "NetworkShutdown", "country": "IR", "network": MCI}
Sample = tuple[Labels, int, float]


def stated(made: World, minutes: int, base_ms: int) -> list[Sample]:
    """Every sample of a world that began then."""
    return [
        (
            labels,
            base_ms + at_ms,
            number + (base_ms / 1000 if ("__name__", "didban_heartbeat_timestamp_seconds") in labels else 0),
        )
        for labels, times_ms, values in samples(made, minutes)
        for at_ms, number in zip(times_ms, values, strict=True)
    ]


def of_boxes(labels: Labels, *vantages: str) -> bool:
    """What a box sends itself."""
    return dict(labels).get("vantage") in vantages and dict(labels)["__name__"] != "didban_vantage_expected"


# ---------------------------------------------------------------- living through it again


def lived(
    made: World, minutes: int = 120, base_ms: int = 1_800_000_000_000, memory: Sequence[Samples] = ()
) -> list[Incident]:
    again = Again(base_ms, memory=memory)
    for hour_ms in range(base_ms, base_ms + minutes * MINUTE, 60 * MINUTE):
        part = [each for each in stated(made, minutes, base_ms) if hour_ms < each[1] <= hour_ms + 60 * MINUTE]
        again.live([(labels, [at_ms], [value]) for labels, at_ms, value in part], hour_ms + 60 * MINUTE)
    return again.incidents("IR")


def test_a_cut_that_nobody_could_report_has_its_onset_and_its_end() -> None:
    (found,) = [each for each in lived(dark(world(), "m1", "m2", since=20, until=50)) if each.severity == "page"]
    assert dict(found.labels) == SHUTDOWN
    base_ms = 1_800_000_000_000
    assert base_ms + 19 * MINUTE <= found.onset_ms <= base_ms + 20 * MINUTE
    assert base_ms + 64 * MINUTE <= found.ended_ms <= base_ms + 67 * MINUTE, "well for a quarter of an hour"
    assert found.over


def test_in_peace_there_was_nothing() -> None:
    assert lived(world()) == []


def test_what_lasts_beyond_the_end_is_not_said_to_be_over() -> None:
    (found,) = lived(dark(world(), "m1", "m2", since=20))
    assert not found.over
    assert found.ended_ms == 1_800_000_000_000 + 120 * MINUTE


def test_a_ticket_that_became_a_page_is_one_incident() -> None:
    made = dark(dark(world(), "m1", since=20, until=60), "m2", since=30, until=60)
    box(made, "m2").silent(19, 31)
    found = [each for each in lived(made) if dict(each.labels)["alert"] == "NetworkShutdown"]
    assert [each.severity for each in found] == ["page"]


def blocked_since_before() -> World:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "broken"})
    return made


def test_what_worked_before_is_known_by_what_the_rules_had_recorded() -> None:
    """Without memory a block that is older than what is lived through looks as if it had always been there."""
    assert lived(blocked_since_before(), 60) == []
    place = {"country": "IR", "network": MCI, "service": "instagram"}
    name = "didban:service_works:timestamp_14d"
    assert name in remembered()
    base_ms = 1_800_000_000_000
    memory = [(tuple(sorted({"__name__": name, **place}.items())), [base_ms], [base_ms / 1000 - 3 * 86_400])]
    (found,) = lived(blocked_since_before(), 60, base_ms, memory)
    assert dict(found.labels) == {"alert": "ServiceBlocked", **place}
    assert found.fired_ms <= base_ms + 10 * MINUTE


def test_only_what_is_read_for_its_last_word_is_taken_from_memory() -> None:
    """A count over what was given and what is written would be of two series."""
    found = remembered()
    assert {"didban:vantage_well:timestamp_kept", "didban:network_cut:timestamp_long"} <= found.keys()
    assert not {"didban:vantage_well:timestamp_5m", "didban:network_reach:ratio_5m"} & found.keys()
    assert found["didban:network_cut:timestamp_long"] == 6 * 60 * MINUTE
    assert {name: every_ms // 30 for name, every_ms in found.items()} == remembered(30)


def test_every_shipped_rule_is_understood_at_every_speed() -> None:
    assert len(groups()) == len(groups(30)) >= 3
    assert "didban_connectivity_ratio" in read_names()
    assert "didban_step_duration_seconds" not in read_names(), "what no rule reads is not asked for"


# ---------------------------------------------------------------- what it must not forget


def test_marks_outlive_the_process_and_grow_together(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "look.json")
    marks.landed("IR", 1000, 2000, 10_000)
    marks.landed("IR", 500, 1500, 11_000)
    assert Marks(tmp_path / "look.json").pending == {"IR": Landed(500, 2000, 10_000, 11_000)}
    assert (tmp_path / "look.json").stat().st_mode & 0o777 == 0o600


def test_what_lands_while_it_looks_is_looked_at_anew(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "look.json")
    marks.landed("IR", 1000, 2000, 10_000)
    looked_at = dataclasses_free(marks.pending["IR"])
    marks.landed("IR", 3000, 4000, 12_000)
    marks.looked("IR", looked_at, [], None)
    assert "IR" in marks.pending
    marks.looked("IR", marks.pending["IR"], [Told("x", 1000, 2000)], None)
    assert Marks(tmp_path / "look.json").pending == {}
    assert marks.was_told("x", 1900, 5000, 0)
    assert not marks.was_told("x", 3000, 5000, 0)
    assert not marks.was_told("y", 1000, 2000, 0)


def dataclasses_free(landed: Landed) -> Landed:
    return Landed(landed.since_ms, landed.until_ms, landed.first_ms, landed.last_ms)


def test_half_a_file_of_marks_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "look.json").write_bytes(b'{"pending":{"IR"')
    assert Marks(tmp_path / "look.json").pending == {}


# ---------------------------------------------------------------- the words


def incident(alert: str, network: str = "", *, onset: int = 0, ended: int = 60, severity: str = "page") -> Incident:
    named = (("alert", alert), ("country", "IR"), *((("network", network),) if network else ()))
    at_ms = 1_663_774_260_000  # 2022-09-21T15:31Z
    return Incident(named, severity, at_ms + onset * MINUTE, at_ms + onset * MINUTE, at_ms + ended * MINUTE, True)


def test_a_parent_speaks_for_its_children_in_the_notice_too() -> None:
    found = [
        incident("CountryShutdown"),
        incident("NetworkShutdown", MCI),
        incident("NetworkShutdown", "AS1", onset=90, ended=99),
    ]
    assert [each.key for each in notice.parents_of(found)] == ["CountryShutdown IR", "NetworkShutdown IR AS1"]


def test_the_notice_says_what_when_and_that_the_evidence_was_not_there() -> None:
    said = notice.notice(
        "IR",
        [incident("NetworkShutdown", MCI)],
        Landed(1_663_774_260_000, 1_663_777_860_000, 0, 1_664_000_000_000),
        Pages(),
    )
    texts = said.annotations
    assert said.labels == {
        "alertname": "LateLook",
        "severity": "info",
        "product": "didban",
        "family": "shutdown",
        "country": "IR",
    }
    assert "2022-09-21 15:31 to 2022-09-21 16:31 UTC (began 2022-09-21 20:01 in IR)" in texts["description"]
    assert "which was not there at the time" in texts["description"]
    assert f"⁨{MCI}⁩" in texts["summary_fa"]
    assert "ordered" not in " ".join(texts.values())


def test_of_many_incidents_the_notice_counts_those_it_does_not_write_out() -> None:
    many = [incident("NetworkShutdown", f"AS{n}") for n in range(1, 31)]
    said = notice.notice("IR", many, Landed(0, 0, 0, 0), Pages()).annotations["description"]
    assert "And 18 more" in said


def test_the_links_of_the_notice_lead_where_people_can_go_also_in_a_mail_that_no_relay_writes() -> None:
    pages = Pages(url="https://hub.example.org", dashboard="https://grafana.example.org/d")
    texts = notice.notice("IR", [incident("NetworkShutdown", MCI)], Landed(1, 2, 1, 2), pages).annotations
    assert texts["runbook_url"] == "https://hub.example.org/runbook/LateLook"
    assert texts["dashboard_url"] == "https://grafana.example.org/d/didban-incident?var-country=IR&from=1&to=2"


# ---------------------------------------------------------------- with a real database


class Later(SystemClock):
    """Our clock, and so much later."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


@contextlib.asynccontextmanager
async def alertmanager() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    told: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        told.extend(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/api/v2/alerts", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", told
    finally:
        await runner.cleanup()


async def write(base: str, found: list[Sample]) -> None:
    by: dict[Labels, list[tuple[int, bytes]]] = {}
    for labels, at_ms, sample in found:
        by.setdefault(labels, []).append((at_ms, value(sample)))
    body = encode(TimeSeries(labels, tuple(sorted(each))) for labels, each in by.items())
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base}/api/v1/write", data=body, headers=HEADERS) as answer,
    ):
        assert answer.status == 204, await answer.text()


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
