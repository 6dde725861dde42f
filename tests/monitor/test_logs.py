"""A line is one line, whatever stands in it, and what is beneath the level is not said."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from monitor import logs
from monitor.logs import Form, Level, Log


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    least, form = Log.least, Log.form
    yield
    Log.least, Log.form = least, form


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.partition(" ")[2]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ('a "b"', r'"a \"b\""'),
        ("a=b", '"a=b"'),
        ("first\nlevel=error event=forged", r'"first\nlevel=error event=forged"'),
        ("\x1b[2J", r'"\u001b[2J"'),
        (None, ""),
        (True, "true"),
        (7, "7"),
    ],
)
def test_a_logfmt_line_is_one_line(capsys: pytest.CaptureFixture[str], value: object, shown: str) -> None:
    logs.set_up(Level.INFO, Form.LOGFMT)
    Log().info("seen", it=value)
    assert said(capsys) == f"level=info event=seen it={shown}\n"


def test_a_json_line_has_everything_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(Level.INFO, Form.JSON)
    Log().warning("seen", it={"a": 1}, why=OSError("gone"))
    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "warning", "event": "seen", "it": {"a": 1}, "why": "gone"}


def test_what_is_beneath_the_level_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(Level.WARNING, Form.LOGFMT)
    Log().debug("a")
    Log().info("b")
    Log().warning("c")
    Log().error("d")
    assert [line.split()[2] for line in capsys.readouterr().err.splitlines()] == ["event=c", "event=d"]
