"""`didban up`: daemon, Prometheus and Alertmanager side by side on loopback, watched over, and gone together."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from monitor.beside import stack
from monitor.config import Loaded
from monitor.notify.settings import relaying

_PDEATHSIG = 1
_LOOK_EVERY_S = 0.2
_STEADY_S = 30.0  # who lived this long and dies begins with a short pause again
_LONGEST_PAUSE_S = 60.0
_GRACE_S = 6.0
_FALSE_STARTS = {1, 2, 3}  # the daemon says itself what is wrong: starting it again would say it again

Say = Callable[[str], None]


@dataclass(slots=True)
class Child:
    """One process of the stack."""

    name: str
    command: Sequence[str]
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    pause_s: float = 1.0
    due_s: float = 0.0

    def start(self, now_s: float) -> None:
        output = self.log.open("ab") if self.log else None
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=_die_with_parent
            )
        finally:
            if output is not None:
                output.close()
        self.started_s = now_s

    def looked_after(self, now_s: float, say: Say) -> None:
        """Starts it anew some time after it died, and says so."""
        if self.process is not None and self.process.poll() is not None:
            if now_s - self.started_s > _STEADY_S:
                self.pause_s = 1.0
            say(f"{self.name} ended ({_how(self.process.returncode)}); starting it again in {self.pause_s:g} s")
            self.process, self.due_s = None, now_s + self.pause_s
            self.pause_s = min(2 * self.pause_s, _LONGEST_PAUSE_S)
        if self.process is None and now_s >= self.due_s:
            self.start(now_s)


@dataclass(slots=True)
class Stack:
    """Everything `didban up` runs."""

    children: list[Child]
    say: Say
    stopping: bool = False
    ports: dict[str, int] = field(default_factory=dict)

    def live(self) -> int:
        """Until Ctrl-C or SIGTERM; the exit code. A daemon that cannot start ends it all: it has said why."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        daemon = self.children[0]
        try:
            for child in self.children:
                child.start(time.monotonic())  # noqa: TID251 - a supervisor measures no network
            while not self.stopping:
                time.sleep(_LOOK_EVERY_S)
                now_s = time.monotonic()  # noqa: TID251
                code = daemon.process.poll() if daemon.process else None
                if code in _FALSE_STARTS and now_s - daemon.started_s < _STEADY_S:
                    return code
                for child in self.children:
                    child.looked_after(now_s, self.say)
            return 0
        finally:
            self._end_all()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _end_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(timeout=_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of `didban up`."""

    config_file: Path
    storage: Path
    idle: bool = False
    time_scale: float = 1.0


def prepare(loaded: Loaded, options: Options, say: Say) -> Stack:
    """Writes what the stack needs into the state folder, and says where everything will be.

    Raises:
        OSError: the state folder or a secret file cannot be used.
    """
    at, times = options.storage / "up", options.time_scale
    at.mkdir(parents=True, exist_ok=True, mode=0o700)
    ports = {"daemon": free_port(9810), "prometheus": free_port(9090), "alertmanager": free_port(9093)}
    listen = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    stack.note_addresses(at, listen)
    children = [Child("the daemon", _daemon(options, listen["daemon"]))]
    say(f"status page   http://{listen['daemon']}/{_instead(ports['daemon'], 9810)}")
    prometheus, alertmanager = stack.find(stack.PROMETHEUS), stack.find(stack.ALERTMANAGER)
    if prometheus is None or alertmanager is None:
        missing = " and ".join(
            name for name, found in (("prometheus", prometheus), ("prometheus-alertmanager", alertmanager)) if not found
        )
        say(f"{missing}: not installed, so nobody compares and nobody is told; the daemon runs alone")
        return Stack(children, say, ports=ports)
    notify, near, itself = loaded.config.notify, listen["alertmanager"], listen["prometheus"]
    config = stack.write_prometheus(
        at, alertmanager=near, scrape=[listen["daemon"]], itself=itself, times=times, pages=notify.pages
    )
    run = stack.prometheus_command(prometheus, config, at / "prometheus", listen["prometheus"], times=times)
    children.append(Child("Prometheus", run, at / "prometheus.log"))
    if notify.needs_relay:
        ports["relay"] = free_port(9811)
        stack.note_addresses(at, {**listen, "relay": f"127.0.0.1:{ports['relay']}"})
        told = {"listen": f"127.0.0.1:{ports['relay']}", "alertmanager": f"http://{listen['alertmanager']}"}
        notify = relaying(notify, **told)
        told["database"] = f"http://{listen['prometheus']}"
        children.append(Child("the relay", _relay(options, told), at / "relay.log"))
    config = stack.write_alertmanager(at, notify, loaded.folder, times=times)
    run = stack.alertmanager_command(alertmanager, config, at / "alertmanager", listen["alertmanager"])
    children.append(Child("Alertmanager", run, at / "alertmanager.log"))
    say(f"Prometheus    http://{listen['prometheus']}/{_instead(ports['prometheus'], 9090)}")
    say(f"Alertmanager  http://{listen['alertmanager']}/{_instead(ports['alertmanager'], 9093)}")
    if not notify.any:
        say(f"nobody is told yet: fill in notify: in {options.config_file}")
    return Stack(children, say, ports=ports)


def _daemon(options: Options, listen: str) -> list[str]:
    return [
        *(sys.executable, "-m", "monitor", "run", "--alone"),
        f"--config.file={options.config_file}",
        f"--storage.path={options.storage}",
        f"--web.listen-address={listen}",
        f"--time-scale={options.time_scale:g}",
        *(["--idle"] if options.idle else []),
    ]


def _relay(options: Options, told: Mapping[str, str]) -> list[str]:
    return [
        *(sys.executable, "-m", "monitor", "hub", "relay"),
        f"--config.file={options.config_file}",
        f"--storage.path={options.storage}",
        f"--time-scale={options.time_scale:g}",
        *(f"--{name}={value}" for name, value in told.items()),
    ]


def free_port(wanted: int) -> int:
    """The wanted port on loopback, or another when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError("no port is to be had on 127.0.0.1")


def _instead(port: int, wanted: int) -> str:
    return "" if port == wanted else f"   ({wanted} is taken)"


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _die_with_parent() -> None:
    """Also when we are killed: a stack without its keeper would hold the ports. And Ctrl-C is ours to hand on."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGTERM)
