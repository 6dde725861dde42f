"""From "this is due" to "this is known", on real sockets: kept first, judged after, walked again when it changed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor import config, metrics
from monitor.beat.errands import Errand
from monitor.engine import Crew, Engine
from monitor.judge import State
from monitor.metrics import Series
from monitor.rounds import Asked
from monitor.schedule import Due
from monitor.spool import Spool
from probes.words import Reason, Scope
from tests.probes.liars import Authority

FASTER = 200  # confirming walks after 75, 150 and 225 ms
CANARIES = [f"127.0.0.{number}" for number in range(11, 17)]
SERVICE = ["127.0.0.21", "127.0.0.22", "127.0.0.23", "127.0.0.24"]


class Here:
    """A small world on loopback: six canaries and a service of four addresses, each with a switch."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.folder = folder
        self._context = authority.server("canary.example")
        self._servers: dict[str, asyncio.Server] = {}
        self._ports: dict[str, int] = {}
        (folder / "secret").write_bytes(b"k" * 32)
        self._ca = authority.ca_file

    async def listen(self, *addresses: str) -> None:
        for address in addresses:
            tls = self._context if address in CANARIES else None
            port = self._ports.get(address, 0)
            server = await asyncio.start_server(_greet, address, port, ssl=tls, reuse_address=True)
            self._servers[address] = server
            self._ports[address] = server.sockets[0].getsockname()[1]

    async def vanish(self, *addresses: str) -> None:
        for address in addresses:
            self._servers.pop(address).close()

    def load(self) -> config.Loaded:
        rows = [
            f"  - {{id: c{n}, scope: international, at: {{country: NL, network: AS{n}}}, kind: tls, depth: endpoint,"
            f" hosts: [canary.example], addresses: [{address}], ports: [{self._ports[address]}], source: test}}"
            for n, address in enumerate(CANARIES, start=1)
        ]
        canaries = "service: canaries\ntitle: {en: C}\ncategory: canary\ntargets:\n" + "\n".join(rows)
        targets = "\n".join(
            f"  - {{id: s{n}, kind: tcp, depth: endpoint, addresses: [{address}], ports: [{self._ports[address]}],"
            f" source: test}}"
            for n, address in enumerate(SERVICE[2:], start=2)
        )
        # one essential target with two endpoints at two addresses, and two that are not
        service = f"""service: app
title: {{en: App}}
category: test
targets:
  - id: chat
    kind: tcp
    depth: endpoint
    addresses: [{SERVICE[0]}, {SERVICE[1]}]
    ports: [{self._ports[SERVICE[0]]}]
    essential: true
    source: test
{targets}
"""
        (self.folder / "canaries.yml").write_text(canaries)
        (self.folder / "app.yml").write_text(service)
        (self.folder / "didban.yml").write_text(f"""
vantage: {{id: v1, secret_file: secret, country: IR, network: AS99, access: mobile, role: inside, cohort: k2}}
services: [./app.yml, ./canaries.yml]
dns: {{system: [127.0.0.1]}}
tls: {{ca_file: {self._ca}}}
timeout: 20s
histograms: true
""")
        loaded, mistakes = config.load(self.folder / "didban.yml")
        assert loaded is not None, mistakes
        return loaded


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await reader.read()
        writer.close()


