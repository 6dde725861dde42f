"""Builds the map: a namespace for every host, and a router between them whose two TUN devices lead through the liar.

What comes from inside goes to `tun-in`; what comes from abroad and wants inside goes to `tun-out`; what the middlebox
writes back is routed to its host. There is no other way between inside and abroad, in either family.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator

from tests.lab import six, world
from tests.lab.middlebox import INSIDE, OUTSIDE
from tests.lab.world import Host

_GATEWAY, _GATEWAY6 = "169.254.1.1", "fe80::1"
_USUAL_RTO_MS = 200
_FROM_INSIDE, _FROM_ABROAD = 100, 101
_HOST_SETTINGS = (
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv6.conf.all.disable_ipv6=0",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.default.accept_ra=0",
)


def build() -> None:
    """In the namespace we stand in, which becomes the router. The middlebox must run before: it makes the devices."""
    _ip(_router())
    for host in world.hosts():
        join(host)


def join(host: Host) -> None:
    """Puts one more host on the map."""
    subprocess.run(["ip", "netns", "add", host.name], check=True)
    subprocess.run(["ip", "netns", "exec", host.name, "sysctl", "-qw", *_HOST_SETTINGS], check=True)
    _ip(_link(host))
    for family in ("-4", "-6"):
        table = _FROM_INSIDE if host.inside else _FROM_ABROAD
        _ip(iter([f"rule add iif v-{host.name} lookup {table}"]), family)
    _ip(_host(host), "-n", host.name)


def raze(more: Iterable[Host] = ()) -> None:
    """Takes everything down again, so that another laboratory can stand here. The middlebox took its devices along."""
    hosts = (*world.hosts(), *more)
    _ip(f"link del v-{host.name}" for host in hosts)
    for family in ("-4", "-6"):
        _ip((f"rule del iif v-{host.name}" for host in hosts), family)
    _ip(f"route del blackhole {everything}" for everything in ("0.0.0.0/0", "::/0"))
    for host in hosts:
        subprocess.run(["ip", "netns", "del", host.name], check=True)


def _ip(commands: Iterator[str], *options: str) -> None:
    subprocess.run(["ip", *options, "-batch", "-"], input="\n".join(commands), text=True, check=True)


def _router() -> Iterator[str]:
    for device in (INSIDE, OUTSIDE):
        yield f"link set {device} addrgenmode none up"
    for everything in ("0.0.0.0/0", "::/0"):
        yield f"route add blackhole {everything}"  # what is not on the map is silence, as an unused address mostly is
        yield f"route add {everything} dev {INSIDE} table {_FROM_INSIDE}"
    for net in world.DOMESTIC:
        yield f"route add {net} dev {OUTSIDE} table {_FROM_ABROAD}"
        yield f"route add {six.net_of(net)} dev {OUTSIDE} table {_FROM_ABROAD}"


def _link(host: Host) -> Iterator[str]:
    yield f"link add v-{host.name} type veth peer name eth0 netns {host.name}"
    yield f"link set v-{host.name} addrgenmode none up"
    yield f"addr add {_GATEWAY}/32 dev v-{host.name}"
    yield f"addr add {_GATEWAY6}/64 dev v-{host.name} nodad"
    yield from _routes(host)


def _routes(host: Host) -> Iterator[str]:
    for address in host.addresses:
        yield f"route replace {address}/32 dev v-{host.name}"
    for address in host.twins:
        yield f"route replace {address}/128 dev v-{host.name}"


def _host(host: Host) -> Iterator[str]:
    yield "link set lo up"
    yield "link set eth0 up"
    yield from _addresses(host.addresses, "add")
    yield f"route add {_GATEWAY}/32 dev eth0"
    yield f"route add default via {_GATEWAY} dev eth0 src {host.addresses[0]}"
    yield f"route add ::/0 via {_GATEWAY6} dev eth0 src {host.twins[0]}"


def _addresses(addresses: Iterable[str], verb: str) -> Iterator[str]:
    for address in addresses:
        yield f"addr {verb} {address}/32 dev eth0"
        yield f"addr {verb} {six.twin(address)}/128 dev eth0{' nodad' if verb == 'add' else ''}"


def unplug(name: str, *, plugged: bool = False) -> None:
    """Pulls the cable of one host, or puts it back. Routes and addresses over a link that was down are gone with it."""
    subprocess.run(["ip", "link", "set", f"v-{name}", "up" if plugged else "down"], check=True)
    if plugged:
        host = next(each for each in world.hosts() if each.name == name)
        _ip(iter([f"addr replace {_GATEWAY6}/64 dev v-{name} nodad"]))
        _ip(_routes(host))


def hurry(hosts: Iterable[Host], times: float) -> None:
    """What these hosts send and nobody acknowledged goes out again so many times sooner (ip-route(8), rto_min).

    Else a packet lost in fast motion would cost as many times more than in the world. A lost SYN still costs a second.
    """
    least = f"rto_min {max(1, round(_USUAL_RTO_MS / times))}ms"
    for host in hosts:
        for family, gateway, source in ((4, _GATEWAY, host.addresses[0]), (6, _GATEWAY6, host.twins[0])):
            everything = f"route change default via {gateway} dev eth0 src {source} {least}"
            _ip(iter([everything]), f"-{family}", "-n", host.name)


def take_down(addresses: Iterable[str], *, up: bool = False) -> None:
    """Services of the world go down for everybody, or come up again."""
    for host in world.hosts():
        if mine := [each for each in addresses if each in host.addresses]:
            _ip(_addresses(mine, "add" if up else "del"), "-n", host.name)
