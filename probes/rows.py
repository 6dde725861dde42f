"""What a row of a service file may say, and what no single key shows. Reads no file."""

from __future__ import annotations

import datetime
import difflib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from probes.doors.schema import Address, Country, Host, NetworkId, Port, Strict, Word, shown
from probes.kinds import TRAITS
from probes.words import Category, Depth, Kind, LandmarkKind, Peer, Protocol, Scope, Transport

NEVER = "never"  # in `checked:`, says that nobody is known to have seen this row work
ALL = 0  # `combine: all_of`

_CERTIFIED = {Kind.TLS, Kind.HTTPS}


def _combine(given: object) -> int:
    match given:
        case "any_of":
            return 1
        case "all_of":
            return ALL
        case {"at_least": int(count), **rest} if not rest and count >= 1:
            return count
    raise ValueError("must be any_of, all_of or {at_least: N}")


def _expect(given: object) -> tuple[str, ...]:
    """A code is a number to YAML, and one of them needs no list."""
    each = [str(one) if type(one) is int else one for one in (given if isinstance(given, list) else [given])]
    for one in each:
        if not isinstance(one, str) or (one != "any" and not re.fullmatch(r"[2-5](xx|[0-9][0-9])", one)):
            raise ValueError(f"must be a status such as 204, a class such as 2xx, or any, not {shown(one)}")
    if not each:
        raise ValueError("must not be empty: give any where every answer will do")
    return tuple(map(str, each))


def _texts(given: object) -> object:
    """`bytes: 65536` is a number to YAML and a text to the option; anything else is left to the model."""
    if not isinstance(given, dict):
        return given
    return {key: str(each) if type(each) is int else each for key, each in given.items()}


def _category(given: str) -> str:
    """A word of General License D-2 spelt as everybody spells it, or another one altogether."""
    near = difflib.get_close_matches(given, Category, n=1, cutoff=0.8)
    if near and given not in near:
        raise ValueError(f"is not quite a word of General License D-2; did you mean {near[0]}?")
    return given


def _checked(given: str) -> str:
    """When somebody last saw it work, as exactly as is known; a date nobody has is not made up."""
    parts = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", given)
    try:
        if parts:
            datetime.date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1))
    except ValueError:
        parts = None
    if given != NEVER and not parts:
        raise ValueError(f'must be a date such as 2026-08-14, a month, a year ("2026"), or never, not {given[:20]!r}')
    return given


Texts = Mapping[str, str]
Checked = Annotated[str, AfterValidator(_checked)]


class AtRow(Strict):
    country: Country
    network: NetworkId


class AboutRow(Strict):
    country: Country
    network: NetworkId
    kind: LandmarkKind


class ProtocolRow(Strict):
    name: Protocol
    peer: Peer
    beside: Word


class TargetRow(Strict):
    id: Word
    kind: Kind
    depth: Depth
    source: Annotated[str, Field(min_length=1)]
    checked: Checked = ""
    not_seen: Texts = Field(default_factory=dict)
    hosts: tuple[Host, ...] = ()
    addresses: tuple[Address, ...] = ()
    ports: tuple[Port, ...] = ()
    transport: Transport | None = None
    combine: Annotated[int, BeforeValidator(_combine)] = 1
    sample: Annotated[int, Field(ge=1, le=64)] = 1
    essential: bool = False
    tier: Annotated[int, Field(ge=0, le=2)] | None = None
    options: Annotated[Texts, BeforeValidator(_texts)] = Field(default_factory=dict)
    expect: Annotated[tuple[str, ...], BeforeValidator(_expect)] = ("any",)
    scope: Scope | None = None
    at: AtRow | None = None
    about: AboutRow | None = None
    ip: Literal[4, 6] | None = None
    protocol: ProtocolRow | None = None


class ServiceFile(Strict):
    service: Word
    title: Texts
    category: Annotated[Word, AfterValidator(_category)]
    page: bool = False
    book: Mapping[Host, Annotated[tuple[Address, ...], Field(min_length=1)]] = Field(default_factory=dict)
    targets: Annotated[tuple[TargetRow, ...], Field(min_length=1)]


def contradictions(row: TargetRow) -> Iterator[tuple[str, str]]:
    """Each rule of the contract that a single row can break, with the key it is about."""
    traits = TRAITS[row.kind]
    count = max(1, len(row.addresses or row.hosts)) * max(1, len(row.ports))
    if row.addresses and len(row.hosts) > 1:
        yield "hosts", "literal addresses take one name at most"
    if not row.ports and traits.port is None:
        yield "ports", f"kind {row.kind} has no default port"
    if row.transport and row.transport not in traits.over:
        yield "transport", f"kind {row.kind} is not spoken over {row.transport}"
    families = {6 if ":" in address else 4 for address in row.addresses}
    if len(families) > 1:  # a line whose IPv6 is broken sets those targets aside, and no others
        yield "addresses", "are IPv4 and IPv6: give each kind a target of its own"
    elif row.ip and families - {row.ip}:
        yield "addresses", f"ip is {row.ip}, and they are of the other kind"
    for key in ("hosts", "addresses", "ports"):
        if len(set(getattr(row, key))) < len(getattr(row, key)):
            yield key, "names one twice"
    yield from _option_mistakes(row)
    if row.combine > count:
        yield "combine", f"asks for {row.combine} endpoints of {count}"
    if row.about is not None and row.scope is not None:
        yield "about", "a landmark is no canary"
    if row.about and not (row.addresses and all(map(_is_public, row.addresses))):
        what = "a landmark stands at public addresses of single hosts, never in a house; a name may move elsewhere"
        yield "addresses", what
    if row.scope is Scope.INTERNATIONAL:
        if not row.addresses or len(row.hosts) != 1:
            yield "addresses", "an international canary has a literal address and one known name: DNS plays no part"
        if row.kind not in _CERTIFIED:
            yield "kind", "an international canary must prove who it is: tls or https"
    if row.scope in (Scope.INTERNATIONAL, Scope.DOMESTIC) and row.at is None:
        yield "at", "is missing: in which country and network the canary stands"


def _option_mistakes(row: TargetRow) -> Iterator[tuple[str, str]]:
    known = TRAITS[row.kind].options
    for key in sorted(set(row.options) - set(known)):
        yield "options", f"{key!r} is no option of kind {row.kind}"
    for key, option in known.items():
        given = row.options.get(key)
        if given is None and option.needed:
            yield "options", f"{key} is missing: {option.what}"
        if given is not None and not option.in_file and not re.fullmatch(option.form, given):
            yield "options", f"{key} must be {option.what}"
        if given is not None and option.beside and option.beside not in row.options:
            yield "options", f"{key} means nothing without {option.beside}"
        for other in option.without:
            if given is not None and other in row.options:
                yield "options", f"{key} cannot stand beside {other}"


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    return ip.is_global and not ip.is_multicast
