"""`make long`: the full counts, gathered into results/long.json with the commit they speak for.

Every part is pytest; a test marked `long` notes its figures with the `figure` fixture. The file is written in the end,
also when something failed: then it says so.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "long.json"
CODE = ("probes", "monitor", "dashboards", "deploy")  # what the figures speak for
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
_INSIDE = (sys.executable, "-m", "tests.lab.enter")


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    command: tuple[str, ...]


PARTS = (
    Part("parsers, schedule, judge and gateway: 5,000 examples a property",
         (*_PYTEST, "-m", "hypothesis", "--hypothesis-profile=long", "-n", "2", "tests")),
    Part("kills, reloads, random worlds, simulated weeks",
         (*_PYTEST, "-m", "long and not lab and not evening", "-n", "2", "tests")),
    Part("every world of the rules, lived by promtool too",
         (*_PYTEST, "-m", "not long", "-n", "2", "tests/rules")),
    Part("every lie, what the laboratory shows, and every page of the docs",
         (*_INSIDE, *_PYTEST, "-m", "lab", "tests/lab", "tests/docs")),
    Part("the evening, and the two hours after it",
         (*_INSIDE, *_PYTEST, "-m", "evening and long", "tests/lab")),
)  # fmt: skip


def main() -> int:
    began_s, commit = time.monotonic(), git("rev-parse", "HEAD")
    clean = not git("status", "--porcelain", "--", *CODE)
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.jsonl"
        figures.touch()
        parts = [_run(part, figures) for part in PARTS]
        lines = [json.loads(line) for line in figures.read_text().splitlines()]
    result = {
        "commit": commit,
        "clean": clean,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "took_s": round(time.monotonic() - began_s),
        "passed": all(part["passed"] for part in parts),
        "parts": parts,
        "figures": dict(_gathered(lines)),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    sys.stdout.write(RESULTS.read_text())
    return 0 if result["passed"] else 1


def _run(part: Part, figures: Path) -> dict[str, Any]:
    sys.stdout.write(f"-- {part.name}\n")
    sys.stdout.flush()
    began_s = time.monotonic()
    environment = {**os.environ, "DIDBAN_FIGURES": str(figures)}
    done = subprocess.run(part.command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(done.stdout)
    said = done.stdout.strip().splitlines() or ["nothing was said"]
    return {
        "name": part.name,
        "passed": done.returncode == 0,
        "said": said[-1].strip("= "),
        "took_s": round(time.monotonic() - began_s),
    }


def _gathered(lines: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    for line in lines:
        yield f"{line['test']}: {line['name']}", line["value"]


def git(*arguments: str) -> str:
    """What git says of this checkout, whoever owns it."""
    command = ["git", "-c", "safe.directory=*", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
