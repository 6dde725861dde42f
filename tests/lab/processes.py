"""The laboratory's processes: each on its host, its output in the folder, and all of them ended together."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

_PATIENCE_S = 30.0


class Processes:
    """What was started here and not stopped yet, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._ran: dict[str, tuple[str | None, tuple[str, ...]]] = {}

    def spawn(
        self, name: str, host: str | None, command: Sequence[str], *, shown: bool = False, pass_fds: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """A process on that host (None: the router), its output in the laboratory's folder unless it is `shown`."""
        where = ["ip", "netns", "exec", host] if host else []
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [*where, *command],
                stdout=None if shown else log,
                stderr=None if shown else log,
                stdin=subprocess.DEVNULL,
                cwd=Path(__file__).parents[2],
                pass_fds=tuple(pass_fds),
            )
        self._children[name] = child
        self._ran[name] = host, tuple(command)
        return child

    def start_again(self, name: str) -> None:
        """What was stopped, as it was started."""
        self.spawn(name, *self._ran[name])

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends a process; its exit code."""
        child = self._children.pop(name)
        child.send_signal(how)
        return child.wait(timeout=10)

    def pid(self, name: str) -> int:
        return self._children[name].pid

    def running(self, name: str) -> bool:
        return name in self._children

    def run(self, host: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command on a host to its end."""
        return subprocess.run(
            ["ip", "netns", "exec", host, *command], capture_output=True, text=True, check=False, timeout=60
        )

    def wait_for(self, what: str, there: Callable[[], object], patience_s: float = _PATIENCE_S) -> None:
        """Asks until it is there. A wait has an end, and says what it waited for."""
        until = time.monotonic() + patience_s
        while not there():
            if time.monotonic() > until:
                raise TimeoutError(f"the laboratory waited {patience_s:g} s for {what}; see {self.folder}")
            time.sleep(0.05)

    def signal(self, name: str, what: signal.Signals) -> None:
        self._children[name].send_signal(what)

    def end_children(self) -> None:
        for child in self._children.values():
            child.terminate()
        for child in self._children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=6)
            child.kill()
            child.wait()


def reachable(address: str, port: int) -> bool:
    """Whether a host takes connections there, asked from the router."""
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def answers(url: str) -> bool:
    """Whether it is served and well."""
    return page(url) is not None


def page(url: str) -> str | None:
    """What is served there; None where nothing is, or something else than a page."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.read().decode() if answer.status == 200 else None
    except (urllib.error.URLError, OSError):
        return None
