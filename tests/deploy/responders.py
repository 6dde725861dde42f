"""A responder on loopback, made by its own `init`, for tests that meet it as a vantage would."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from deploy.responder import init, settings
from deploy.responder.daemon import Responder
from probes.doors.clock import SystemClock
from tests.probes.liars import closed_ports

NAME = "witness.example.org"
NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Standing:
    """A responder that listens."""

    folder: Path
    responder: Responder
    ports: dict[str, int]
    said: list[str]

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def key(self) -> Ed25519PublicKey:
        found = load_pem_public_key((self.folder / "log.pub").read_bytes())
        assert isinstance(found, Ed25519PublicKey)
        return found

    def lines(self) -> list[str]:
        return [line for path in self.responder.journal.files() for line in path.read_text().splitlines()]


def configured(folder: Path, more: str = "") -> dict[str, int]:
    """Keys, certificates and a responder.yml in `folder`; the ports by protocol."""
    init.write(folder, NAME, "127.0.0.1", str(folder / "log"), NOW)
    names = ("tls", "clear", "openvpn", "dns", "wireguard", "quic", "whatsapp")
    ports = dict(zip(names, closed_ports(len(names)), strict=True))
    path = folder / "responder.yml"
    text = path.read_text()
    text = text.replace("ports: [443]", f"ports: [{ports['tls']}]")
    text = text.replace("clear_ports: [80]", f"clear_ports: [{ports['clear']}]").replace(
        "[1194]", f"[{ports['openvpn']}]"
    )
    text = re.sub("(dns: .*address: 127.0.0.1)", rf"\1, port: {ports['dns']}", text)
    text = text.replace("quic: {port: 443}", f"quic: {{port: {ports['quic']}}}")
    text = text.replace("ports: [5222]", f"ports: [{ports['whatsapp']}]")
    text = text.replace("deadline: 30s", "deadline: 2s")
    path.write_text(text + more.format(**ports))
    return ports


@contextlib.asynccontextmanager
async def standing(folder: Path, more: str = "") -> AsyncIterator[Standing]:
    ports = configured(folder, more)
    loaded, mistakes = settings.load(folder / "responder.yml")
    assert loaded is not None, mistakes
    said: list[str] = []
    responder = Responder(loaded, SystemClock(), said.append)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(responder.run())
        waiting = tasks.create_task(responder.listening.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        try:
            yield Standing(folder, responder, ports, said)
        finally:
            responder.stop.set()
