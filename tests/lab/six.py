"""The IPv6 twin of every IPv4 address of the laboratory, and of every prefix: the same map a second time.

The prefixes look like those of the real world: the country's operators, its hosting, and everything else.
"""

from __future__ import annotations

import ipaddress

_TWINS = {"5.112.0.0/16": 0x2A024540, "78.38.0.0/16": 0x2A015EC0, "185.143.0.0/16": 0x2A0D8A40}
_INSIDE = {ipaddress.IPv4Network(text): high for text, high in _TWINS.items()}
_ABROAD = 0x2A032880


def net(prefix: ipaddress.IPv4Network) -> ipaddress.IPv6Network:
    """`5.112.7.0/24` -> the /56 in which the twins of its addresses stand."""
    high = next((high for inside, high in _INSIDE.items() if prefix.subnet_of(inside)), _ABROAD)
    number = (high << 96) | (int(prefix.network_address) << 64)
    return ipaddress.IPv6Network((number, 32 + prefix.prefixlen))


def net_of(prefix: str) -> ipaddress.IPv6Network:
    return net(ipaddress.IPv4Network(prefix))


def twin(address: str) -> str:
    """`157.240.1.1` -> `2a03:2880:9df0:101::1`."""
    return str(net_of(address).network_address + 1)
