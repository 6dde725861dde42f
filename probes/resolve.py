"""The first step: ask the resolvers people here get for the name, and say whether the answer can be true."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Sequence

from msgspec.structs import replace

from probes import marks
from probes.attempt import attempt
from probes.facts import Observation
from probes.fingerprint import Fingerprints
from probes.kinds import TRAITS
from probes.options import FRESH
from probes.place import Place, Tools
from probes.ports import Resolved
from probes.words import Failure, Finding, Step

_LABEL_BYTES = 8
_DNS64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address seen from a line that has IPv6 alone


async def resolve(place: Place, tools: Tools) -> tuple[Observation, Place]:
    """Failures: the `dns_*` words, and those of a UDP or TCP exchange.

    A target of kind dns with a literal address asks that resolver for the name: any reply is a sign of life.
    """
    endpoint = place.endpoint
    if endpoint.address:
        return await _pinged(place, tools), replace(place, address=endpoint.address)
    asked = tools.names.resolve(endpoint.host, place.traffic, v6=endpoint.v6)
    answer, seen = await attempt(asked, Step.RESOLVE, tools.clock, tools.timeout_s)
    if answer is not None:
        seen, place = _believe(answer, seen, place, tools.fingerprints)
    if seen.failure is None:
        return seen, place
    seen = await _asked_elsewhere(seen, place, tools)
    known = dict.fromkeys([*tools.book(endpoint.host, endpoint.v6), *filter(_public, seen.trusted or ())])
    in_the_house = answer is not None and answer.private_resolver
    return _weighed(seen, bool(known), in_the_house=in_the_house), _by_the_book(place, tuple(known))


async def _pinged(place: Place, tools: Tools) -> Observation:
    """A sign of life. Below a zone of our own responder a label is said that nobody said before: its log knows it."""
    at, said = place.endpoint, list[bytes]()
    fresh = place.target.options.get("label") == FRESH
    host = f"{tools.token(_LABEL_BYTES).hex()}.{at.host}" if fresh else at.host
    pinged = tools.names.ping(at.address, at.port, host, place.traffic, said)
    _, seen = await attempt(pinged, Step.RESOLVE, tools.clock, tools.timeout_s)
    return replace(seen, said_sha256=marks.of(place.target.kind, said)) if fresh else seen


async def _asked_elsewhere(seen: Observation, place: Place, tools: Tools) -> Observation:
    """What the operator's own resolver says, where one in the house lied; what a resolver says that nobody can lie for.

    Neither's silence is evidence of anything.
    """
    host, v6 = place.endpoint.host, place.endpoint.v6
    if tools.isp is not None and Finding.LOCAL_SINKHOLE in seen.findings:
        asked = tools.isp.resolve(host, place.traffic, v6=v6)
        said, _ = await attempt(asked, Step.RESOLVE, tools.clock, tools.timeout_s)
        if said is not None:
            seen = replace(seen, isp=said.addresses)
            if said.ear is not None:
                said.ear.close()
    if tools.trusted is not None:
        heard = tools.trusted.resolve(host, place.traffic, v6=v6)
        trusted, _ = await attempt(heard, Step.RESOLVE, tools.clock, tools.timeout_s)
        seen = replace(seen, trusted=trusted)
    return seen


def _weighed(seen: Observation, known_elsewhere: bool, *, in_the_house: bool) -> Observation:
    """A reserved answer is forged where the name is known to stand somewhere, or where the operator says it as well."""
    reserved = bool(seen.answers) and not any(map(_public, seen.answers or ()))
    if Finding.LOCAL_SINKHOLE in seen.findings:
        repeated = seen.isp is not None and set(seen.isp) == set(seen.answers or ())
        return replace(seen, findings=(Finding.FORGED_DNS_ANSWER,)) if repeated else seen
    if reserved and known_elsewhere and not in_the_house:
        return replace(seen, findings=(Finding.FORGED_DNS_ANSWER,))
    return seen


def _by_the_book(place: Place, known: tuple[str, ...]) -> Place:
    """On with an address that authenticated lately, so that what is broken behind the name is seen as well."""
    if not known or not TRAITS[place.target.kind].proves:
        return place
    return replace(place, address=_pick(known, place), booked=True)


def _pick(addresses: Sequence[str], place: Place) -> str:
    free = [address for address in addresses if address not in place.avoid] or addresses
    return free[place.turn % len(free)]


def _believe(answer: Resolved, seen: Observation, place: Place, known: Fingerprints) -> tuple[Observation, Place]:
    """Reserved addresses are never walked to: a liar must not be able to point us at a neighbour's router.

    A known forgery in public space is walked to where the far end can prove itself, for genuine outranks known;
    `probes.walk` adds the finding when it does not.
    """
    if answer.failure is not None:
        return replace(seen, failure=answer.failure), replace(place, ear=answer.ear)
    mark = next((id for address in answer.addresses if (id := known.forged_answer(address))), None)
    seen = replace(seen, answers=answer.addresses, fingerprint=mark)
    public = [address for address in answer.addresses if _public(address)]
    if public and (mark is None or TRAITS[place.target.kind].proves):
        return seen, replace(place, address=_pick(public, place), ear=answer.ear)
    findings: tuple[Finding, ...] = ()
    if mark:
        findings = (Finding.FORGED_DNS_ANSWER,)
    elif answer.private_resolver and all(_nowhere(address) for address in answer.addresses):
        findings = (Finding.LOCAL_SINKHOLE,)
    return replace(seen, failure=Failure.DNS_BOGON, findings=findings), replace(place, ear=answer.ear)


@functools.lru_cache(maxsize=4096)
def _public(address: str) -> bool:
    """One host somewhere in the world; multicast counts as global, and would be heard by every neighbour."""
    ip = ipaddress.ip_address(address)
    if ip in _DNS64:
        return True
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _nowhere(address: str) -> bool:
    """What a home sinkhole answers: the unspecified address, this host, or a neighbour in the house."""
    ip = ipaddress.ip_address(address)
    return ip.is_unspecified or ip.is_loopback or ip.is_private
