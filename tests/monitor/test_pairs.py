"""Transfers in pairs: walked A-B-A, repeated when slow, and only then a finding; the neutral half speaks for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from monitor import config, metrics
from monitor.beat import pairs
from monitor.beat.errands import walked_by
from monitor.beat.pairs import Transfers
from monitor.beat.turns import Next
from monitor.begin.cost import bytes_per_day
from monitor.engine import Crew, Engine
from monitor.metrics import Series
from monitor.pace import Pace
from monitor.spool import Spool
from probes.facts import Endpoint, Round, Service, Target, Vantage, Walk
from probes.words import Access, Depth, Failure, Finding, Kind, Reason, Role, Step, Transport
from tests.probes import liars
from tests.probes.liars import Authority
from tests.probes.test_throttle import fetch

HALF_HOUR_MS = 1_800_000


def target(**options: str) -> Target:
    given = {"path": "/64k", "says": "www.instagram.com", **options}
    endpoint = Endpoint("r.example", 443, Transport.TCP)
    return Target("transfers", "instagram", Kind.TRANSFER, Depth.WEB, (endpoint,), 1, 1, options=given)


def made(first: Walk, neutral: Walk, last: Walk, at_ms: int = 0) -> Round:
    named = structs.replace(neutral, target="transfers/instagram.neutral")
    return Round("transfers/instagram", 1, Reason.DUE, at_ms, (first, named, last))


def slow(at_ms: int = 0) -> Round:
    return made(fetch(1e4), fetch(5e4), fetch(1e4), at_ms)


def fine(at_ms: int = 0) -> Round:
    return made(fetch(5e4), fetch(5e4), fetch(5e4), at_ms)


def stalls() -> Round:
    return made(fetch(None, stood_at=16_000), fetch(5e4), fetch(None, stood_at=16_000))


# ---------------------------------------------------------------- which walks a pair is


def follower(
    last: Step = Step.TRANSFER,
) -> tuple[list[tuple[str, str, str | None]], Callable[[Target, Next, Reason], Awaitable[Walk]]]:
    walked: list[tuple[str, str, str | None]] = []

    async def one(to: Target, chosen: Next, reason: Reason) -> Walk:
        walked.append((to.name, str(chosen.endpoint), to.options.get("says")))
        done = fetch(5e4, target=to.name)
        return structs.replace(done, steps=(structs.replace(done.last, step=last),))

    return walked, one


async def walks_of(to: Target, last: Step = Step.TRANSFER) -> list[tuple[str, str, str | None]]:
    walked, one = follower(last)
    await pairs.walked(to, [Next(to.endpoints[0], 0)], Reason.DUE, one)
    return walked


async def test_a_pair_says_one_name_the_other_and_the_first_again() -> None:
    tested = ("transfers/instagram", "r.example:443/tcp", "www.instagram.com")
    assert await walks_of(target()) == [tested, ("transfers/instagram.neutral", "r.example:443/tcp", None), tested]


async def test_a_neutral_host_is_fetched_where_it_is() -> None:
    walked = await walks_of(target(neutral="mirror.example.ir/debian/ls.gz"))
    assert walked[1] == ("transfers/instagram.neutral", "mirror.example.ir:443/tcp", None)


async def test_without_another_half_it_is_fetched_alone() -> None:
    alone = replace(target(), options={"path": "/64k"})
    assert len(await walks_of(alone)) == 1


@pytest.mark.parametrize("last", [Step.CONNECT, Step.HANDSHAKE])
async def test_what_does_not_come_to_its_transfer_is_not_compared(last: Step) -> None:
    """Where the name is blocked outright, the address may be poisoned for minutes: nothing is asked of it twice."""
    assert len(await walks_of(target(), last)) == 1


# ---------------------------------------------------------------- what is known by then


def findings(done: Round) -> set[Finding]:
    return {finding for walk in done.walks for finding in walk.findings}


def test_one_slow_pair_asks_for_more_and_says_nothing() -> None:
    transfers = Transfers()
    done = transfers.add(target(), slow())
    assert transfers.unsettled("transfers/instagram")
    assert findings(done) == set()
    assert [walk.target for walk in done.walks] == ["transfers/instagram"] * 2, "the neutral half speaks for nobody"


def test_ten_more_are_a_finding_until_a_pair_is_slow_no_more() -> None:
    transfers = Transfers()
    for _ in range(11):
        done = transfers.add(target(), slow())
    assert findings(done) == {Finding.THROTTLED_BY_NAME}
    assert not transfers.unsettled("transfers/instagram"), "settled: nothing is fetched eleven times again"
    assert findings(transfers.add(target(), slow())) == {Finding.THROTTLED_BY_NAME}
    assert findings(transfers.add(target(), fine())) == set()
    assert not transfers.unsettled("transfers/instagram")


def test_a_slow_pair_among_good_ones_is_dropped() -> None:
    transfers = Transfers()
    transfers.add(target(), slow())
    transfers.add(target(), fine())
    assert not transfers.unsettled("transfers/instagram")


def test_the_same_stall_in_four_more_pairs_is_a_finding() -> None:
    transfers = Transfers()
    found = [findings(transfers.add(target(), stalls())) for _ in range(5)]
    assert found == [*[set[Finding]()] * 4, {Finding.STALLED_TRANSFER}]


@pytest.mark.parametrize("how", ["another host", "another address"])
def test_what_differs_in_more_than_the_name_is_no_proof_about_a_name(how: str) -> None:
    transfers, to = Transfers(), target(**({"neutral": "m.example/x"} if how == "another host" else {}))
    for _ in range(11):
        done = slow()
        if how == "another address":
            done = structs.replace(
                done, walks=(done.walks[0], structs.replace(done.walks[1], address="203.0.113.8"), done.walks[2])
            )
        seen = transfers.add(to, done)
    assert findings(seen) == set()
    assert not transfers.unsettled("transfers/instagram")


ELSEWHERE = {"neutral": "m.example.ir/x", "home": "IR"}


def repeated(transfers: Transfers, to: Target, done: Round) -> int:
    """How many more are made after this one, all alike."""
    transfers.add(to, done)
    count = 0
    while transfers.unsettled("transfers/instagram"):
        transfers.add(to, done)
        count += 1
    return count


def test_what_is_farther_away_is_looked_into_once_and_not_every_half_hour() -> None:
    """A host abroad is slower than one at home on any line: ten pairs each time would be 100 MB a day."""
    transfers, to = Transfers(), target(**ELSEWHERE)
    assert [repeated(transfers, to, slow()) for _ in range(3)] == [10, 0, 0]
    assert repeated(transfers, to, fine()) == 0
    assert repeated(transfers, to, slow()) == 10, "it was not slower for a while: something has changed"


def test_what_is_a_little_slower_elsewhere_is_looked_into_once_as_well() -> None:
    transfers, to = Transfers(), target(**ELSEWHERE)
    half_as_fast = made(fetch(2.3e4), fetch(5e4), fetch(2.3e4))
    assert repeated(transfers, to, half_as_fast) < 10
    assert repeated(transfers, to, half_as_fast) == 0
    assert repeated(Transfers(), target(), half_as_fast) > 0, "of a name more pairs would say more"


def test_a_stall_is_looked_into_also_where_it_is_slow_anyway() -> None:
    transfers, to = Transfers(), target(**ELSEWHERE)
    repeated(transfers, to, slow())
    assert repeated(transfers, to, stalls()) == 4
    assert findings(transfers.add(to, stalls())) == {Finding.STALLED_TRANSFER}


def test_a_stall_is_over_when_nothing_stalls_however_slow_it_is() -> None:
    transfers, to = Transfers(), target(**ELSEWHERE)
    repeated(transfers, to, stalls())
    assert findings(transfers.add(to, slow())) == set()
    assert not transfers.unsettled("transfers/instagram")


def test_a_domestic_copy_five_times_as_fast_is_a_ratio_of_five() -> None:
    transfers = Transfers()
    transfers.add(target(**ELSEWHERE), slow())
    assert samples(transfers)["didban_transfer_ratio"] == pytest.approx(5)


def test_how_far_a_ratio_looks_back_shrinks_in_fast_motion(tmp_path: Path) -> None:
    Authority.make(tmp_path)
    loaded = configured(tmp_path, ROW.format(host="r.example", port=443, bytes=65536))
    pace = Pace.of(loaded.config, time_scale=30)
    assert pace.pairs_looked_back_s == 2 * pace.transfer_s == 120
    transfers = Transfers(looked_back_s=pace.pairs_looked_back_s)
    transfers.add(target(), fine())
    assert "didban_transfer_ratio" in samples(transfers, 120_000)
    assert "didban_transfer_ratio" not in samples(transfers, 120_001)


@pytest.mark.parametrize(
    ("country", "role", "walked"), [("IR", "inside", 1), ("TR", "inside", 0), ("DE", "control", 0)]
)
def test_what_is_compared_with_home_is_walked_from_home_only(country: str, role: str, walked: int) -> None:
    service = Service("international", {}, "infrastructure", False, (target(**ELSEWHERE),))
    vantage = Vantage("v1", country, Role(role), Access.FIXED)
    assert sum(len(each.targets) for each in walked_by(vantage, [service], ())) == walked


def samples(transfers: Transfers, at_ms: int = 0) -> dict[str, float]:
    return {series.name: value for series, value in transfers.samples(target(), at_ms)}


def test_the_ratio_is_of_the_last_hour_and_one_slow_pair_beside_a_good_one_is_none() -> None:
    transfers = Transfers()
    transfers.add(target(), fine())
    transfers.add(target(), slow(HALF_HOUR_MS))
    assert samples(transfers, HALF_HOUR_MS) == {
        "didban_transfer_bytes_per_second": pytest.approx(1e4),
        "didban_transfer_ratio": pytest.approx(1),
    }
    assert samples(transfers, 3 * HALF_HOUR_MS)["didban_transfer_ratio"] == pytest.approx(5), "the good one is old now"
    assert "didban_transfer_ratio" not in samples(transfers, 4 * HALF_HOUR_MS)


def test_a_transfer_that_never_began_has_no_speed() -> None:
    transfers = Transfers()
    transfers.add(target(), fine())
    broken = structs.replace(
        fetch(5e4), steps=(structs.replace(fetch(5e4).last, step=Step.HANDSHAKE, failure=Failure.TIMEOUT),)
    )
    transfers.add(target(), Round("transfers/instagram", 2, Reason.DUE, 0, (broken,)))
    assert "didban_transfer_bytes_per_second" not in samples(transfers)


# ---------------------------------------------------------------- in the daemon


def configured(folder: Path, service: str) -> config.Loaded:
    (folder / "secret").write_bytes(b"k" * 32)
    (folder / "mine.yml").write_text(service)
    (folder / "didban.yml").write_text(f"""
