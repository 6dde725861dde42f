"""The way home: what is sent is what was stated, and what is not taken is tried again, or counted."""

from __future__ import annotations

import asyncio
import math
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from monitor import metrics
from monitor.beat.limits import Budget
from monitor.home.remotewrite import TimeSeries, decode
from monitor.metrics import Series, identity
from monitor.pace import Pace
from monitor.settings import Destination
from monitor.ship import Home, Shipper
from monitor.spool import Spool
from monitor.tick import Tick
from probes.doors.clock import SystemClock
from tests.monitor.facts import INSIDE
from tests.probes.liars import Authority

UP = Series(metrics.TARGET_UP, ("imo", "web"))
FAILURE = Series(metrics.TARGET_FAILURE, ("imo", "web", "connect", "generic_timeout_error"))
CUSUM = Series(metrics.TARGET_CUSUM, ("imo", "web"))  # not of the home set


class Receiver:
    """Answers with the statuses it was told, then 204; keeps what it took."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.taken: list[list[TimeSeries]] = []
        self.headers: list[dict[str, str]] = []
        self.port = 0

    async def write(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.headers.append(dict(request.headers))
        status = self.statuses.pop(0) if self.statuses else 204
        if status == 204:
            self.taken.append(decode(body))
        return web.Response(status=status)


@asynccontextmanager
async def standing(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """One that answers whatever is asked for there, also as a proxy would."""
    there = Receiver()
    app = web.Application()
    app.router.add_post("/{anything:.*}", there.write)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    there.port = runner.addresses[0][1]
    yield there
    await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with standing() as there:
        yield there


PACE = Pace(interval_s=0.1, timeout_s=0.1, keep_s=1, heartbeat_s=1, ship_patience_s=0.5, ship_backoff_s=0.01)


def shipper(receiver: Receiver, folder: Path, *proxies: str, also: tuple[str, ...] = (), **more: object) -> Shipper:
    (folder / "password").write_text("s3cret\n")
    home = Destination.model_validate(
        {
            "name": "hub",
            "remote_write": f"http://127.0.0.1:{receiver.port}/api/v1/write",
            "basic_auth": {"username": "v1", "password_file": "password"},
            "proxies": proxies or ("direct",),
            "also": also,
            **more,
        }
    )
    budget = Budget(cap=10**9, day_s=86400, essential_per_day=0, ordinary_per_day=0)
    home_of = Home.of(home, folder)
    return Shipper(
        home_of, identity(INSIDE), clock=SystemClock(), budget=budget, pace=PACE, spool=Spool(folder / "state")
    )


def tick(at_ms: int, *series: Series, before: Tick | None = None) -> Tick:
    return Tick(at_ms, dict.fromkeys(series, 1.0)).after(before)


async def test_a_tick_arrives_with_its_own_time_and_identity(receiver: Receiver, tmp_path: Path) -> None:
    one = shipper(receiver, tmp_path)
    one.offer(tick(1000, UP, CUSUM))
    assert await one.send_waiting()
    ((series,),) = receiver.taken
    assert dict(series.labels) == {
        "__name__": "didban_target_up", "service": "imo", "target": "web", "vantage": "v1", "country": "IR",
        "network": "AS197207", "access": "mobile", "role": "inside",
    }  # fmt: skip
    assert [(at_ms, struct.unpack("<d", packed)[0]) for at_ms, packed in series.samples] == [(1000, 1.0)]
    assert receiver.headers[0]["X-Prometheus-Remote-Write-Version"] == "0.1.0"
    assert receiver.headers[0]["Authorization"].startswith("Basic ")
    await one.close()


async def test_only_the_home_set_goes_home_and_what_was_asked_for_beside_it(receiver: Receiver, tmp_path: Path) -> None:
    one = shipper(receiver, tmp_path, also=("didban_target_cusum",))
    one.offer(tick(1000, UP, CUSUM))
    await one.send_waiting()
    assert {series.name for series in receiver.taken[0]} == {"didban_target_up", "didban_target_cusum"}
    await one.close()


async def test_a_series_that_ends_is_sent_one_staleness_marker(receiver: Receiver, tmp_path: Path) -> None:
    one = shipper(receiver, tmp_path)
    first = tick(1000, UP, FAILURE)
    second = tick(2000, UP, before=first)
    third = tick(3000, UP, before=second)
    for each in (first, second, third):
        one.offer(each)
    await one.send_waiting()
    samples = {series.name: series.samples for series in receiver.taken[0]}
    assert [at_ms for at_ms, _ in samples["didban_target_up"]] == [1000, 2000, 3000]
    (_, alive), (ended_at, marker) = samples["didban_target_failure"]
    assert struct.unpack("<d", alive)[0] == 1.0
    assert ended_at == 2000
    assert math.isnan(struct.unpack("<d", marker)[0])
    assert struct.unpack("<Q", marker)[0] == 0x7FF0000000000002
    await one.close()


@pytest.mark.parametrize("status", [502, 503, 429, 401, 403, 404, 408])
async def test_what_may_be_taken_later_is_kept_and_sent_again_bit_for_bit(
    receiver: Receiver, tmp_path: Path, status: int
) -> None:
    one = shipper(receiver, tmp_path)
    receiver.statuses = [status]
    one.offer(tick(1000, UP))
    assert not await one.send_waiting()
    assert one.pending == 1
    assert await one.send_waiting()
    assert one.pending == 0
    assert (one.samples["failed"], one.samples["ok"]) == (1, 1)
    await one.close()


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_will_never_be_taken_does_not_block_the_rest(
    receiver: Receiver, tmp_path: Path, status: int
) -> None:
    one = shipper(receiver, tmp_path)
    receiver.statuses = [status]
    one.offer(tick(1000, UP))
    assert await one.send_waiting()
    one.offer(tick(2000, UP))
    assert await one.send_waiting()
    assert len(receiver.taken) == 1
    assert (one.quarantined["refused"], one.samples["refused"], one.samples["ok"]) == (1, 1, 1)
    await one.close()


async def test_ways_are_tried_in_turn_and_the_one_that_works_is_remembered(receiver: Receiver, tmp_path: Path) -> None:
    dead = "http://127.0.0.1:9"
    one = shipper(receiver, tmp_path, "socks5h://127.0.0.1:9", dead, "direct")
    for at_ms in (1000, 2000):
        one.offer(tick(at_ms, UP))
        assert await one.send_waiting()
    assert [way.said for way in one._ways.order] == ["direct", "socks5h://127.0.0.1:9", dead]
    assert len(receiver.taken) == 2
    await one.close()


@pytest.mark.parametrize("portal_says", [302, 403, 404, 511])
async def test_where_one_way_leads_to_a_login_page_the_next_is_taken(
    receiver: Receiver, tmp_path: Path, portal_says: int
) -> None:
    async with standing() as proxy:
        receiver.statuses = [portal_says] * 2
        one = shipper(receiver, tmp_path, "direct", f"http://127.0.0.1:{proxy.port}")
        one.offer(tick(1000, UP))
        assert await one.send_waiting()
        assert (len(receiver.taken), len(proxy.taken)) == (0, 1)
        assert one._ways.order[0].kind == "http", "and it stands first from now on"
        await one.close()


async def test_a_receiver_that_is_busy_is_not_asked_again_by_another_way(receiver: Receiver, tmp_path: Path) -> None:
    async with standing() as proxy:
        receiver.statuses = [503]
        one = shipper(receiver, tmp_path, "direct", f"http://127.0.0.1:{proxy.port}")
        one.offer(tick(1000, UP))
        assert not await one.send_waiting()
        assert (proxy.headers, proxy.taken) == ([], [])
        await one.close()


async def test_the_same_home_is_reached_under_another_address(tmp_path: Path) -> None:
    authority, nowhere = Authority.make(tmp_path), Receiver()
    nowhere.port = 9
    async with standing(authority.server("localhost")) as there:
        elsewhere = f"https://localhost:{there.port}/other/write"
        one = shipper(nowhere, tmp_path, "direct", elsewhere, tls={"ca_file": str(authority.ca_file)})
        one.offer(tick(1000, UP))
        assert await one.send_waiting()
        assert len(there.taken) == 1
        assert there.headers[0]["Authorization"] == "Basic djE6czNjcmV0"
        await one.close()


async def test_a_line_of_its_own_is_taken_where_a_way_names_it(receiver: Receiver, tmp_path: Path) -> None:
    one = shipper(receiver, tmp_path, "direct:nosuchline", "direct:lo")
    one.offer(tick(1000, UP))
    assert await one.send_waiting()
    assert one._ways.order[0].said == "direct:lo"
    await one.close()


async def test_a_home_that_cannot_be_reached_is_tried_for_ever_and_holds_nothing_up(tmp_path: Path) -> None:
    nowhere = Receiver()
    nowhere.port = 9
    one = shipper(nowhere, tmp_path)
    for number in range(30):
        one.offer(tick(number, UP))
    running = asyncio.get_running_loop().create_task(one.run())
    await asyncio.sleep(0.1)
    assert not running.done()
    assert one.samples["failed"] > 0
    assert one.pending <= 10, "what is no longer news waits in the spool"
    running.cancel()
    await one.close()


async def test_a_redirect_is_no_delivery(receiver: Receiver, tmp_path: Path) -> None:
    """A login page answers 200 behind it: nothing would be stored, and nobody would know."""
    one = shipper(receiver, tmp_path)
    receiver.statuses = [302]
    one.offer(tick(1000, UP))
    assert not await one.send_waiting()
    assert (one.samples["ok"], one.pending) == (0, 1)
    await one.close()


async def test_what_comes_while_a_request_is_under_way_is_not_taken_for_sent(
    receiver: Receiver, tmp_path: Path
) -> None:
    one = shipper(receiver, tmp_path)
    for number in range(10):
        one.offer(tick(number, UP))
    sending = asyncio.get_running_loop().create_task(one.send_waiting())
    await asyncio.sleep(0)
    one.offer(tick(10, UP))  # the oldest makes room for it
    assert await sending
    assert one.pending == 1
    assert await one.send_waiting()
    assert sorted({at_ms for batch in receiver.taken for each in batch for at_ms, _ in each.samples}) == list(range(11))
    await one.close()


async def test_it_counts_what_it_costs(receiver: Receiver, tmp_path: Path) -> None:
    one = shipper(receiver, tmp_path)
    one.offer(tick(1000, UP))
    await one.send_waiting()
    assert one._budget.total[("sent", "ship")] > 100
    assert one._budget.total[("received", "ship")] > 0
    assert one._budget.total[("sent", "walk")] == 0
    await one.close()
