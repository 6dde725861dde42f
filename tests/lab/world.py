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
from tests.lab import six

MOBILE, FIXED = "AS197207", "AS58224"
MOBILE_NET, FIXED_NET, HOME_NET = "5.112.0.0/16", "78.38.0.0/16", "185.143.0.0/16"
DOMESTIC = (MOBILE_NET, FIXED_NET, HOME_NET)

MOBILE_DNS, FIXED_DNS, WORLD_DNS = "5.112.0.53", "78.38.0.53", "198.41.0.4"
LANDMARKS = ("5.112.2.1", "5.112.3.1")
RESPONDER = "185.65.134.10"  # a plain server of one's own; the witness is the other (tests/lab/own.py)
WITNESS, WITNESS_NAME = "94.16.120.20", "witness.example.net"
HUB = "116.202.1.10"
STORE, STORE_NAME = "185.65.135.20", "store.example.org"  # an operator's own responder, for transfers
IMPOSTOR = "104.21.9.9"  # a web server that is nobody's: its certificate is for another name

# hosts that only some worlds need; what stands there is started when asked for (tests/lab/others.py)
NEAR, PORTAL = "185.143.2.1", "185.143.3.1"
FORGER, TRUSTED_FORGER, EXPIRED = "185.143.4.1", "185.143.4.2", "185.143.4.3"
PROXY, EXIT = "178.22.122.100", "193.138.218.10"

OWN = {  # names of an operator's own machines, and those the pages of docs/ give as examples
    WITNESS_NAME: (WITNESS,),
    "hub.example.org": (HUB,),
    "witness.example.org": (STORE,),
    "www.example.org": (EXIT,),
    "time.example.org": (EXIT,),
}


@dataclass(frozen=True, slots=True)
class Host:
    """One machine: a network namespace of its own with these addresses."""

    name: str
    inside: bool
    addresses: tuple[str, ...]

    @property
    def twins(self) -> tuple[str, ...]:
        return tuple(map(six.twin, self.addresses))


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

    @property
    def net(self) -> str:
        """Where its household stands: the prefix a lie to this box alone is told on."""
        return f"{self.address.rpartition('.')[0]}.0/24"

    @property
    def host(self) -> Host:
        return Host(self.name, self.role == "inside", (self.address,))


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

# what a resolver against sanctions (Shecan and the like) leads to itself: their own lists hold dozens of such
SANCTIONED = ("docker_hub", "coursera", "epic_games", "udemy", "slack", "duolingo")

_BLOCKS = {"whatsapp": "157.240.1", "instagram": "157.240.2", "imo": "192.12.31", "vpn": "159.89.1"}
_ADDRESSES_A_NAME = 3
_WEB = {Kind.TCP, Kind.TLS, Kind.HTTP, Kind.HTTPS}
APART = {
    "chat": (Kind.WHATSAPP,),
    "telegram": (Kind.TELEGRAM,),
    "tor": (Kind.TOR,),
    "encrypted-dns": (Kind.DOT, Kind.DOH, Kind.DOQ),
}


def box(number: int, network: str = MOBILE) -> Box:
    """One more vantage inside, in a /24 of its own; 1 to 150 on each network."""
    if network == MOBILE:
        return Box(f"w{number}", f"5.112.{100 + number}.11", "inside", "IR", MOBILE, "mobile", MOBILE_DNS)
    return Box(f"x{number}", f"78.38.{100 + number}.11", "inside", "IR", FIXED, "fixed", FIXED_DNS)


@functools.cache
def services() -> tuple[Service, ...]:
    found, mistakes = catalogue.load(catalogue.shipped(), beside=Path())
    assert not mistakes
    return found


def targets() -> Iterator[Target]:
    for service in services():
        yield from service.targets


def _block(service: str) -> str:
    """The /24 of a service; those nobody gave one get the next that is free."""
    rest = sorted(each.id for each in services() if each.id not in _BLOCKS)
    return _BLOCKS.get(service) or f"172.67.{rest.index(service)}"


@functools.cache
def names() -> Mapping[str, tuple[str, ...]]:
    """Every host name of the catalogue and what it resolves to here.

    The addresses that stand beside it in the catalogue, or three of ours, so that there are others.
    """
    found: dict[str, tuple[str, ...]] = {}
    for service in services():
        block, fresh = _block(service.id), itertools.count(1)
        for host, given in _endpoints(service).items():
            three = tuple(f"{block}.{next(fresh)}" for _ in range(_ADDRESSES_A_NAME))
            found.setdefault(host, given or three)
    return found


