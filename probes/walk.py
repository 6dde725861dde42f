"""Walks the steps of a kind towards one endpoint, stops at the first failure, returns what was seen. Judges nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from msgspec.structs import replace

from probes.connect import connect
from probes.facts import Endpoint, Observation, Target, Walk
from probes.fetch import fetch
from probes.handshake import handshake, handshake_by_quic
from probes.knock import dns, ikev2, obfs4, openvpn, quic, shadowsocks, stun, telegram, tor, vmess, whatsapp, wireguard
from probes.knocking import knock, knock_by_post, knock_by_websocket
from probes.place import Place, Tools
from probes.ports import Traffic
from probes.resolve import resolve
from probes.transfer import transfer
from probes.words import Finding, Kind, Reason, Step, Transport

StepTaken = Callable[[Place, Tools], Awaitable[tuple[Observation, Place]]]

ROUTES: Mapping[Kind, tuple[StepTaken, ...]] = {
    Kind.DNS: (resolve,),
    Kind.TCP: (resolve, connect),
    Kind.TLS: (resolve, connect, handshake),
    Kind.HTTP: (resolve, connect, fetch),
    Kind.HTTPS: (resolve, connect, handshake, fetch),
    Kind.OPENVPN: (resolve, connect, knock(openvpn.of)),
    Kind.TRANSFER: (resolve, connect, handshake, transfer),
    Kind.WHATSAPP: (resolve, connect, knock(whatsapp.of)),
    Kind.TELEGRAM: (resolve, connect, knock(telegram.of)),
    Kind.WIREGUARD: (resolve, knock(wireguard.of)),
    Kind.IKEV2: (resolve, knock(ikev2.of)),
    Kind.STUN: (resolve, connect, knock(stun.of)),
    Kind.SHADOWSOCKS: (resolve, connect, knock(shadowsocks.of)),
    Kind.WHATSAPP_WEB: (
        *(resolve, connect, handshake),
        knock_by_websocket(whatsapp.of, whatsapp.WEB_PATH, whatsapp.WEB_ORIGIN),
    ),
    Kind.DOT: (resolve, connect, handshake, knock(dns.of_dot)),
    Kind.DOH: (resolve, connect, handshake, knock_by_post(dns.of_doh, dns.MEDIA_TYPE, dns.PATH)),
    Kind.DOQ: (resolve, handshake_by_quic, knock(dns.of_doq)),
    Kind.QUIC: (resolve, knock(quic.of, Step.CONNECT), handshake_by_quic, fetch),
    Kind.TOR: (resolve, connect, handshake, knock(tor.of)),
    Kind.VMESS: (resolve, connect, knock(vmess.of)),
    Kind.OBFS4: (resolve, connect, knock(obfs4.of)),
}


async def walk(
    target: Target,
    endpoint: Endpoint,
    tools: Tools,
    *,
    reason: Reason,
    turn: int,
    avoid: frozenset[str] = frozenset(),
) -> Walk:
    """One walk, whatever happens on the way: every wait in it has a deadline of `tools.timeout_s`."""
    started_ms, boot_ms, began_s = tools.clock.now_ms(), tools.clock.boot_ms(), tools.clock.elapsed_s()
    place = Place(
        target, endpoint, turn, Traffic(elapsed_s=tools.clock.elapsed_s), address=endpoint.address, avoid=avoid
    )
    steps: list[Observation] = []
    try:
        for step in _route(target.kind, endpoint):
            seen, place = await step(place, tools)
            steps.append(seen)
            if seen.failure is not None and not (place.booked and seen.step is Step.RESOLVE):
                break
        steps[0] = await _heard_out(steps, place, tools, tools.clock.elapsed_s() - began_s)
    finally:
        if place.stream is not None:
            place.stream.close()
        if place.ear is not None:
            place.ear.close()
    return Walk(
        target=target.name,
        endpoint=endpoint,
        address=place.address,
        started_ms=started_ms,
        reason=reason,
        steps=_settle(steps, booked=place.booked),
        bytes_sent=place.traffic.sent,
        bytes_received=place.traffic.received,
        booked=place.booked,
        boot_ms=boot_ms,
    )


def _route(kind: Kind, endpoint: Endpoint) -> tuple[StepTaken, ...]:
    """A literal address needs no resolving (only kind dns asks it something), and UDP knows no connecting."""
    left_out = set()
    if endpoint.address and kind is not Kind.DNS:
        left_out.add(resolve)
    if endpoint.transport is Transport.UDP:
        left_out.add(connect)
    return tuple(step for step in ROUTES[kind] if step not in left_out)


async def _heard_out(steps: list[Observation], place: Place, tools: Tools, took_s: float) -> Observation:
    """The first step, with what a second answer to its query said; waited for only where the first is in doubt."""
    first = steps[0]
    if place.ear is None:
        return first
    doubted = place.booked or not _proven(steps)
    mine = set(first.answers or ())
    heard = await place.ear.others(max(0.0, tools.late_s - took_s) if doubted else 0.0)
    other = next((each for each in heard if mine.isdisjoint(each) and mine != set(each)), None)
    return first if other is None else replace(first, others=other)


def _settle(steps: list[Observation], *, booked: bool) -> tuple[Observation, ...]:
    """A known forgery that could not prove itself is a forgery; one that could was genuine after all.

    Nor does one query have two different answers: somebody on the way has given one of them.
    """
    first = steps[0]
    if first.step is not Step.RESOLVE:
        return tuple(steps)
    findings = list(first.findings)
    genuine = _proven(steps) and not booked
    if not genuine and (first.fingerprint or first.others is not None) and first.answers:
        findings.append(Finding.FORGED_DNS_ANSWER)
    if first.others is not None and not genuine:
        findings.append(Finding.INJECTED_DNS_ANSWER)
    if len(findings) > len(first.findings):
        steps[0] = replace(first, findings=tuple(dict.fromkeys(findings)))
    return tuple(steps)


def _proven(steps: list[Observation]) -> bool:
    return any(seen.certificate or seen.step is Step.KNOCK for seen in steps if not seen.failure)
