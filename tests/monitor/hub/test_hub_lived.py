"""Hubs that are killed, flooded, and two behind one name: nothing acknowledged is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from monitor.home.remotewrite import STALE, TimeSeries, encode, labels, value
from tests.monitor.hub.hubs import REGISTRY, SECOND, Database, Hub, basic, batch, enrolled, until


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    made = Database()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    enrolled(tmp_path, "v1", "v2")
    (tmp_path / "registry.yml").write_text(REGISTRY + SECOND)
    return tmp_path


async def write_until_killed(hub: Hub, first: int, base_ms: int, acknowledged: set[int]) -> int:
    """Writes one sample after another; each that was acknowledged is remembered. Up to which number it came."""
    number = first
    while await hub.write(batch(at_ms=base_ms + number)) == 204:
        acknowledged.add(base_ms + number)
        number += 1
    return number


async def live_through(folder: Path, database: Database, kills: int) -> dict[str, int]:
    hub = Hub(folder, database)
    acknowledged: set[int] = set()
    number, base_ms = 0, int(time.time() * 1000) - 600_000
    for kill in range(kills):
        database.answer = 204 if kill % 3 else 503
        await hub.start()
        writing = asyncio.get_running_loop().create_task(write_until_killed(hub, number, base_ms, acknowledged))
        spread = hashlib.sha256(bytes([kill % 256, kill // 256])).digest()[0] / 256
        await asyncio.sleep(0.05 + spread)
        await hub.kill()
        number = await writing + 1
    database.answer = 204
    await hub.start()
    await until(lambda: acknowledged <= {at_ms for _, at_ms in database.of("v1")})
    await hub.stop()
    assert database.twice == 0
    return {"kills": kills, "acknowledged": len(acknowledged), "acknowledged lost": 0}


async def test_what_was_acknowledged_outlives_a_killed_hub(folder: Path, database: Database) -> None:
    assert (await live_through(folder, database, 3))["acknowledged"] > 15


@pytest.mark.long
async def test_a_hundred_kills_of_the_hub_lose_nothing_acknowledged(
    folder: Path, database: Database, figure: Callable[[str, float], None]
) -> None:
    for name, count in (await live_through(folder, database, 100)).items():
        figure(f"hub: {name}", count)


# ---------------------------------------------------------------- one against another


async def test_a_hostile_vantage_neither_stops_nor_slows_an_honest_one(folder: Path, database: Database) -> None:
    """It floods with large bodies, bodies that are none, and samples the database hates, by as many ways as it can."""
    hub = Hub(folder, database, extra=["most_samples_per_minute: 1000"])
    database.hates = lambda series: ("vantage", "v2") in series.labels
    await hub.start()
    honest, now_ms = set(), int(time.time() * 1000)
    large = encode([TimeSeries(labels("didban_target_up", {"target": f"t{n}"}), ((now_ms, value(1.0)),) * 20)
                    for n in range(50)])  # fmt: skip
    bodies = [large, b"\xff" * 1_000_000, batch()]
    enough = asyncio.Event()
    answers: list[int] = []

    async def flood(number: int) -> None:
        while not enough.is_set():
            answers.append(await hub.write(bodies[number % 3], Authorization=basic("v2", "secret")))

    floods = [asyncio.get_running_loop().create_task(flood(number)) for number in range(12)]
    took_s = []
    for number in range(30):
        began_s = time.monotonic()
        assert await hub.write(batch(at_ms=now_ms - 1000 + number)) == 204
        took_s.append(time.monotonic() - began_s)
        honest.add(now_ms - 1000 + number)
        await asyncio.sleep(0.02)
    await until(lambda: honest <= {at_ms for _, at_ms in database.of("v1")})
    enough.set()
    await asyncio.gather(*floods)
    assert sorted(took_s)[15] < 1.0, took_s
    assert answers.count(429) > len(answers) / 2
    assert not database.of("v2")
    counted = await hub.counted()
    assert counted["v1 taken"] == 30
    assert {"v2 too_fast", "v2 too_many_at_once"} & counted.keys()
    await hub.stop()


async def test_a_full_queue_asks_to_come_again(folder: Path, database: Database) -> None:
    """10 KB of room, half of it for each of the two."""
    hub = Hub(folder, database, extra=["storage: {path: small, max_size: 10KB}"])
    database.answer = 503
    await hub.start()
    now_ms = int(time.time() * 1000)
    answers = [await hub.write(batch(at_ms=now_ms - number)) for number in range(40)]
    taken = answers.count(204)
    assert answers == [204] * taken + [503] * (40 - taken)
    assert 5 < taken < 25
    assert await hub.write(batch(), Authorization=basic("v2", "secret")) == 204, "the room of another is not touched"
    request = b"POST /api/v1/write HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    request += f"Authorization: {basic('v1', 'secret')}\r\nContent-Length: {len(batch())}\r\n\r\n".encode() + batch()
    assert b"\r\nRetry-After: 5\r\n" in await hub.raw(request)
    database.answer = 204
    await until(lambda: len(database.of("v1")) == taken)
    assert await hub.write(batch()) == 204
    await hub.stop()


# ---------------------------------------------------------------- two behind one name


async def test_two_hubs_behind_one_name_lose_nothing_and_double_nothing(folder: Path, database: Database) -> None:
    """A box comes to the one or the other, resends to the second what the first was killed over, and all is there once."""
    hubs = [
        Hub(folder, database, name=f"{name}.yml", extra=[f"name: {name}", f"storage: {{path: queue-{name}}}"])
        for name in ("a", "b")
    ]
    for hub in hubs:
        await hub.start()
    base_ms, wanted = int(time.time() * 1000) - 60_000, set()
    for number in range(60):
        body = batch(at_ms=base_ms + number)
        if number == 20:
            await hubs[0].kill()
        if number == 40:
            await hubs[0].start()
        first = hubs[number % 2]
        if await first.write(body) != 204:
            assert await hubs[1 - number % 2].write(body) == 204
        if number % 5 == 0:  # the answer was lost on the way: the same again, to the other one
            await hubs[1].write(body)
        wanted.add(base_ms + number)
    await until(lambda: {at_ms for _, at_ms in database.of("v1")} == wanted)
    assert len({key for key, _ in database.of("v1")}) == 1, "one series: nothing in it says by whom it came"
    assert database.twice == 0, "and no sample came with two values"
    for hub in hubs:
        await hub.stop()


async def test_two_hubs_state_the_same_and_end_the_same(folder: Path, database: Database) -> None:
    """One series for each statement, whoever makes it; what is of a hub itself carries its name."""
    hubs = [
        Hub(folder, database, name=f"{name}.yml", extra=[f"name: {name}", f"storage: {{path: queue-{name}}}"])
        for name in ("a", "b")
    ]
    for hub in hubs:
        await hub.start()
    await until(lambda: all(database.last("didban_hub_queue_samples", hub=name) is not None for name in ("a", "b")))
    stated = {key for key, _ in database.kept if ("__name__", "didban_vantage_expected") in key}
    assert len(stated) == 2, "v1 and v2, once each"
    assert not [
        key for key, _ in database.kept if dict(key)["__name__"].startswith("didban_hub_") and "hub" not in dict(key)
    ]
    (folder / "registry.yml").write_text(REGISTRY)
    await until(lambda: database.last("didban_vantage_expected", vantage="v2") == value(STALE))
    await asyncio.sleep(1.0)  # two rounds of statements
    assert database.last("didban_vantage_expected", vantage="v2") == value(STALE), "both have taken the registry"
    assert database.last("didban_vantage_expected", vantage="v1") == value(1.0)
    assert database.twice == 0
    for hub in hubs:
        await hub.stop()


# ---------------------------------------------------------------- what a request may pretend


async def test_no_header_speaks_for_anybody(folder: Path, database: Database) -> None:
    hub = Hub(folder, database)
    await hub.start()
    pretended = {"X-Forwarded-User": "v2", "X-Vantage": "v2", "X-SSL-Client-CN": "v2", "X-Forwarded-For": "127.0.0.1"}
    assert await hub.write(batch(), **pretended) == 204
    await until(lambda: database.of("v1"))
    assert not database.of("v2")
    assert await hub.write(batch(), Authorization="", **pretended) == 401
    assert (await hub.page("/metrics"))[0] == 200
    assert (await hub.page("/metrics", **{"X-Forwarded-For": "203.0.113.7"}))[0] == 404, (
        "through a proxy: not from here"
    )
    await hub.stop()


async def test_a_request_within_a_request_is_none(folder: Path, database: Database) -> None:
    """Two lengths, a length and chunks, two credentials: whatever the parsers of others make of it, nothing is taken."""
    hub = Hub(folder, database)
    await hub.start()
    body, other = batch(target="outer"), batch(target="inner")
    mine = f"Authorization: {basic('v1', 'secret')}\r\n"
    inner = f"POST /api/v1/write HTTP/1.1\r\nHost: x\r\nAuthorization: {basic('v2', 'secret')}\r\n"
    inner += f"Content-Length: {len(other)}\r\n\r\n"
    head = "POST /api/v1/write HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    chunked = b"0\r\n\r\n" + inner.encode() + other
    for request in (
        f"{head}{mine}Content-Length: {len(body)}\r\nContent-Length: 0\r\n\r\n".encode() + body,
        f"{head}{mine}Content-Length: {len(chunked)}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunked,
        f"{head}{mine}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n".encode() + chunked,
        f"{head}{mine}Authorization: {basic('v2', 'secret')}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body,
        f"{head}{mine}Content-Length : {len(body)}\r\n\r\n".encode() + body,
    ):
        answer = await hub.raw(request)
        assert b" 204 " not in answer, answer
    assert await hub.write(batch(target="after")) == 204
    await until(lambda: database.of("v1"))
    assert [dict(key)["target"] for key, _ in database.of("v1")] == ["after"]
    assert not database.of("v2")
    await hub.stop()
