"""What `make run` does where nobody agreed to probing: the same stack, in the laboratory; no packet leaves this machine.

The pages are served on this machine's loopback all the same. Where namespaces are not to be had, the status page is
served, no probe is sent, and it says what to run.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from pathlib import Path

from monitor.begin import init
from monitor.beside.up import free_port
from probes.words import Access, Role
from tests.lab import enter, world
from tests.lab.lab import Lab, scratch

_PORTS = {"status page": 9810, "Prometheus": 9090, "Alertmanager": 9093}
_LISTENERS = "DIDBAN_LAB_LISTENERS"
_BOX = world.VANTAGES[0]


def outside() -> int:
    """Opens the listeners while we still stand in the world, then goes inside."""
    if (why_not := enter.missing()) is not None:
        _serve_idle(why_not)
    listeners = []
    for name, port in _PORTS.items():
        listener = socket.create_server(("127.0.0.1", free_port(port)))
        listener.set_inheritable(True)
        print(f"didban: {name:13} http://127.0.0.1:{listener.getsockname()[1]}/  (laboratory)", flush=True)
        listeners.append(f"{listener.detach()}:{port}")
    os.environ[_LISTENERS] = " ".join(listeners)
    return enter.enter([sys.executable, "-m", "tests.lab.home"])


def _serve_idle(why_not: str) -> None:
    """The stack without a single probe. Never returns."""
    print(f"didban: {why_not}; the pages are served, and no probe is sent", flush=True)
    print("didban: to measure for real: make run in a terminal, or make run I_UNDERSTAND=yes", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="didban-"))
    answers = init.Answers(Role.CONTROL, "ZZ", Access.DATACENTER)
    init.write(folder / "didban.yml", answers, storage=str(folder / "state"), today="2026-01-01")
    command = [sys.executable, "-m", "monitor", "up", f"--config.file={folder}/didban.yml", "--idle"]
    os.execv(sys.executable, command)


def inside() -> int:
    """Builds the laboratory, and runs `didban up` on one of its boxes until Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts us in the background has it ignored
    pairs = os.environ[_LISTENERS].split()
    with scratch() as folder, Lab(folder, times=1) as lab:
        config = lab.config(_BOX, ship=False, extra=_names(pairs))
        handles = tuple(int(pair.partition(":")[0]) for pair in pairs)
        lab.spawn("relay", _BOX.name, [sys.executable, "-m", "tests.lab.relay", *pairs], pass_fds=handles)
        up = lab.spawn("up", _BOX.name, [sys.executable, "-m", "monitor", "up", f"--config.file={config}"], shown=True)
        try:
            return up.wait()
        except KeyboardInterrupt:
            return 0


def _names(pairs: list[str]) -> str:
    """The ports the pages are asked for by, where they are others than inside."""
    ports = [socket.socket(fileno=os.dup(int(pair.partition(":")[0]))).getsockname()[1] for pair in pairs]
    return f'web: {{names: ["127.0.0.1:{ports[0]}", "localhost:{ports[0]}"]}}\n'


if __name__ == "__main__":
    sys.exit(inside() if enter.inside() else outside())
