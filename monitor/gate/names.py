"""The names a certificate speaks for, beyond its subject: whether any of them is one that may come in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

_KINDS = ("DNS", "IP Address", "email", "URI")  # as ssl.SSLSocket.getpeercert names them


def speaks_for_one(certificate: Mapping[str, Any] | None, allowed: Iterable[str]) -> bool:
    """`certificate`: as the ssl module gives one that it verified. Names are compared letter by letter, as in Go."""
    wanted = {_plain(each) for each in allowed}
    named = (certificate or {}).get("subjectAltName", ())
    return any(kind in _KINDS and _plain(str(text)) in wanted for kind, text in named)


def _plain(name: str) -> str:
    """Of an address, the one way to write it: OpenSSL writes IPv6 in another than Go."""
    try:
        ip = ipaddress.ip_address(name.strip())
    except ValueError:
        return name
    return str(getattr(ip, "ipv4_mapped", None) or ip)
