"""What systemd hears: that we are ready, alive as long as the work goes on, and stopping; nothing where nobody asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.supervisor import NOBODY, Supervisor


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind(str(tmp_path / "notify"))
        wire.setblocking(False)
        yield wire


def heard(wire: socket.socket) -> list[str]:
    words = []
    with contextlib.suppress(BlockingIOError):
        while True:
            words.append(wire.recv(100).decode())
    return words


async def test_it_says_ready_alive_and_stopping(listening: socket.socket) -> None:
    supervisor = Supervisor(listening.getsockname(), patience_s=0.02)
    supervisor.ready()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await supervisor.watch(lambda: True)
    supervisor.stopping()
    first, *alive, last = heard(listening)
    assert (first, last) == ("READY=1", "STOPPING=1")
    assert len(alive) >= 3
    assert set(alive) == {"WATCHDOG=1"}


async def test_a_loop_that_turns_without_doing_its_work_is_not_alive(listening: socket.socket) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await Supervisor(listening.getsockname(), patience_s=0.02).watch(lambda: False)
    assert heard(listening) == []


async def test_who_does_not_watch_is_not_told(listening: socket.socket) -> None:
    await Supervisor(listening.getsockname()).watch(lambda: True)
    assert heard(listening) == []


def test_what_the_environment_says_is_taken_out_of_it() -> None:
    environ = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid()), "PATH": "/bin"}
    assert Supervisor.of(environ) == Supervisor("/run/x", 2.0)
    assert environ == {"PATH": "/bin"}, "what we start in turn must not speak for us"
    assert Supervisor.of({}) == NOBODY


def test_a_watch_over_another_process_is_none_over_us() -> None:
    environ = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}
    assert Supervisor.of(environ).patience_s == 0


def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind(f"\0didban-test-{os.getpid()}")
        Supervisor(f"@didban-test-{os.getpid()}").ready()
        assert wire.recv(100) == b"READY=1"


def test_a_supervisor_that_is_gone_costs_nothing(tmp_path: Path) -> None:
    Supervisor(str(tmp_path / "nobody")).ready()


def test_a_bug_is_no_refusal_and_is_tried_again() -> None:
    """Exit code 1 is our No, after which systemd leaves us alone (RestartPreventExitStatus=1 2)."""
    flies = "import sys, monitor.__main__ as m; sys.excepthook = m._one_line; raise RuntimeError('lost')"
    done = subprocess.run([sys.executable, "-c", flies], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr == "didban: internal error, please report it: RuntimeError: lost\n"
