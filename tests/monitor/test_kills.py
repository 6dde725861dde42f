"""Killed again and again, daemon and receiver alike: what the spool holds, the receiver has, each sample once, as it was."""

from __future__ import annotations

import hashlib
import http.server
import sqlite3
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


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    there = Receiver()
    there.start()
    yield there
    there.stop()


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


def live_through(vantage: Vantage, receiver: Receiver, kills: int) -> dict[str, int]:
    """Kills one or the other after times that a hash spreads over two ticks; what there is to count in the end."""
    there = True
    vantage.write(extra=f"ship: [{{name: hub, remote_write: 'http://127.0.0.1:{receiver.port}/api/v1/write'}}]\n")
    vantage.start()
    for number in range(kills):
        time.sleep(hashlib.sha256(bytes([number])).digest()[0] / 256 * 4)
        if number % 3 == 2:
            receiver.stop() if there else receiver.start()
            there = not there
            continue
        assert vantage.process is not None
        vantage.process.kill()
        vantage.process.communicate()
        vantage.start()
    if not there:
        receiver.start()
    until = time.monotonic() + 60
    while stated(vantage.folder)[1] > 1:
        assert time.monotonic() < until, "the debt was never paid"
        time.sleep(0.2)
    assert vantage.stop()[0] == 0
    samples, owed = stated(vantage.folder)
    missing = [key for key, packed in samples.items() if receiver.kept.get(key) != packed]
    assert not missing, f"{len(missing)} of {len(samples)} samples never came"
    assert owed == 0
    assert receiver.twice == 0
    ticks = {at_ms for _, at_ms in samples}
    return {"kills": kills, "ticks": len(ticks), "samples": len(samples), "samples lost": len(missing)}


@pytest.fixture
def vantage(tmp_path: Path) -> Vantage:
    return Vantage(tmp_path, closed_port())


def test_a_few_kills_of_daemon_and_receiver_lose_nothing(vantage: Vantage, receiver: Receiver) -> None:
    assert live_through(vantage, receiver, 4)["samples"] > 50


@pytest.mark.long
def test_a_hundred_kills_of_daemon_and_receiver_lose_nothing(
    vantage: Vantage, receiver: Receiver, figure: Callable[[str, float], None]
) -> None:
    for name, value in live_through(vantage, receiver, 100).items():
        figure(f"daemon and receiver: {name}", value)
