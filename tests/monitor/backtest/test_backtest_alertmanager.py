"""What the model says would be sent is what a real Alertmanager sends, also of what ends, returns, or ends unheard."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
from ruamel.yaml import YAML

from monitor.backtest.told.messages import Routing, messages
from monitor.backtest.trial import ROUTING
from monitor.beside import stack
from monitor.promql.alerting import Change

STEP_S = 4
WAITS = {"group_wait": "1s", "group_interval": "2s"}
Sent = tuple[str, frozenset[str]]


def labels(alert: str, country: str, network: str, service: str = "") -> dict[str, str]:
    severity = "info" if alert == "ShutdownOver" else "page"
    found = {"alertname": alert, "product": "didban", "severity": severity, "country": country, "network": network}
    return {**found, "family": "service", "service": service} if service else {**found, "family": "shutdown"}


LASTS, RETURNS = labels("NetworkShutdown", "IR", "AS1"), labels("NetworkShutdown", "IR", "AS2")
OVER = labels("ShutdownOver", "IR", "AS2")
MUTED, CUT = labels("ServiceBlocked", "TR", "AS3", "imo"), labels("NetworkShutdown", "TR", "AS3")
OUTLIVES, SHORT = labels("ServiceBlocked", "CU", "AS4", "imo"), labels("NetworkShutdown", "CU", "AS4")
# what begins, and what ends, one step after the other
STORY: tuple[tuple[tuple[dict[str, str], ...], tuple[dict[str, str], ...]], ...] = (
    ((LASTS, RETURNS, MUTED, OUTLIVES), ()),
    ((OVER, CUT, SHORT), (RETURNS,)),
    ((RETURNS,), (MUTED, SHORT)),
    ((), (CUT,)),
    ((MUTED,), (LASTS, RETURNS, OVER)),
    ((LASTS,), ()),
)


@pytest.fixture
def routing(tmp_path: Path) -> Path:
    """As shipped, but for its waits, and for receivers that are ours."""
    config: dict[str, Any] = YAML(typ="safe", pure=True).load(ROUTING.read_text())
    config["route"] |= WAITS
    for route in config["route"]["routes"]:
        route.pop("mute_time_intervals", None)
    config.pop("templates")
    path = tmp_path / "routing.yml"
    YAML().dump(config, path)
    return path


class Inbox:
    def __init__(self) -> None:
        self.sent: list[Sent] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                firing = [each["labels"] for each in said["alerts"] if each["status"] == "firing"]
                inbox.sent.append((said["receiver"], frozenset(named(each) for each in firing)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *said: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.server.shutdown()
    made.server.server_close()


def named(each: dict[str, str]) -> str:
    return " ".join(each[key] for key in ("alertname", "country", "network"))


def told(routing: Path) -> list[Sent]:
    changes = [
        Change(step * STEP_S * 1000, each["alertname"], tuple(sorted(each.items())), fires, 1.0)
        for step, (begins, ends) in enumerate(STORY)
        for whom, fires in ((begins, True), (ends, False))
        for each in whom
    ]
    found = messages(changes, Routing.read(routing), until_ms=(len(STORY) + 1) * STEP_S * 1000)
    return [(each.receiver, frozenset(named(dict(one)) for one in each.alerts)) for each in found]


def sent_by(alertmanager: str, routing: Path, folder: Path, inbox: Inbox) -> list[Sent]:
    config: dict[str, Any] = YAML(typ="safe", pure=True).load(routing.read_text())
    hook = {"url": inbox.url, "send_resolved": False}
    names = {config["route"]["receiver"], *(each["receiver"] for each in config["route"]["routes"])}
    config["receivers"] = [{"name": name, "webhook_configs": [hook]} for name in sorted(names)]
    YAML().dump(config, folder / "alertmanager.yml")
    with create_server(("127.0.0.1", 0)) as held:
        at = f"127.0.0.1:{held.getsockname()[1]}"
    command = [f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'am'}"]
    command += [f"--web.listen-address={at}", "--cluster.listen-address="]
    with subprocess.Popen([alertmanager, *command], stderr=subprocess.DEVNULL) as running:
        try:
            _ready(f"http://{at}/-/ready")
            began_s = time.monotonic()
            for step, (begins, ends) in enumerate(STORY):
                time.sleep(max(0.0, began_s + step * STEP_S - time.monotonic()))
                _post(at, begins, ends)
            time.sleep(STEP_S)
        finally:
            running.kill()
    return inbox.sent


def _ready(url: str) -> None:
    end_s = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            assert time.monotonic() < end_s, "Alertmanager does not answer"
            time.sleep(0.1)


def _post(at: str, begins: tuple[dict[str, str], ...], ends: tuple[dict[str, str], ...]) -> None:
    now = datetime.now(UTC)
    rows = [{"labels": each, "endsAt": (now + timedelta(hours=1)).isoformat()} for each in begins]
    rows += [{"labels": each, "endsAt": now.isoformat()} for each in ends]
    request = urllib.request.Request(
        f"http://{at}/api/v2/alerts", json.dumps(rows).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()


@pytest.mark.skipif(stack.find(stack.ALERTMANAGER) is None, reason="Debian's prometheus-alertmanager is not installed")
def test_alertmanager_sends_what_the_model_says(tmp_path: Path, routing: Path, inbox: Inbox) -> None:
    alertmanager = stack.find(stack.ALERTMANAGER)
    assert alertmanager is not None
    expected = told(routing)
    assert sorted(map(str, sent_by(alertmanager, routing, tmp_path, inbox))) == sorted(map(str, expected))
    cuts = [alerts for _, alerts in expected if any(each.endswith("AS2") for each in alerts)]
    assert [sorted(each) for each in cuts] == [
        ["NetworkShutdown IR AS1", "NetworkShutdown IR AS2"],
        ["NetworkShutdown IR AS1", "ShutdownOver IR AS2"],
        ["NetworkShutdown IR AS1", "NetworkShutdown IR AS2", "ShutdownOver IR AS2"],
    ], "the second cut of a network is told where another lasts"
    blocks = [alerts for _, alerts in expected if any(each.startswith("ServiceBlocked") for each in alerts)]
    assert len(blocks) == 2, "each once: an end that nobody heard, and a mute that is over, are no news"
