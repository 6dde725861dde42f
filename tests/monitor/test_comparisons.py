"""A liar that listens for names on every line of a small world, and the comparison that finds out."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor import config
from monitor.beat.comparisons import Met
from monitor.engine import Crew, Engine
from monitor.judge import State
from monitor.spool import Spool
from probes.words import Cell, Failure, Finding, Reason, Step
from tests.monitor.facts import walk
from tests.probes.liars import Authority

FASTER = 300  # an address rests for a second
CANARIES = [f"127.0.1.{number}" for number in range(11, 18)]
NAMES = [f"c{number}.example" for number in range(1, 8)]
HOME, AT_HOME = "127.0.1.31", "home.example"
SERVICE = ["127.0.1.21", "127.0.1.22"]
NAME = "app.example"


class Lines:
    """Servers on loopback; whoever says NAME to one of them is met as `filtered` says."""

    def __init__(self, authority: Authority) -> None:
        self._contexts = {at: authority.server(name) for at, name in zip(CANARIES, NAMES, strict=True)}
        self._contexts |= {HOME: authority.server(AT_HOME)} | dict.fromkeys(SERVICE, authority.server(NAME))
        self.filtered = ""  # "silence" or "reset"
        self.listed: set[str] = set()  # if any: all who say another name abroad are met by silence
        self.dead: set[str] = set()
        self.port = 0
        self._listening: list[socket.socket] = []

    async def listen(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        started = []
        for address in (*CANARIES, *SERVICE, HOME):
            line = socket.socket()
            line.setblocking(False)
            line.bind((address, self.port))
            line.listen(64)
            self.port = line.getsockname()[1]
            self._listening.append(line)
            started.append(tasks.create_task(self._accept(line, address, tasks)))
        return started

    async def _accept(self, line: socket.socket, address: str, tasks: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while True:
            caller, _ = await loop.sock_accept(line)
            tasks.create_task(self._serve(caller, address))

    async def _serve(self, caller: socket.socket, address: str) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
            async with asyncio.timeout(5):
                heard = b""
                while not heard:
                    with contextlib.suppress(BlockingIOError):
                        heard = caller.recv(4096, socket.MSG_PEEK) or b"closed"
                    await asyncio.sleep(0.001)
                silent = address in self.dead or (NAME.encode() in heard and self.filtered == "silence")
                passes = address == HOME or not self.listed or any(name.encode() in heard for name in self.listed)
                silent = silent or not passes
                if silent:
                    await asyncio.sleep(1)
                elif NAME.encode() in heard and self.filtered == "reset":
                    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    _, _protocol = await loop.connect_accepted_socket(
                        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()),
                        caller,
                        ssl=self._contexts[address],
                    )
                    return
        caller.close()

    def close(self) -> None:
        for line in self._listening:
            line.close()


def load(folder: Path, port: int, ca_file: Path) -> config.Loaded:
    rows = "\n".join(
        f"  - {{id: c{n}, scope: international, at: {{country: NL, network: AS{n}}}, kind: tls, depth: endpoint,"
        f" hosts: [c{n}.example], addresses: [{address}], ports: [{port}], source: test}}"
        for n, address in enumerate(CANARIES, start=1)
    )
    rows += f"""
  - {{id: home, scope: domestic, at: {{country: IR, network: AS50}}, kind: tls, depth: endpoint, hosts: [{AT_HOME}],
     addresses: [{HOME}], ports: [{port}], source: test}}"""
    (folder / "canaries.yml").write_text(
        "service: canaries\ntitle: {en: C}\ncategory: canary\ntargets:\n" + rows + "\n"
    )
    (folder / "app.yml").write_text(f"""service: app
title: {{en: App}}
category: test
targets:
  - {{id: web, kind: tls, depth: web, hosts: [{NAME}], addresses: [{", ".join(SERVICE)}], ports: [{port}],
     essential: true, source: test}}
""")
    (folder / "secret").write_bytes(b"k" * 32)
    (folder / "didban.yml").write_text(f"""
