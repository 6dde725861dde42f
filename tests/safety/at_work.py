"""A box as `didban init` begins it, at work for a few seconds on loopback; and everything it said, asked, kept and did."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from monitor.home import remotewrite
from monitor.home.remotewrite import TimeSeries
from probes.words import Access, Role
from tests.probes.liars import closed_port
from tests.safety.rules import loaded

TIMES, _PATIENCE_S = 30, 30.0
BODY = "said-only-in-the-body-of-a-page"
COOKIE = "given-as-a-cookie"
PAGE = "127.0.0.9"  # asked from 127.0.0.1, which is our own address then
BRIDGE = ("127.0.0.77", "bridge.example", "a-password-of-the-test")
ENVIRONMENT = {"HOSTNAME": "name-of-this-machine", "USER": "name-of-its-keeper", "LOGNAME": "name-of-its-keeper"}

_SERVICES = """
service: own-page
title: {{en: A page}}
category: messaging
targets:
  - {{id: page, kind: http, depth: web, hosts: [page.example], addresses: [{page}], ports: [{port}],
     essential: true, source: mine}}
"""
_BRIDGES = """
service: my-vpn
title: {{en: My own}}
category: vpn
targets:
  - id: shadowsocks
    kind: shadowsocks
    depth: session
    hosts: [{host}]
    addresses: [{address}]
    ports: [9]
    options: {{cipher: chacha20-ietf-poly1305, key_file: bridge.key, through: www.example.org}}
    essential: true
    source: mine
"""
# what Python is asked to do, by its own audit events: no box can leave one out
_TELLS = """
import json, os, sys
said = open(os.environ["DIDBAN_TELLS"], "a", buffering=1)
def hear(event, given):
    if event.startswith("socket.") and not said.closed:
        said.write(json.dumps([event, [repr(each) for each in given[1 if event == "socket.__new__" else 0:]]]) + chr(10))
sys.addaudithook(hear)
"""


@dataclass
class Heard:
    """One request that came to us: its path, its headers as they were written, its body."""

    path: str
    headers: list[tuple[str, str]]
    body: bytes


class Sink:
    """Answers whoever asks: a page with a cookie, and 204 to remote write."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        heard: list[Heard] = []

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                heard.append(Heard(self.path, list(self.headers.items()), body))
                page = b"" if self.command == "POST" else f"<p>{BODY}</p>".encode()
                self.send_response(204 if self.command == "POST" else 401)
                for name, text in (
                    ("Set-Cookie", f"id={COOKIE}"),
                    ("WWW-Authenticate", "Basic"),
                    ("Content-Length", str(len(page))),
                ):
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(page)

            do_GET = do_POST = do_CONNECT = _take

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        self.heard = heard
        self._server = ThreadingHTTPServer((address, 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class AtWork:
    """What came of it.

    Attributes:
        asked: requests that walks sent; `sent`: series that were shipped; `proxied`: requests that went to a proxy.
        did: audit events of the socket module, and what they were given.
        pages: what it showed, by path, with the headers of its answer.
        said: its log, at level debug.
        kept: every file it left, but those the keeper brought.
    """

    asked: list[Heard] = field(default_factory=list)
    sent: list[TimeSeries] = field(default_factory=list)
    proxied: list[Heard] = field(default_factory=list)
    did: list[tuple[str, list[str]]] = field(default_factory=list)
    pages: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)
    said: str = ""
    kept: dict[str, bytes] = field(default_factory=dict)

    @property
    def out(self) -> dict[str, bytes]:
        """All that could be found of it: on disk, on its pages, in its log, at its hub."""
        shown = {path: f"{headers}{text}".encode() for path, (headers, text) in self.pages.items()}
        return {**self.kept, **shown, "log": self.said.encode(), "hub": repr(self.sent).encode()}


def lived(folder: Path) -> AtWork:
    """Inside, on a mobile line, all as `init` wrote it but for what is walked and where it is shipped to."""
    page, hub, proxy, port, found = Sink(PAGE), Sink(), Sink(), closed_port(), AtWork()
    brought = _written(folder, page.port, hub.port)
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "run", f"--config.file={folder / 'didban.yml'}", f"--time-scale={TIMES}",
         f"--web.listen-address=127.0.0.1:{port}", "--log.level=debug"],
        env=_environment(folder, proxy.port), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        _wait(process, lambda: len(page.heard) >= 3 and bool(hub.heard))
        _wait(process, lambda: 'service="my-vpn"' in _page(port, "/metrics")[1])
        found.pages = {path: _page(port, path) for path in ("/", "/metrics", "/api/v1/status", "/api/v1/observations")}
    finally:
        process.terminate()
        _, found.said = process.communicate(timeout=20)
        for each in (page, hub, proxy):
            each.close()
    assert process.returncode == 0, found.said
    found.asked = page.heard
    found.sent = [series for each in hub.heard for series in remotewrite.decode(each.body)]
    found.proxied = proxy.heard
    found.did = [(event, given) for event, given in map(json.loads, (folder / "tells").read_text().splitlines())]
    files = [path for path in folder.rglob("*") if path.is_file() and path not in brought]
    found.kept = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return found


def _written(folder: Path, port: int, hub: int) -> set[Path]:
    """Its configuration; the files its keeper brought, with the bridge's address and key in them."""
    loaded(folder, Role.INSIDE, Access.MOBILE)
    path = folder / "didban.yml"
    text = re.sub(r"(?ms)^services:.*?\]\n", "services: [./own.yml, ./bridges.yml]\n", path.read_text())
    text = re.sub(r"(?ms)^dns:.*?\n\n", "dns: {system: [127.0.0.1]}\n\n", text)
    ship = f"""

ship:
  - name: hub
    remote_write: http://127.0.0.1:{hub}/api/v1/write
    basic_auth: {{username: v1, password_file: hub.password}}
"""
    path.write_text(text + ship)
    (folder / "own.yml").write_text(_SERVICES.format(page=PAGE, port=port))
    (folder / "bridges.yml").write_text(_BRIDGES.format(address=BRIDGE[0], host=BRIDGE[1]))
    (folder / "bridge.key").write_text(BRIDGE[2])
    (folder / "hub.password").write_text("secret-of-the-hub")
    (folder / "sitecustomize.py").write_text(_TELLS)
    return {
        folder / name for name in ("own.yml", "bridges.yml", "bridge.key", "sitecustomize.py", "tells", "hub.password")
    }


def _environment(folder: Path, proxy: int) -> dict[str, str]:
    named = {f"{kind}_proxy": f"http://127.0.0.1:{proxy}" for kind in ("http", "https", "all", "HTTP", "HTTPS", "ALL")}
    told = {"DIDBAN_TELLS": str(folder / "tells"), "PYTHONPATH": str(folder)}
    return {**os.environ, **ENVIRONMENT, **named, **{name.upper(): text for name, text in named.items()}, **told}


def _wait(process: subprocess.Popen[str], there: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not there():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


def _page(port: int, path: str) -> tuple[dict[str, str], str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return dict(answer.headers), answer.read().decode()
    except OSError:
        return {}, ""