vantage: {{id: v1, secret_file: secret, country: IR, access: mobile, role: inside}}
services: [./mine.yml]
dns: {{system: [127.0.0.1]}}
tls: {{ca_file: {folder}/ca.pem}}
timeout: 30s
""")
    loaded, mistakes = config.load(folder / "didban.yml")
    assert loaded is not None, mistakes
    return loaded


ROW = """service: transfers
title: {{en: T}}
category: throttling
targets:
  - {{id: instagram, kind: transfer, depth: web, hosts: [{host}], addresses: [127.0.0.1], ports: [{port}], source: test,
     options: {{path: /64k, bytes: "{bytes}", says: www.instagram.com}}}}
"""


def test_a_pair_every_half_hour_is_what_it_costs(tmp_path: Path) -> None:
    Authority.make(tmp_path)
    loaded = configured(tmp_path, ROW.format(host="r.example", port=443, bytes=65536))
    small = configured(tmp_path, ROW.format(host="r.example", port=443, bytes=16384))
    (row,) = loaded.services[0].targets
    assert Pace.of(loaded.config).period_s(row) == 1800
    assert Pace.of(loaded.config).period_s(replace(row, essential=True)) == 1800, "not once a minute, whatever it is"
    daily = bytes_per_day(loaded.config, loaded.services)
    assert 48 * 3 * 65_536 < daily < 48 * 3 * 80_000
    assert daily - bytes_per_day(small.config, small.services) == pytest.approx(48 * 3 * 49_152 * 1.06, rel=0.01)


def slowing(name: str, said: dict[object, str]) -> liars.Behaviour:
    """A server on a line that slows what says `name`: 20 KB in 150 ms, else in 10, also where the machine is busy."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n")
        for _ in range(5):
            writer.write(bytes(4_000))
            await writer.drain()
            await asyncio.sleep(0.03 if said.get(writer.get_extra_info("ssl_object")) == name else 0.002)

    return behave