vantage: {{id: v1, secret_file: secret, country: IR, network: AS99, access: mobile, role: inside}}
services: [./app.yml, ./canaries.yml]
dns: {{system: [127.0.0.1]}}
tls: {{ca_file: {ca_file}}}
limits: {{starts_per_second: 1000}}
timeout: 30s
""")
    loaded, mistakes = config.load(folder / "didban.yml")
    assert loaded is not None, mistakes
    return loaded


class World:
    def __init__(self, lines: Lines, engine: Engine, spool: Spool) -> None:
        self.lines, self.engine, self.spool = lines, engine, spool
        self._number = 0

    async def live(self, seconds: float) -> None:
        """Rounds as the schedule would have them, five a second: an interval is 200 ms here."""
        for _ in range(int(seconds * 5)):
            self._number += 1
            due = (each for each in self.engine.rounds.errands)
            await asyncio.gather(*(self.engine.rounds.walk(each, self._number) for each in due))
            self.engine.view.beat(self.engine.tools.clock.now_ms())
            await asyncio.sleep(0.2)

    @property
    def state(self) -> State:
        return self.engine.view.standings["app/web"].judgement.state

    @property
    def findings(self) -> set[Finding]:
        return set(self.engine.view.standings["app/web"].record.findings())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    authority = Authority.make(tmp_path)
    lines = Lines(authority)
    spool = Spool(tmp_path / "state")
    await spool.open()
    async with asyncio.TaskGroup() as tasks:
        listening = await lines.listen(tasks)
        engine = Engine.build(load(tmp_path, lines.port, authority.ca_file), FASTER, spool, Crew(tasks.create_task))
        made = World(lines, engine, spool)
        try:
            await made.live(0.4)
            assert made.state is State.OK, made.engine.view.standings["app/web"].judgement
            yield made
        finally:
            engine.crew.send_home()
            for task in listening:
                task.cancel()
            lines.close()
    await spool.close()


@pytest.mark.parametrize(
    ("filtered", "more"),
    [("reset", {Finding.INJECTED_RESET, Finding.NAME_FILTERED}), ("silence", {Finding.NAME_FILTERED})],
)
async def test_what_follows_the_name_from_address_to_address_is_named_after_three_windows(
    world: World, filtered: str, more: set[Finding]
) -> None:
    world.lines.filtered = filtered
    await world.live(2)
    assert world.findings == set(), "one window is no proof"
    for _ in range(30):
        await world.live(0.6)
        if world.findings:
            break
    assert world.findings == more
    assert world.state is State.INTERFERED
    windows = [each for each in await world.spool.walks(limit=10_000) if each.cell is Cell.NAME_HERE]
    assert len(windows) >= 3, "the facts were kept before they were judged"
    world.lines.filtered = ""
    await world.live(0.6)
    assert (world.state, world.findings) == (State.OK, set())


async def test_an_address_that_answers_to_no_name_is_the_address(world: World) -> None:
    """Both of them are dead; each had proved itself before."""
    world.lines.dead = set(SERVICE)
    for _ in range(30):
        await world.live(0.6)
        if world.findings:
            break
    assert world.findings == {Finding.ADDRESS_FILTERED}
    assert world.state is State.BROKEN, "a network on the way, or the provider refusing this country"


async def found(world: World, *, patience: int = 40) -> set[Finding]:
    for _ in range(patience):
        await world.live(0.6)
        if world.findings:
            break
    return world.findings


@pytest.mark.parametrize(
    ("listed", "state"),
    [({"c3.example", AT_HOME}, State.INTERFERED), ({"home.example"}, State.CUT_OFF)],
    ids=["one canary's name passes", "only a name from home passes"],
)
async def test_where_only_listed_names_pass_the_name_is_named(world: World, listed: set[str], state: State) -> None:
    """Nearly all canaries are dead, or all of them: by their names, at addresses that answer to a listed one."""
    world.lines.listed = listed
    assert await found(world) == {Finding.NAME_FILTERED}
    await world.live(2)
    assert (world.state, world.findings) == (state, {Finding.NAME_FILTERED})
    world.lines.listed = set()
    await world.live(0.6)
    assert (world.state, world.findings) == (State.OK, set())


async def test_a_line_on_which_nothing_abroad_answers_is_cut_whatever_name_is_said(world: World) -> None:
    world.lines.dead = {*CANARIES, *SERVICE}
    assert await found(world, patience=8) == set()
    assert world.state is State.CUT_OFF
    windows = [each for each in await world.spool.walks(limit=10_000) if each.cell is not None]
    assert windows, "it was tried"
    assert {each.cell for each in windows} == {Cell.BEFORE}, "and nothing was asked behind the first silence"


async def test_an_address_under_comparison_hears_nothing_of_the_name_before(world: World) -> None:
    world.lines.filtered = "reset"
    await world.live(3)
    walks = [each for each in await world.spool.walks(limit=10_000) if each.target == "app/web"]
    windows = [each for each in walks if each.cell is Cell.NAME_HERE]
    assert windows
    for window in windows:
        before = [
            each.started_ms
            for each in walks
            if each.reason is not Reason.COMPARE
            and each.address == window.address
            and each.started_ms < window.started_ms
        ]
        assert window.started_ms - max(before, default=0) >= 1000 * 300 / FASTER


def test_only_what_came_as_far_as_the_name_has_said_it() -> None:
    met = Met()
    met.note(walk(address="157.240.2.1", failed=Failure.TIMEOUT, step=Step.CONNECT), 5.0)
    assert met.rested_s("157.240.2.1", "h1.example", 10.0) == float("inf")
    met.note(walk(address="157.240.2.1", failed=Failure.TIMEOUT, step=Step.HANDSHAKE), 5.0)
    assert met.rested_s("157.240.2.1", "h1.example", 10.0) == 5.0


def test_an_address_to_which_a_transfer_says_another_name_has_heard_that_one() -> None:
    """The operator's responder is where transfers go and where comparisons do: residue of the first would spoil the second."""
    met = Met()
    met.note(walk(address="203.0.113.7", failed=Failure.TIMEOUT, step=Step.HANDSHAKE), 5.0, "www.instagram.com")
    assert met.rested_s("203.0.113.7", "www.instagram.com", 10.0) == 5.0
    assert met.rested_s("203.0.113.7", "h1.example", 10.0) == float("inf")


def test_what_is_spared_is_spared_until_its_time_and_no_longer() -> None:
    met = Met()
    met.spare("a", 10.0)
    met.spare("a", 5.0)
    assert met.spared(9.0) == {"a"}
    assert met.spared(10.0) == set()


async def test_what_is_blocked_for_years_is_compared_ever_more_seldom(world: World) -> None:
    comparisons = world.engine.rounds._comparisons
    pauses = [comparisons._pause_s(number, named=False) for number in range(1, 30)]
    again_s, day_s = 1800 / FASTER, 86400 / FASTER
    assert pauses[:5] == [0.0] * 5
    assert pauses[5:8] == [again_s, 2 * again_s, 4 * again_s]
    assert pauses[-1] == day_s
    assert comparisons._pause_s(3, named=True) == again_s, "once named it is looked at again, but not at once"
    assert comparisons._pause_s(29, named=False, dark=True) == again_s, "a cut may end as a list of what may pass"
