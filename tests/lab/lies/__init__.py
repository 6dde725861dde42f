"""The table of lies: one class per way of lying, parted by what is lied about, made from rows of data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tests.lab.lies import addresses, datagrams, hellos, lines, names, pages, replies, signatures, transfers
from tests.lab.lies.lie import Lie, Prefixes

LIES: Mapping[str, type[Lie]] = {
    kind.name: kind
    for kind in (
        names.DnsForgery, names.DnsDenial, names.DnsSilence, names.DnsNoise,
        hellos.ResetByName, hellos.SilenceByName, hellos.SniAllowList, hellos.ServerHelloSwallowed,
        addresses.Cut, addresses.CutForeign, addresses.DropAddress, addresses.ResetAddress, addresses.IcmpAddress,
        addresses.UdpDrop, addresses.Diversion,
        signatures.OpenVpnSignature, signatures.WireGuardSignature, signatures.NoiseSignature,
        signatures.UnknownProtocol, signatures.QuicByName,
        lines.BurstyLoss, lines.Latency, lines.Congestion, lines.BigPacketsLost,
        transfers.Throttle, transfers.Stall,
        pages.BlockPage, pages.PlainPage,
        replies.ReplyByName, replies.AnybodyConnects, replies.DeadAfter,
        datagrams.QuicVersion, datagrams.QuicAnswered,
    )
}  # fmt: skip

_PREFIXES = ("on", "to", "domestic", "but")
_TUPLES = ("names", "ports", "over")
_LENGTHS = {"residue_s", "delay_s", "jitter_s", "most_s", "back_after_s"}
_RATES = {"bytes_per_s"}


def lie(row: Mapping[str, Any]) -> Lie:
    """`{"lie": "dns_forgery", "on": ["5.112.0.0/16"], "names": ["instagram.com"]}` as a lie."""
    given = dict(row)
    kind = LIES[given.pop("lie")]
    given |= {key: Prefixes(given[key]) for key in _PREFIXES if key in given}
    given |= {key: tuple(given[key]) for key in _TUPLES if key in given}
    return kind(**given)


def faster(row: Mapping[str, Any], times: float) -> dict[str, Any]:
    """The same lie where everything lives so many times faster: lengths are shorter, rates higher, counts as they are.

    So 64 KB take as large a share of a timeout as in the world, and a queue holds as many bytes. What the kernels of
    the hosts do by their own clocks is another matter (tests/lab/network.py, hurry).
    """
    fixed = {each.name: each.default for each in dataclasses.fields(LIES[row["lie"]])}
    timed = {name: default for name, default in fixed.items() if name in _LENGTHS | _RATES} | dict(row)
    return {key: _scaled(key, value, times) for key, value in timed.items()}


def _scaled(key: str, value: Any, times: float) -> Any:
    if key in _LENGTHS:
        return value / times
    return value * times if key in _RATES else value
