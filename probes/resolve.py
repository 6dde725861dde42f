"""The first step: ask the resolvers people here get for the name, and say whether the answer can be true."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from probes.attempt import attempt
from probes.facts import Observation
from probes.fingerprint import Fingerprints
from probes.kinds import TRAITS
from probes.place import Place, Tools
from probes.ports import Resolved
from probes.words import Failure, Finding, Step


async def resolve(place: Place, tools: Tools) -> tuple[Observation, Place]:
    """Failures: the `dns_*` words, and those of a UDP or TCP exchange.

    A target of kind dns with a literal address asks that resolver for the name: any reply is a sign of life.
    """
    endpoint = place.endpoint
    if endpoint.address:
        asked = tools.names.ping(endpoint.address, endpoint.port, endpoint.host, place.traffic)
        _, seen = await attempt(asked, Step.RESOLVE, tools.clock, tools.timeout_s)
        return seen, replace(place, address=endpoint.address)
    answer, seen = await attempt(
        tools.names.resolve(endpoint.host, place.traffic), Step.RESOLVE, tools.clock, tools.timeout_s
    )
    if answer is None:
        return seen, place
    return _believe(answer, seen, place, tools.fingerprints)


def _believe(answer: Resolved, seen: Observation, place: Place, known: Fingerprints) -> tuple[Observation, Place]:
    """Reserved addresses are never walked to: a liar must not be able to point us at a neighbour's router.

    A known forgery in public space is walked to where the far end can prove itself, for genuine outranks known;
    `probes.walk` adds the finding when it does not.
    """
    mark = next((id for address in answer.addresses if (id := known.forged_answer(address))), None)
    seen = replace(seen, answers=answer.addresses, fingerprint=mark)
    public = [address for address in answer.addresses if _public(address)]
    if public and (mark is None or TRAITS[place.target.kind].proves):
        return seen, replace(place, address=public[place.turn % len(public)])
    findings: tuple[Finding, ...] = ()
    if mark:
        findings = (Finding.FORGED_DNS_ANSWER,)
    elif answer.private_resolver and all(_nowhere(address) for address in answer.addresses):
        findings = (Finding.LOCAL_SINKHOLE,)
    return replace(seen, failure=Failure.DNS_BOGON, findings=findings), place


def _public(address: str) -> bool:
    """One host somewhere in the world; multicast counts as global, and would be heard by every neighbour."""
    ip = ipaddress.ip_address(address)
    return ip.is_global and not ip.is_multicast


def _nowhere(address: str) -> bool:
    """What a home sinkhole answers: the unspecified address, this host, or a neighbour in the house."""
    ip = ipaddress.ip_address(address)
    return ip.is_unspecified or ip.is_loopback or ip.is_private