def _endpoints(service: Service) -> Mapping[str, tuple[str, ...]]:
    """Every host of a service, and its literal addresses of the fourth version; the sixth has twins of its own here."""
    found: dict[str, tuple[str, ...]] = {}
    for endpoint in (e for t in service.targets if t.scope is None for e in t.endpoints if e.host):
        given = found.setdefault(endpoint.host, ())
        if endpoint.address and ":" not in endpoint.address and endpoint.address not in given:
            found[endpoint.host] = (*given, endpoint.address)
    return found


@functools.cache
def hosts_of(service: str) -> tuple[str, ...]:
    """The names a service is known by, canaries' apart."""
    return tuple(host for each in services() if each.id == service for host in _endpoints(each))


def literal(*kinds: Kind) -> tuple[str, ...]:
    """Addresses that stand in the catalogue itself, canaries apart; of targets of these kinds, or of all."""
    found = ((t.kind, e.address) for t in targets() if t.scope is None for e in t.endpoints if e.address)
    return tuple(dict.fromkeys(each for kind, each in found if ":" not in each and (not kinds or kind in kinds)))


def web_ports() -> Mapping[int, bool]:
    """The ports on which a web server stands for the catalogue, and whether it speaks TLS there."""
    asked = {e.port: t.kind in (Kind.TLS, Kind.HTTPS) for t in targets() if t.kind in _WEB for e in t.endpoints}
    return asked | {80: False, 443: True}


@functools.cache
def canaries() -> Mapping[str, str]:
    """International canaries: the shipped literal addresses, standing in the laboratory's world."""
    return {t.endpoints[0].host: t.endpoints[0].address for t in targets() if t.scope is Scope.INTERNATIONAL}


@functools.cache
def domestic() -> Mapping[str, tuple[str, ...]]:
    hosts = [t.endpoints[0].host for t in targets() if t.scope is Scope.DOMESTIC and t.at and t.at.country == "IR"]
    return {host: (f"185.143.1.{number}",) for number, host in enumerate(hosts, start=1)}


def addresses_of(service: str) -> tuple[str, ...]:
    """Everything a service stands at, for liars that drop by address and for outages."""
    return tuple(address for host in hosts_of(service) for address in names()[host])


@functools.cache
def speaking(*kinds: Kind) -> tuple[str, ...]:
    """Where targets of these kinds stand, by name or by literal address; canaries apart."""
    hosts = {e.host for t in targets() if t.kind in kinds and t.scope is None for e in t.endpoints}
    named = (address for host, found in names().items() if host in hosts for address in found)
    return tuple(dict.fromkeys([*named, *literal(*kinds)]))


def chat() -> tuple[str, ...]:
    """Where WhatsApp's own protocol is spoken."""
    return speaking(Kind.WHATSAPP)


@functools.cache
def hosts() -> tuple[Host, ...]:
    """What speaks something of its own where others speak the web stands on a host of its own."""
    web = itertools.chain(canaries().values(), literal(), *names().values())
    apart = {name: speaking(*kinds) for name, kinds in APART.items()}
    elsewhere = set(itertools.chain(*apart.values()))
    world = dict.fromkeys([WORLD_DNS, *(each for each in web if each not in elsewhere)])
    return (
        *(each.host for each in VANTAGES),
        Host("mob", True, (MOBILE_DNS, *LANDMARKS)),
        Host("fix", True, (FIXED_DNS,)),
        Host("home", True, tuple(itertools.chain(*domestic().values()))),
        Host("near", True, (NEAR,)),
        Host("portal", True, (PORTAL,)),
        Host("forger", True, (FORGER, TRUSTED_FORGER, EXPIRED)),
        Host("world", False, tuple(world)),
        Host("store", False, (STORE,)),
        *(Host(name, False, found) for name, found in apart.items()),
        Host("impostor", False, (IMPOSTOR,)),
        Host("proxy", False, (PROXY,)),
        Host("exit", False, (EXIT,)),
        Host("hub", False, (HUB,)),
        Host("own", False, (RESPONDER,)),
        Host("witness", False, (WITNESS,)),
    )
