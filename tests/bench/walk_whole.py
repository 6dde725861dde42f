"""CPU of a walk from its start to the page that states it, beside blackbox_exporter's bare HTTPS probe.

What is measured is the daemon's own: `Rounds` with its limits and budget walks a target by name (DNS, TCP, TLS 1.3 with
the chain verified, HTTP), the spool keeps it on disk, the view judges it, and after every target was walked once a tick
of all series is stated, kept and rendered, as once an interval. What is not: the schedule, whose cost is a timer, and a
browser's look at the page. blackbox_exporter resolves nothing here, keeps and judges nothing; its figure holds the
answering of `/probe`.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from monitor import config, metrics, parts
from monitor.engine import Crew, Engine
from monitor.judge import State
from monitor.meaning.timeofday import TimeOfDay
from monitor.pace import Pace
from monitor.rounds import Rounds
from monitor.spool import Spool
from monitor.stating import Stating
from monitor.telling.exposition import Exposition
from monitor.tick import Tick
from probes.doors.names import Resolvers
from probes.doors.wire import Sockets
from tests.bench import peers
from tests.bench.far_end import Ports
from tests.bench.figures import Figure
from tests.bench.turns import cpu_ms, cpu_of, in_turn, own_cpu_s
from tests.bench.walking import TIMEOUT_S, Home
from tests.probes.liars import NAME

_TARGETS, _AT_ONCE, _ROUNDS = 160, 8, 9
_FEWEST_WALKS = 4  # before that many the judge says nothing


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """Milliseconds of CPU, all threads, a walk."""
    async with whole(ports) as vantage, peers.blackbox(ports) as exporter:
        probe = partial(exporter.probe, "https", f"https://127.0.0.1:{ports.https}/")
        theirs = cpu_ms(probe, count=_TARGETS, clock=cpu_of(exporter.pid))
        value, peer_value = await in_turn(vantage.turn, theirs, rounds=_ROUNDS)
    return [Figure("walk_whole_cpu_ms", value, "ms", "blackbox_exporter, bare HTTPS", peer_value)]


@dataclass(slots=True)
class Whole:
    """A vantage whose rounds are begun by hand."""

    engine: Engine
    rounds: Rounds
    stating: Stating
    exposition: Exposition
    spool: Spool
    number: int = 0

    async def turn(self) -> float:
        """Every target once, then a tick; milliseconds of CPU a target. A walk that fails ends the bench."""
        before, before_s = (await self.spool.size()).walks, own_cpu_s()
        self.number += 1
        await asyncio.gather(*(self._some(worker) for worker in range(_AT_ONCE)))
        await self._tick()
        spent_ms = (own_cpu_s() - before_s) * 1000
        assert (await self.spool.size()).walks == before + _TARGETS, "some were not walked, or walked again"
        states = {standing.judgement.state for standing in self.engine.view.standings.values()}
        assert states == {State.OK} or self.number < _FEWEST_WALKS, states
        return spent_ms / _TARGETS

    async def _some(self, worker: int) -> None:
        for errand in self.rounds.errands[worker::_AT_ONCE]:
            await self.rounds.walk(errand, self.number)

    async def _tick(self) -> None:
        now_ms = self.engine.tools.clock.now_ms()
        self.engine.view.beat(now_ms)
        await self.stating.state(Tick(now_ms, dict(self.engine.samples(now_ms))), ())
        assert self.exposition.text("")[0]


@contextlib.asynccontextmanager
async def whole(ports: Ports) -> AsyncIterator[Whole]:
    """As `Engine.build` and the daemon put it together; its wire and its resolver are those of the bench."""
    with tempfile.TemporaryDirectory() as folder:
        loaded = _loaded(Path(folder), ports)
        spool = Spool(Path(folder, "spool"), gather_s=Pace.of(loaded.config).gather_s)
        await spool.open()
        async with asyncio.TaskGroup() as tasks:
            crew = Crew(tasks.create_task)
            engine = Engine.build(loaded, 1, spool, crew)
            yield _put_together(engine, spool, crew, ports)
            crew.send_home()
        await spool.close()


def _put_together(engine: Engine, spool: Spool, crew: Crew, ports: Ports) -> Whole:
    hands = engine.tools
    assert isinstance(hands.wire, Sockets)
    names = Resolvers(["127.0.0.1"], patience_s=TIMEOUT_S, port=ports.dns)
    hands = replace(hands, wire=Home(hands.wire), names=names)
    rounds = Rounds(
        engine.view,
        engine.rounds.errands,
        tools=hands,
        spool=spool,
        limits=parts.limits(engine.loaded.config, hands, 100),
        budget=engine.budget,
        pace=engine.pace,
        secret=engine.secret,
        responder=None,
        heard=lambda done: None,
        spawn=crew.take_on,
        judged=engine.early.walked,
    )
    identity = metrics.identity(engine.loaded.config.as_vantage())
    exposition = Exposition(identity)
    stating = Stating(spool, exposition, identity, hands.clock, TimeOfDay())
    return Whole(engine, rounds, stating, exposition, spool)


def _loaded(folder: Path, ports: Ports) -> config.Loaded:
    rows = "\n".join(
        f"  - {{id: t{number}, kind: https, depth: web, hosts: [{NAME}], ports: [{ports.https}], source: bench}}"
        for number in range(_TARGETS)
    )
    (folder / "app.yml").write_text(f"service: app\ntitle: {{en: App}}\ncategory: test\ntargets:\n{rows}\n")
    (folder / "secret").write_bytes(bytes(32))
    (folder / "didban.yml").write_text(f"""
vantage: {{id: v1, secret_file: secret, country: NL, network: AS64496, access: datacenter, role: inside}}
services: [./app.yml]
dns: {{system: [127.0.0.1]}}
tls: {{ca_file: {ports.ca_file}}}
limits: {{concurrency: 200, starts_per_second: 1000, bytes_per_day: 100000MB}}
""")
    loaded, mistakes = config.load(folder / "didban.yml")
    assert loaded is not None, mistakes
    return loaded
