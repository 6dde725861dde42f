"""The hosts of one's own abroad, and the rows by which boxes ask them for every protocol.

The witness is deploy/responder, set up by its own `init`, at a name and an address that are no service's. The other is a
plain server (world.RESPONDER) that speaks the same by other people's programs: caddy and openvpn.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from deploy.responder import init
from tests.lab import world
from tests.lab.pki import Leaf
from tests.lab.processes import Processes, reachable
from tests.lab.world import Box

_NUMBERS = range(1, 100)  # of boxes whose WireGuard the witness answers
_PLAIN = f"""
service: own
title: {{en: A plain server of one's own}}
category: infrastructure
targets:
  - {{id: tls, kind: tls, depth: endpoint, hosts: [{world.RESPONDER}], source: the laboratory}}
""" + "".join(
    f"""
  - id: {id}
    kind: {kind}
    depth: protocol
    hosts: [{world.RESPONDER}]
    protocol: {{name: {id.replace("-", "_")}, peer: own, beside: tls}}
    source: the laboratory
"""
    for id, kind in (
        ("quic", "quic"),
        ("openvpn-udp", "openvpn\n    transport: udp"),
        ("openvpn-tcp", "openvpn\n    transport: tcp"),
    )
)


def start_witness(lab: Processes, ca_file: Path, *, times: float) -> None:
    """On its host, by the files its `init` writes; whoever trusts `ca_file` trusts it from now on."""
    folder = lab.folder / "witness"
    now = datetime.datetime.fromtimestamp(time.time(), datetime.UTC)
    init.write(folder, world.WITNESS_NAME, world.WITNESS, str(lab.folder / "witness-log"), now)
    config = folder / "responder.yml"
    boxes = [*world.VANTAGES, *(world.box(n, net) for n in _NUMBERS for net in (world.MOBILE, world.FIXED))]
    peers = [base64.b64encode(_key(box).public_key().public_bytes_raw()).decode() for box in boxes]
    limits = f"limits: {{each_a_second: {2 * times:g}, all_a_second: {50 * times:g}, all_at_once: {400 * times:g}}}"
    text = "".join(line for line in config.read_text().splitlines(keepends=True) if not line.startswith("limits:"))
    config.write_text(f"{text}{limits}\nwireguard: {{key_file: wireguard.key, peers: {peers}}}\n")
    with ca_file.open("a") as trusted:
        trusted.write((folder / "ca.pem").read_text())
    command = [sys.executable, "-m", "deploy.responder", "run", f"--config.file={config}"]
    lab.spawn("witness", "witness", command)
    lab.wait_for("the witness", lambda: reachable(world.WITNESS, 443))


def start_plain(lab: Processes, leaf: Leaf) -> None:
    """The other one's TLS and QUIC; its OpenVPN runs already."""
    folder = lab.folder / "plain"
    folder.mkdir()
    (folder / "Caddyfile").write_text(f"""
{{
  admin off
  auto_https off
  storage file_system {folder}
}}
https://{world.RESPONDER} {{
  bind {world.RESPONDER}
  tls {leaf.chain} {leaf.key}
  respond "hello"
}}
""")
    lab.spawn("plain", "own", ["caddy", "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"])
    lab.wait_for("caddy", lambda: reachable(world.RESPONDER, 443))


def write_rows(lab: Processes, box: Box, folder: Path) -> None:
    """witness.yml, as `init` made it, with a WireGuard key for this box; and own.yml."""
    made = (lab.folder / "witness" / "witness.yml").read_text()
    before, _, after = made.partition("  # - id: wireguard")
    row = "  - id: wireguard" + after.replace("\n  # ", "\n  ")
    (folder / "witness.yml").write_text(before + row)
    (folder / "wireguard.key").write_text(base64.b64encode(_key(box).private_bytes_raw()).decode())
    (folder / "own.yml").write_text(_PLAIN)


def hurry(folder: Path, id: str) -> None:
    """Asks for this protocol every minute: a world lasts minutes, and QUIC's turn comes every fifteen."""
    for name in ("witness.yml", "own.yml"):
        path = folder / name
        path.write_text(path.read_text().replace(f"- id: {id}\n", f"- id: {id}\n    essential: true\n"))


def _key(box: Box) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(hashlib.sha256(f"wireguard of {box.name}".encode()).digest())
