"""What a command says where nobody reads, nobody can be asked, or the terminal knows no Persian."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_DIDBAN = f"{sys.executable} -m monitor"
_INIT = f"{_DIDBAN} init --role control --country FI --access fixed --i-understand"


def shell(line: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, check=False, timeout=30, cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(_ROOT), **env},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"{_INIT} <&-", 0),
        (f"{_DIDBAN} init --role inside <&-", 2),
        (f"{_INIT} >&-", 0),
        (f"{_DIDBAN} check-config gone.yml 2>&-", 1),
        (f"{_DIDBAN} judge gone.json <&- >&- 2>&-", 3),
    ],
)
def test_a_closed_stream_changes_no_answer(tmp_path: Path, line: str, code: int) -> None:
    done = shell(line, tmp_path)
    assert done.returncode == code, done.stderr
    assert "internal error" not in done.stderr


def test_a_reader_who_leaves_is_no_no(tmp_path: Path) -> None:
    """1 would say that the file is wrong."""
    assert shell(_INIT, tmp_path).returncode == 0
    done = shell(f"({_DIDBAN} check-config didban.yml; echo $? >&2) | true", tmp_path)
    assert done.stderr == "3\n"


def test_what_a_terminal_cannot_show_is_shown_otherwise(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("سرویس: x\n", encoding="utf-8")
    done = shell(f"{_DIDBAN} check-config x.yml", tmp_path, PYTHONIOENCODING="latin-1")
    assert done.returncode == 1
    assert "x.yml:1: \\u0633\\u0631" in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            "export --sealed --since 1d --format csv --out x --storage.path My/Box",
            "didban: My/Box/spool.db: no spool is there: no daemon has walked yet, or its storage is elsewhere",
        ),
        ("report --country IR --since 1d --public --out x --from MyExport", "didban: MyExport: no such folder"),
    ],
)
def test_a_file_is_named_as_it_is_spelt(tmp_path: Path, command: str, line: str) -> None:
    done = shell(f"{_DIDBAN} {command}", tmp_path)
    assert (done.returncode, done.stderr) == (3, f"{line}\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("rules --out x --time-scale 31", "must be less than or equal to 30"),
        ("rules --out x --time-scale many", "must be a valid number"),
        ("init --role outside", "'--role': 'outside' is not one of 'inside', 'control'."),
        ("rules --out x --url nonsense", "'--url': must be an http:// or https:// address"),
        (
            "rules --out x --dashboard-url http://grafana.example",
            "'--dashboard-url': must be https: a password would cross in clear",
        ),
        (
            "report --country IR --since 1d --out x --public --query x",
            "'--query': must be an http:// or https:// address",
        ),
        ("explain IR --query http://me:secret@127.0.0.1/", "what a command line holds is in every list of processes"),
        ("drill --alertmanager nonsense", "'--alertmanager': must be an http:// or https:// address"),
    ],
)
def test_an_option_is_refused_in_plain_words(tmp_path: Path, options: str, words: str) -> None:
    done = shell(f"{_DIDBAN} {options}", tmp_path)
    assert done.returncode == 2
    assert done.stderr.endswith(f"{words}\n")
    assert "Value error" not in done.stderr
