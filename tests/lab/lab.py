"""The laboratory, running: real servers, real daemons, a hub abroad with its Prometheus and Alertmanager, and the liar.

Stands in the router's namespace (tests/lab/enter.py): every host can be reached from here without crossing the
middlebox, and nothing else can.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
import secrets
import signal
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from monitor.begin import consent
from monitor.beside import stack
from monitor.settings import Notify, Smtp, Webhook
from probes import catalogue
from probes.words import Access, Kind, Role
from tests.lab import enter, network, own, servers, web, whatsapp_web, world
from tests.lab.middlebox import OUTSIDE
from tests.lab.pki import Pki
from tests.lab.processes import Processes, answers, page, reachable
from tests.lab.web import Told
from tests.lab.world import Box

HUB_PORT, PROMETHEUS_PORT, ALERTMANAGER_PORT, VICTORIA_PORT = 8443, 9090, 9093, 8428
SMTP_PORT, WEBHOOK_PORT = 2525, 8025


class Lab(Processes):
    """`times`: how much faster than the world everything lives here."""

    def __init__(self, folder: Path, *, times: float = 30) -> None:
        if not enter.inside():
            raise RuntimeError("the laboratory is only built inside: python -m tests.lab.enter ...")
        super().__init__(folder)
        self.times = times
        self.boxes = list(world.VANTAGES)
        self.database_port = PROMETHEUS_PORT
        self.pki: Pki
        self._numbers = itertools.count()

    def __enter__(self) -> Lab:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start_router()
            self._start_servers()
        except BaseException:
            self.end_children()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_children()
        network.raze(box.host for box in self.boxes[len(world.VANTAGES) :])

    # ---------------------------------------------------------------- the network

    def _start_router(self) -> None:
        self.spawn("middlebox", None, [sys.executable, "-m", "tests.lab.middlebox", str(self.folder / "liar.sock")])
        self.wait_for("the middlebox", lambda: OUTSIDE in dict(socket.if_nameindex()).values())
        network.build()

    def _start_servers(self) -> None:
        self.pki = Pki(self.folder)
        self.infrastructure = self.pki.leaf("infrastructure", world.HUB, world.RESPONDER, *world.domestic())
        self._web = web.leaves(self.pki), self.pki.leaf("stranger", "impostor.example")
        run, at, ports = self.spawn, self.folder, {443: True, 80: False}
        run("world-web", "world", servers.nginx(at / "world-web", self._web_config()))
        chat = [str(at / "whatsapp.key"), str(at / "whatsapp.sock")]
        run("whatsapp", "chat", [sys.executable, "-m", "tests.lab.whatsapp_web", *chat])
        at_home = servers.greeting(self.infrastructure, ports)
        run("home-web", "home", servers.nginx(at / "home-web", at_home))
        run("landmarks", "mob", servers.nginx(at / "landmarks", at_home))
        own.start_witness(self, self.pki.ca_file, times=self.times)
        known = {**world.names(), **world.domestic(), **world.OWN}
        run(
            "world-dns",
            "world",
            servers.unbound(at / "world-dns", world.WORLD_DNS, known, more=world.literal(Kind.DNS)),
        )
        for host, address in (("mob", world.MOBILE_DNS), ("fix", world.FIXED_DNS)):
            config = servers.unbound(at / f"{host}-dns", address, world.domestic(), world.WORLD_DNS)
            run(f"{host}-dns", host, config)
        for transport in ("udp", "tcp"):
            run(f"openvpn-{transport}", "own", servers.openvpn(self.pki, self.infrastructure, transport))
        self.wait_for("nginx", lambda: reachable("157.240.2.1", 443) and reachable("185.143.1.1", 443))
        self.wait_for("WhatsApp", lambda: reachable(world.chat()[-1], 5222))

    def _web_config(self, *told: Told) -> str:
        self._edition = next(self._numbers)
        known, stranger = self._web
        chat = whatsapp_web.LOCATION.replace("SOCKET", str(self.folder / "whatsapp.sock"))
        return web.config(stranger, known, told, edition=self._edition, within={"web.whatsapp.com": chat})

    def tell(self, *told: Told) -> None:
        """From now on providers answer these clients so, and everybody else as they should."""
        servers.write(self.folder / "world-web", self._web_config(*told))
        self.signal("world-web", signal.SIGHUP)
        shown = f"http://{world.WORLD_DNS}/edition"
        self.wait_for("the web's new edition", lambda: page(shown) == str(self._edition))

    def lies(self, *rows: Mapping[str, Any]) -> None:
        """From now on the middlebox tells these lies to everybody, and no others; each box's own world stays."""
        self._order({"lies": list(rows)})

    def world(self, box: Box, *rows: Mapping[str, Any]) -> None:
        """From now on this box and its household live in a world of these lies; nobody else's changes."""
        self._order({"world": box.name, "lies": [{"on": [box.net], **row} for row in rows]})

    def add(self, box: Box, *rows: Mapping[str, Any]) -> Box:
        """One more vantage on the map (world.box), in a world of its own. Before start_hub, which enrols them all."""
        network.join(box.host)
        self.boxes.append(box)
        self.world(box, *rows)
        return box

    def stats(self) -> dict[str, dict[str, int]]:
        """`crossed`: packets by source that came to the middlebox; `lied`: how many met which lie.

        `told`: the same for each box's own world, by "BOX LIE".
        """
        counted: dict[str, dict[str, int]] = self._order({"stats": True})
        return counted

    def _order(self, order: Mapping[str, Any]) -> Any:
        mine = self.folder / f"order-{next(self._numbers)}.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.bind(str(mine))
            line.settimeout(5)
            line.sendto(json.dumps(order).encode(), str(self.folder / "liar.sock"))
            answer = json.loads(line.recv(1 << 20))
        mine.unlink()
        return answer

    # ---------------------------------------------------------------- vantages

    def config(self, box: Box, *, services: Sequence[str] | None = None, ship: bool = True, extra: str = "") -> Path:
        """didban.yml of a vantage, in a folder of its own."""
        folder = self.folder / box.name
        folder.mkdir(exist_ok=True)
        (folder / "secret").write_bytes(hashlib.sha256(box.name.encode()).digest())
        (folder / "hub.password").write_text(self.password(box))
        asked = list(services or ("./whatsapp.yml", "instagram", "imo", "vpn", "canaries"))
        (folder / "whatsapp.yml").write_text(self._whatsapp())
        own.write_rows(self, box, folder)
        if box.role == "control":
            (folder / "landmarks.yml").write_text(_LANDMARKS)
            asked.append("./landmarks.yml")
        digest = consent.digest(Role(box.role), box.country, Access(box.access))
        path = folder / "didban.yml"
        path.write_text(f"""
vantage: {{id: {box.name}, secret_file: secret, country: {box.country}, network: {box.network},
          access: {box.access}, role: {box.role}}}
consent: {{acknowledged: 2026-11-21, text_sha256: {digest}}}
services: {json.dumps(asked)}
responder: {world.WITNESS_NAME}
dns: {{system: [{box.resolver}]}}
tls: {{ca_file: {self.pki.ca_file}}}
limits: {{bytes_per_day: 5GB}}
storage: {{path: {folder}/state}}
{self._ship(box) if ship else ""}{extra}""")
        return path

    def _whatsapp(self) -> str:
        """The shipped file, with the root key of the laboratory's servers."""
        shipped = (catalogue.SHIPPED / "whatsapp.yml").read_text()
        mine = (self.folder / "whatsapp.key").read_text()
        return re.sub(r"root_key: [0-9a-f]{64}", f"root_key: {mine}", shipped)

    def _ship(self, box: Box) -> str:
        return f"""ship:
  - name: hub
    remote_write: https://{world.HUB}:{HUB_PORT}/api/v1/write
    basic_auth: {{username: {box.name}, password_file: hub.password}}
    tls: {{ca_file: {self.pki.ca_file}}}
"""

    def password(self, box: Box) -> str:
        return hashlib.sha256(f"password of {box.name}".encode()).hexdigest()

    def start_vantage(self, box: Box, **options: Any) -> None:
        self.start_daemon(box, self.config(box, **options))

    def start_daemon(self, box: Box, config: Path, *before: str, times: float | None = None) -> None:
        """`before`: what goes ahead of the command, as a wrong clock (tests/lab/others.py); `times`: faster than all."""
        scale = f"--time-scale={times or self.times:g}"
        command = [sys.executable, "-m", "monitor", "run", f"--config.file={config}", scale]
        self.spawn(box.name, box.name, [*before, *command])

    # ---------------------------------------------------------------- the hub

    def start_hub(self, *, victoria: bool = False, hub_times: float | None = None) -> None:
        """The hub, Prometheus, Alertmanager, and an inbox: a real SMTP server and a real webhook.

        Args:
            victoria: VictoriaMetrics is behind the hub, and nobody evaluates rules.
            hub_times: how much faster the hub alone lives: it says of itself how it goes four times a minute.
        """
        self.database_port = VICTORIA_PORT if victoria else PROMETHEUS_PORT
        at = self.folder / "hub"
        (at / "credentials").mkdir(parents=True)
        for box in self.boxes:
            digest = hashlib.sha256(self.password(box).encode()).hexdigest()
            (at / "credentials" / box.name).write_text(digest)
        (at / "registry.yml").write_text(_registry(self.boxes))
        (at / "hub.yml").write_text(f"""
listen: {world.HUB}:{HUB_PORT}
tls: {{cert_file: {self.infrastructure.chain}, key_file: {self.infrastructure.key}}}
forward: {{remote_write: "http://127.0.0.1:{self.database_port}/api/v1/write"}}
most_samples_per_minute: 10000000
""")
        if victoria:
            self._start_victoria(at)
        else:
            self._start_reporting(at)
        scale = f"--time-scale={hub_times or self.times:g}"
        self.spawn("hub", "hub", [sys.executable, "-m", "monitor", "hub", f"--config.file={at}/hub.yml", scale])
        self.wait_for("the hub", lambda: reachable(world.HUB, HUB_PORT))

    def _start_victoria(self, at: Path) -> None:
        options = (f"-httpListenAddr=0.0.0.0:{VICTORIA_PORT}", f"-storageDataPath={at}/victoria", "-retentionPeriod=1y")
        self.spawn("victoria", "hub", ["victoria-metrics", *options, "-search.latencyOffset=1ms"])
        self.wait_for("VictoriaMetrics", lambda: answers(f"http://{world.HUB}:{VICTORIA_PORT}/health"))

    def _start_reporting(self, at: Path) -> None:
        (at / "webhook.url").write_text(f"http://127.0.0.1:{WEBHOOK_PORT}/")
        mail = Smtp.model_validate(
            {"to": ("oncall@example.org",), "from": "didban@example.org", "smarthost": f"127.0.0.1:{SMTP_PORT}",
             "require_tls": False}
        )  # fmt: skip
        notify = Notify(email=mail, webhook=Webhook(url_file="webhook.url"), watchdog=Webhook(url_file="webhook.url"))
        self.spawn("inbox", "hub", [sys.executable, "-m", "tests.lab.inbox", str(at / "inbox.jsonl")])
        self._start_stack(at, notify)

    def _start_stack(self, at: Path, notify: Notify) -> None:
        programs = stack.find(stack.PROMETHEUS), stack.find(stack.ALERTMANAGER)
        if programs[0] is None or programs[1] is None:
            raise RuntimeError("prometheus and prometheus-alertmanager are not installed")
        config = stack.write_alertmanager(at, notify, at, times=self.times)
        listen = f"0.0.0.0:{ALERTMANAGER_PORT}"
        self.spawn("alertmanager", "hub", stack.alertmanager_command(programs[1], config, at / "am", listen))
        config = stack.write_prometheus(at, alertmanager=f"127.0.0.1:{ALERTMANAGER_PORT}", times=self.times)
        listen = f"0.0.0.0:{PROMETHEUS_PORT}"
        command = stack.prometheus_command(programs[0], config, at / "tsdb", listen, times=self.times)
        self.spawn("prometheus", "hub", command)
        self.wait_for("Prometheus", lambda: answers(f"http://{world.HUB}:{PROMETHEUS_PORT}/-/ready"))
        self.wait_for("Alertmanager", lambda: answers(f"http://{world.HUB}:{ALERTMANAGER_PORT}/-/ready"))

    def query(self, expr: str) -> list[dict[str, Any]]:
        """An instant query: `[{"metric": {...}, "value": [time, "1"]}]`."""
        url = f"http://{world.HUB}:{self.database_port}/api/v1/query?" + urllib.parse.urlencode({"query": expr})
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found

    def wait_until_handed_on(self) -> None:
        """Until the hub has given the database everything that it has taken so far."""
        empty = f"didban_hub_queue_samples == 0 and timestamp(didban_hub_queue_samples) > {time.time():.0f}"
        self.wait_for("the hub's queue", lambda: self.query(empty), patience_s=60)

    def alerts(self) -> list[dict[str, Any]]:
        """What Alertmanager holds now, muted or not."""
        url = f"http://{world.HUB}:{ALERTMANAGER_PORT}/api/v2/alerts"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found

    def inbox(self) -> list[dict[str, Any]]:
        """Every message that has arrived, in order: `{"at": seconds, "by": "smtp" | "webhook", ...}`."""
        path = self.folder / "hub" / "inbox.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]


def _registry(boxes: Sequence[Box]) -> str:
    rows = (
        f"  - {{id: {box.name}, country: {box.country}, network: {box.network}, access: {box.access}, role: {box.role}}}"
        for box in boxes
    )
    return "vantages:\n" + "\n".join(rows) + "\n"


_LANDMARKS = """
service: landmarks
title: {en: Landmarks, fa: نشانه‌ها}
category: landmark
targets:
""" + "".join(
    f"""
  - id: mci-{number}
    kind: tcp
    depth: endpoint
    addresses: [{address}]
    ports: [443]
    about: {{country: IR, network: {world.MOBILE}, kind: access}}
    source: the laboratory's map
"""
    for number, address in enumerate(world.LANDMARKS, start=1)
)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one laboratory, short enough for Unix sockets."""
    yield Path("/run") / f"lab-{secrets.token_hex(3)}"
