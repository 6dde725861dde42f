"""What the resolvers answered for a name, and how far the answer is a lie (contract: How findings are earned)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from monitor.stored.ooni.keys import Network, Query
from monitor.stored.ooni.words import failure_of
from probes.facts import Observation
from probes.fingerprint import Fingerprints
from probes.words import Failure, Finding, Step

IP = ipaddress.IPv4Address | ipaddress.IPv6Address

_DNS64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the address that was meant
# What a filter, a proxy or a router in the house answers with: nothing, this host, the home network, a tunnel's own
# (198.18.0.0/15, RFC 2544). Operators answer with these as well: seen through getaddrinfo the two are one.
_HOUSE = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/32",
            "127.0.0.0/8",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "198.18.0.0/15",
            "::/127",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)
_ASKED_DIRECTLY = {"udp", "tcp", "dot"}  # a resolver abroad, by the probe itself
_NOT_ASKED = {"doh", "odoh", "doh3"}  # tells whether that service is blocked, nothing of the name (ts-017, E004)


@dataclass(frozen=True, slots=True)
class Names:
    """What was answered for one name.

    Attributes:
        answers: by the resolver people here get.
        others: by a resolver abroad that was asked in clear, through the same network.
        private: the resolver people here get stands in private space: in this house.
    """

    asked: bool = False
    answers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    failure: Failure | None = None
    private: bool = False
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far an answer is to be doubted. `reserved`: it leads nowhere, which is not proof by itself."""

    finding: Finding | None = None
    fingerprint: str | None = None
    reserved: bool = False

    def on(self, names: Names) -> Observation:
        """The step of asking for the name, with what was found in it."""
        nowhere = bool(names.answers) and not any(map(is_public, names.answers)) and self != Doubt()
        failure = names.failure or (Failure.DNS_BOGON if nowhere else None)
        found = (self.finding,) if self.finding else ()
        return Observation(Step.RESOLVE, names.took_s, failure, found, self.fingerprint, names.answers or None)


def address(text: str | None) -> IP | None:
    """The address meant; None for what is none."""
    try:
        ip = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _DNS64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return ip.ipv4_mapped or ip
    return ip


def is_public(text: str | None) -> bool:
    ip = address(text)
    return ip is not None and ip.is_global and not ip.is_multicast


def asked_for(host: str, network: Network) -> Names:
    """What the queries for `host` brought."""
    queries = [query for query in network.queries or () if _same(query.hostname, host)]
    usual = [query for query in queries if (query.engine or "") not in _ASKED_DIRECTLY | _NOT_ASKED]
    abroad = [query for query in queries if (query.engine or "") in _ASKED_DIRECTLY]
    answers = tuple(dict.fromkeys(_addresses(usual)))
    # asked for AAAA, most names have no answer: that is none of the failures people meet
    failures = [failure_of(query.failure) for query in sorted(usual, key=lambda query: query.query_type == "AAAA")]
    return Names(
        asked=bool(usual),
        answers=answers,
        others=tuple(dict.fromkeys(_addresses(abroad))),
        failure=None if answers else next(filter(None, failures), Failure.DNS_NO_ANSWER if usual else None),
        private=any(_in_private(query.resolver_address or query.resolver_hostname) for query in usual),
        took_s=next((took_s(query.t0, query.t) for query in usual), 0.0),
    )


def doubt(names: Names, genuine: Collection[str], control: Collection[str], known: Fingerprints) -> Doubt:
    """Whether the answers are forged.

    Args:
        genuine: addresses that proved themselves for the name, here or at the control.
        control: what the control was answered: where it got the same, nobody forged it here.
    """
    # what an injector told a resolver abroad counts where people here got nothing: else they got something else
    seen = [each for each in names.answers or names.others if each not in control]
    if not seen or not set(names.answers).isdisjoint(genuine):
        return Doubt()
    for each in seen:
        if (ip := address(each)) and (mark := known.forged_answer(str(ip))):
            return Doubt(Finding.FORGED_DNS_ANSWER, mark)
    if not names.answers or any(map(is_public, names.answers)):
        return Doubt()
    if names.private:
        return Doubt(Finding.LOCAL_SINKHOLE)
    if not any(map(is_public, control)):
        return Doubt()
    also_abroad = bool(names.others) and not any(map(is_public, names.others))
    if also_abroad or not any(map(_of_a_house, names.answers)):
        return Doubt(Finding.FORGED_DNS_ANSWER, reserved=True)
    return Doubt(reserved=True)


def took_s(t0: float | None, t: float | None) -> float:
    """0 where it was not kept: before 2022 only the end of a step was."""
    return max(0.0, t - t0) if t is not None and t0 is not None else 0.0


def _same(one: str | None, other: str) -> bool:
    return (one or "").rstrip(".").lower() == other


def _addresses(queries: Iterable[Query]) -> Iterator[str]:
    for query in queries:
        for answer in query.answers or ():
            yield from (str(text) for text in (answer.ipv4, answer.ipv6) if address(text) is not None)


def _of_a_house(text: str) -> bool:
    ip = address(text)
    return ip is not None and any(ip in network for network in _HOUSE)


def _in_private(resolver: str | None) -> bool:
    """`192.168.1.1:53`, `[fd00::1]:53`; OONI writes 127.0.0.1 and nothing for `whatever getaddrinfo asks`."""
    host = (resolver or "").rpartition(":")[0].strip("[]") or (resolver or "")
    ip = address(host)
    return ip is not None and ip.is_private and not ip.is_loopback and not ip.is_unspecified