class Bench:
    """An engine whose rounds are walked by hand."""

    def __init__(self, here: Here, spool: Spool, tasks: asyncio.TaskGroup) -> None:
        self.here, self.spool = here, spool
        self.engine = Engine.build(here.load(), FASTER, spool, Crew(tasks.create_task))
        self.engine.tools = self.engine.tools
        self._number = 0

    @property
    def view(self):  # type: ignore[no-untyped-def]
        return self.engine.view

    def errand(self, name: str) -> Errand:
        return next(each for each in self.engine.rounds.errands if each.name == name)

    async def round(self, *names: str) -> None:
        self._number += 1
        await asyncio.gather(*(self.engine.rounds.walk(self.errand(name), self._number) for name in names))

    def state(self, name: str = "app/chat") -> State:
        found: State = self.view.standings[name].judgement.state
        return found

    def reach(self) -> float | None:
        found: float | None = self.view.canaries.ratio(Scope.INTERNATIONAL, 0)
        return found


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    authority = Authority.make(tmp_path)
    here = Here(tmp_path, authority)
    await here.listen(*CANARIES, SERVICE[0], *SERVICE[2:])
    here._ports[SERVICE[1]] = here._ports[SERVICE[0]]
    await here.listen(SERVICE[1])
    spool = Spool(tmp_path / "state")
    await spool.open()
    async with asyncio.TaskGroup() as tasks:
        made = Bench(here, spool, tasks)
        yield made
        made.engine.crew.send_home()
    await here.vanish(*list(here._servers))
    await spool.close()


CANARY_ROUND = "canaries/international"


async def test_the_first_round_asks_every_canary_and_later_ones_four_in_turn(bench: Bench) -> None:
    await bench.round(CANARY_ROUND)
    assert bench.reach() == 1.0
    assert len(await bench.spool.walks()) == 6
    await bench.round(CANARY_ROUND)
    await bench.round(CANARY_ROUND)
    assert len(await bench.spool.walks()) == 6 + 4 + 4


async def test_a_service_that_breaks_is_walked_again_on_its_other_address_and_then_judged(bench: Bench) -> None:
    await bench.round(CANARY_ROUND, "app/chat")
    assert bench.state() is State.OK
    await bench.here.vanish(*SERVICE[:2])
    await bench.round("app/chat")
    assert bench.state() is State.INSUFFICIENT, "one failure is not a fact"
    await asyncio.sleep(0.35)
    walks = await bench.spool.walks(target="app/chat")
    again = [each for each in walks if each.reason is Reason.CONFIRM]
    assert [each.address for each in again] == [next(a for a in SERVICE[:2] if a != walks[1].address)]
    for _ in range(2):
        await bench.round("app/chat")
    assert bench.state() is State.BROKEN
    await bench.here.listen(*SERVICE[:2])
    await bench.round("app/chat")
    assert bench.state() is State.OK


async def test_a_line_that_is_cut_is_known_after_one_canary_fell(bench: Bench) -> None:
    await bench.round(CANARY_ROUND, "app/chat")
    await bench.here.vanish(*CANARIES, *SERVICE)
    await bench.round(CANARY_ROUND)
    await asyncio.sleep(0.15)
    assert bench.reach() == 0.0, "all were asked at once"
    assert not bench.view.canaries.foreign_seen
    await bench.round("app/chat")
    bench.view.beat(bench.engine.tools.clock.now_ms())
    assert bench.state() is State.CUT_OFF
    await bench.here.listen(*CANARIES, *SERVICE)
    await bench.round(CANARY_ROUND)
    await asyncio.sleep(0.15)
    assert bench.reach() == 1.0, "the first that answered had all of them asked"
    await bench.round("app/chat")
    assert bench.state() is State.OK


async def test_a_canary_that_is_left_alone_after_a_comparison_is_not_asked_when_all_are(bench: Bench) -> None:
    """Residual blocking is kept alive by whoever asks, and would make of every comparison one canary less."""
    await bench.round(CANARY_ROUND)
    before = Counter(each.address for each in await bench.spool.walks())
    rounds = bench.engine.rounds
    rounds._comparisons.met.spare(CANARIES[0], rounds._tools.clock.elapsed_s() + 60)
    await rounds._walk_all_canaries(1)
    after = Counter(each.address for each in await bench.spool.walks())
    assert {address for address in CANARIES if after[address] == before[address]} == {CANARIES[0]}


