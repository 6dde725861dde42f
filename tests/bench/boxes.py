"""A real daemon with as many targets as wanted, in a room with nothing in it but loopback, and what /proc says of it.

python -m tests.bench.boxes far_end FOLDER     who answers there: DNS, pages by HTTPS, and one who is silent
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import uvloop

from monitor.begin import consent
from probes.words import Access, Role
from tests.bench.far_end import PAGE, chain, context, many_files
from tests.bench.figures import Missing
from tests.probes.liars import NAME, answering, closed_port, resolver

ADDRESS = "157.240.1.1"  # of everybody here; it stands on this room's own loopback
HTTPS, SILENT, DARK = 443, 8443, 9443  # who says nothing to a ClientHello; where not even a SYN is answered
_A_FILE = 100  # targets of a service
_PATIENCE_S = 120.0
_ENTER = f'ip link set lo up && ip addr add {ADDRESS}/32 dev lo && exec "$@"'
_BACKLOG = 4096


async def inside(module: str, *arguments: str) -> str:
    """What `python -m module` prints, run in a room of its own. Raises Missing."""
    command = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", _ENTER, "sh"]
    try:
        child = await asyncio.create_subprocess_exec(
            *command, sys.executable, "-m", module, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except FileNotFoundError:
        raise Missing(f"unshare, for {module} (apt: util-linux iproute2)") from None
    out, error = await child.communicate()
    if child.returncode:
        raise Missing(f"for {module}: {(error.decode().strip() or 'it ended').splitlines()[-1]}")
    return out.decode()


def rows(count: int, *, port: int, named: bool) -> list[str]:
    """Essential https targets, one walk a minute each. `named`: the walk resolves first; else it goes to an address."""
    where = "" if named else f"addresses: [{ADDRESS}], "
    return [
        f"  - {{id: t{number}, kind: https, depth: web, hosts: [{NAME}], {where}ports: [{port}],"
        " essential: true, source: bench}\n"
        for number in range(count)
    ]


class Box:
    """A folder with a configuration, and the daemon that runs on it.

    Args:
        targets: rows of service files.
        timeout_s: of a step.
    """

    def __init__(self, folder: Path, targets: Sequence[str], *, timeout_s: int, services: str = "") -> None:
        self.port, self.config = closed_port(), folder / "didban.yml"
        (folder / "secret").write_bytes(bytes(32))
        files = [targets[at : at + _A_FILE] for at in range(0, len(targets), _A_FILE)]
        for number, some in enumerate(files):
            head = f"service: s{number}\ntitle: {{en: S}}\ncategory: test\ntargets:\n"
            (folder / f"s{number}.yml").write_text(head + "".join(some))
        named = services or ", ".join(f"./s{number}.yml" for number in range(len(files)))
        digest = consent.digest(Role.CONTROL, "DE", Access.DATACENTER)
        self.config.write_text(f"""
vantage: {{id: v1, secret_file: secret, country: DE, network: AS1, access: datacenter, role: control}}
consent: {{acknowledged: 2026-11-21, text_sha256: {digest}}}
services: [{named}]
timeout: {timeout_s}s
limits: {{concurrency: 10000, starts_per_second: 1000, bytes_per_day: 1000GB}}
dns: {{system: [127.0.0.1]}}
tls: {{ca_file: {folder / "ca.pem"}}}
storage: {{path: state}}
""")

    def start(self) -> float:
        """Until it answers; how long that took, in seconds."""
        command = [sys.executable, "-m", "monitor", "run", f"--config.file={self.config}", "--log.level=error"]
        began_s = time.monotonic()
        self.process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{self.port}"])
        while not self._answers():
            assert self.process.poll() is None, "it died"
            assert time.monotonic() - began_s < _PATIENCE_S, "it never answered"
            time.sleep(0.02)
        return time.monotonic() - began_s

    def _answers(self) -> bool:
        try:
            return bool(self.ask("/-/healthy"))
        except OSError:
            return False

    def ask(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            said: bytes = answer.read()
        return said

    def metrics(self) -> Mapping[str, float]:
        """Name and labels, without those of the vantage, -> value."""
        lines = (line for line in self.ask("/metrics").decode().splitlines() if not line.startswith("#"))
        return {_short(line.rpartition(" ")[0]): float(line.rpartition(" ")[2]) for line in lines}

    def memory_mb(self) -> Mapping[str, float]:
        """`Rss`, `Pss` and `Anonymous` of smaps_rollup, 10**6 bytes."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()[1:]
        return {line.split()[0][:-1]: int(line.split()[1]) * 1024 / 1e6 for line in lines}

    def cpu_s(self) -> float:
        """User and system, all threads."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def waited_s(self) -> float:
        """How long its main thread was ready to run and had no processor (proc_pid_schedstat)."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[1]) / 1e9

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(_PATIENCE_S)


def _short(series: str) -> str:
    name, _, labels = series.partition("{")
    own = [each for each in labels.rstrip("}").split(",") if not each.startswith(_IDENTITY)]
    return f"{name}{{{','.join(own)}}}" if any(own) else name


_IDENTITY = ("vantage=", "country=", "network=", "access=", "role=")


class FarEnd:
    """Everybody a box may walk to, in a process of their own."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.bench.boxes", "far_end", str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def __enter__(self) -> FarEnd:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.communicate()


# ---------------------------------------------------------------- in the process of the far end


class _Says(asyncio.Protocol):
    """One page to whoever asked for anything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(PAGE)
        self._transport.close()


async def _serve(folder: Path) -> None:
    loop = asyncio.get_running_loop()
    tls = context(chain(folder / "ca.pem"))
    pages = await loop.create_server(_Says, ADDRESS, HTTPS, ssl=tls, backlog=_BACKLOG)
    nobody = await loop.create_server(asyncio.Protocol, ADDRESS, SILENT, backlog=_BACKLOG)
    with contextlib.closing(_dark()):
        async with answering(resolver(addresses=(ADDRESS,)), 53), pages, nobody:
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.read)


def _dark() -> contextlib.ExitStack:
    """A listener nobody accepts at, its queue full: Linux drops every further SYN, as a dead line does."""
    held = contextlib.ExitStack()
    held.enter_context(socket.create_server((ADDRESS, DARK), backlog=0))
    for _ in range(2):
        waits = held.enter_context(socket.socket())
        waits.setblocking(False)
        waits.connect_ex((ADDRESS, DARK))
    return held


if __name__ == "__main__":
    many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Path(sys.argv[2])))
