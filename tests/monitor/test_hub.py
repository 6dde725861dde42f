"""The hub as a process: what it takes reaches the database, what it refuses reaches nothing and is counted."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from monitor.home.remotewrite import HEADERS, STALE, TimeSeries, decode, encode, labels, value
from tests.probes.liars import closed_port

REGISTRY = "vantages:\n  - {id: v1, country: IR, network: AS197207, access: mobile, role: inside}\n"
SECOND = "  - {id: v2, country: IR, access: fixed, role: inside, cohort: k2}\n"


@dataclass
class Fleet:
    """A hub, the database behind it, and what that was told."""

    folder: Path
    port: int
    answer: int = 204
    told: list[TimeSeries] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    async def take(self, request: web.Request) -> web.Response:
        if self.answer == 204:
            self.told += decode(await request.read())
        return web.Response(status=self.answer)

    async def write(self, body: bytes, **headers: str) -> int:
        given = {**HEADERS, "Authorization": _basic("v1", "secret"), **headers}
        url = f"http://127.0.0.1:{self.port}/api/v1/write"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=io.BytesIO(body), headers=given) as answer,
        ):
            return answer.status

    async def raw(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer

    async def counted(self) -> dict[str, int]:
        url = f"http://127.0.0.1:{self.port}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            text = await answer.text()
        found = re.findall(r'didban_hub_batches_total\{vantage="(\w+)",result="(\w+)"\} (\d+)', text)
        found += [(who, why, n) for why, who, n in re.findall(
            r'didban_hub_batches_total\{result="(\w+)",vantage="(\w+)"\} (\d+)', text)]  # fmt: skip
        return {f"{who} {why}": int(n) for who, why, n in found}

    def from_v1(self) -> list[TimeSeries]:
        return [each for each in self.told if each.name == "didban_target_up"]


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def batch(name: str = "didban_target_up", ahead_s: int = 0, **more: str) -> bytes:
    at_ms = int((time.time() + ahead_s) * 1000)
    mine = labels(name, {"service": "imo", "target": "web", **more})
    return encode([TimeSeries(mine, ((at_ms, value(1.0)),))])


async def until(there: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not there():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.02)


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    made = Fleet(tmp_path, closed_port())
    app = web.Application()
    app.add_routes([web.post("/write", made.take)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    database = runner.addresses[0][1]
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "v1").write_text(hashlib.sha256(b"secret").hexdigest())
    (tmp_path / "registry.yml").write_text(REGISTRY + SECOND)
    (tmp_path / "hub.yml").write_text(
        f'listen: 127.0.0.1:{made.port}\nforward: {{remote_write: "http://127.0.0.1:{database}/write"}}\n'
    )
    command = [sys.executable, "-m", "monitor", "hub", f"--config.file={tmp_path}/hub.yml", "--time-scale=30"]
    made.process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    await until(lambda: made.told)
    yield made
    if made.process.returncode is None:
        made.process.terminate()
    _, said = await made.process.communicate()
    await runner.cleanup()
    assert b"Traceback" not in said, said.decode()
    assert made.process.returncode == 0


async def test_what_is_taken_reaches_the_database_with_the_writers_identity(fleet: Fleet) -> None:
    assert await fleet.write(batch()) == 204
    await until(fleet.from_v1)
    (series,) = fleet.from_v1()
    own = {"vantage": "v1", "country": "IR", "network": "AS197207", "access": "mobile", "role": "inside"}
    assert dict(series.labels).items() >= own.items()
    assert (await fleet.counted())["v1 taken"] == 1


async def test_what_is_refused_changes_nothing_and_is_counted(fleet: Fleet) -> None:
    cases: list[tuple[int, str, bytes, dict[str, str]]] = [
        (400, "v1 foreign_identity", batch(vantage="v2"), {}),
        (400, "v1 future", batch(ahead_s=180), {}),
        (400, "v1 foreign_name", batch("up"), {}),
        (400, "v1 malformed", batch()[:-9], {}),
        (400, "v1 malformed", b"", {}),
        (400, "v1 malformed", batch(), {"Content-Encoding": "gzip"}),
        (413, "v1 too_large", bytes(3_000_000), {}),
        (415, "v1 other_version", batch(), {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}),
        (401, "unknown unauthorized", batch(), {"Authorization": _basic("v1", "guess")}),
        (401, "unknown unauthorized", batch(), {"Authorization": "Basic é"}),
    ]  # fmt: skip
    for status, counted, body, headers in cases:
        before = (await fleet.counted()).get(counted, 0)
        assert await fleet.write(body, **headers) == status, counted
        assert (await fleet.counted())[counted] == before + 1
    assert fleet.from_v1() == []


async def test_half_a_body_changes_nothing_and_is_counted(fleet: Fleet) -> None:
    body = batch()
    head = f"POST /api/v1/write HTTP/1.1\r\nHost: x\r\nAuthorization: {_basic('v1', 'secret')}\r\n"
    await fleet.raw(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:20])
    assert (await fleet.counted())["v1 malformed"] == 1
    assert fleet.from_v1() == []


async def test_what_was_acknowledged_waits_for_the_database(fleet: Fleet) -> None:
    """Whatever the database says, the box has its answer, and what it wrote arrives when the database is back."""
    for answer in (500, 503, 401, 400):
        fleet.answer = answer
        assert await fleet.write(batch(target=f"t{answer}")) == 204
    await asyncio.sleep(0.2)
    assert fleet.from_v1() == []
    fleet.answer = 204
    await until(lambda: len({dict(each.labels)["target"] for each in fleet.from_v1()}) == 4)


async def test_who_is_no_longer_expected_ends_at_once(fleet: Fleet) -> None:
    """A retired box must not look like one that fell silent: its statements end with a staleness marker."""

    def expected(vantage: str, number: float) -> list[TimeSeries]:
        sample = value(number)
        rows = (each for each in fleet.told if each.name == "didban_vantage_expected")
        return [row for row in rows if dict(row.labels)["vantage"] == vantage and row.samples[0][1] == sample]

    await until(lambda: expected("v2", 1.0))
    (fleet.folder / "registry.yml").write_text("vantages: nonsense\n")
    assert fleet.process is not None
    fleet.process.send_signal(signal.SIGHUP)
    await asyncio.sleep(0.7)
    assert not expected("v2", STALE), "a bad registry is refused, the old one stays"
    (fleet.folder / "registry.yml").write_text(REGISTRY)
    fleet.process.send_signal(signal.SIGHUP)
    await until(lambda: expected("v2", STALE))
    fleet.told.clear()
    await until(lambda: expected("v1", 1.0))
    assert not expected("v2", 1.0)
    assert not expected("v2", STALE), "said once"
    assert await fleet.write(batch()) == 204