async def test_a_fresh_box_in_the_dark_knows_it_after_two_rounds(bench: Bench) -> None:
    await bench.here.vanish(*CANARIES)
    await bench.round(CANARY_ROUND)
    assert bench.view.canaries.foreign_seen
    await asyncio.sleep(0.2)
    assert not bench.view.canaries.foreign_seen


async def test_facts_are_on_disk_before_they_are_judged(bench: Bench) -> None:
    kept_when_judged = []
    add = bench.view.add

    def noting(done, now_ms):  # type: ignore[no-untyped-def]
        kept_when_judged.append(bench.spool._file.db()[0].execute("SELECT count(*) FROM walks").fetchone()[0])
        return add(done, now_ms)

    bench.engine.rounds._view = _Noting(bench.view, noting)  # type: ignore[assignment]
    await bench.round("app/s2")
    assert kept_when_judged == [1]


class _Noting:
    """The view, with one ear at its door."""

    def __init__(self, view, add) -> None:  # type: ignore[no-untyped-def]
        self._view, self.add = view, add

    def __getattr__(self, name: str) -> object:
        return getattr(self._view, name)


async def test_what_is_due_while_it_still_walks_is_counted(bench: Bench) -> None:
    errand = bench.errand("app/chat")
    for _ in range(3):
        bench.engine.rounds.due(Due(errand, 1, 0.0))
        await asyncio.sleep(0)
    assert bench.engine.rounds.missed["overlap"] == 2
    assert dict(bench.engine.rounds.missed_counts()) == {"overlap": 2, "late": 0, "limit": 0}


async def test_nearing_the_cap_leaves_out_what_is_not_essential_and_says_so(bench: Bench) -> None:
    now_ms = bench.engine.tools.clock.now_ms()
    bench.engine.budget.spend(purpose="walk", sent=10**12, received=0, now_ms=now_ms)
    bench.engine.rounds.due(Due(bench.errand("app/s2"), 1, now_ms / 1000))
    bench.engine.rounds.due(Due(bench.errand("app/chat"), 1, now_ms / 1000))
    await asyncio.sleep(0.1)
    assert bench.engine.rounds.missed["limit"] == 1
    assert {walk.target for walk in await bench.spool.walks()} == {"app/chat"}
    assert any("byte cap" in notice for notice in bench.engine.notices(now_ms))


async def test_rounds_that_passed_unseen_are_counted(bench: Bench) -> None:
    bench.engine.rounds.unseen(bench.errand("app/chat"), 3)
    assert bench.engine.rounds.missed["late"] == 3


async def test_only_configured_targets_are_walked_when_asked(bench: Bench) -> None:
    assert await bench.engine.rounds.asked("app/chat") is Asked.WALKED
    assert await bench.engine.rounds.asked("app/chat") is Asked.LIMITED, "at most one an interval"
    assert await bench.engine.rounds.asked("app/nothing") is Asked.UNKNOWN
    assert [walk.reason for walk in await bench.spool.walks()] == [Reason.ASKED]


# ---------------------------------------------------------------- what the tick says of it


async def stated(bench: Bench) -> dict[Series, float]:
    now_ms = bench.engine.tools.clock.now_ms()
    bench.view.beat(now_ms)
    return dict(bench.engine.samples(now_ms))


async def test_the_tick_states_what_is_known(bench: Bench) -> None:
    await bench.round(CANARY_ROUND, "app/chat", "app/s2")
    samples = await stated(bench)
    assert samples[Series(metrics.TARGET_UP, ("app", "chat"))] == 1
    assert samples[Series(metrics.SERVICE_STATE, ("app", "ok"))] == 1
    assert samples[Series(metrics.SERVICE_STATE, ("app", "broken"))] == 0
    assert samples[Series(metrics.CONNECTIVITY, ("international",))] == 1
    assert Series(metrics.STEP_DURATION, ("app", "chat", "connect")) in samples
    assert Series(metrics.WALK_STEP, ("app", "connect"), "_count") in samples
    assert Series(metrics.CERTIFICATE_EXPIRY, ("canaries", "c1")) in samples
    assert samples[Series(metrics.HEARTBEAT, ())] > 0
    assert not [each for each in samples if each.family is metrics.TARGET_FAILURE]
    assert not [each for each in samples if each.family is metrics.SERVICE_STATE and each.values[0] == "canaries"]


