"""`didban explain` on a terminal, of a shutdown that is going on now: Prometheus and VictoriaMetrics are asked, and say the same."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from monitor.home.remotewrite import Labels
from tests.monitor.home.receivers import prometheus, victoria
from tests.monitor.hub.hubs import until
from tests.monitor.hub.late import MINUTE, Sample, write
from tests.monitor.hub.test_looking_lived import asked
from tests.monitor.told.past import past
from tests.rules.peace import dark, world

AT_ONCE = 200  # series


async def given(base: str, found: list[Sample]) -> None:
    """To a database, in pieces it takes; VictoriaMetrics is asked to show all of it at once."""
    by: dict[Labels, list[Sample]] = {}
    for each in found:
        by.setdefault(each[0], []).append(each)
    series = list(by.values())
    for first in range(0, len(series), AT_ONCE):
        await write(base, [sample for each in series[first : first + AT_ONCE] for sample in each])
    await asyncio.to_thread(_shown, base)


def _shown(base: str) -> None:
    with contextlib.suppress(urllib.error.HTTPError):  # Prometheus knows no such page, and needs none
        urllib.request.urlopen(f"{base}/internal/force_flush", timeout=10).close()


def explained(base: str, *more: str) -> str:
    """As it stands on a terminal of 80 columns, wherever it is typed."""
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "explain", *more, "--query", base],
        capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "80"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    return done.stdout


@pytest.mark.parametrize(
    "database",
    [pytest.param(prometheus, id="prometheus"), pytest.param(victoria, id="victoria-metrics", marks=pytest.mark.long)],
)
async def test_who_asks_for_a_service_in_mid_shutdown_reads_of_the_shutdown_first(
    database: Callable[[Path], AbstractContextManager[str]], tmp_path: Path
) -> None:
    now_ms = int(time.time()) // 60 * MINUTE
    with database(tmp_path / "database") as base:
        await given(base, past(dark(world(), "m1", "m2"), 34, now_ms))
        await until(lambda: asked(base, 'ALERTS{alertname="NetworkShutdown"}'), 30)
        said = explained(base, "IR/AS197207/whatsapp")
        earlier = explained(base, "IR/AS197207", "--at", "20m")
    words = " ".join(said.split())
    first, blocked, _ = (
        words.index(each) for each in ("NetworkShutdown fires as page", "ServiceBlocked does", "Do not")
    )
    assert first < blocked
    assert "all of them are cut off" in words
    assert "two lines say so" in words
    assert "silent landmarks" not in words, "how else it might have begun is not what is read at night"
    assert "m2 AS197207 cut_off 0% yes" in words
    assert "NetworkShutdown does not fire" in " ".join(earlier.split()), "then all was well"
