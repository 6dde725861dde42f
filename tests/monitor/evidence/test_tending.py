"""A daemon closes its hours and has its heads stamped, whatever it missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from monitor.begin import init
from monitor.config import Loaded, load
from monitor.engine import Crew, Engine
from monitor.evidence.proof.commitments import Link
from monitor.evidence.tending import Tending
from monitor.keeping import chain
from monitor.keeping.upkeep import Upkeep
from monitor.spool import Spool
from probes.words import Access, Role
from tests.monitor.evidence.authority import Authority
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS
from tests.monitor.facts import rounds, walk

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "honest")


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    opened = Spool(tmp_path / "spool")
    await opened.open()
    yield opened
    await opened.close()


def loaded(tmp_path: Path, authority: Authority, *urls: str) -> Loaded:
    (tmp_path / "secret").write_bytes(bytes(32))
    (tmp_path / "didban.yml").write_text(
        "vantage: {id: v1, secret_file: secret, country: IR, network: AS197207, access: mobile, role: inside,"
        " cohort: k2}\n"
        f"evidence: {{timestamp: {list(urls)}, ca_file: {authority.root}}}\n"
    )
    found, mistakes = load(tmp_path / "didban.yml")
    assert found is not None, mistakes
    return found


async def links(spool: Spool) -> list[tuple[int, ...]]:
    nothing: list[Link] = []
    found = await spool.bite(lambda db: list(chain.links(db, 0, 2**62)), nothing)
    return [link.ids for link in found]


async def stamps(spool: Spool) -> list[tuple[int, int]]:
    """Day, and how many stamps its head has."""
    return await spool.bite(lambda db: [(day, len(chain.stamps(db, head))) for day, head in chain.heads(db, 10**6)], [])


class Spent:
    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, sent: int, received: int) -> None:
        self.bytes += sent + received


async def test_what_was_missed_is_closed_and_days_that_are_over_are_stamped(
    spool: Spool, tmp_path: Path, authority: Authority
) -> None:
    spent = Spent()
    tending = Tending(spool, spent)
    for day in range(3):
        await spool.add(rounds(walk(started_ms=NOON_MS + day * DAY_MS), walk(started_ms=NOON_MS + day * DAY_MS + 1)))
    now_ms = NOON_MS + 2 * DAY_MS + 30 * MINUTE_MS
    async with authority.open() as url:
        found = loaded(tmp_path, authority, url)
        await tending.tend(found, now_ms=now_ms, before_ms=0, patience_s=5)
        assert await links(spool) == [(1, 2), (3, 4)], "the hour that runs is not closed"
        first = NOON_MS // DAY_MS
        assert await stamps(spool) == [(first, 1), (first + 1, 1)]
        asked = len(authority.questions)
        await tending.tend(found, now_ms=now_ms, before_ms=0, patience_s=5)
        assert len(authority.questions) == asked, "nobody is asked twice"
    assert spent.bytes > 4000
    assert await spool.recall("vantage") == {
        "vantage": "v1", "country": "IR", "network": "AS197207", "access": "mobile", "role": "inside", "cohort": "k2",
    }  # fmt: skip


async def test_while_nobody_answers_the_chain_goes_on_and_they_are_asked_again(
    spool: Spool, tmp_path: Path, authority: Authority
) -> None:
    tending = Tending(spool, Spent())
    await spool.add(rounds(walk(started_ms=NOON_MS)))
    now_ms = NOON_MS + DAY_MS
    async with authority.open() as url:
        pass
    await tending.tend(loaded(tmp_path, authority, url), now_ms=now_ms, before_ms=0, patience_s=1)
    assert await stamps(spool) == [(NOON_MS // DAY_MS, 0)]
    async with authority.open() as url:
        await tending.tend(loaded(tmp_path, authority, url), now_ms=now_ms, before_ms=0, patience_s=5)
    assert await stamps(spool) == [(NOON_MS // DAY_MS, 1)]


async def test_commitments_to_what_is_too_old_go_and_its_head_stays(
    spool: Spool, tmp_path: Path, authority: Authority
) -> None:
    tending = Tending(spool, Spent())
    for day in range(3):
        await spool.add(rounds(walk(started_ms=NOON_MS + day * DAY_MS)))
    await tending.tend(
        loaded(tmp_path, authority), now_ms=NOON_MS + 9 * DAY_MS, before_ms=NOON_MS + DAY_MS, patience_s=1
    )
    assert await links(spool) == [(2,), (3,)]
    assert len(await stamps(spool)) == 3


async def test_the_daemons_upkeep_tends_it(spool: Spool, tmp_path: Path, authority: Authority) -> None:
    await spool.add(rounds(walk(started_ms=NOON_MS)))
    found = loaded(tmp_path, authority)
    engine = Engine.build(found, 6000, spool, Crew(asyncio.create_task))
    upkeep = Upkeep(spool, lambda: engine, never)
    work = asyncio.create_task(upkeep.tidy())
    async with asyncio.timeout(10):
        while not work.done() and not await stamps(spool):  # its walk is too old for this pace, and soon let go
            pass
    assert not work.done() or work.result() is None
    work.cancel()
    assert await stamps(spool) == [(NOON_MS // DAY_MS, 0)]


async def never() -> None:
    raise AssertionError("nothing was outlived")


@pytest.mark.parametrize(
    ("evidence", "mistake"),
    [
        ("{timestamp: ['ftp://tsa.example']}", "must be an http:// or https:// address"),
        ("{timestamp: ['https://me:word@tsa.example']}", "must hold no password"),
        ("{ca_file: gone.pem}", "gone.pem: no such file"),
        ("{ca_file: secret}", "there is no certificate in it"),
    ],
)
def test_a_mistake_in_it_is_said(tmp_path: Path, evidence: str, mistake: str) -> None:
    (tmp_path / "secret").write_bytes(bytes(32))
    (tmp_path / "didban.yml").write_text(
        f"vantage: {{id: v1, secret_file: secret, country: IR, access: mobile, role: inside}}\nevidence: {evidence}\n"
    )
    found, mistakes = load(tmp_path / "didban.yml")
    assert found is None
    assert mistake in str(mistakes[0])
    assert ":2: evidence" in str(mistakes[0])


@pytest.mark.parametrize("role", Role)
def test_what_init_writes_asks_nobody_and_says_how(tmp_path: Path, role: Role) -> None:
    """Also where the lines are taken up as they stand."""
    out = tmp_path / "didban.yml"
    init.write(out, init.Answers(role, "IR", Access.FIXED), storage=str(tmp_path), today="2026-11-22")
    found, mistakes = load(out)
    assert found is not None, mistakes
    assert found.config.evidence.timestamp == ()
    text = out.read_text()
    start = text.index("# evidence:")
    stretch = text[start : text.index("\n\n", start)]
    out.write_text(text.replace(stretch, "\n".join(line.removeprefix("# ") for line in stretch.splitlines())))
    (tmp_path / "tsa-roots.pem").write_bytes(_ROOTS)
    found, mistakes = load(out)
    assert found is not None, mistakes
    assert len(found.config.evidence.timestamp) == 2
    assert bool(found.config.evidence.ways) is (role is Role.INSIDE)


_ROOTS = trustme.CA().cert_pem.bytes()
