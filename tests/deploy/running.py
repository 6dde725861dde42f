"""Prometheus and Alertmanager on loopback, as `didban up` starts them, twenty times as fast."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from monitor.beside import stack
from monitor.settings import Notify

TIMES = 20


@contextlib.contextmanager
def alerting(folder: Path) -> Iterator[str]:
    """Where Prometheus listens. Alertmanager is ready to have a peer."""
    itself, near, gossip = _free()
    config = stack.write_alertmanager(folder, Notify(), folder)
    alertmanager = stack.alertmanager_command(str(stack.find(stack.ALERTMANAGER)), config, folder / "am", near)
    alertmanager = [*(each for each in alertmanager if "--cluster" not in each), f"--cluster.listen-address={gossip}"]
    config = stack.write_prometheus(folder, alertmanager=near, itself=itself, times=TIMES)
    command = stack.prometheus_command("prometheus", config, folder / "tsdb", itself, times=TIMES)
    running = [subprocess.Popen(each, stderr=subprocess.DEVNULL) for each in (alertmanager, command)]
    try:
        yield f"http://{itself}"
    finally:
        for each in running:
            each.kill()
            each.wait()


def _free() -> list[str]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    found = [f"127.0.0.1:{each.getsockname()[1]}" for each in held]
    for each in held:
        each.close()
    return found
