"""`didban verify` beside real receivers: what they lost is found, series by series, and sent again as it was."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner

from monitor import metrics
from monitor.__main__ import app
from monitor.keeping import seal
from monitor.keeping.pieces import HOUR_MS
from monitor.keeping.sealer import Sealer
from monitor.metrics import Series, identity
from monitor.spool import Spool
from monitor.tick import Tick
from probes.facts import Vantage
from probes.words import Access, Role
from tests.monitor import local
from tests.monitor.home import receivers
from tests.probes.liars import closed_port

BOX = Vantage("v1", "DE", Role.CONTROL, Access.DATACENTER, "AS1")
UP = [Series(metrics.TARGET_UP, ("imo", f"t{number}")) for number in range(20)]
TOOK = Series(metrics.STEP_DURATION, ("imo", "t1", "connect"))
INNER = Series(metrics.TARGET_CUSUM, ("imo", "t1"))  # never shipped
MINUTE_MS = 60_000
MINUTES = 180


class Box:
    """A spool of three hours, all of it owed, and its configuration."""

    def __init__(self, folder: Path) -> None:
        self.vantage = local.Vantage(folder, 1)
        self.folder, self.storage = folder, folder / "state"
        self.until_ms = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS - 10 * MINUTE_MS
        self.times = [self.until_ms - (MINUTES - number) * MINUTE_MS for number in range(MINUTES)]

    def ships_to(self, write: str, query: str | None, more: str = "") -> None:
        asked = f", query: '{query}'" if query else ""
        self.vantage.write(extra=f"ship: [{{name: hub, remote_write: '{write}/api/v1/write'{asked}{more}}}]\n")

    @property
    def hours(self) -> int:
        return len({at_ms // HOUR_MS for at_ms in self.times})

    async def fill(self) -> None:
        spool = Spool(self.storage)
        await spool.open()
        before: Tick | None = None
        for number, at_ms in enumerate(self.times):
            values = {each: float((number + place) % 2) for place, each in enumerate(UP)}
            values |= {TOOK: 1 / (number + 3), INNER: 0.5}
            if number % 30 == 7:
                values.pop(UP[3])
            tick = Tick(at_ms, values).after(before)
            before = tick
            home = tick.home()
            await spool.add_tick(tick, identity(BOX), {"hub": len(home.samples) + len(home.ended)})
        await spool.close()

    async def owe_nothing(self) -> None:
        """As if all of it had been acknowledged."""
        await self._on_spool(lambda db: db.execute("DELETE FROM owed").close())

    async def seal(self, key: str) -> None:
        spool = Spool(self.storage)
        await spool.open()
        await Sealer(spool).seal(self.until_ms + HOUR_MS, key)
        await spool.close()

    async def _on_spool(self, action: Callable[[sqlite3.Connection], None]) -> None:
        spool = Spool(self.storage)
        await spool.open()
        await spool.bite(action, None)
        await spool.close()

    async def didban(self, *words: str) -> tuple[int, str]:
        """In a thread, with a loop of its own: a process for each would take a second to begin."""
        done = await asyncio.to_thread(CliRunner().invoke, app, list(words))
        return done.exit_code, done.output

    @contextlib.asynccontextmanager
    async def hub(self, base: str, write: str | None = None) -> AsyncIterator[str]:
        """A hub before a database, with this box and another one enrolled; its address.

        `write`: where it forwards to, if that is not the database itself.
        """
        at, port = self.folder / "hub", closed_port()
        (at / "credentials").mkdir(parents=True)
        for vantage in ("v1", "v2"):
            hashed = hashlib.sha256(f"secret of {vantage}".encode()).hexdigest()
            (at / "credentials" / vantage).write_text(hashed)
        (at / "registry.yml").write_text(_REGISTRY)
        (at / "hub.yml").write_text(
            f"listen: 127.0.0.1:{port}\nforward: {{remote_write: '{write or base}/api/v1/write', query: '{base}'}}\n"
        )
        (self.folder / "hub.password").write_text("secret of v1\n")
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor", "hub", f"--config.file={at}/hub.yml", "--log.level=error")
        )
        url = f"http://127.0.0.1:{port}"
        async with asyncio.timeout(20):
            while (await asked(f"{url}/-/healthy", "v1"))[0] != 200:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        try:
            yield url
        finally:
            child.kill()
            await child.wait()

    async def comes_to(self, code: int, numbers: list[int]) -> str:
        """Verifies until it says these series, samples, missing and different: a receiver takes its time to show."""
        async with asyncio.timeout(30):
            while True:
                found, said = await self.verify()
                if (found, row(said)[1:]) == (code, numbers):
                    return said
                await asyncio.sleep(0.2)

    async def verify(self, *more: str) -> tuple[int, str]:
        return await self.didban("verify", f"--config.file={self.vantage.config}", *more)


@pytest.fixture
async def box(tmp_path: Path) -> Box:
    made = Box(tmp_path)
    await made.fill()
    return made


_REGISTRY = """\
vantages:
  - {id: v1, country: DE, network: AS1, access: datacenter, role: control}
  - {id: v2, country: DE, network: AS2, access: datacenter, role: control}
