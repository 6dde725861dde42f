"""How many walks a box makes in 24 hours of what `didban init` chooses for it, when all is well."""

from __future__ import annotations

import tempfile
from pathlib import Path

from monitor import config
from monitor.beat.errands import errands, walked_by
from monitor.begin.init import Answers, write
from monitor.pace import Pace
from probes.words import Access, Role

DAY_S = 86_400.0


def walks_a_day(role: Role = Role.INSIDE, access: Access = Access.FIXED, country: str = "IR") -> int:
    """Rounds of each errand, times the targets and endpoints a round walks; comparisons and repeats come on top."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "didban.yml"
        write(file, Answers(role, country, access, "AS197207"), storage="state", today="2026-11-21")
        loaded, mistakes = config.load(file)
    assert loaded is not None, mistakes
    pace, made = Pace.of(loaded.config), loaded.config
    todo = errands(walked_by(made.as_vantage(), loaded.services, ["192.0.2.53"]), pace)
    return round(sum(each.a_round * max(t.sample for t in each.targets) * DAY_S / each.period_s for each in todo))