@pytest.mark.parametrize("slowed", ["www.instagram.com", "nobody.example"])
async def test_a_name_that_is_slowed_is_found_within_eleven_pairs(tmp_path: Path, slowed: str) -> None:
    authority, said = Authority.make(tmp_path), dict[object, str]()
    context = authority.server("r.example")
    context.sni_callback = lambda tls, name, _: said.__setitem__(tls, name or "")
    spool = Spool(tmp_path / "state")
    await spool.open()
    async with liars.listening(slowing(slowed, said), context) as port, asyncio.TaskGroup() as tasks:
        loaded = configured(tmp_path, ROW.format(host="r.example", port=port, bytes=20000))
        engine = Engine.build(loaded, 30, spool, Crew(tasks.create_task))
        engine.rounds._pace = replace(engine.rounds._pace, pair_s=0.005)
        (errand,) = engine.rounds.errands
        await engine.rounds.walk(errand, 1)  # what it starts ends by itself, and with it the group
    stated = dict(engine.view.samples(engine.tools.clock.now_ms()))
    found = Series(metrics.TARGET_FINDING, ("transfers", "instagram", Finding.THROTTLED_BY_NAME)) in stated
    ratio = stated[Series(metrics.TRANSFER_RATIO, ("transfers", "instagram"))]
    kept = await spool.walks()
    await spool.close()
    assert found == (slowed == "www.instagram.com")
    assert (ratio >= 3) == found
    assert stated[Series(metrics.TARGET_UP, ("transfers", "instagram"))] == 1
    assert len(kept) == 33 if found else len(kept) % 3 == 0, "the neutral halves are kept as well"
    assert {walk.target for walk in kept} == {"transfers/instagram", "transfers/instagram.neutral"}
    heard = engine.rounds._comparisons.met.heard_s.keys()
    assert heard == {("127.0.0.1", "www.instagram.com"), ("127.0.0.1", "r.example")}, "whose address has heard what"
