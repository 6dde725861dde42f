"""A quiet box in the dark: four canaries, and not a packet more, neither to the services nor home, until it dawns."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor import config
from monitor.engine import Engine
from monitor.home import heartbeat
from monitor.schedule import Due
from monitor.ship import Home, Shipper
from probes.words import Reason
from tests.monitor.home.test_ship import UP, Receiver, shipper, standing, tick
from tests.monitor.test_rounds import CANARIES, CANARY_ROUND, FASTER, SERVICE, Bench, bench

__all__ = ["bench"]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with standing() as there:
        yield there


async def test_in_the_dark_it_asks_one_round_of_canaries_and_in_the_light_everything(bench: Bench) -> None:
    path = bench.here.folder / "didban.yml"
    path.write_text(path.read_text() + "quiet: true\n")
    loaded, mistakes = config.load(path)
    assert loaded is not None, mistakes
    engine = Engine.build(loaded, FASTER, bench.spool, bench.engine.crew)
    everything = engine.rounds.errands
    canaries = next(each for each in everything if each.name == CANARY_ROUND)
    await engine.rounds.walk(canaries, 1)
    await bench.here.vanish(*CANARIES, *SERVICE)
    await engine.rounds.walk(canaries, 2)
    await asyncio.sleep(0.3)
    assert engine.rests.hushed
    assert any("keeps still" in each for each in engine.notices(0))

    before = len(await bench.spool.walks())
    for number in range(3):
        for errand in everything:
            engine.rounds.due(Due(errand, number, 0.0))
        await asyncio.sleep(0.2)
    walks = (await bench.spool.walks())[before:]
    assert {each.reason for each in walks} == {Reason.DUE}, "nothing is asked again, nothing is compared"
    assert {each.target.partition("/")[0] for each in walks} == {"canaries"}
    assert len(walks) == 4
    assert engine.rounds.missed["limit"] == 3 * len(everything) - 1, "and what was left out is counted"

    await bench.here.listen(*CANARIES, *SERVICE)
    await engine.rounds.walk(canaries, 4)
    assert not engine.rests.hushed
    engine.rounds.due(Due(next(each for each in everything if each.name == "app/chat"), 4, 0.0))
    await asyncio.sleep(0.2)
    assert "app/chat" in {each.target for each in (await bench.spool.walks())[before + 8 :]}
    await engine.close()


async def test_nothing_goes_home_meanwhile_and_everything_afterwards(receiver: Receiver, tmp_path: Path) -> None:
    still = True
    like = shipper(receiver, tmp_path)
    await like._spool.open()
    one = Shipper(
        Home.of(like._home.destination, tmp_path),
        like._identity,
        clock=like._clock,
        budget=like._budget,
        pace=like._pace,
        spool=like._spool,
        keeps_still=lambda: still,
    )
    running = asyncio.create_task(one.run())
    one.offer(tick(1000, UP))
    await asyncio.sleep(0.2)
    assert receiver.taken == []
    still = False
    one.offer(tick(2000, UP))
    async with asyncio.timeout(5):
        while not receiver.taken:  # noqa: ASYNC110 - what it waits for is another machine's
            await asyncio.sleep(0.01)
    ((series,),) = receiver.taken
    assert [at_ms for at_ms, _ in series.samples] == [1000, 2000]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await one.close()
    await like._spool.close()


async def test_the_dead_mans_switch_is_not_asked_meanwhile() -> None:
    came = 0

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    switch = heartbeat.Switch(url, ssl.create_default_context())
    for still, expected in ((True, False), (False, True)):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await heartbeat.beat(switch, 0.05, 0.2, lambda still=still: still)  # type: ignore[misc]
        assert bool(came) is expected
    server.close()
