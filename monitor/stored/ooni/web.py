"""web_connectivity, from the first to 0.5: a page, and what a test helper abroad got in its place."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.stored.ooni.keys import Keys, Measurement, Response, Transaction
from monitor.stored.ooni.names import Doubt, Names, asked_for, doubt, is_public
from monitor.stored.ooni.pages import Url, alike, url_of
from monitor.stored.ooni.walks import (
    Journey,
    handshakes_for,
    port_of,
    proven_addresses,
    that_speak,
    to_addresses,
    with_pages,
)
from monitor.stored.ooni.words import failure_of
from monitor.stored.verdict import Control, Evidence
from probes.facts import Walk
from probes.fingerprint import Fingerprints
from probes.words import INTERFERENCE, Failure, Finding

_REDIRECTS = range(300, 400)
_WRONG_NAME = {Failure.SSL_INVALID_HOSTNAME, Failure.SSL_UNKNOWN_AUTHORITY}
# where resolvers send those who asked for safe search: the name's owner answers there, under other names
_SAFE_SEARCH = {"216.239.38.120", "204.79.197.220", "213.180.193.56"}


def read(measurement: Measurement, keys: Keys, known: Fingerprints) -> tuple[Evidence, list[Walk]] | None:
    """The evidence and the walks; None where its input is no address of a page."""
    url = Url.of(measurement.input if isinstance(measurement.input, str) else None)
    if url is None:
        return None
    journey = Journey.of(measurement)
    requests = [each for each in reversed(keys.requests or []) if url_of(each) is not None]  # newest first
    names, proven = asked_for(url.host, keys), _is_proven(url, requests, keys)
    lie = _doubt(url, names, keys, known, proven=proven)
    walks = to_addresses(journey, url, names, lie, keys)
    all_walks = with_pages(journey, walks, requests, known)
    pages = [seen for walk in all_walks for seen in walk.steps if seen.status]
    page_in_place = any(Finding.BLOCK_PAGE in seen.findings for seen in pages)
    through_names = lie.finding not in INTERFERENCE and names.failure is None and not lie.reserved
    last = _last(requests)
    failures = [seen.failure for walk in that_speak(all_walks) for seen in walk.steps if seen.failure]
    return (
        Evidence(
            walked=bool(all_walks),
            reached=last is not None and through_names and not page_in_place,
            proven=proven,
            in_clear=not proven,
            alike=last is not None and alike(last, keys.control.http_request if keys.control else None),
            refusal=any(Finding.PROVIDER_REFUSAL in seen.findings for seen in pages),
            local=lie.finding is Finding.LOCAL_SINKHOLE,
            block_page=page_in_place,
            forged=lie.finding is Finding.FORGED_DNS_ANSWER,
            reserved=lie.reserved,
            named=any(failure is not Failure.UNKNOWN for failure in failures),
            control=control_of(keys),
        ),
        all_walks,
    )


def control_of(keys: Keys) -> Control:
    """Reached only where the test helper itself got a page; it writes -1 or 0 where it did not."""
    control = keys.control
    if failure_of(keys.control_failure) is not None:
        return Control.FAILED
    if control is None or control.http_request is None:
        return Control.ABSENT
    page = control.http_request
    return Control.REACHED if failure_of(page.failure) is None and (page.status_code or 0) > 0 else Control.FAILED


def _is_proven(url: Url, requests: Sequence[Transaction], keys: Keys) -> bool:
    """A page came over TLS for the name; from a page in clear anybody may lead on to a page over TLS elsewhere."""
    if any(each.no_tls_verify for each in keys.tls_handshakes or ()):
        return False
    for request in requests:
        to = url_of(request)
        if to is not None and to.secure and url.same_site(to.host) and _answered(request) is not None:
            return True
    return False


def _answered(transaction: Transaction) -> Response | None:
    response = transaction.response
    if failure_of(transaction.failure) is not None or response is None or (response.code or 0) < 100:
        return None
    return response


def _last(requests: Sequence[Transaction]) -> Response | None:
    """The page in which it ended: none where the way led on, and there it failed."""
    answers = [_answered(request) for request in requests]
    pages = [page for page in answers if page is not None and page.code not in _REDIRECTS]
    if pages:
        return pages[-1]
    return answers[-1] if answers and None not in answers else None


def _doubt(url: Url, names: Names, keys: Keys, known: Fingerprints, *, proven: bool) -> Doubt:
    """What the answer for the name is worth, by what proved itself here and at the control."""
    control = keys.control.dns.addrs or () if keys.control and keys.control.dns else ()
    here = set(proven_addresses(url.host, keys))
    genuine = here | _proven_at_control(keys)
    with_address = [each for each in keys.requests or () if each.address]
    if proven and not with_address:  # before 0.5 the page was asked for by the answer itself
        genuine |= set(names.answers)
    genuine |= {(each.address or "").rpartition(":")[0].strip("[]") for each in with_address if _over_tls(each, url)}
    found = doubt(names, genuine, control, known)
    if found == Doubt() and not genuine & set(names.answers) and _leads_to_a_stranger(url, names, keys, here):
        return Doubt(Finding.FORGED_DNS_ANSWER)
    return found


def _over_tls(request: Transaction, url: Url) -> bool:
    to = url_of(request)
    return to is not None and to.secure and to.host == url.host and _answered(request) is not None


def _proven_at_control(keys: Keys) -> set[str]:
    greetings = (keys.control.tls_handshake or {}) if keys.control else {}
    done = (where for where, each in greetings.items() if each.status and failure_of(each.failure) is None)
    return {where.rpartition(":")[0].strip("[]") for where in done}


def _leads_to_a_stranger(url: Url, names: Names, keys: Keys, genuine: set[str]) -> bool:
    """Every address of the answer shows a wrong certificate, while another one proved itself from here."""
    shown = [
        failure_of(each.failure)
        for each in handshakes_for(url.host, keys)
        if each.address and each.address.rpartition(":")[0].strip("[]") in names.answers
    ]
    tried = {tcp.ip for tcp in keys.tcp_connect or () if port_of(tcp.port)} & set(names.answers)
    wrong = len(shown) >= len(tried) > 0 and all(failure in _WRONG_NAME for failure in shown)
    public = all(map(is_public, names.answers)) and _SAFE_SEARCH.isdisjoint(names.answers)
    return wrong and public and bool(genuine - set(names.answers))
