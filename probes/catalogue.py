"""Reads service files strictly: a new app is one YAML file, and a mistake in it is one line."""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from probes.doors.schema import Address, Country, Host, NetworkId, Port, Strict, Word, fit, is_address
from probes.doors.yamlfile import Document, Mistake, read
from probes.facts import Endpoint, Landmark, Service, Target, Whereabouts
from probes.kinds import TRAITS
from probes.words import Depth, Kind, LandmarkKind, Scope, Transport

SHIPPED = Path(__file__).parent / "services"
RESPONDER = "responder"  # in `hosts:`, stands for the operator's own responder (didban.yml, `responder:`)

_CERTIFIED = {Kind.TLS, Kind.HTTPS}
_MOST_SECRET_BYTES = 16 * 1024
_ALL = 0


def _combine(given: object) -> int:
    match given:
        case "any_of":
            return 1
        case "all_of":
            return _ALL
        case {"at_least": int(count), **rest} if not rest and count >= 1:
            return count
    raise ValueError("must be any_of, all_of or {at_least: N}")


def _expect(given: str) -> str:
    if given != "any" and not re.fullmatch(r"[2-5](xx|[0-9][0-9])", given):
        raise ValueError(f"must be a status such as 204, a class such as 2xx, or any, not {given!r}")
    return given


Texts = Mapping[str, str]


class AtRow(Strict):
    country: Country
    network: NetworkId


class AboutRow(Strict):
    country: Country
    network: NetworkId
    kind: LandmarkKind


class TargetRow(Strict):
    id: Word
    kind: Kind
    depth: Depth
    source: Annotated[str, Field(min_length=1)]
    checked: datetime.date | None = None
    not_seen: Texts = Field(default_factory=dict)
    hosts: tuple[Host, ...] = ()
    addresses: tuple[Address, ...] = ()
    ports: tuple[Port, ...] = ()
    transport: Transport | None = None
    combine: Annotated[int, BeforeValidator(_combine)] = 1
    sample: Annotated[int, Field(ge=1, le=64)] = 1
    essential: bool = False
    tier: Annotated[int, Field(ge=0, le=2)] | None = None
    options: Texts = Field(default_factory=dict)
    expect: tuple[Annotated[str, AfterValidator(_expect)], ...] = ("any",)
    scope: Scope | None = None
    at: AtRow | None = None
    about: AboutRow | None = None


class ServiceFile(Strict):
    service: Word
    title: Texts
    category: Word
    page: bool = False
    targets: Annotated[tuple[TargetRow, ...], Field(min_length=1)]


def load(names: Sequence[str], *, beside: Path, responder: str = "") -> tuple[tuple[Service, ...], tuple[Mistake, ...]]:
    """Shipped names (`whatsapp`) and paths to service files, relative ones from the folder `beside`.

    A name nobody ships is a mistake without a line of its own: the caller knows where it was asked for.
    """
    services: list[Service] = []
    mistakes: list[Mistake] = []
    for name in names:
        path = locate(name, beside)
        if path is None:
            mistakes.append(Mistake(name, 1, "", f"is no shipped service ({', '.join(shipped())}) and no file"))
            continue
        service, found = load_file(path, responder=responder)
        mistakes += found
        if service is not None and any(service.id == earlier.id for earlier in services):
            mistakes.append(Mistake(name, 1, "", f"is {service.id!r}, which is asked for already"))
        elif service is not None:
            services.append(service)
    return tuple(services), tuple(mistakes)


def locate(name: str, beside: Path) -> Path | None:
    """The file behind a shipped name or a path."""
    if re.fullmatch(r"[a-z0-9_-]+", name):
        return path if (path := SHIPPED / f"{name}.yml").is_file() else None
    try:
        return path if (path := beside / name).is_file() else None
    except (OSError, ValueError):  # a name no file can have
        return None


def shipped() -> list[str]:
    return sorted(path.stem for path in SHIPPED.glob("*.yml"))


def load_file(path: Path, *, responder: str = "") -> tuple[Service | None, tuple[Mistake, ...]]:
    """One service file; targets on a responder that is not configured are left out."""
    document = read(path)
    file, mistakes = fit(document, ServiceFile)
    found = tuple(sorted({*mistakes, *_contradictions(document)}))
    if file is None or found:
        return None, found
    rows = [row for row in file.targets if responder or RESPONDER not in row.hosts]
    secrets = [_secrets(row, path.parent) for row in rows]
    lacking = [
        document.mistake(("targets", file.targets.index(row), "options"), what)
        for row, (_, whats) in zip(rows, secrets, strict=True)
        for what in whats
    ]
    if lacking:
        return None, tuple(lacking)
    targets = tuple(
        replace(_target(file.service, row, responder), secrets=read_in)
        for row, (read_in, _) in zip(rows, secrets, strict=True)
    )
    return Service(file.service, dict(file.title), file.category, file.page, targets), ()


