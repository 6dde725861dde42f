"""The hub as a process: what it takes reaches the database, what it refuses reaches nothing and is counted."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.home.remotewrite import STALE, value
from tests.monitor.hub.hubs import REGISTRY, SECOND, Database, Hub, basic, batch, enrolled, until


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    made = Database()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def hub(tmp_path: Path, database: Database) -> AsyncIterator[Hub]:
    enrolled(tmp_path, "v1", "v2")
    (tmp_path / "registry.yml").write_text(REGISTRY + SECOND)
    made = Hub(tmp_path, database)
    await made.start()
    yield made
    await made.stop()


async def test_what_is_taken_reaches_the_database_with_the_writers_identity(hub: Hub, database: Database) -> None:
    assert await hub.write(batch()) == 204
    await until(lambda: database.of("v1"))
    ((labels, _),) = database.of("v1")
    own = {"vantage": "v1", "country": "IR", "network": "AS197207", "access": "mobile", "role": "inside"}
    assert dict(labels).items() >= own.items()
    assert (await hub.counted())["v1 taken"] == 1


async def test_what_is_refused_changes_nothing_and_is_counted(hub: Hub, database: Database) -> None:
    cases: list[tuple[int, str, bytes, dict[str, str]]] = [
        (400, "v1 foreign_identity", batch(vantage="v2"), {}),
        (400, "v1 future", batch(ahead_s=180), {}),
        (400, "v1 foreign_name", batch("up"), {}),
        (400, "v1 malformed", batch()[:-9], {}),
        (400, "v1 malformed", b"", {}),
        (400, "v1 malformed", batch(), {"Content-Encoding": "gzip"}),
        (413, "v1 too_large", bytes(3_000_000), {}),
        (415, "v1 other_version", batch(), {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}),
        (401, "unknown unauthorized", batch(), {"Authorization": basic("v1", "guess")}),
        (401, "unknown unauthorized", batch(), {"Authorization": "Basic é"}),
    ]  # fmt: skip
    for status, counted, body, headers in cases:
        before = (await hub.counted()).get(counted, 0)
        assert await hub.write(body, **headers) == status, counted
        assert (await hub.counted())[counted] == before + 1
    assert await hub.write(batch()) == 204
    await until(lambda: database.of("v1"))
    assert len(database.of("v1")) == 1, "whatever was refused would have gone before it"


async def test_half_a_body_changes_nothing_and_is_counted(hub: Hub) -> None:
    body = batch()
    head = f"POST /api/v1/write HTTP/1.1\r\nHost: x\r\nAuthorization: {basic('v1', 'secret')}\r\n"
    await hub.raw(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:20], breaks_off=True)
    assert (await hub.counted())["v1 malformed"] == 1
    assert "v1 taken" not in await hub.counted()


async def test_what_was_acknowledged_waits_for_the_database(hub: Hub, database: Database) -> None:
    """Whatever the database says, the box has its answer, and what it wrote arrives when the database is back."""
    for answer in (500, 503, 401, 400):
        database.answer = answer
        assert await hub.write(batch(target=f"t{answer}")) == 204
    assert not database.of("v1")
    _, text = await hub.page("/metrics")
    assert "didban_hub_queue_samples 4" in text
    assert "didban_hub_queue_oldest_timestamp_seconds 1" in text
    database.answer = 204
    await until(lambda: len(database.of("v1")) == 4)
    await until(lambda: database.last("didban_hub_queue_samples") == value(0))
    await until(lambda: database.last("didban_hub_forward_last_success_timestamp_seconds"))
    assert database.last("didban_hub_quarantined_total", reason="refused") == value(0)


async def test_one_bad_sample_holds_up_nothing_and_is_counted(hub: Hub, database: Database) -> None:
    database.hates = lambda series: ("target", "bad") in series.labels
    for target in ("good", "bad", "fine"):
        assert await hub.write(batch(target=target)) == 204
    await until(lambda: database.last("didban_hub_quarantined_total", reason="refused") == value(1))
    await until(lambda: {dict(labels)["target"] for labels, _ in database.of("v1")} == {"good", "fine"})


async def test_who_is_no_longer_expected_ends_at_once(hub: Hub, database: Database) -> None:
    """A retired box must not look like one that fell silent: its statements end with a staleness marker."""

    def expected(vantage: str) -> bytes | None:
        return database.last("didban_vantage_expected", vantage=vantage)

    await until(lambda: expected("v2") == value(1.0))
    (hub.folder / "registry.yml").write_text("vantages: nonsense\n")
    assert hub.process is not None
    hub.process.send_signal(signal.SIGHUP)
    await asyncio.sleep(0.7)
    assert expected("v2") == value(1.0), "a bad registry is refused, the old one stays"
    (hub.folder / "registry.yml").write_text(REGISTRY)
    hub.process.send_signal(signal.SIGHUP)
    await until(lambda: expected("v2") == value(STALE))
    database.told.clear()
    await until(lambda: [each for each in database.told if each.name == "didban_vantage_expected"])
    assert not [each for each in database.told if ("vantage", "v2") in each.labels], "said once"
    assert expected("v1") == value(1.0)
    assert await hub.write(batch()) == 204
    assert await hub.write(batch(), Authorization=basic("v2", "secret")) == 403


async def test_a_changed_registry_is_taken_without_being_told(hub: Hub, database: Database) -> None:
    await until(lambda: database.last("didban_vantage_paused", vantage="v2") == value(0))
    (hub.folder / "registry.yml").write_text(REGISTRY + SECOND.replace("cohort: k2", "paused: true"))
    await until(lambda: database.last("didban_vantage_paused", vantage="v2") == value(1))
    await until(lambda: database.last("didban_vantage_cohort", vantage="v2") == value(STALE))
