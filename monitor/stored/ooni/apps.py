"""The tests of apps: whatsapp, telegram, signal, facebook_messenger, tor, openvpn. None of them has a control."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.stored.ooni.keys import Keys, Measurement, Network, OpenvpnHandshake, TorTarget
from monitor.stored.ooni.names import address, asked_for, doubt, is_public
from monitor.stored.ooni.pages import Url, url_of
from monitor.stored.ooni.walks import (
    Journey,
    connected,
    fetched,
    greeted,
    port_of,
    proven_addresses,
    to_addresses,
    with_pages,
)
from monitor.stored.ooni.words import failure_of
from monitor.stored.verdict import Evidence
from probes.facts import Endpoint, Observation, Walk
from probes.fingerprint import Fingerprints
from probes.words import IMPOSTOR, Failure, Finding, Step, Transport

_WHATSAPP_CHAT = re.compile(r"(?:e\d{1,2}|g)\.whatsapp\.net")
_WHATSAPP_PAGES = ("v.whatsapp.net", "web.whatsapp.com")
_TELEGRAM_PAGE = "web.telegram.org"
_FACEBOOK = (  # ts-019; stun.fbsbx.com is spoken to over UDP, and not measured
    "b-api.facebook.com",
    "b-graph.facebook.com",
    "edge-mqtt.facebook.com",
    "external.xx.fbcdn.net",
    "scontent.xx.fbcdn.net",
    "star.c10r.facebook.com",
)
_CLAIMED_BY_KEY = {"obfs4"}  # of tor's protocols, those whose far end proves itself by a key that was known before


@dataclass(frozen=True, slots=True)
class Part:
    """Something the app needs: it is there when one walk of it came through."""

    walks: tuple[Walk, ...]
    proven: bool = False

    @property
    def reached(self) -> bool:
        return any(_came_through(walk) for walk in self.walks)


Parts = Callable[[Journey, Keys, Fingerprints], Iterator[Part]]


def read(measurement: Measurement, keys: Keys, known: Fingerprints, parts: Parts) -> tuple[Evidence, list[Walk]]:
    """The evidence and the walks, part by part."""
    found = [part for part in parts(Journey.of(measurement), keys, known) if part.walks]
    walks = [walk for part in found for walk in part.walks]
    findings = {finding for walk in walks for finding in _findings(walk)}
    failures = [seen.failure for walk in walks for seen in walk.steps if seen.failure]
    reached = bool(found) and all(part.reached for part in found)
    lied_to = {walk.endpoint.host for walk in walks if any(map(_leads_nowhere, walk.steps))}
    evidence = Evidence(
        walked=bool(found),
        reached=reached,
        proven=reached and all(part.proven for part in found),
        refusal=Finding.PROVIDER_REFUSAL in findings,
        local=Finding.LOCAL_SINKHOLE in findings,
        block_page=not reached and Finding.BLOCK_PAGE in findings,
        forged=Finding.FORGED_DNS_ANSWER in findings,
        lies=len(lied_to),
        named=any(failure is not Failure.UNKNOWN for failure in failures),
    )
    return evidence, walks


def _findings(walk: Walk) -> Iterator[Finding]:
    for seen in walk.steps:
        yield from seen.findings


def _leads_nowhere(seen: Observation) -> bool:
    """A known forgery in space that is nobody's; one in public space may be a service's own by tomorrow."""
    lied = Finding.FORGED_DNS_ANSWER in seen.findings and seen.fingerprint is not None
    return lied and not any(map(is_public, seen.answers or ()))


def _came_through(walk: Walk) -> bool:
    return not any(seen.failure for seen in walk.steps) and IMPOSTOR.isdisjoint(_findings(walk))


# ---------------------------------------------------------------- parts


def _page(journey: Journey, host: str, keys: Network, known: Fingerprints, *, secure: bool = True) -> Part:
    """A page over TLS: reached only where the page itself came."""
    url = Url(host, 443 if secure else 80, secure)
    requests = [each for each in keys.requests or () if url_of(each) == url]
    names = asked_for(host, keys)
    came = any(failure_of(each.failure) is None and each.response and each.response.code for each in requests)
    genuine = {*proven_addresses(host, keys), *(names.answers if came and secure else ())}
    walks = to_addresses(journey, url, names, doubt(names, genuine, (), known), keys)
    both = with_pages(journey, walks, requests, known)
    pages = [walk for walk in both if walk.steps[-1].step is Step.FETCH and not walk.steps[-1].failure]
    unfinished = [walk for walk in both if any(seen.failure for seen in walk.steps)]
    return Part(tuple(pages or unfinished or both if requests or unfinished else ()), proven=bool(pages) and secure)


def _doors(journey: Journey, hosts: Iterable[str], ports: Sequence[int], keys: Keys, known: Fingerprints) -> Part:
    """Ports that opened at the addresses of these names; who stands behind them was not asked."""
    walks: list[Walk] = []
    for host in hosts:
        names = asked_for(host, keys)
        lie = doubt(names, (), (), known)
        for port in ports:
            walks += to_addresses(journey, Url(host, port, secure=False), names, lie, keys)
    tried = [walk for walk in walks if len(walk.steps) > 1 or walk.steps[0].failure]
    return Part(tuple(dict.fromkeys(tried)))


def _by_address(journey: Journey, keys: Keys, known: Fingerprints, *, apart: Collection[str]) -> Iterator[Walk]:
    """Connections to literal addresses, and the page in clear that was asked for there, if one was."""
    asked = {(to.host, to.port): (each, to) for each in keys.requests or () if (to := url_of(each)) and not to.secure}
    for tcp in keys.tcp_connect or ():
        ip, port = tcp.ip or "", port_of(tcp.port)
        if ip in apart:
            continue
        steps = [connected(tcp)]
        if not steps[0].failure and (ip, port) in asked:
            steps.append(fetched(*asked[ip, port], known))
        yield journey.walk(Endpoint("", port, Transport.TCP, ip), ip, steps)


def whatsapp(journey: Journey, keys: Keys, known: Fingerprints) -> Iterator[Part]:
    """Chat, the server that registers, the page; where no names were kept, chat by the addresses of nobody else."""
    asked = dict.fromkeys((query.hostname or "").rstrip(".").lower() for query in keys.queries or ())
    if hosts := [host for host in asked if _WHATSAPP_CHAT.fullmatch(host)]:
        yield _doors(journey, hosts, (443, 5222), keys, known)
    else:
        pages = [ip for host in _WHATSAPP_PAGES for ip in asked_for(host, keys).answers]
        yield Part(tuple(_by_address(journey, keys, known, apart=pages)))
    for host in _WHATSAPP_PAGES:
        yield _page(journey, host, keys, known)
    in_clear = _page(journey, _WHATSAPP_PAGES[1], keys, known, secure=False)
    if any(Finding.BLOCK_PAGE in _findings(walk) for walk in in_clear.walks):
        yield in_clear


def telegram(journey: Journey, keys: Keys, known: Fingerprints) -> Iterator[Part]:
    """Data centres, asked for a page in clear on 80 and 443; anything that answers counts for it (ts-020)."""
    yield Part(tuple(_by_address(journey, keys, known, apart=asked_for(_TELEGRAM_PAGE, keys).answers)))
    yield _page(journey, _TELEGRAM_PAGE, keys, known)


def signal(journey: Journey, keys: Keys, known: Fingerprints) -> Iterator[Part]:
    """Every backend it asked for a page; uptime.signal.org is only looked up, and answers in riddles (127.0.0.x)."""
    hosts = dict.fromkeys(to.host for each in keys.requests or () if (to := url_of(each)) and to.secure)
    for host in hosts:
        yield _page(journey, host, keys, known)


def facebook_messenger(journey: Journey, keys: Keys, known: Fingerprints) -> Iterator[Part]:
    for host in _FACEBOOK:
        yield _doors(journey, [host], (443,), keys, known)


def tor(journey: Journey, keys: Keys, known: Fingerprints) -> Iterator[Part]:
    """One part for each protocol (ts-023): some bridges and authorities are always away."""
    targets = list((keys.targets or {}).values())
    for protocol in dict.fromkeys(target.target_protocol or "" for target in targets):
        walks = [_tor_walk(journey, target) for target in targets if (target.target_protocol or "") == protocol]
        yield Part(tuple(walks), proven=protocol in _CLAIMED_BY_KEY)


def _tor_walk(journey: Journey, target: TorTarget) -> Walk:
    """To a target; bridges are written without their address, so that nobody can block them by our notes."""
    host, _, port = (target.target_address or "").rpartition(":")
    host = host.strip("[]")
    literal = host if address(host) is not None else ""
    endpoint = Endpoint("" if literal else host, port_of(port), Transport.TCP, literal)
    steps = [connected(tcp) for tcp in (target.tcp_connect or ())[:1]]
    if not steps or not steps[0].failure:
        steps += [greeted(each) for each in (target.tls_handshakes or ())[:1]]
    failure = failure_of(target.failure)
    if failure is None or not any(seen.failure for seen in steps):
        step = Step.FETCH if target.target_protocol == "dir_port" else Step.KNOCK
        steps.append(Observation(step, 0.0, failure))
    return journey.walk(endpoint, literal, steps)


def openvpn(journey: Journey, keys: Keys, known: Fingerprints) -> Iterator[Part]:
    """Each attempt: over TCP a connection, then OpenVPN's own handshake, certificates and all (ts-040)."""
    opened = {(tcp.ip or "", port_of(tcp.port)): connected(tcp) for tcp in keys.tcp_connect or ()}
    walks = []
    for each in keys.openvpn_handshake or ():
        transport = _openvpn_transport(each)
        steps = [opened.pop(where)] if (where := (each.ip or "", port_of(each.port))) in opened else []
        if not steps or not steps[0].failure:
            took_s = max(0.0, each.handshake_time or 0.0)
            steps.append(Observation(Step.KNOCK, took_s, failure_of(each.failure)))
        walks.append(journey.walk(Endpoint("", where[1], transport, where[0]), where[0], steps))
    for (ip, port), seen in opened.items():  # attempts that ended before the handshake was written down
        failed = seen if seen.failure else Observation(Step.KNOCK, 0.0, Failure.UNKNOWN)
        walks.append(journey.walk(Endpoint("", port, Transport.TCP, ip), ip, [failed]))
    yield Part(tuple(walks), proven=True)


def _openvpn_transport(handshake: OpenvpnHandshake) -> Transport:
    words = (handshake.transport or (handshake.endpoint or "").rpartition("/")[2]).lower()
    return Transport.TCP if words == Transport.TCP else Transport.UDP


PARTS: dict[str, Parts] = {
    "whatsapp": whatsapp,
    "telegram": telegram,
    "signal": signal,
    "facebook_messenger": facebook_messenger,
    "tor": tor,
    "openvpn": openvpn,
}
