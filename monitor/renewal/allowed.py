"""What a renewed catalogue may never bring, whoever signed it: the rules by which people agreed to be asked to walk."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from probes import catalogue, known
from probes.doors.yamlfile import Mistake
from probes.facts import Service, Target
from probes.kinds import TRAITS

FILE = re.compile(r"(?:services|fingerprints)/[a-z0-9][a-z0-9_-]{0,63}\.yml")
NOBODY = "responder.example"  # in the place of the responder: its rows are looked at as any other
MOST_FILES = 200
MOST_TARGETS, MOST_ENDPOINTS, MOST_SAMPLED = 40, 64, 8
_MOST_BODY_BYTES = 128 * 1024
# never a government's, a soldier's, a bank's, a hospital's host, nor a name that only one house knows (the contract)
_NEVER = re.compile(
    r"(^|\.)(gov|gob|gouv|govt|mil|bank|local|localhost|lan|home|internal|corp|onion|arpa)(\.[a-z]{2})?\.?$"
)


def mistakes(folder: Path, known_as: Mapping[str, Service]) -> Iterator[Mistake]:
    """Everything that is wrong with an unpacked catalogue.

    Args:
        known_as: the services of today, shipped and renewed, by id: what operators chose when they named them.
    """
    for path in sorted(folder.glob("fingerprints/*.yml")):
        yield from known.load_file(path)[1]
    for path in sorted(folder.glob("services/*.yml")):
        service, wrong = catalogue.load_file(path, responder=NOBODY)
        yield from wrong
        if service is None:
            continue
        if service.id != path.stem:
            yield Mistake(str(path), 1, "service", f"must be {path.stem!r}, as the file is called")
        for key, what in _forbidden(service, known_as.get(service.id)):
            yield Mistake(str(path), 1, key, what)


def _forbidden(service: Service, before: Service | None) -> Iterator[tuple[str, str]]:
    if before is not None:
        yield from _changed(service, before)
    if len(service.targets) > MOST_TARGETS:
        yield "targets", f"are more than {MOST_TARGETS}"
    for target in service.targets:
        yield from ((f"{target.id}: {key}", what) for key, what in _of(target))
    for addresses in service.book.values():
        yield from (("book", f"{each}: is no public address") for each in addresses if not _is_public(each))


def _changed(service: Service, before: Service) -> Iterator[tuple[str, str]]:
    """Who named a service in didban.yml agreed to what it was: a messenger does not become a VPN over night."""
    if service.category != before.category:
        yield "category", f"is {before.category} here, and stays that: give another service another name"
    allowed = max(each.tier for each in before.targets)
    for target in service.targets:
        if target.tier > allowed:
            yield f"{target.id}: tier", f"is {target.tier}; {service.id} is of tier {allowed} here, and rises no higher"
        if target.about is not None and not any(each.about is not None for each in before.targets):
            yield f"{target.id}: about", f"{service.id} looks at nobody from outside here, and does not begin to"


def _of(target: Target) -> Iterator[tuple[str, str]]:
    if len(target.endpoints) > MOST_ENDPOINTS or target.sample > MOST_SAMPLED:
        yield "hosts", f"at most {MOST_ENDPOINTS} endpoints, {MOST_SAMPLED} of them a round: a scan is no measurement"
    for key in target.options:
        if TRAITS[target.kind].options[key].in_file:
            yield key, "names a file of this machine: keys are for whoever keeps it"
    if int(target.options.get("bytes", 0)) > _MOST_BODY_BYTES:
        yield "bytes", f"is more than {_MOST_BODY_BYTES}: somebody pays for them"
    for endpoint in target.endpoints:
        if endpoint.address and not _is_public(endpoint.address):
            yield "addresses", f"{endpoint.address}: is no public address"
        if endpoint.host and endpoint.host != NOBODY and not _is_mass(endpoint.host):
            yield "hosts", f"{endpoint.host}: is of a kind that is never asked"


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    return ip.is_global and not ip.is_multicast


def _is_mass(host: str) -> bool:
    return "." in host.strip(".") and not _NEVER.search(host.lower())
