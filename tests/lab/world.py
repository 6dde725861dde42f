"""The map of the laboratory: who stands where, under which addresses and names. Data, and nothing else.

The addresses look like those of the real world, so that nothing in the product has to be told that this is none: they
live in network namespaces that lead nowhere (tests/lab/enter.py).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from probes import catalogue
from probes.facts import Service, Target
from probes.words import Kind, Scope

MOBILE, FIXED = "AS197207", "AS58224"
MOBILE_NET, FIXED_NET, HOME_NET = "5.112.0.0/16", "78.38.0.0/16", "185.143.0.0/16"
DOMESTIC = (MOBILE_NET, FIXED_NET, HOME_NET)

MOBILE_DNS, FIXED_DNS, WORLD_DNS = "5.112.0.53", "78.38.0.53", "198.41.0.4"
LANDMARKS = ("5.112.2.1", "5.112.3.1")
RESPONDER = "185.65.134.10"
HUB = "116.202.1.10"


@dataclass(frozen=True, slots=True)
class Host:
    """One machine: a network namespace of its own with these addresses."""

    name: str
    inside: bool
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """One vantage."""

    name: str
    address: str
    role: str
    country: str
    network: str
    access: str
    resolver: str


VANTAGES = (
    Box("m1", "5.112.1.11", "inside", "IR", MOBILE, "mobile", MOBILE_DNS),
    Box("m2", "5.112.1.12", "inside", "IR", MOBILE, "mobile", MOBILE_DNS),
    Box("f1", "78.38.1.11", "inside", "IR", FIXED, "fixed", FIXED_DNS),
    Box("f2", "78.38.1.12", "inside", "IR", FIXED, "fixed", FIXED_DNS),
    Box("c1", "95.216.1.11", "control", "FI", "AS24940", "datacenter", WORLD_DNS),
    Box("c2", "51.15.1.11", "control", "FR", "AS12876", "datacenter", WORLD_DNS),
    Box("c3", "194.36.1.11", "control", "SE", "AS42708", "datacenter", WORLD_DNS),
)
INSIDE = tuple(box for box in VANTAGES if box.role == "inside")
CONTROLS = tuple(box for box in VANTAGES if box.role == "control")

_BLOCKS = {"whatsapp": "157.240.1", "instagram": "157.240.2", "imo": "192.12.31", "vpn": "159.89.1"}
_ADDRESSES_A_NAME = 3


@functools.cache
def _services() -> tuple[Service, ...]:
    services, mistakes = catalogue.load(catalogue.shipped(), beside=Path())
    assert not mistakes
    return services


def _targets() -> Iterator[Target]:
    for service in _services():
        yield from service.targets


@functools.cache
def names() -> Mapping[str, tuple[str, ...]]:
    """Every host name of the catalogue and what it resolves to here: three addresses each, so that there are others."""
    found: dict[str, tuple[str, ...]] = {}
    for service in _services():
        fresh = itertools.count(1)
        for target in service.targets:
            for endpoint in target.endpoints:
                if target.scope is not None or endpoint.host in found:
                    continue
                block = _BLOCKS[service.id]
                found[endpoint.host] = tuple(f"{block}.{next(fresh)}" for _ in range(_ADDRESSES_A_NAME))
    return found


def canaries() -> Mapping[str, str]:
    """International canaries: the shipped literal addresses, standing in the laboratory's world."""
    return {t.endpoints[0].host: t.endpoints[0].address for t in _targets() if t.scope is Scope.INTERNATIONAL}


def domestic() -> Mapping[str, tuple[str, ...]]:
    hosts = [t.endpoints[0].host for t in _targets() if t.scope is Scope.DOMESTIC and t.at and t.at.country == "IR"]
    return {host: (f"185.143.1.{number}",) for number, host in enumerate(hosts, start=1)}


def addresses_of(service: str) -> tuple[str, ...]:
    """Everything a service stands at, for liars that drop by address and for outages."""
    block = _BLOCKS[service]
    return tuple(address for found in names().values() for address in found if address.startswith(f"{block}."))


@functools.cache
def chat() -> tuple[str, ...]:
    """Where WhatsApp's own protocol is spoken."""
    hosts = {e.host for t in _targets() if t.kind is Kind.WHATSAPP for e in t.endpoints}
    return tuple(address for host, found in names().items() if host in hosts for address in found)


def hosts() -> tuple[Host, ...]:
    world = [WORLD_DNS, RESPONDER, *canaries().values(), *itertools.chain(*names().values())]
    return (
        *(Host(box.name, box.role == "inside", (box.address,)) for box in VANTAGES),
        Host("mob", True, (MOBILE_DNS, *LANDMARKS)),
        Host("fix", True, (FIXED_DNS,)),
        Host("home", True, tuple(itertools.chain(*domestic().values()))),
        Host("world", False, tuple(world)),
        Host("hub", False, (HUB,)),
    )
