"""Reads service files strictly: a new app is one YAML file, and a mistake in it is one line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from probes.doors import handed
from probes.doors.schema import fit, is_address
from probes.doors.yamlfile import Document, Mistake, read
from probes.facts import Endpoint, Landmark, Service, Spoken, Target, Whereabouts
from probes.kinds import TRAITS
from probes.rows import ALL, ServiceFile, TargetRow, contradictions
from probes.words import Category

SHIPPED = Path(__file__).parent / "services"
RESPONDER = "responder"  # in `hosts:`, stands for the operator's own responder (didban.yml, `responder:`)

_CIRCUMVENTION, _CHOSEN_TIER = (Category.ANTI_CENSORSHIP.value, Category.VPN.value), 2
_MOST_SECRET_BYTES = 16 * 1024


def load(
    names: Sequence[str], *, beside: Path, responder: str = "", responder_at: str = "", renewed: Path | None = None
) -> tuple[tuple[Service, ...], tuple[Mistake, ...]]:
    """Shipped names (`whatsapp`) and paths to service files, relative ones from the folder `beside`.

    `responder`: the name or address of the operator's own; `responder_at`: where that name stands, if that is known.
    `renewed`: a folder whose files go before the shipped ones of the same names. A name nobody ships is a mistake
    without a line of its own: the caller knows where it was asked for.
    """
    services: list[Service] = []
    mistakes: list[Mistake] = []
    for name in names:
        path = locate(name, beside, renewed)
        if path is None:
            mistakes.append(Mistake(name, 1, "", f"is no shipped service and no file{_meant(name)}"))
            continue
        service, found = load_file(path, responder=responder, responder_at=responder_at)
        mistakes += found
        if service is not None and _is_shipped(name):
            mistakes += unchosen(service, path)
        if service is not None and any(service.id == earlier.id for earlier in services):
            mistakes.append(Mistake(name, 1, "", f"is {service.id!r}, which is asked for already"))
        elif service is not None:
            services.append(service)
    return tuple(services), tuple(mistakes)


def _meant(name: str) -> str:
    near = difflib.get_close_matches(name, shipped(), n=1)
    return f"; did you mean {near[0]}?" if near else f": shipped are {', '.join(shipped())}"


def unchosen(service: Service, path: Path) -> Iterator[Mistake]:
    """VPNs and Tor stand only in services that say so by their category: nobody comes to ask for them by an update."""
    if service.category not in _CIRCUMVENTION:
        for target in service.targets:
            if target.tier == _CHOSEN_TIER:
                what = f"is of tier 2: it may stand in a service of category {' or '.join(_CIRCUMVENTION)} alone"
                yield Mistake(str(path), 1, target.id, what)


def _is_shipped(name: str) -> bool:
    return re.fullmatch(r"[a-z0-9_-]+", name) is not None


def locate(name: str, beside: Path, renewed: Path | None = None) -> Path | None:
    """The file behind a shipped name, as it was renewed since, or behind a path."""
    if _is_shipped(name):
        places = (folder / f"{name}.yml" for folder in (renewed, SHIPPED) if folder is not None)
        return next((path for path in places if path.is_file()), None)
    try:
        return path if (path := beside / name).is_file() else None
    except (OSError, ValueError):  # a name no file can have
        return None


def shipped() -> list[str]:
    return sorted(path.stem for path in SHIPPED.glob("*.yml"))


def load_file(path: Path, *, responder: str = "", responder_at: str = "") -> tuple[Service | None, tuple[Mistake, ...]]:
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
        replace(_target(file.service, row, responder, responder_at), secrets=read_in)
        for row, (read_in, _) in zip(rows, secrets, strict=True)
    )
    return Service(file.service, dict(file.title), file.category, file.page, targets, dict(file.book)), ()


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
        match raw.get("protocol"):
            case {"beside": str(beside)} if not any(_is_plain_tls(other, beside) for other in rows):
                yield document.mistake((*here, "protocol"), f"beside: {beside!r} is no target of kind tls here")
        row, _ = fit(replace(document, value=raw, mistakes=()), TargetRow)
        if row is not None:
            yield from (document.mistake((*here, key), what) for key, what in contradictions(row))


def _is_plain_tls(row: object, id: str) -> bool:
    match row:
        case {"ip": 6}:
            return False
        case {"addresses": [str(first), *_]} if ":" in first:
            return False
        case {"id": str(own), "kind": "tls" | "https"}:
            return own == id
    return False


def _secrets(row: TargetRow, beside: Path) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """What stands in the files that options name, and what is wrong with them; their content is never repeated."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for key, option in TRAITS[row.kind].options.items():
        if not option.in_file or key not in row.options:
            continue
        try:
            text = handed.at(beside, row.options[key]).read_bytes()[:_MOST_SECRET_BYTES].decode("ascii").strip()
        except (OSError, ValueError):
            wrong.append(f"{key}: the file cannot be read")
            continue
        if re.fullmatch(option.form, text):
            found[key] = text
        else:
            wrong.append(f"{key}: the file must hold {option.what}")
    return found, tuple(wrong)


def _target(service: str, row: TargetRow, responder: str, responder_at: str) -> Target:
    endpoints = tuple(_endpoints(row, responder, responder_at))
    return Target(
        service=service,
        id=row.id,
        kind=row.kind,
        depth=row.depth,
        endpoints=endpoints,
        at_least=len(endpoints) if row.combine == ALL else row.combine,
        sample=min(row.sample, len(endpoints)),
        essential=row.essential,
        tier=max(row.tier or 0, TRAITS[row.kind].tier),
        expect=row.expect,
        scope=row.scope,
        at=Whereabouts(row.at.country, row.at.network) if row.at else None,
        about=Landmark(row.about.country, row.about.network, row.about.kind) if row.about else None,
        spoken=Spoken(row.protocol.name, row.protocol.peer, row.protocol.beside) if row.protocol else None,
        options=dict(row.options),
        not_seen=dict(row.not_seen),
        source=row.source,
        checked=row.checked,
    )


def _endpoints(row: TargetRow, responder: str, responder_at: str) -> Iterator[Endpoint]:
    traits = TRAITS[row.kind]
    transport = row.transport or traits.over[0]
    ports = row.ports or ((traits.port,) if traits.port else ())
    hosts = tuple(responder if host == RESPONDER else host for host in row.hosts)
    if row.addresses:
        named = hosts[0] if hosts else ""
        yield from (Endpoint(named, port, transport, at, ":" in at) for at in row.addresses for port in ports)
        return
    for host in hosts:
        known = responder_at if host == responder and RESPONDER in row.hosts else ""
        literal = host if is_address(host) else known
        v6 = ":" in literal if literal else row.ip == 6
        yield from (Endpoint("" if is_address(host) else host, port, transport, literal, v6) for port in ports)
