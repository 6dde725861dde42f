"""A command loads what it needs, and no more: a board starts in a blink, and its daemon keeps nothing it never uses."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from monitor.__main__ import ROOMS

_CLI = Path(__file__).parents[2] / "monitor" / "cli"
_GROUPS = {"fleet": "hub", "renewal": "catalogue"}  # a room whose commands are words behind one word
_NEVER_IN_A_DAEMON = {
    *("rich", "pygments", "ruamel", "numpy", "promql_parser", "segno", "rfc3161_client", "jdatetime"),
    *("aioquic", "dashboards.status.page", "monitor.hub", "monitor.cli.check"),
}


def loaded_by(statement: str) -> set[str]:
    """The names of every module and package that a fresh process has after it."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("path", sorted(_CLI.glob("*.py")), ids=lambda path: path.stem)
def test_every_command_stands_in_the_table(path: Path) -> None:
    app = getattr(importlib.import_module(f"monitor.cli.{path.stem}"), "app", None)
    if app is None:
        return
    group = typer.main.get_group(app)
    if path.stem in _GROUPS:
        assert [name for name, room in ROOMS.items() if room == path.stem] == [_GROUPS[path.stem]]
        return
    assert [name for name, room in ROOMS.items() if room == path.stem] == list(group.commands)


def test_a_version_is_said_without_a_daemon() -> None:
    loaded = loaded_by("import monitor.__main__")
    assert not loaded & {"aiohttp", "pydantic", "yaml", "rich", "asyncio"}


def test_a_file_is_checked_without_a_daemon() -> None:
    assert not loaded_by("import monitor.cli.check") & {"aiohttp", "sqlite3", "rich", "numpy", "monitor.daemon"}


def test_a_daemon_keeps_nothing_it_never_uses() -> None:
    assert not loaded_by("import monitor.__main__, monitor.cli.run") & _NEVER_IN_A_DAEMON


@pytest.mark.parametrize("command", ["run", "hub"])
def test_a_hangup_while_it_begins_ends_no_daemon(command: str, tmp_path: Path) -> None:
    """It asks for what is being read anyway. A pipe for a file holds up the reading until it has come."""
    file = tmp_path / "didban.yml"
    os.mkfifo(file)
    words = [sys.executable, "-m", "monitor", command, f"--config.file={file}"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        with file.open("w") as said:  # returns once it reads
            process.send_signal(signal.SIGHUP)
            said.write("nonsense: here\n")
        _, told = process.communicate(timeout=30)
    assert process.returncode == 1, told
    assert "nonsense" in told