"""


async def asked(url: str, who: str, **params: object) -> tuple[int, bytes]:
    given = base64.b64encode(f"{who}:secret of {who}".encode()).decode()
    texts = {key: str(value) for key, value in params.items()}
    try:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Basic {given}"}) as session,
            session.get(url, params=texts) as answer,
        ):
            return answer.status, await answer.read()
    except aiohttp.ClientConnectionError:
        return 0, b""


def row(said: str) -> list[int]:
    """Hours, series, samples, missing, different."""
    line = next(line for line in said.splitlines() if line.startswith("hub "))
    return [int(cell.replace(",", "")) for cell in line.split()[1:]]


SAMPLES = MINUTES * 21 - 6


@pytest.mark.parametrize("receiver", ["prometheus", pytest.param("victoria", marks=pytest.mark.long)])
async def test_what_a_receiver_lost_is_found_and_mended(box: Box, receiver: str, tmp_path: Path) -> None:
    live = {"prometheus": receivers.prometheus, "victoria": receivers.victoria}[receiver]
    bad = range(20, 30)
    with live(tmp_path / receiver) as base:
        async with receivers.forwarding(base) as between:
            between.loses = lambda labels, at_ms: (
                dict(labels).get("target") == "t5" and at_ms in {box.times[place] for place in bad}
            )
            box.ships_to(f"http://127.0.0.1:{between.port}", base)
            await box.owe_nothing()  # nothing was sent yet: all is missing
            code, said = await box.verify()
            assert (code, row(said)[2:]) == (1, [SAMPLES, SAMPLES, 0]), said
            code, said = await box.verify("--resend")
            assert between.lost == 10
            said = await box.comes_to(1, [21, SAMPLES, 10, 0])
            assert 'missing: 10 of didban_target_up{service="imo",target="t5"}' in said
            between.loses = lambda labels, at_ms: False
            code, said = await box.verify("--resend")
            assert "10 ticks are sent again" in said
            said = await box.comes_to(0, [21, SAMPLES, 0, 0])
            assert "all of it is there" in said


async def test_by_a_hub_a_box_hears_of_itself_alone_and_in_few_bytes(box: Box, tmp_path: Path) -> None:
    with receivers.victoria(tmp_path / "vm") as base:
        async with box.hub(base) as hub:
            box.ships_to(hub, None, ", basic_auth: {username: v1, password_file: hub.password}")
            await box.owe_nothing()
            _, said = await box.verify("--resend")
            assert f"{MINUTES} ticks are sent again" in said
            said = await box.comes_to(0, [21, SAMPLES, 0, 0])
            assert row(said)[0] == box.hours
            receivers.forget(base, '{target="t5"}')
            said = await box.comes_to(1, [21, SAMPLES, MINUTES, 0])
            assert f'missing: {MINUTES} of didban_target_up{{service="imo",target="t5"}}' in said
            await box.verify("--resend")
            await box.comes_to(0, [21, SAMPLES, 0, 0])

            route, day = f"{hub}/api/v1/held", {"from": box.until_ms - 24 * HOUR_MS, "until": box.until_ms}
            status, body = await asked(route, "v1", **day)
            assert (status, len(json.loads(body)["series"])) == (200, 21)
            assert len(body) < 21 * 50
            status, body = await asked(route, "v2", **day, vantage="v1")
            assert (status, json.loads(body)) == (200, {"series": {}, "waiting": 0}), "who asks, the credential says"
            assert (await asked(route, "v3", **day))[0] == 401
            for wrong in (
                {"from": box.until_ms - 25 * HOUR_MS, "until": box.until_ms},
                {"from": box.until_ms, "until": box.until_ms},
                {"from": "x", "until": box.until_ms},
                {**day, "samples": 1},
                {**day, "samples": 1, "series": "ab"},
                {**day, "series": ",".join(map(str, range(51)))},
            ):
                assert (await asked(route, "v1", **wrong))[0] == 400
            statuses = [(await asked(route, "v1", **day))[0] for _ in range(60)]
            assert statuses[-1] == 429, "a captured box cannot keep the database busy"
            assert (await asked(route, "v2", **day))[0] == 200, "nor the others waiting"


async def test_what_the_hub_has_taken_and_the_database_has_not_is_said(box: Box, tmp_path: Path) -> None:
    with receivers.prometheus(tmp_path / "prometheus") as base:
        async with receivers.forwarding(base) as between, box.hub(base, f"http://127.0.0.1:{between.port}") as hub:
            between.busy = True
            box.ships_to(hub, None, ", basic_auth: {username: v1, password_file: hub.password}")
            await box.owe_nothing()
            await box.verify("--resend")
            said = await box.comes_to(1, [21, SAMPLES, SAMPLES, 0])
            assert "taken, and not yet in the database" in said
            between.busy = False
            said = await box.comes_to(0, [21, SAMPLES, 0, 0])
            assert "not yet in the database" not in said


async def test_beside_a_daemon_what_is_owed_again_goes_by_itself(box: Box, tmp_path: Path) -> None:
    with receivers.prometheus(tmp_path / "prometheus") as base:
        box.ships_to(base, base)
        await box.owe_nothing()
        box.vantage.start()
        try:
            code, said = await box.verify("--resend")
            assert f"{MINUTES} ticks are owed again; the daemon at work sends them within minutes" in said
            assert code == 1, "nothing is proven yet"
            await box.comes_to(0, [21, SAMPLES, 0, 0])
        finally:
            box.vantage.stop()


async def test_a_hub_compares_a_copy_with_its_database_sealed_hours_too(box: Box, tmp_path: Path) -> None:
    private = seal.new_key()
    with receivers.prometheus(tmp_path / "prometheus") as base:
        async with receivers.forwarding(base) as between, box.hub(base):
            between.loses = lambda labels, at_ms: dict(labels).get("target") == "t7" and at_ms == box.times[5]
            box.ships_to(f"http://127.0.0.1:{between.port}", base)
            await box.owe_nothing()
            await box.verify("--resend")
            await box.seal(seal.public_of(private))
            code, said = await box.verify()
            assert code == 0
            assert f"sealed, and so not comparable here: {box.hours} hours" in said
            assert "all of it is there" not in said, "nothing was compared"
            at = [f"--config.file={tmp_path}/hub/hub.yml", str(box.storage)]
            code, said = await box.didban("verify", *at)
            assert (code, "all of it is sealed" in said) == (2, True)
            (tmp_path / "hub" / "seal.key").write_text(private)
            code, said = await box.didban("verify", *at)
            assert code == 1
            assert 'missing: 1 of didban_target_up{service="imo",target="t7"}' in said


async def test_where_nobody_answers_nothing_is_proven(box: Box) -> None:
    nobody = f"http://127.0.0.1:{closed_port()}"
    await box.owe_nothing()
    for write, query in ((nobody, nobody), (nobody, None)):
        box.ships_to(write, query)
        code, said = await box.verify()
        assert (code, row(said)[2:]) == (3, [0, 0, 0])
        assert "not all could be asked for: no way there: connection refused" in said


async def test_what_is_owed_or_set_aside_is_not_asked_for_and_said(box: Box, tmp_path: Path) -> None:
    aside = "INSERT INTO aside VALUES ('hub', ?, ?, 'too_old')"
    await box._on_spool(lambda db: db.execute(aside, (box.times[0], 0)).close())
    await box._on_spool(lambda db: db.execute(aside, (box.times[1], 1)).close())
    settled = (box.times[0], box.times[1])
    await box._on_spool(lambda db: db.execute("DELETE FROM owed WHERE at_ms IN (?, ?)", settled).close())
    with receivers.prometheus(tmp_path / "prometheus") as base:
        box.ships_to(base, base)
        code, said = await box.verify()
        assert (code, row(said)) == (1, [1, 20, 20, 20, 0]), said
        assert f"still on their way: {MINUTES - 2} ticks" in said
        assert "set aside: 22 samples too_old" in said


async def test_what_is_asked_wrongly_is_said_in_a_line(box: Box, tmp_path: Path) -> None:
    assert await box.verify() == (2, "didban: nothing is shipped: there is no `ship`\n")
    box.ships_to("http://127.0.0.1:1", None)
    assert await box.verify("--destination=other") == (2, "didban: other: no such destination\n")
    assert (await box.verify("--since=never"))[0] == 2
    assert (await box.verify(str(tmp_path)))[0] == 2
