"""A spool of ours through the rules: the hole in it is told as it would have been, when it would have been."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor import metrics
from monitor.__main__ import app
from monitor.metrics import Series, identity
from monitor.spool import Spool
from monitor.tick import Tick
from probes.facts import Vantage
from probes.words import Access, Role, Scope

MINUTE_MS = 60_000
BEGAN_MS = 1_700_000_000_000 // MINUTE_MS * MINUTE_MS
BOX = Vantage("v1", "IR", Role.INSIDE, Access.MOBILE, "AS197207")
GONE = range(60, 100)  # minutes without a tick


async def _filled(folder: Path) -> None:
    spool = Spool(folder)
    await spool.open()
    before: Tick | None = None
    for minute in range(150):
        if minute in GONE:
            continue
        at_ms = BEGAN_MS + minute * MINUTE_MS
        samples = {Series(metrics.HEARTBEAT, ()): at_ms / 1000}
        samples |= {Series(metrics.CONNECTIVITY, (scope,)): 1.0 for scope in Scope}
        before = Tick(at_ms, samples).after(before)
        await spool.add_tick(before, identity(BOX), {"hub": len(samples)})
    await spool.close()


@pytest.fixture
async def spool(tmp_path: Path) -> Path:
    await _filled(tmp_path)
    return tmp_path


async def test_a_hole_in_a_spool_is_told_while_it_lasts(spool: Path) -> None:
    done = CliRunner().invoke(app, ["backtest", str(spool), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    told = [(each["at"], row["alertname"]) for each in found["told"] for row in each["alerts"]]
    blind = [at for at, alert in told if alert == "DidbanBlind"]
    assert found["vantages"] == ["v1"]
    assert len(blind) == 1
    assert "2023-11-14T23:23:00Z" <= blind[0] <= "2023-11-14T23:27:00Z"  # ten minutes, and until it is sent


async def test_a_spool_beside_a_world_is_wrong_use(spool: Path) -> None:
    assert CliRunner().invoke(app, ["backtest", str(spool), "quiet-still"]).exit_code == 2


def test_a_file_that_is_no_spool_cannot_be_done(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"no database at all")
    assert CliRunner().invoke(app, ["backtest", str(tmp_path)]).exit_code == 3
