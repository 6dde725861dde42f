"""The step that makes the far end show who it is: TLS, or QUIC, the chain verified for the name that was asked for."""

from __future__ import annotations

from msgspec.structs import replace

from probes import marks
from probes.attempt import attempt
from probes.facts import Certificate, Observation
from probes.hello import FirstWords
from probes.issuers import plain
from probes.kinds import TRAITS
from probes.place import Place, Tools
from probes.ports import Greeted, Greeting
from probes.words import Finding, Step, Transport


async def handshake(place: Place, tools: Tools) -> tuple[Observation, Place]:
    """Failures: the `ssl_*` words, silence, reset, a close in mid-handshake (`eof_error`)."""
    seen, there = await greet(place, tools, _greeting(place))
    return _signed_by(seen, place, tools), there


async def greet(place: Place, tools: Tools, greeting: Greeting) -> tuple[Observation, Place]:
    """One TLS handshake on the connection in hand; a certificate that was not verified is no part of what was seen.

    The ClientHello's hashes are kept whatever comes of it: a witness at the far end knows the walk by them.
    """
    assert place.stream is not None
    said = FirstWords(place.stream)
    greeted, seen = await attempt(tools.wire.handshake(said, greeting), Step.HANDSHAKE, tools.clock, tools.timeout_s)
    hello = said.hello()
    seen = replace(
        seen,
        certificate=_verified(greeting, greeted),
        hello_sha256=hello.random_sha256 if hello else None,
        hello_body_sha256=hello.body_sha256 if hello else None,
    )
    return seen, _after(place, greeted)


async def handshake_by_quic(place: Place, tools: Tools) -> tuple[Observation, Place]:
    """Failures: the same, `quic_incompatible_version`, and `connection_refused` where a closed port says so."""
    greeting, said = _greeting(place), list[FirstWords]()
    greeted, seen = await attempt(_by_quic(place, tools, greeting, said), Step.HANDSHAKE, tools.clock, tools.timeout_s)
    marked = marks.of(place.target.kind, (each.said for each in said))
    seen = replace(seen, certificate=_verified(greeting, greeted), said_sha256=marked)
    return _signed_by(seen, place, tools), _after(place, greeted)


async def _by_quic(place: Place, tools: Tools, greeting: Greeting, said: list[FirstWords]) -> Greeted:
    """`said` takes in what was said first, whatever comes of it."""
    stream = await tools.wire.connect(place.address, place.endpoint.port, Transport.UDP, place.traffic)
    said.append(FirstWords(stream))
    try:
        return await tools.quic.handshake(said[0], greeting)
    except BaseException:
        stream.close()
        raise


def _greeting(place: Place) -> Greeting:
    traits, options = TRAITS[place.target.kind], place.target.options
    accepts = () if traits.anonymous else (place.name,)
    return Greeting(options.get("says", place.name), accepts, traits.alpn, options.get("roots", ""))


def _signed_by(seen: Observation, place: Place, tools: Tools) -> Observation:
    """Whether somebody signed its certificate whom controls never saw sign it: as the service file says, or the book.

    Where the file names roots of the service's own, the book says nothing: nobody else can have signed.
    """
    if seen.certificate is None:
        return seen
    options, issuer = place.target.options, seen.certificate.issuer
    known = {plain(each) for each in options.get("issuers", "").split(",")} - {""}
    by_the_book = not known and "roots" not in options and tools.unexpected(place.name, issuer)
    strange = by_the_book or (known and plain(issuer) not in known)
    return replace(seen, findings=(Finding.UNEXPECTED_ISSUER,)) if strange else seen


def _verified(greeting: Greeting, greeted: Greeted | None) -> Certificate | None:
    return greeted.certificate if greeted is not None and greeting.accepts else None


def _after(place: Place, greeted: Greeted | None) -> Place:
    if greeted is None:
        return place
    return replace(place, stream=greeted.stream, secure=True, certificate=greeted.certificate, alpn=greeted.alpn)
