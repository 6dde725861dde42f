"""Takes a box into the registry: a row, a credential whose hash alone stays here, and one line that enrols the box."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import segno
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from monitor.begin.enrolment import Enrolment, line
from monitor.disk.owner import as_its_neighbours
from monitor.hub.rows import rewrite
from monitor.hub.settings import LoadedHub
from monitor.keeping import seal
from monitor.settings import region
from probes.doors import schema, yamledit
from probes.words import Access, Role

_RULES = {
    "id": schema.word,
    "country": schema.country,
    "network": schema.network,
    "cohort": schema.word,
    "region": region,
}
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what no box can be told to go to
_LARGEST_CODE = 1_400  # characters: beyond it a code is wider than a terminal, and no camera reads it from one


def add(hub: LoadedHub, row: Mapping[str, str]) -> str:
    """Writes the row and the hash; returns the password, which is shown once and kept nowhere.

    Raises:
        ValueError: the row does not fit, or the box is enrolled already.
        OSError: a file cannot be written.
    """
    given = {key: text for key, text in row.items() if text}
    for key, rule in _RULES.items():
        if key in given:
            rule(given[key])
    if "region" in given and not given["region"].startswith(f"{given['country']}-"):
        raise ValueError(f"{given['region']} is not in {given['country']}")
    vantage = given["id"]
    if vantage in hub.registry.vantages:
        raise ValueError(f"{vantage} is enrolled already")
    if vantage in hub.registry.retired:
        raise ValueError(f"{vantage} was retired: give the box another id, so that nobody takes it for the old one")
    url_of(hub)
    password = secrets.token_urlsafe(32)
    folder = hub.folder / hub.config.credentials

    hashed = hashlib.sha256(password.encode()).hexdigest() + "\n"
    rewrite(
        hub,
        lambda text: yamledit.appended(text, "vantages", given),
        first=lambda: written(folder / vantage, hashed, like=folder),  # it opens nothing before the row is there
    )
    return password


def written(path: Path, text: str, *, like: Path) -> None:
    """For its owner's eyes alone, and its owner is whoever owns `like`; whole or not at all."""
    after = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(after, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    as_its_neighbours(after, like)
    after.replace(path)


def url_of(hub: LoadedHub) -> str:
    """Where boxes find this hub. Raises ValueError where hub.yml does not say it and nobody can guess it."""
    config = hub.config
    if config.public is not None:
        return config.public.url
    if config.host in _ANYWHERE:
        raise ValueError(
            "hub.yml says nowhere under which address boxes find this hub: give public: {url: https://...}"
        )
    scheme = "https" if config.tls is not None or not config.is_loopback else "http"
    return f"{scheme}://{config.listen}/api/v1/write"


def seal_to(hub: LoadedHub) -> str:
    """The public half of the hub's own key, which is made where there is none. Raises ValueError, OSError."""
    path = hub.folder / hub.config.seal_key
    if not path.exists():
        written(path, seal.new_key() + "\n", like=hub.folder)
    return seal.public_of(path.read_text(encoding="ascii").strip())


def line_of(hub: LoadedHub, row: Mapping[str, str], password: str) -> str:
    """The one line for `didban init --enrol`. It holds the password: a secret."""
    public = hub.config.public
    ca_file = public.ca_file if public is not None else None
    roots = _certificates((hub.folder / ca_file).read_bytes()) if ca_file else ()
    return line(
        Enrolment(
            vantage=row["id"],
            country=row["country"],
            role=Role(row["role"]),
            access=Access(row["access"]),
            network=row.get("network", ""),
            cohort=row.get("cohort", ""),
            url=url_of(hub),
            password=password,
            seal_to=seal_to(hub),
            authorities=roots,
        )
    )


def code(text: str) -> str:
    """As a QR code for a terminal; empty where it would be too large for one."""
    if len(text) > _LARGEST_CODE:
        return ""
    out = io.StringIO()
    segno.make_qr(text, error="l").terminal(out, compact=True)
    return out.getvalue()


def lines_for_the_box(hub: LoadedHub, vantage: str, password: str) -> str:
    """What goes into the box's didban.yml, and into the file beside it."""
    return f"""\
# into didban.yml on the box:
ship:
  - name: hub
    remote_write: {url_of(hub)}
    basic_auth: {{username: {vantage}, password_file: hub.password}}
# into hub.password beside it (chmod 600); it is shown this once:
{password}"""


def _certificates(pem: bytes) -> tuple[bytes, ...]:
    return tuple(each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(pem))
