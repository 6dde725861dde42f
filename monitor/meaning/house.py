"""What the house the box stands in does to its line: a portal, a wrong clock, a tunnel, a resolver that proxies. Pure.

Nothing of it is anybody's interference, and none of it may look like some: what it touches is `insufficient`.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from probes.facts import Walk
from probes.words import Failure, Finding, Step

_WRONG_CERTIFICATE = frozenset({Failure.SSL_UNKNOWN_AUTHORITY, Failure.SSL_INVALID_HOSTNAME})
_FEWEST = 2
_MISDATED_SHARE = 1 / 3  # certificates expire by neglect too, but never a third of them in one turn
_PORTAL_SHARE = 1 / 2
_FEWEST_DOMESTIC, _FEWEST_ABROAD = 2, 5
_FEWEST_V6 = 2
_FARTHER, _FARTHER_S = 1.3, 0.02  # than what stands abroad, in the middle; nearer than that is noise
_NEAR_SHARE = 1 / 2  # of the way to what stands in the country
_SENT_AGAIN_S = 0.9  # TCP sends its first packet again after a second (RFC 6298)
STRAIGHT_TICKS = 3  # before what would silence a whole line is believed
_FEWEST_PROXIED = 4  # services at one address: more than shared front ends carry, fewer than a proxy does
_NETWORK_AUTHENTICATION_REQUIRED = 511  # RFC 6585 section 6

WHOLE_LINE = frozenset({Finding.TUNNELLED_EGRESS, Finding.RESOLVER_REWRITE})  # they spoil what is reached as well


@dataclass(frozen=True, slots=True)
class Seen:
    """The last walk to each canary of that kind, none of them stale. `clear`: in clear text, to hosts abroad."""

    abroad: Sequence[Walk] = ()
    domestic: Sequence[Walk] = ()
    clear: Sequence[Walk] = ()
    gateway: Sequence[Walk] = ()


def does(seen: Seen, watched: Iterable[Walk] = ()) -> frozenset[Finding]:
    """Everything the house does now. `watched`: the last walk to each target that is no canary."""
    found = {*_portal(seen), *_clock(seen), *_tunnel(seen), *_proxy(watched)}
    return frozenset(found)


def ipv6_is_broken(watched: Iterable[Walk]) -> bool:
    """No host answers over IPv6, and several of them do over IPv4: that is IPv6 on this line, and no service's affair.

    Hosts that answer over neither say nothing: a name that is filtered fails over both, and so does a line that is cut.
    """
    reached: dict[bool, set[str]] = {False: set(), True: set()}
    failed: set[str] = set()
    for walk in watched:
        if walk.reached and walk.authenticated:
            reached[walk.endpoint.v6].add(walk.endpoint.host)
        elif walk.endpoint.v6:
            failed.add(walk.endpoint.host)
    return not reached[True] and len(failed & reached[False]) >= _FEWEST_V6


def _portal(seen: Seen) -> Iterable[Finding]:
    """Somebody who is none of them answers for hosts that have nothing in common."""
    if any(walk.authenticated for walk in seen.abroad):
        return
    wrong = sum(walk.failure in _WRONG_CERTIFICATE for walk in seen.abroad)
    led = Counter(page.elsewhere for walk in seen.clear for page in walk.steps if page.elsewhere)
    asked = sum(page.status == _NETWORK_AUTHENTICATION_REQUIRED for walk in seen.clear for page in walk.steps)
    to_one_place = max([asked, *led.values()]) >= _FEWEST
    if wrong >= max(_FEWEST, _PORTAL_SHARE * len(seen.abroad)) or to_one_place:
        home = any(walk.authenticated for walk in seen.domestic)
        yield Finding.WALLED_GARDEN if home else Finding.CAPTIVE_PORTAL


def _clock(seen: Seen) -> Iterable[Finding]:
    misdated = sum(walk.failure is Failure.SSL_INVALID_CERTIFICATE for walk in seen.abroad)
    if misdated >= max(_FEWEST, _MISDATED_SHARE * len(seen.abroad)):
        yield Finding.CLOCK_WRONG


def _tunnel(seen: Seen) -> Iterable[Finding]:
    """What stands in the country is farther than what stands abroad: our packets leave it before they come back.

    Where the operator's own resolver is near all the same, it is the routes of the country that lead through others.
    """
    domestic, abroad = _round_trips_s(seen.domestic), _round_trips_s(seen.abroad)
    if len(domestic) < _FEWEST_DOMESTIC or len(abroad) < _FEWEST_ABROAD:
        return
    usual_s = statistics.median(abroad)
    near = any(took_s < _NEAR_SHARE * min(domestic) for took_s in _round_trips_s(seen.gateway, Step.RESOLVE))
    if min(domestic) > max(_FARTHER * usual_s, usual_s + _FARTHER_S) and not near:
        yield Finding.TUNNELLED_EGRESS


def _round_trips_s(walks: Iterable[Walk], step: Step = Step.CONNECT) -> list[float]:
    """Of those that lost nothing on the way: a connection whose first packet was lost says nothing of distance."""
    answered = (seen for walk in walks for seen in walk.steps if seen.step is step and not seen.failure)
    return [seen.took_s for seen in answered if seen.took_s < _SENT_AGAIN_S]


def _proxy(watched: Iterable[Walk]) -> Iterable[Finding]:
    """One address that proves itself for services that have nothing in common: each by its own certificate, and not
    all by one authority, as the front end of one company would."""
    services: defaultdict[str, set[str]] = defaultdict(set)
    shown: defaultdict[str, set[str]] = defaultdict(set)
    issuers: defaultdict[str, set[str]] = defaultdict(set)
    for walk in watched:
        certificate = next((seen.certificate for seen in walk.steps if seen.certificate), None)
        if walk.reached and certificate and not walk.endpoint.address and not walk.booked:
            services[walk.address].add(walk.target.partition("/")[0])
            shown[walk.address].add(certificate.sha256)
            issuers[walk.address].add(certificate.issuer)
    for each in services:
        if min(len(services[each]), len(shown[each])) >= _FEWEST_PROXIED and len(issuers[each]) > 1:
            yield Finding.RESOLVER_REWRITE
