"""What the dark kept: all of it goes home behind the news, with its own times, and nothing bad holds up the rest."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from monitor import metrics
from monitor.beat.limits import Budget
from monitor.home.remotewrite import Labels, TimeSeries, decode
from monitor.metrics import Series, identity
from monitor.pace import Pace
from monitor.settings import Destination
from monitor.ship import Home, Shipper
from monitor.spool import Spool
from monitor.tick import Tick
from probes.doors.clock import SystemClock
from tests.monitor.facts import INSIDE

UP = [Series(metrics.TARGET_UP, ("imo", f"t{number}")) for number in range(20)]
FAILURE = Series(metrics.TARGET_FAILURE, ("imo", "web", "connect", "generic_timeout_error"))
PACE = Pace(interval_s=0.1, timeout_s=0.1, keep_s=1, heartbeat_s=1, ship_patience_s=0.5, ship_backoff_s=0.002)
NOW_MS = 1_700_000_000_000
MINUTE_MS = 60_000

Sample = tuple[Labels, int, bytes]
Answer = Callable[[list[Sample]], tuple[int, dict[str, str]]]


class Receiver:
    """Keeps each sample it takes; answers what it is told to."""

    def __init__(self) -> None:
        self.answer: Answer = lambda samples: (204, {})
        self.taken: list[list[Sample]] = []
        self.asked: list[int] = []
        self.port = 0

    async def write(self, request: web.Request) -> web.Response:
        samples = list(_loose(decode(await request.read())))
        status, headers = self.answer(samples)
        self.asked.append(status)
        if status == 204:
            self.taken.append(samples)
        return web.Response(status=status, headers=headers)

    @property
    def kept(self) -> set[Sample]:
        return {sample for batch in self.taken for sample in batch}

    @property
    def times(self) -> list[int]:
        """Of each request, the newest sample."""
        return [max(at_ms for _, at_ms, _ in batch) for batch in self.taken]


def _loose(series: list[TimeSeries]) -> Iterator[Sample]:
    for each in series:
        yield from ((each.labels, at_ms, packed) for at_ms, packed in each.samples)


class Now(SystemClock):
    def now_ms(self) -> int:
        return NOW_MS


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    there = Receiver()
    app = web.Application(client_max_size=10**8)
    app.router.add_post("/api/v1/write", there.write)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there.port = runner.addresses[0][1]
    yield there
    await runner.cleanup()


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    opened = Spool(tmp_path / "state")
    await opened.open()
    yield opened
    await opened.close()


@contextlib.asynccontextmanager
async def shipping(receiver: Receiver, spool: Spool, folder: Path, **more: object) -> AsyncIterator[Shipper]:
    url = f"http://127.0.0.1:{receiver.port}/api/v1/write"
    home = Destination.model_validate({"remote_write": url, **more, "name": "hub"})
    budget = Budget(cap=10**9, day_s=86400, essential_per_day=0, ordinary_per_day=0)
    one = Shipper(Home.of(home, folder), identity(INSIDE), clock=Now(), budget=budget, pace=PACE, spool=spool)
    running = asyncio.get_running_loop().create_task(one.run())
    yield one
    running.cancel()
    await one.close()


async def dark(spool: Spool, minutes: int, *, until_ms: int = NOW_MS) -> list[Tick]:
    """As many ticks as minutes, none of them acknowledged; in every third a failure stands that then ends."""
    ticks: list[Tick] = []
    for number in range(minutes):
        samples = {**dict.fromkeys(UP, float(number % 2)), **({FAILURE: 1.0} if number % 3 == 0 else {})}
        tick = Tick(until_ms - (minutes - number) * MINUTE_MS, samples).after(ticks[-1] if ticks else None)
        ticks.append(tick)
        await spool.add_tick(tick, identity(INSIDE), {"hub": len(samples) + len(tick.ended)})
    return ticks


async def until(there: Callable[[], object], patience_s: float = 20) -> None:
    async with asyncio.timeout(patience_s):
        while not there():  # noqa: ASYNC110 - what is waited for happens at the other end
            await asyncio.sleep(0.005)


async def test_after_the_dark_everything_comes_home_with_its_own_time(
    receiver: Receiver, spool: Spool, tmp_path: Path
) -> None:
    ticks = await dark(spool, 300)
    async with shipping(receiver, spool, tmp_path) as one:
        await until(lambda: one.last_success_ms and not one.pending)
        assert len(receiver.kept) == sum(one.count(tick) for tick in ticks)
    assert {at_ms for _, at_ms, _ in receiver.kept} == {tick.at_ms for tick in ticks}
    assert sum(map(len, receiver.taken)) == len(receiver.kept), "none twice"
    assert await spool.owed_samples("hub") == 0
    ended = [
        at_ms for labels, at_ms, packed in receiver.kept if packed[:2] == b"\x02\x00" and packed[6:] == b"\xf0\x7f"
    ]
    assert sorted(ended) == [tick.at_ms for tick in ticks if tick.ended], "staleness markers are in the backlog too"


async def test_what_comes_behind_is_bit_for_bit_what_was_news(receiver: Receiver, spool: Spool, tmp_path: Path) -> None:
    tick = Tick(NOW_MS, {UP[0]: 0.1, UP[1]: float("inf")})
    async with shipping(receiver, spool, tmp_path) as one:
        one.offer(tick)
        await until(lambda: receiver.taken)
        await spool.add_tick(tick, identity(INSIDE), {"hub": 2})
        one._behind = True
        one._news.set()
        await until(lambda: len(receiver.taken) == 2)
    assert sorted(receiver.taken[0]) == sorted(receiver.taken[1])


async def test_news_passes_the_backlog(receiver: Receiver, spool: Spool, tmp_path: Path) -> None:
    """Both move: while thousands of old ticks load, each new one arrives within a request of theirs."""
    await dark(spool, 2000)
    async with shipping(receiver, spool, tmp_path) as one:
        await until(lambda: len(receiver.taken) >= 3)
        for number in range(3):
            seen = len(receiver.taken)
            one.offer(Tick(NOW_MS + number, {UP[0]: 1.0}))
            await until(lambda number=number: NOW_MS + number in receiver.times)  # type: ignore[misc]
            assert receiver.times.index(NOW_MS + number) - seen <= 1
        assert one.pending > 0, "the backlog was still loading"
        await until(lambda: not one.pending)


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_one_bad_sample_does_not_hold_up_the_rest(
    receiver: Receiver, spool: Spool, tmp_path: Path, status: int
) -> None:
    """Whatever status comes back: Prometheus 2.42 says 500 for one that is too old, and takes nothing of the batch."""
    ticks = await dark(spool, 50)
    bad = (ticks[20].at_ms, "t7")

    def answer(samples: list[Sample]) -> tuple[int, dict[str, str]]:
        found = any((at_ms, dict(labels).get("target")) == bad for labels, at_ms, _ in samples)
        return (status if found else 204), {}

    receiver.answer = answer
    async with shipping(receiver, spool, tmp_path) as one:
        await until(lambda: one.last_success_ms and not one.pending)
        assert len(receiver.kept) == sum(one.count(tick) for tick in ticks) - 1
        assert sum(one.quarantined.values()) == 1
    aside = await spool.bite(lambda db: db.execute("SELECT at_ms, reason FROM aside").fetchall(), None)
    assert aside == [(bad[0], "fault" if status == 500 else "refused")]


async def test_a_destination_that_is_down_loses_nothing_whatever_it_says(
    receiver: Receiver, spool: Spool, tmp_path: Path
) -> None:
    ticks = await dark(spool, 20)
    down = [500] * 30 + [503, 429, 401, 403, 302, 404] * 5

    def answer(samples: list[Sample]) -> tuple[int, dict[str, str]]:
        return (down.pop(0) if down else 204), {}

    receiver.answer = answer
    async with shipping(receiver, spool, tmp_path) as one:
        await until(lambda: one.last_success_ms and not one.pending)
        assert not one.quarantined
        assert len(receiver.kept) >= sum(one.count(tick) for tick in ticks)


@pytest.mark.parametrize("half", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
async def test_half_a_reply_is_no_delivery_and_what_was_taken_behind_it_comes_again_the_same(
    receiver: Receiver, spool: Spool, tmp_path: Path, half: bytes
) -> None:
    """Somebody between us and the receiver breaks off its answers; later they come through."""
    ticks = await dark(spool, 20)
    broken = 3

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal broken
        there, back = await asyncio.open_connection("127.0.0.1", receiver.port)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                back.write(head + await reader.readexactly(length))
                answer = await there.readuntil(b"\r\n\r\n")
                broken -= 1
                if broken >= 0:
                    writer.write(half)
                    break
                writer.write(answer)
        for each in (writer, back):
            each.close()

    server = await asyncio.start_server(between, "127.0.0.1", 0)
    way = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1/write"
    async with server, shipping(receiver, spool, tmp_path, remote_write=way) as one:
        await until(lambda: one.last_success_ms and not one.pending)
    assert len(receiver.kept) == sum(one.count(tick) for tick in ticks), "twice the same is once"


async def test_it_waits_as_long_as_it_is_asked_to(receiver: Receiver, spool: Spool, tmp_path: Path) -> None:
    await dark(spool, 2)
    busy = [({"Retry-After": "1"})]

    def answer(samples: list[Sample]) -> tuple[int, dict[str, str]]:
        return (429, busy.pop()) if busy else (204, {})

    receiver.answer = answer
    async with shipping(receiver, spool, tmp_path) as one:
        await until(lambda: receiver.asked == [429])
        await asyncio.sleep(0.1)
        assert receiver.asked == [429], "without it the next one comes after 2 ms"
        assert one.pending


async def test_what_is_too_old_is_cut_before_it_is_sent(receiver: Receiver, spool: Spool, tmp_path: Path) -> None:
    await dark(spool, 10, until_ms=NOW_MS - 3 * 3_600_000)
    fresh = await dark(spool, 10)
    async with shipping(receiver, spool, tmp_path, accepts_age="2h") as one:
        await until(lambda: one.last_success_ms and not one.pending)
        assert {at_ms for _, at_ms, _ in receiver.kept} == {tick.at_ms for tick in fresh}
        assert one.quarantined["too_old"] > 200
    assert set(receiver.asked) == {204}


async def test_a_kill_in_the_middle_sends_twice_at_most_and_loses_nothing(
    receiver: Receiver, spool: Spool, tmp_path: Path
) -> None:
    ticks = await dark(spool, 400)
    for _ in range(8):
        seen = len(receiver.taken)
        async with shipping(receiver, spool, tmp_path):
            await until(lambda seen=seen: len(receiver.taken) > seen)  # type: ignore[misc]
    async with shipping(receiver, spool, tmp_path) as one:
        await until(lambda: not one._behind)
        assert len(receiver.kept) == sum(one.count(tick) for tick in ticks)


async def test_each_destination_has_its_own_debt(receiver: Receiver, spool: Spool, tmp_path: Path) -> None:
    tick = Tick(NOW_MS, {UP[0]: 1.0})
    await spool.add_tick(tick, identity(INSIDE), {"hub": 1, "other": 1})
    async with shipping(receiver, spool, tmp_path) as one:
        await until(lambda: not one.pending and receiver.taken)
    assert (await spool.owed_samples("hub"), await spool.owed_samples("other")) == (0, 1)


async def test_where_nobody_can_say_what_time_it_is_nothing_is_too_old(
    receiver: Receiver, spool: Spool, tmp_path: Path
) -> None:
    """By a clock in 2040 all that is owed would be."""
    await dark(spool, 10, until_ms=NOW_MS - 30 * 86_400_000)
    async with shipping(receiver, spool, tmp_path) as one:
        one._believed_ms = lambda: None
        await until(lambda: one.last_success_ms and not one.pending)
        assert not one.quarantined
