"""`python -m tests.soak`: as many walks as a box makes in a day of its default selection, every one of them hostile."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from pathlib import Path
from statistics import median

from tests.long import git
from tests.soak.day import walks_a_day
from tests.soak.picture import drawn
from tests.soak.run import SCALE, as_json, leaks, soak

RESULTS = Path(__file__).parents[2] / "results"
_MOST_S = 7_200.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--walks", type=int, default=walks_a_day(), help="instead of a day's")
    given = parser.parse_args()
    samples = soak(seconds=_MOST_S, walks=given.walks, every_s=2.0)
    found, last = leaks(samples), samples[-1]
    commit = git("rev-parse", "HEAD")
    at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    quarter = len(samples) // 4
    result = {
        "commit": commit, "date": at, "passed": not found and last.walks >= given.walks,
        "a_day_of_the_default_selection": walks_a_day(), "walks": last.walks, "took_s": round(last.at_s),
        "time_scale": SCALE, "missed": last.missed, "leaks": found,
        "memory_second_quarter_bytes": round(median(each.memory_bytes for each in samples[quarter : 2 * quarter])),
        "memory_last_quarter_bytes": round(median(each.memory_bytes for each in samples[-quarter:])),
        "most": {name: max(getattr(each, name) for each in samples) for name in ("memory_bytes", "descriptors", "tasks", "late_p99_s")},
        "samples": as_json(samples[:: max(1, len(samples) // 200)]),
    }  # fmt: skip
    (RESULTS / "soak.json").write_text(json.dumps(result, indent=1) + "\n")
    title = f"A day of hostile servers: {last.walks:,} walks in {last.at_s / 60:.0f} minutes"
    under = f"{at}, commit {commit[:9]}; the daemon at --time-scale {SCALE:.0f}, 136 targets, one of which behaves"
    (RESULTS / "soak.svg").write_text(drawn(samples, title, under))
    sys.stdout.write(json.dumps({key: value for key, value in result.items() if key != "samples"}, indent=1) + "\n")
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
