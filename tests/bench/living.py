"""CPU of two hours of our rules lived through, beside promtool: 12 vantages, 310 series, one sample a minute.

promtool's hours grow with what its longest windows hold, so that longer worlds say more for ours than this does.
What is not comparable: promtool evaluates every group at every step (15 s), the slow ones too, and writes what it
works out into a database; ours can do the same ("all groups at 15 s"), or follow the files' own intervals, which is
what a backtest does. promtool's start and its reading of files are in its figure, ours are not.
"""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from monitor.promql import reading
from monitor.promql.evaluation import Evaluation
from tests.bench.far_end import Ports
from tests.bench.figures import Figure, Missing
from tests.rules import lived
from tests.rules.test_random_worlds import fleet
from tests.rules.world import RULES, World

_MINUTES = 120
_PEER = "promtool 2.42"


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """CPU seconds per simulated hour."""
    if shutil.which("promtool") is None:
        raise Missing("promtool (prometheus)")
    world = fleet(random.Random(1), _MINUTES).quiet(_MINUTES - 1)
    theirs_s = _promtool_s(world)
    groups = reading.shipped(RULES)
    return [
        Figure("an hour of rules, own intervals", _ours_s(world, groups), "s CPU", _PEER, theirs_s),
        Figure(
            "an hour of rules, all groups at 15 s",
            _ours_s(world, [g.every(15) for g in groups]),
            "s CPU",
            _PEER,
            theirs_s,
        ),
    ]


def _ours_s(world: World, groups: list[reading.Group]) -> float:
    looking = Evaluation(groups, since_ms=0)
    for each in world.told_in():
        lived.take(looking, each)
    began_s = time.process_time()
    assert sum(1 for _ in looking.until(_MINUTES * 60_000)) > 0
    return time.process_time() - began_s


def _promtool_s(world: World) -> float:
    with tempfile.TemporaryDirectory() as folder:
        world.write(Path(folder), "15s")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["promtool", "test", "rules", "world.yml"], cwd=folder, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
