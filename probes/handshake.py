"""The third step: TLS, the chain verified for the name that was asked for."""

from __future__ import annotations

from dataclasses import replace

from probes.attempt import attempt
from probes.facts import Observation
from probes.hello import FirstWords
from probes.kinds import TRAITS
from probes.place import Place, Tools
from probes.ports import Greeting
from probes.words import Step


async def handshake(place: Place, tools: Tools) -> tuple[Observation, Place]:
    """Failures: the `ssl_*` words, silence, reset, a close in mid-handshake (`eof_error`).

    The ClientHello's hashes are kept whatever comes of it: a witness at the far end knows the walk by them.
    """
    assert place.stream is not None
    name = place.endpoint.host or place.address
    traits = TRAITS[place.target.kind]
    accepts = () if traits.anonymous else (name,)
    says = place.target.options.get("says", name)
    greeting = Greeting(says, accepts, traits.alpn, place.target.options.get("roots", ""))
    said = FirstWords(place.stream)
    greeted, seen = await attempt(tools.wire.handshake(said, greeting), Step.HANDSHAKE, tools.clock, tools.timeout_s)
    if (hello := said.hello()) is not None:
        seen = replace(seen, hello_sha256=hello.random_sha256, hello_body_sha256=hello.body_sha256)
    if greeted is None:
        return seen, place
    there = replace(place, stream=greeted.stream, secure=True, certificate=greeted.certificate, alpn=greeted.alpn)
    return replace(seen, certificate=greeted.certificate if greeting.accepts else None), there