def _contradictions(document: Document) -> Iterator[Mistake]:
    """What no single key shows. Rows are looked at one by one, so that one bad row does not hide the next."""
    match document.value:
        case {"targets": list(rows)}:
            pass
        case _:
            return
    seen: list[object] = []
    for index, raw in enumerate(rows):
        here = ("targets", index)
        if not isinstance(raw, dict):
            continue
        if raw.get("id") in seen:
            yield document.mistake((*here, "id"), f"{raw['id']!r} is the id of an earlier target")
        seen.append(raw.get("id", object()))
        if not raw.get("hosts") and not raw.get("addresses"):
            yield document.mistake(here, "needs hosts or addresses")
        row, _ = fit(replace(document, value=raw, mistakes=()), TargetRow)
        if row is not None:
            yield from (document.mistake((*here, key), what) for key, what in _row_contradictions(row))


def _row_contradictions(row: TargetRow) -> Iterator[tuple[str, str]]:
    """Each rule of the contract that a single row can break, with the key it is about."""
    traits = TRAITS[row.kind]
    count = max(1, len(row.addresses or row.hosts)) * max(1, len(row.ports))
    if row.addresses and len(row.hosts) > 1:
        yield "hosts", "literal addresses take one name at most"
    if not row.ports and traits.port is None:
        yield "ports", f"kind {row.kind} has no default port"
    if row.transport and row.transport not in traits.over:
        yield "transport", f"kind {row.kind} is not spoken over {row.transport}"
    for key in ("hosts", "addresses", "ports"):
        if len(set(getattr(row, key))) < len(getattr(row, key)):
            yield key, "names one twice"
    yield from _option_mistakes(row)
    if row.combine > count:
        yield "combine", f"asks for {row.combine} endpoints of {count}"
    if row.about is not None and row.scope is not None:
        yield "about", "a landmark is no canary"
    if row.about and not all(map(_is_public, row.addresses)):
        yield "addresses", "a landmark stands at public addresses of single hosts, never in a house"
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


def _secrets(row: TargetRow, beside: Path) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """What stands in the files that options name, and what is wrong with them; their content is never repeated."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for key, option in TRAITS[row.kind].options.items():
        if not option.in_file or key not in row.options:
            continue
        try:
            text = (beside / row.options[key]).read_bytes()[:_MOST_SECRET_BYTES].decode("ascii").strip()
        except (OSError, ValueError):
            wrong.append(f"{key}: the file cannot be read")
            continue
        if re.fullmatch(option.form, text):
            found[key] = text
        else:
            wrong.append(f"{key}: the file must hold {option.what}")
    return found, tuple(wrong)


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    return ip.is_global and not ip.is_multicast


def _target(service: str, row: TargetRow, responder: str) -> Target:
    endpoints = tuple(_endpoints(row, responder))
    return Target(
        service=service,
        id=row.id,
        kind=row.kind,
        depth=row.depth,
        endpoints=endpoints,
        at_least=len(endpoints) if row.combine == _ALL else row.combine,
        sample=min(row.sample, len(endpoints)),
        essential=row.essential,
        tier=max(row.tier or 0, TRAITS[row.kind].tier),
        expect=row.expect,
        scope=row.scope,
        at=Whereabouts(row.at.country, row.at.network) if row.at else None,
        about=Landmark(row.about.country, row.about.network, row.about.kind) if row.about else None,
        options=dict(row.options),
        not_seen=dict(row.not_seen),
        source=row.source,
        checked=row.checked.isoformat() if row.checked else "",
    )


def _endpoints(row: TargetRow, responder: str) -> Iterator[Endpoint]:
    traits = TRAITS[row.kind]
    transport = row.transport or traits.over[0]
    ports = row.ports or ((traits.port,) if traits.port else ())
    hosts = tuple(responder if host == RESPONDER else host for host in row.hosts)
    if row.addresses:
        named = hosts[0] if hosts else ""
        yield from (Endpoint(named, port, transport, address) for address in row.addresses for port in ports)
        return
    for host in hosts:
        literal = host if is_address(host) else ""
        yield from (Endpoint("" if literal else host, port, transport, literal) for port in ports)
