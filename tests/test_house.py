"""The house stands as drawn: who imports whom, what lies where, how large a room may grow."""

from __future__ import annotations

import ast
import datetime
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import long

ROOT = Path(__file__).parent.parent
PACKAGES = ("probes", "monitor", "dashboards")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_every_import_contract_is_kept() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_broken_contract_would_be_seen(tmp_path: Path) -> None:
    """The check above can fail: a judge that imports aiohttp is found."""
    for package in PACKAGES:
        (tmp_path / package).symlink_to(ROOT / package)
    (tmp_path / "monitor").unlink()
    shutil.copytree(ROOT / "monitor", tmp_path / "monitor")
    (tmp_path / "monitor" / "judge.py").write_text("import aiohttp\n")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([lint, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "monitor.judge is not allowed to import aiohttp" in done.stdout


@pytest.mark.parametrize("name", ["pyproject.toml", "Makefile", "README.md", "DECISIONS.md", "CHANGELOG.md", "LICENSE"])
def test_the_front_door_is_where_everybody_looks(name: str) -> None:
    assert (ROOT / name).stat().st_size > 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_stays_small_enough_to_hold(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300, "a file that outgrew one idea"
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module says in one plain sentence what it is"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, f"{node.name} is too long to hold"


def test_only_the_roots_own_a_task_group() -> None:
    """One task tree: a TaskGroup stands at the root of the daemon, of the hub, of a simulated world, and nowhere else."""
    owners = {str(path.relative_to(ROOT)) for path in SOURCES if "asyncio.TaskGroup(" in path.read_text()}
    assert owners <= {"monitor/daemon.py", "monitor/hub/daemon.py", "monitor/backtest/lived/living.py"}


def test_nobody_catches_everything() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else "everything"
                assert caught not in ("everything", "Exception"), f"{path}: {caught}"


def test_the_full_counts_speak_for_this_code() -> None:
    """`make long` passed, and no code is more than 14 days younger than what it counted."""
    counted = json.loads(long.RESULTS.read_text())
    assert counted["passed"], [part for part in counted["parts"] if not part["passed"]]
    assert counted["figures"], "a count without a figure counted nothing"
    changed = long.git("log", "-1", "--format=%cI", "--", *long.CODE)
    younger = datetime.datetime.fromisoformat(changed) - datetime.datetime.fromisoformat(counted["date"])
    assert younger <= datetime.timedelta(days=14), "run `make long`, and commit what it writes"
