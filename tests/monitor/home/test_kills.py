"""Killed again and again, box, hub and database: what the spool holds, the database has, each sample once, as it was."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import sqlite3
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from monitor.home import remotewrite
from monitor.metrics import NAMES_HOME
from tests.monitor.local import Vantage
from tests.probes.liars import closed_port

Samples = dict[tuple[str, int], bytes]

PASSWORD = "of the one box"


class Receiver:
    """A receiver that is there at times; what it acknowledged it has kept. `twice`: the same sample with another value."""

    def __init__(self) -> None:
        self.port, self.kept, self.twice = closed_port(), Samples(), 0
        self._server: http.server.ThreadingHTTPServer | None = None

    def take(self, body: bytes) -> None:
        for series in remotewrite.decode(body):
            labels = dict(series.labels)
            name = labels.pop("__name__")
            key = f"{name}{msgspec.json.encode(dict(sorted(labels.items()))).decode()}"
            for at_ms, packed in series.samples:
                self.twice += self.kept.setdefault((key, at_ms), packed) != packed

    def start(self) -> None:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def stated(folder: Path) -> tuple[Samples, int]:
    """Every sample of the home set in the spool, and how many ticks are still owed."""
    found = Samples()
    with sqlite3.connect(f"file:{folder}/state/spool.db?mode=ro", uri=True) as db:
        names = {id: f"{name}{labels}" for id, name, labels in db.execute("SELECT * FROM series")}
        home = {id for id, name in names.items() if name.partition("{")[0] in NAMES_HOME}
        for at_ms, samples in db.execute("SELECT at_ms, samples FROM ticks"):
            for id, value in msgspec.msgpack.decode(zlib.decompress(samples)):
                if id in home:
                    found[(names[id], at_ms)] = remotewrite.value(value)
        owed: int = db.execute("SELECT count(*) FROM owed").fetchone()[0]
    db.close()
    return found, owed


class Hub:
    """A real one on loopback, its queue on disk."""

    def __init__(self, folder: Path, database_port: int) -> None:
        self.folder, self.port = folder / "hub", closed_port()
        (self.folder / "credentials").mkdir(parents=True)
        (self.folder / "credentials" / "v1").write_text(hashlib.sha256(PASSWORD.encode()).hexdigest())
        row = "{id: v1, country: DE, network: AS1, access: datacenter, role: control}"
        (self.folder / "registry.yml").write_text(f"vantages:\n  - {row}\n")
        forward = f'{{remote_write: "http://127.0.0.1:{database_port}/api/v1/write"}}'
        (self.folder / "hub.yml").write_text(f"listen: 127.0.0.1:{self.port}\nforward: {forward}\n")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "monitor", "hub", f"--config.file={self.folder}/hub.yml", "--time-scale=30"]
        with (self.folder / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Chain:
    """Box, hub, database: each can be killed, and stands up again."""

    def __init__(self, folder: Path) -> None:
        self.vantage, self.receiver = Vantage(folder, closed_port()), Receiver()
        self.hub = Hub(folder, self.receiver.port)
        (folder / "hub.password").write_text(PASSWORD)
        self.vantage.write(
            extra=f"""ship:
  - name: hub
    remote_write: http://127.0.0.1:{self.hub.port}/api/v1/write
    basic_auth: {{username: v1, password_file: hub.password}}
"""
        )

    def start(self) -> None:
        self.receiver.start()
        self.hub.start()
        self.vantage.start()

    def strike(self, number: int) -> None:
        """The next in turn; the database stays away until its next turn."""
        match number % 3:
            case 0:
                assert self.vantage.process is not None
                self.vantage.process.kill()
                self.vantage.process.communicate()
                self.vantage.start()
            case 1:
                self.hub.kill()
                self.hub.start()
            case _ if number % 2:
                self.receiver.start()
            case _:
                self.receiver.stop()

    def end(self) -> None:
        self.hub.kill()
        self.receiver.stop()
        if self.vantage.process is not None:
            self.vantage.process.kill()
            self.vantage.process.communicate()


def until(there: Callable[[], object], what: str, patience_s: float = 90) -> None:
    end = time.monotonic() + patience_s
    while not there():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def live_through(chain: Chain, kills: int) -> dict[str, int]:
    """Kills after times that a hash spreads over two ticks; what there is to count in the end."""
    chain.start()
    for number in range(kills):
        time.sleep(hashlib.sha256(bytes([number])).digest()[0] / 256 * 4)
        chain.strike(number)
    chain.receiver.stop()
    chain.receiver.start()
    until(lambda: stated(chain.vantage.folder)[1] <= 1, "the debt was never paid")
    assert chain.vantage.stop()[0] == 0
    samples, owed = stated(chain.vantage.folder)
    kept = chain.receiver.kept
    with contextlib.suppress(
        AssertionError
    ):  # what the hub has taken may still be on its way; what never came is counted
        until(lambda: all(key in kept for key in samples), "the queue was never empty", 60)
    last_word = max(at_ms for _, at_ms in samples)  # a stop waits three seconds for it; else the next start brings it
    missing = [key for key, packed in samples.items() if kept.get(key) != packed and not (owed and key[1] == last_word)]
    assert not missing, f"{len(missing)} of {len(samples)} samples never came"
    assert owed <= 1
    assert chain.receiver.twice == 0
    ticks = {at_ms for _, at_ms in samples}
    return {"kills": kills, "ticks": len(ticks), "samples": len(samples), "samples lost": len(missing)}


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    there = Chain(tmp_path)
    yield there
    there.end()


def test_a_few_kills_of_daemon_hub_and_receiver_lose_nothing(chain: Chain) -> None:
    assert live_through(chain, 4)["samples"] > 30


@pytest.mark.long
def test_two_hundred_kills_of_daemon_hub_and_receiver_lose_nothing(
    chain: Chain, figure: Callable[[str, float], None]
) -> None:
    for name, value in live_through(chain, 200).items():
        figure(f"daemon, hub and receiver: {name}", value)
