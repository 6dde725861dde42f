"""Didban's own walks on the bench: the doors of the product, its walk, and one wire that cannot leave the machine."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from probes.doors.web import Browser
from probes.doors.wire import Sockets
from probes.facts import Target, Walk
from probes.place import Tools
from probes.ports import Greeted, Greeting, Stream, Traffic
from probes.words import Kind, Transport
from tests.bench.far_end import Ports
from tests.probes import liars
from tests.probes.liars import target, walked

TIMEOUT_S = 5.0
_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)


@dataclass(frozen=True, slots=True)
class Home:
    """`Wire` that goes to 127.0.0.1 whatever address a name has, so that the step that resolves can be taken too."""

    below: Sockets

    async def connect(self, address: str, port: int, transport: Transport, traffic: Traffic) -> Stream:
        return await self.below.connect("127.0.0.1", port, transport, traffic)

    async def handshake(self, stream: Stream, greeting: Greeting) -> Greeted:
        return await self.below.handshake(stream, greeting)


def tools(ca_file: str, dns_port: int = 9, *, timeout_s: float = TIMEOUT_S) -> Tools:
    """What every walk of the bench shares; no fingerprints, as no peer has any."""
    hands = liars.tools(Path(ca_file), dns_port=dns_port, timeout_s=timeout_s)
    assert isinstance(hands.wire, Sockets)
    assert isinstance(hands.web, Browser)
    web = replace(hands.web, user_agent=_AGENT)
    return replace(hands, wire=Home(hands.wire), web=web, token=secrets.token_bytes)


@dataclass(frozen=True, slots=True)
class Walker:
    """Walks one target again and again. A walk that does not reach it ends the bench: its figure would be a lie."""

    to: Target
    tools: Tools

    async def walk(self) -> Walk:
        done = await walked(self.to, self.tools)
        assert done.reached, f"{self.to.kind}: {done.last.step} {done.last.failure}"
        return done

    async def __call__(self) -> None:
        await self.walk()


def walker(kind: Kind, port: int, ports: Ports, *, named: bool = True) -> Walker:
    """`named`: the walk resolves first."""
    transport = Transport.UDP if kind in (Kind.DNS, Kind.OPENVPN, Kind.DOQ, Kind.QUIC) else Transport.TCP
    return Walker(target(kind, port, transport=transport, named=named), tools(ports.ca_file, ports.dns))
