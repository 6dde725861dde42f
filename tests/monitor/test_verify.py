"""`didban verify` beside real receivers: what they lost is found, series by series, and sent again as it was."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from monitor import metrics
from monitor.metrics import Series, identity
from monitor.spool import Spool
from monitor.tick import Tick
from probes.facts import Vantage
from probes.words import Access, Role
from tests.monitor import local, receivers

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

    async def owe_all(self) -> None:
        await self._on_spool(lambda db: db.execute("INSERT INTO owed SELECT 'hub', at_ms, 21 FROM ticks").close())

    async def _on_spool(self, action: object) -> None:
        spool = Spool(self.storage)
        await spool.open()
        await spool.bite(action, None)  # type: ignore[arg-type]
        await spool.close()

    async def didban(self, *words: str) -> tuple[int, str]:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor", *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await child.communicate()
        return child.returncode or 0, said.decode()

    async def verify(self, *more: str) -> tuple[int, str]:
        return await self.didban("verify", f"--config.file={self.vantage.config}", *more)


@pytest.fixture
async def box(tmp_path: Path) -> Box:
    made = Box(tmp_path)
    await made.fill()
    return made


def row(said: str) -> list[int]:
    """Hours, series, samples, missing, different."""
    line = next(line for line in said.splitlines() if line.startswith("hub "))
    return [int(cell.replace(",", "")) for cell in line.split()[1:]]


SAMPLES = MINUTES * 21 - 6


@pytest.mark.parametrize("receiver", ["prometheus", "victoria"])
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
            _shown(base)
            code, said = await box.verify()
            assert (code, row(said)[1:]) == (1, [21, SAMPLES, 10, 0]), said
            assert 'missing: 10 of didban_target_up{service="imo",target="t5"}' in said
            between.loses = lambda labels, at_ms: False
            code, said = await box.verify("--resend")
            assert "10 ticks are sent again" in said
            _shown(base)
            code, said = await box.verify()
            assert (code, row(said)[1:]) == (0, [21, SAMPLES, 0, 0]), said
            assert "all of it is there" in said


def _shown(base: str) -> None:
    """VictoriaMetrics shows what it took within a second or two."""
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"{base}/internal/force_flush", timeout=5).close()
