"""What stands on a terminal: with colour and without, piped and not, it is the same text, and never wider than 80 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping

from rich.cells import cell_len

from monitor.cli.common import show
from monitor.judge import State
from monitor.telling import board, fleetboard
from monitor.telling.board import SIGNS
from monitor.telling.narrated import page
from probes.words import Cell, Failure, Step
from tests.monitor.facts import walk
from tests.monitor.test_cause import window
from tests.monitor.told.test_narrated import probed
from tests.monitor.told.test_status import box, fleet

_ESCAPE = re.compile(r"\x1b\[([0-9;?]*)[A-Za-z]")
_COLOUR = re.compile(r"(^|;)(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;|$)")  # ECMA-48, 8.3.117
_VIEWS = [sys.executable, "-c", "from tests.monitor.told.test_terminal import main; main()"]
WAYS: dict[str, Mapping[str, str]] = {
    "colour": {"TERM": "xterm-256color"},
    "no colour": {"TERM": "xterm-256color", "NO_COLOR": "1"},
    "dumb": {"TERM": "dumb"},
}


def main() -> None:
    """Every view, by the way every command takes: of a box in each state there is, a fleet, a probe that failed."""
    told = box()
    one = told["services"][0]
    told["services"] = [one | {"service": each, "state": each.value} for each in State]
    show(board.board(told))
    show(fleetboard.fleet(fleet()))
    failed = walk(failed=Failure.CONNECTION_RESET, step=Step.HANDSHAKE)
    compared = tuple(window(Cell.NAME_HERE, Cell.NAME_THERE, failure=Failure.CONNECTION_RESET))
    show(page(probed(failed, compared=compared)))


def on_terminal(command: list[str], more: Mapping[str, str]) -> str:
    """What a terminal of 80 columns was sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env={**_plain(), **more}):
        os.close(theirs)
        sent = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return sent.decode().replace("\r\n", "\n")


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except OSError:  # the other end was closed
        return b""


def piped(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env=_plain()).stdout


def _plain() -> dict[str, str]:
    unset = {"NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    return {key: text for key, text in os.environ.items() if key not in unset}


def bare(text: str) -> str:
    """As it is read: lines without what only a terminal sees, and without room at their ends."""
    return "\n".join(line.rstrip() for line in _ESCAPE.sub("", text).splitlines())


def test_it_is_one_text_however_it_is_looked_at() -> None:
    seen = {name: on_terminal(_VIEWS, more) for name, more in WAYS.items()}
    found = {_COLOUR.search(each) is not None for each in _ESCAPE.findall(seen["colour"])}
    assert True in found, "there is colour where there may be"
    assert not any(_COLOUR.search(each) for each in _ESCAPE.findall(seen["no colour"]))
    assert "\x1b" not in seen["dumb"]
    through_a_pipe = piped(_VIEWS)
    assert "\x1b" not in through_a_pipe
    assert {bare(each) for each in seen.values()} == {bare(through_a_pipe)}, "nothing is said by colour alone"
    for line in bare(through_a_pipe).splitlines():
        assert cell_len(line) <= 80, line


def test_without_colour_a_sign_and_a_word_tell_the_state() -> None:
    text = piped(_VIEWS)
    for state in State:
        assert re.search(rf"^{SIGNS[state][0]} +WhatsApp +{state.value} ", text, re.MULTILINE), state
    assert len({sign for sign, _ in SIGNS.values()}) == len(State), "no two have one sign"
    for row in (r"● +v1 .* 10 s ago", r"✕ +v2 .* silent, 60 min ago", r"‖ +v3 .* paused", r"✕ +v4 .* silent, never"):
        assert re.search(row, text), row
