"""A board whose clock is set, slept through and started anew by hand, its daemon, five canaries that know the time, a hub."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from monitor import config
from monitor.daemon import Daemon
from monitor.meaning.timeofday import FEWEST_NETWORKS
from monitor.options import Options
from monitor.webconfig import WebConfig
from probes.words import Scope
from tests.monitor.home.test_backlog import Receiver, until
from tests.probes.liars import Authority

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0
TRUE_MS = 1_800_000_000_000  # when a world begins, in 2027
CANARIES = [f"127.0.0.{number}" for number in range(31, 36)]


@dataclass
class Board:
    """The clocks of one machine. Its true time runs on by itself; its own is off from it by what it was set to."""

    off_ms: float = 0.0
    skipped_ms: float = 0.0  # awake: on every clock
    slept_ms: float = 0.0  # suspended: not on the monotonic one
    stopped_ms: float = 0.0  # off, or a virtual machine held: on none of its own
    began_s: float = field(default_factory=time.monotonic)
    booted_ms: float = 0.0
    boot: str = ""

    def _ran_ms(self) -> float:
        return (time.monotonic() - self.began_s) * 1000 + self.skipped_ms

    def true_ms(self) -> int:
        return TRUE_MS + int(self._ran_ms() + self.slept_ms + self.stopped_ms)

    def now_ms(self) -> int:
        return self.true_ms() + int(self.off_ms)

    def elapsed_s(self) -> float:
        return self._ran_ms() / 1000

    def boot_ms(self) -> int:
        return int(self._ran_ms() + self.slept_ms - self.booted_ms)

    def start(self, *, wakes_ms: int | None = None, off_s: float = 0.0, after_s: float = 0.0) -> None:
        """Power on, after so long without: its clock stands at `wakes_ms`, or is off by `off_s`."""
        self.stopped_ms += after_s * 1000
        self.booted_ms = self._ran_ms() + self.slept_ms - 20_000
        self.boot = str(uuid.uuid4())
        self.off_ms = wakes_ms - self.true_ms() if wakes_ms is not None else off_s * 1000


class World:
    """`stated`: at what true time each tick was."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.board, self.hub = folder, Board(), Receiver()
        self.authority = Authority.make(folder)
        self.telling, self.asked = True, 0
        self.stated: list[int] = []
        (folder / "secret").write_bytes(b"k" * 32)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A canary: it proves itself, and gives the time if the line lets it."""
        with contextlib.suppress(ConnectionError, OSError):
            heard = await reader.read(1000)
            self.asked += bool(heard)
            if heard and self.telling:
                date = email.utils.formatdate(self.board.true_ms() / 1000, usegmt=True)
                writer.write(f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
            writer.close()

    def write(self, ports: list[int]) -> config.Loaded:
        rows = [
            f"  - {{id: c{n}, scope: international, at: {{country: NL, network: AS{n}}}, kind: tls, depth: endpoint,"
            f" hosts: [canary.example], addresses: [{address}], ports: [{port}], source: test}}"
            for n, (address, port) in enumerate(zip(CANARIES, ports, strict=True), start=1)
        ]
        canaries = "service: canaries\ntitle: {en: C}\ncategory: canary\ntargets:\n" + "\n".join(rows)
        (self.folder / "canaries.yml").write_text(canaries)
        (self.folder / "didban.yml").write_text(f"""
vantage: {{id: v1, secret_file: secret, country: IR, network: AS99, access: mobile, role: inside}}
services: [./canaries.yml]
dns: {{system: [127.0.0.1]}}
tls: {{ca_file: {self.authority.ca_file}}}
timeout: 20s
limits: {{starts_per_second: 1000}}
storage: {{path: state}}
ship: [{{name: hub, remote_write: "http://127.0.0.1:{self.hub.port}/api/v1/write"}}]
""")
        loaded, mistakes = config.load(self.folder / "didban.yml")
        assert loaded is not None, mistakes
        return loaded

    @contextlib.asynccontextmanager
    async def canaries(self) -> AsyncIterator[config.Loaded]:
        tls = self.authority.server("canary.example")
        async with contextlib.AsyncExitStack() as stack:
            ports = []
            for address in CANARIES:
                server = await asyncio.start_server(self.answer, address, 0, ssl=tls)
                stack.callback(server.close)
                ports.append(server.sockets[0].getsockname()[1])
            yield self.write(ports)

    @contextlib.asynccontextmanager
    async def process(self, loaded: config.Loaded, *, ships: bool = True) -> AsyncIterator[Life]:
        """A daemon in this boot, its ticks and rounds called by hand; it ends without a word, as by kill -9."""
        options = Options(self.folder / "didban.yml", "127.0.0.1", 0, WebConfig(), self.folder, self.folder / "state")
        daemon = Daemon(loaded, options, self.board, self.board.boot)
        await daemon._spool.open()
        try:
            async with daemon._tasks:
                await daemon._stating.begin(daemon._engine.pace)
                for shipper in daemon._engine.shippers if ships else ():
                    daemon._engine.crew.take_on(shipper.run())
                yield Life(self, daemon)
                daemon._engine.crew.send_home()
        finally:
            await daemon._engine.close()
            await daemon._spool.close()


class Life:
    def __init__(self, world: World, daemon: Daemon) -> None:
        self.world, self.daemon = world, daemon
        self.engine = daemon._engine
        self.time = self.engine.view.around.time
        self._round = 0

    async def minutes(self, count: int) -> None:
        """A tick in each."""
        for _ in range(count):
            self.world.board.skipped_ms += MINUTE_S * 1000
            self.world.stated.append(self.world.board.true_ms())
            await self.daemon.tick()

    async def walks(self) -> None:
        """A round of all canaries; where the line lets them, they say what time it is."""
        self._round += 1
        asked_ms, asked = self.world.board.boot_ms(), self.world.asked
        (errand,) = (each for each in self.engine.rounds.errands if each.scope is Scope.INTERNATIONAL)
        await self.engine.rounds.walk(errand, self._round)
        if not self.world.telling:
            await until(lambda: self.world.asked >= asked + len(CANARIES))
            await asyncio.sleep(0.05)
        else:
            await until(lambda: sum(said.boot_ms >= asked_ms for said in self.time._told.values()) >= FEWEST_NETWORKS)

    async def delivered(self, count: int) -> None:
        """And acknowledged: a kill in between would bring the same once more."""
        owing = self.engine.shippers
        await until(lambda: len(times(self.world.hub)) >= count and not any(each.pending for each in owing))

    def notices(self) -> list[str]:
        return [each for each in self.daemon._notices() if "wait until" in each]


def times(hub: Receiver, name: str = "didban_spool_observations") -> list[int]:
    """The times of a series that every tick states, as often as they came."""
    return sorted(at_ms for batch in hub.taken for labels, at_ms, _ in batch if dict(labels)["__name__"] == name)
