"""The third step: TLS, the chain verified for the name that was asked for."""

from __future__ import annotations

from dataclasses import replace

from probes.attempt import attempt
from probes.facts import Observation
from probes.kinds import TRAITS
from probes.place import Place, Tools
from probes.ports import Greeting
from probes.words import Finding, Step


async def handshake(place: Place, tools: Tools) -> tuple[Observation, Place]:
    """Failures: the `ssl_*` words, silence, reset, a close in mid-handshake (`eof_error`)."""
    traits, options = TRAITS[place.target.kind], place.target.options
    name = place.endpoint.host or place.address
    accepts = () if traits.anonymous else (name,)
    seen, there = await greet(place, tools, Greeting(name, accepts, traits.alpn, options.get("roots", "")))
    known = {each.strip() for each in options.get("issuers", "").split(",")}
    if seen.certificate is not None and "issuers" in options and seen.certificate.issuer not in known:
        seen = replace(seen, findings=(Finding.UNEXPECTED_ISSUER,))
    return seen, there


async def greet(place: Place, tools: Tools, greeting: Greeting) -> tuple[Observation, Place]:
    """One TLS handshake on the connection in hand; a certificate that was not verified is no part of what was seen."""
    assert place.stream is not None
    greeted, seen = await attempt(
        tools.wire.handshake(place.stream, greeting), Step.HANDSHAKE, tools.clock, tools.timeout_s
    )
    if greeted is None:
        return seen, place
    there = replace(place, stream=greeted.stream, secure=True, certificate=greeted.certificate, alpn=greeted.alpn)
    return replace(seen, certificate=greeted.certificate if greeting.accepts else None), there