async def test_what_is_not_walked_any_more_is_not_stated_any_more(bench: Bench) -> None:
    await bench.round("app/chat")
    period_s = bench.errand("app/chat").period_s
    now_ms = bench.engine.tools.clock.now_ms()
    up = Series(metrics.TARGET_UP, ("app", "chat"))
    assert up in dict(bench.engine.samples(now_ms))
    assert up not in dict(bench.engine.samples(now_ms + int(3.1 * period_s * 1000)))


async def test_no_heartbeat_without_a_walk(bench: Bench) -> None:
    assert Series(metrics.HEARTBEAT, ()) not in await stated(bench)
    await bench.round("app/s2")
    first = (await stated(bench))[Series(metrics.HEARTBEAT, ())]
    await asyncio.sleep(0.01)
    assert (await stated(bench))[Series(metrics.HEARTBEAT, ())] == first, "the last tick in which a walk had finished"


async def test_no_label_holds_an_address_or_a_name(bench: Bench) -> None:
    await bench.round(CANARY_ROUND, "app/chat", "app/s2")
    await bench.here.vanish(*SERVICE)
    await bench.round("app/chat")
    labels = {value for series in await stated(bench) for value in series.values}
    assert not [value for value in labels if "127.0.0" in value or "example" in value]
    assert socket.gethostname() not in labels


async def test_a_restart_remembers_what_canaries_were_like(bench: Bench) -> None:
    await bench.round(CANARY_ROUND)
    bench.engine.crew.send_home()  # who asks what time it is would spend on
    await bench.engine.remember(bench.spool)
    async with asyncio.TaskGroup() as tasks:
        again = Engine.build(bench.here.load(), FASTER, bench.spool, Crew(tasks.create_task))
        await again.recall(bench.spool)
    assert again.view.canaries.memory() == bench.view.canaries.memory()
    assert again.budget.memory() == bench.engine.budget.memory()


async def test_what_is_asked_for_counts_against_the_cap(bench: Bench) -> None:
    budget = bench.engine.budget
    budget.spend(purpose="walk", sent=10**9, received=0, now_ms=bench.engine.tools.clock.now_ms())
    before = bench.engine.rounds.missed["limit"]
    assert await bench.engine.rounds.asked("app/s2") is Asked.LIMITED
    assert bench.engine.rounds.missed["limit"] == before + 1
    assert await bench.engine.rounds.asked("app/chat") is Asked.WALKED, "essentials never stop"


async def test_a_reload_forgets_nothing_of_the_line(bench: Bench) -> None:
    """On a cut line the first words after a reload must not be "broken"."""
    await bench.round(CANARY_ROUND, "app/chat")
    await bench.here.vanish(*CANARIES, *SERVICE[:2])
    for _ in range(3):
        await bench.round(CANARY_ROUND, "app/chat")
    before = bench.engine
    assert bench.view.standings["app/chat"].judgement.state is State.CUT_OFF
    after = Engine.build(bench.here.load(), FASTER, bench.spool, before.crew)
    after.inherit(before)
    now_ms = after.tools.clock.now_ms()
    assert not after.view.canaries.foreign_seen
    assert after.view.canaries.ratio(Scope.INTERNATIONAL, now_ms) == before.view.canaries.ratio(
        Scope.INTERNATIONAL, now_ms
    )
    after.view.beat(now_ms)
    assert after.view.standings["app/chat"].judgement.state is State.CUT_OFF
    assert after.rounds._turns["app/chat"] is before.rounds._turns["app/chat"]
    await after.close()
