"""The table of lies: one class per way of lying, parted by what is lied about, made from rows of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.lab.lies import addresses, hellos, lines, names, pages, signatures, transfers
from tests.lab.lies.lie import Lie, Prefixes

LIES: Mapping[str, Callable[..., Lie]] = {
    kind.name: kind
    for kind in (
        names.DnsForgery, names.DnsDenial, names.DnsSilence,
        hellos.ResetByName, hellos.SilenceByName, hellos.SniAllowList, hellos.ServerHelloSwallowed,
        addresses.Cut, addresses.CutForeign, addresses.DropAddress, addresses.ResetAddress, addresses.IcmpAddress,
        addresses.UdpDrop, addresses.Diversion,
        signatures.OpenVpnSignature, signatures.WireGuardSignature, signatures.NoiseSignature,
        signatures.UnknownProtocol, signatures.QuicByName,
        lines.BurstyLoss, lines.Latency, lines.Congestion, lines.BigPacketsLost,
        transfers.Throttle, transfers.Stall,
        pages.BlockPage,
    )
}  # fmt: skip

_PREFIXES = ("on", "to", "domestic", "but")
_TUPLES = ("names", "ports", "over")


def lie(row: Mapping[str, Any]) -> Lie:
    """`{"lie": "dns_forgery", "on": ["5.112.0.0/16"], "names": ["instagram.com"]}` as a lie."""
    given = dict(row)
    kind = LIES[given.pop("lie")]
    given |= {key: Prefixes(given[key]) for key in _PREFIXES if key in given}
    given |= {key: tuple(given[key]) for key in _TUPLES if key in given}
    return kind(**given)
