"""Puts the queries, connections, greetings and requests of a measurement together into walks of ours."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from monitor.stored.ooni.keys import Handshake, Measurement, Network, TcpConnect, Transaction
from monitor.stored.ooni.names import Doubt, Names, took_s
from monitor.stored.ooni.pages import Url, page_of, url_of
from monitor.stored.ooni.words import failure_of, step_of
from probes.facts import Endpoint, Observation, Walk
from probes.fingerprint import Fingerprints, Meaning
from probes.words import Answer, Failure, Finding, Reason, Step, Transport

_MARKS = {Meaning.REFUSAL: Finding.PROVIDER_REFUSAL, Meaning.BLOCK_PAGE: Finding.BLOCK_PAGE}


@dataclass(frozen=True, slots=True)
class Journey:
    """What every walk of one measurement shares."""

    target: str
    started_ms: int

    @classmethod
    def of(cls, measurement: Measurement) -> Journey:
        return cls(measurement.test_name, _ms(measurement.measurement_start_time))

    def walk(self, endpoint: Endpoint, address: str, steps: Iterable[Observation]) -> Walk:
        return Walk(self.target, endpoint, address, self.started_ms, Reason.DUE, tuple(steps))


def _ms(text: str | None) -> int:
    """`2022-09-22 12:00:00`, UTC; 0 for what is no time."""
    try:
        at = datetime.datetime.fromisoformat((text or "").removesuffix("Z"))
        return int(at.replace(tzinfo=datetime.UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0


def port_of(given: int | str | None) -> int:
    """0 for what is no port."""
    if isinstance(given, str):
        given = int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else 0
    return given if given is not None and 0 < given < 65536 else 0


def connected(tcp: TcpConnect) -> Observation:
    status = tcp.status
    failure = failure_of(status.failure) if status else Failure.UNKNOWN
    if status is not None and status.success is False and failure is None:
        failure = Failure.UNKNOWN
    return Observation(Step.CONNECT, took_s(tcp.t0, tcp.t), failure)


def greeted(handshake: Handshake) -> Observation:
    return Observation(Step.HANDSHAKE, took_s(handshake.t0, handshake.t), failure_of(handshake.failure))


def handshakes_for(host: str, network: Network) -> list[Handshake]:
    """Those that verified the chain for this name."""
    return [
        each
        for each in network.tls_handshakes or ()
        if (each.server_name or "").lower() == host and not each.no_tls_verify
    ]


def to_addresses(journey: Journey, url: Url, names: Names, doubt: Doubt, network: Network) -> list[Walk]:
    """One walk to each address that was tried: name, connection, greeting. Or the one that ended at the name."""
    named = [doubt.on(names)] if names.asked else []
    if names.asked and not names.answers:
        return [journey.walk(Endpoint(url.host, url.port, Transport.TCP), "", named)]
    greetings = handshakes_for(url.host, network)
    nameless = [each for each in greetings if not each.address]
    walks = []
    tried = {tcp.ip or "": tcp for tcp in network.tcp_connect or () if port_of(tcp.port) == url.port}
    for ip, tcp in tried.items():
        if names.asked and ip not in (*names.answers, url.host):
            continue
        steps = [*named, connected(tcp)]
        if url.secure and not steps[-1].failure:
            mine = next((each for each in greetings if each.address in _written(ip, url.port)), None)
            mine = mine or (nameless.pop(0) if nameless else None)
            steps += [greeted(mine)] if mine else []
        walks.append(journey.walk(Endpoint(url.host, url.port, Transport.TCP, "" if names.asked else ip), ip, steps))
    if not walks and named:
        walks = [journey.walk(Endpoint(url.host, url.port, Transport.TCP), "", named)]
    return walks


def _written(ip: str, port: int) -> tuple[str, str]:
    return f"{ip}:{port}", f"[{ip}]:{port}"


def proven_addresses(host: str, network: Network) -> Iterator[str]:
    """Addresses that completed TLS for the name."""
    for each in handshakes_for(host, network):
        if each.address and failure_of(each.failure) is None:
            yield each.address.rpartition(":")[0].strip("[]")


def fetched(transaction: Transaction, url: Url, known: Fingerprints) -> Observation:
    """The step of asking for a page. A refusal counts over TLS only, a block page in clear only."""
    response, failure = transaction.response, failure_of(transaction.failure)
    if response is None or (not response.code and failure is None):
        failure = failure or Failure.HTTP_REQUEST_FAILED
    seen = Observation(Step.FETCH, took_s(transaction.t0, transaction.t), failure)
    if response is None or failure is not None:
        return seen
    page = page_of(response)
    mark = known.mark(page, *((Meaning.REFUSAL, Meaning.CHALLENGE) if url.secure else (Meaning.BLOCK_PAGE,)))
    finding = _MARKS.get(mark.meaning) if mark else None
    challenged = mark is not None and mark.meaning is Meaning.CHALLENGE
    answer = (Answer.CHALLENGE if challenged else Answer.of(page.status)) if url.secure else None
    return replace(
        seen,
        status=page.status,
        answer=answer,
        findings=(finding,) if finding else (),
        fingerprint=mark.id if mark else None,
    )


def with_pages(
    journey: Journey, walks: Sequence[Walk], transactions: Sequence[Transaction], known: Fingerprints
) -> list[Walk]:
    """Adds what became of the requests: to the walk that went to the same address, or as one of their own."""
    walks = list(walks)
    for transaction in transactions:
        if (url := url_of(transaction)) is None:
            continue
        seen = fetched(transaction, url, known)
        mine = next((at for at, walk in enumerate(walks) if _went_there(walk, transaction, url)), None)
        if mine is not None:
            walks[mine] = replace(walks[mine], steps=(*walks[mine].steps, seen))
            continue
        here = [walk for walk in walks if walk.endpoint.host == url.host and walk.endpoint.port == url.port]
        if seen.failure is not None:
            if here and all(any(step.failure for step in walk.steps) for walk in here):
                continue  # it says again what those walks say
            seen = replace(seen, step=step_of(seen.failure) or Step.FETCH)
        walks.append(journey.walk(Endpoint(url.host, url.port, Transport.TCP), "", [seen]))
    return walks


def that_speak(walks: Sequence[Walk]) -> list[Walk]:
    """Without those that opened no connection over IPv6, unless there are no others: most lines have none."""
    return [walk for walk in walks if not _no_ipv6(walk)] or list(walks)


def _no_ipv6(walk: Walk) -> bool:
    failed = next((seen.step for seen in walk.steps if seen.failure), None)
    return ":" in walk.address and failed is Step.CONNECT


def _went_there(walk: Walk, transaction: Transaction, url: Url) -> bool:
    """Only a walk that came through so far can have gone on to the page."""
    return (
        walk.endpoint.host == url.host
        and bool(transaction.address)
        and transaction.address in _written(walk.address, url.port)
        and not any(seen.failure for seen in walk.steps)
        and walk.steps[-1].step is not Step.FETCH
    )
