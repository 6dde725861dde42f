"""A whole vantage on loopback: its targets stand on this machine, so that its daemon can be run in a unit test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from monitor.begin import consent
from probes.words import Access, Role
from tests.probes.liars import closed_port

_PATIENCE_S = 20.0


class Vantage:
    """`open_port`: one that answers; everything else is refused at once."""

    def __init__(self, folder: Path, open_port: int, *, times: int = 30) -> None:
        self.folder, self.times = folder, times
        self.port = closed_port()
        self.config = folder / "didban.yml"
        (folder / "secret").write_bytes(bytes(32))
        (folder / "services.yml").write_text(_SERVICES.format(open=open_port, closed=closed_port()))
        self.write()
        self.process: subprocess.Popen[str] | None = None

    def write(self, *, interval: str = "60s", consented: bool = True, extra: str = "") -> None:
        digest = consent.digest(Role.CONTROL, "DE", Access.DATACENTER) if consented else "0" * 64
        self.config.write_text(f"""
vantage: {{id: v1, secret_file: secret, country: DE, network: AS1, access: datacenter, role: control}}
consent: {{acknowledged: 2026-11-21, text_sha256: {digest}}}
services: [./services.yml]
interval: {interval}
timeout: 2s
dns: {{system: [127.0.0.1]}}
storage: {{path: state}}
{extra}""")

    def command(self, *more: str) -> list[str]:
        return [
            *(sys.executable, "-m", "monitor", "run", f"--config.file={self.config}"),
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--time-scale={self.times}",
            *more,
        ]

    def start(self, *more: str) -> None:
        self.process = subprocess.Popen(self.command(*more), stderr=subprocess.PIPE, text=True)
        self.wait_for("/-/ready")

    def refused(self, *more: str) -> tuple[int, str]:
        """The exit code and the one line of a start that cannot be."""
        done = subprocess.run(self.command(*more), capture_output=True, text=True, check=False, timeout=30)
        return done.returncode, done.stderr.strip()

    def wait_for(self, path: str) -> None:
        until = time.monotonic() + _PATIENCE_S
        while self.ask(path)[0] != 200:
            assert time.monotonic() < until, f"{path} never came"
            assert self.process is not None
            assert self.process.poll() is None, self.process.stderr.read() if self.process.stderr else ""
            time.sleep(0.05)

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("/api/v1/status")[1])
        return found

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def stop(self) -> tuple[int, float, str]:
        """Exit code, seconds it took, what it said."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, time.monotonic() - began, said


_SERVICES = """
service: local
title: {{en: Local}}
category: test
targets:
  - {{id: open, kind: tcp, depth: endpoint, addresses: [127.0.0.1], ports: [{open}], essential: true, source: test}}
  - {{id: closed, kind: tcp, depth: endpoint, addresses: [127.0.0.1], ports: [{closed}], source: test}}
"""
