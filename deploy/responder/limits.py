"""How much strangers may ask for: in all, and from one neighbourhood. Kept in memory only, and forgotten soon."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

from probes.ports import Clock

_MOST_NEIGHBOURHOODS = 4096


@dataclass(frozen=True, slots=True)
class Allowance:
    """`a_second` in the long run, `burst` at once."""

    a_second: float
    burst: float


class Bucket:
    """What is left of an allowance."""

    __slots__ = ("_allowance", "_at_s", "_left")

    def __init__(self, allowance: Allowance, now_s: float) -> None:
        self._allowance, self._left, self._at_s = allowance, allowance.burst, now_s

    def take(self, now_s: float) -> bool:
        earned = (now_s - self._at_s) * self._allowance.a_second
        self._left, self._at_s = min(self._allowance.burst, self._left + earned), now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Doorkeeper:
    """Lets in or turns away, by neighbourhood (/24, /48) and in all; the least recent neighbourhood is forgotten."""

    def __init__(self, clock: Clock, *, each: Allowance, everybody: Allowance) -> None:
        self._clock, self._each = clock, each
        self._everybody = Bucket(everybody, clock.elapsed_s())
        self._known: OrderedDict[str, Bucket] = OrderedDict()
        self.turned_away = 0

    def admits(self, address: str) -> bool:
        now_s = self._clock.elapsed_s()
        place = neighbourhood(address)
        bucket = self._known.pop(place, None) or Bucket(self._each, now_s)
        self._known[place] = bucket
        if len(self._known) > _MOST_NEIGHBOURHOODS:
            self._known.popitem(last=False)
        if bucket.take(now_s) and self._everybody.take(now_s):
            return True
        self.turned_away += 1
        return False


def neighbourhood(address: str) -> str:
    """The /24 or /48 an address stands in; one that came through an IPv6 socket is still IPv4."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))
