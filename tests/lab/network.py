"""Builds the map: a namespace for every host, and a router between them whose two TUN devices lead through the liar.

What comes from inside goes to `tun-in`; what comes from abroad and wants inside goes to `tun-out`; what the middlebox
writes back is routed to its host. There is no other way between inside and abroad.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from tests.lab import world
from tests.lab.middlebox import INSIDE, OUTSIDE

_GATEWAY = "169.254.1.1"
_FROM_INSIDE, _FROM_ABROAD = 100, 101


def build() -> None:
    """In the namespace we stand in, which becomes the router. The middlebox must run before: it makes the devices."""
    _ip(_router())
    for host in world.hosts():
        subprocess.run(["ip", "netns", "add", host.name], check=True)
        subprocess.run(["ip", "netns", "exec", host.name, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0"], check=True)
        _ip(_link(host))
        _ip(_host(host), "-n", host.name)


def raze() -> None:
    """Takes everything down again, so that another laboratory can stand here. The middlebox took its devices along."""
    _ip(_torn_down())
    for host in world.hosts():
        subprocess.run(["ip", "netns", "del", host.name], check=True)


def _torn_down() -> Iterator[str]:
    for host in world.hosts():
        yield f"link del v-{host.name}"
        yield f"rule del iif v-{host.name}"
    yield "route del blackhole default"


def _ip(commands: Iterator[str], *options: str) -> None:
    subprocess.run(["ip", *options, "-batch", "-"], input="\n".join(commands), text=True, check=True)


def _router() -> Iterator[str]:
    for device in (INSIDE, OUTSIDE):
        yield f"link set {device} up"
    yield "route add blackhole default"  # what is not on the map is silence, as an unused address mostly is
    yield f"route add default dev {INSIDE} table {_FROM_INSIDE}"
    for net in world.DOMESTIC:
        yield f"route add {net} dev {OUTSIDE} table {_FROM_ABROAD}"


def _link(host: world.Host) -> Iterator[str]:
    yield f"link add v-{host.name} type veth peer name eth0 netns {host.name}"
    yield f"addr add {_GATEWAY}/32 dev v-{host.name}"
    yield f"link set v-{host.name} up"
    for address in host.addresses:
        yield f"route add {address}/32 dev v-{host.name}"
    yield f"rule add iif v-{host.name} lookup {_FROM_INSIDE if host.inside else _FROM_ABROAD}"


def _host(host: world.Host) -> Iterator[str]:
    yield "link set lo up"
    yield "link set eth0 up"
    for address in host.addresses:
        yield f"addr add {address}/32 dev eth0"
    yield f"route add {_GATEWAY}/32 dev eth0"
    yield f"route add default via {_GATEWAY} dev eth0 src {host.addresses[0]}"


def unplug(host: str, *, plugged: bool = False) -> None:
    """Pulls the cable of one host, or puts it back."""
    subprocess.run(["ip", "link", "set", f"v-{host}", "up" if plugged else "down"], check=True)
    if plugged:
        _ip(route for route in _routes_of(host))


def _routes_of(name: str) -> Iterator[str]:
    """Routes over a link that was down are gone with it."""
    host = next(each for each in world.hosts() if each.name == name)
    return (f"route replace {address}/32 dev v-{name}" for address in host.addresses)


def take_down(addresses: tuple[str, ...], *, up: bool = False) -> None:
    """Services of the world go down for everybody, or come up again."""
    verb = "add" if up else "del"
    _ip((f"addr {verb} {address}/32 dev eth0" for address in addresses), "-n", "world")
