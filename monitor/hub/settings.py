"""The shape of hub.yml, and how it is read: every mistake at once, secrets as files."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from monitor.config import missing_files
from monitor.home.addresses import Home
from monitor.hub import registry
from monitor.hub.registry import Registry
from monitor.notify.settings import FILES as NOTIFY_FILES
from monitor.settings import BasicAuth, ClientTls, Notify
from probes import catalogue
from probes.doors.schema import Bytes, HostPort, Seconds, Strict, Word, fit
from probes.doors.yamlfile import Document, Location, Mistake, read
from probes.facts import Service

_NAMED_FILES: tuple[Location, ...] = (
    *(("tls", key) for key in ("cert_file", "key_file", "client_ca_file")),
    ("public", "ca_file"),
    ("forward", "basic_auth", "password_file"),
    *(("forward", "tls", key) for key in ("ca_file", "cert_file", "key_file")),
    *NOTIFY_FILES,
)


class Proof(StrEnum):
    """What a vantage must show: a password, a certificate of the hub's own authority, or both in one name."""

    PASSWORD = "password"  # noqa: S105 - the name of a file
    CERTIFICATE = "certificate"
    BOTH = "both"


class ServerTls(Strict):
    """`client_ca_file`: whose certificates vantages may show; then one is asked for."""

    cert_file: str
    key_file: str
    client_ca_file: str | None = None


class Public(Strict):
    """Where boxes find this hub, whatever it listens on; `ca_file`: the roots they need beside their own."""

    url: Home
    ca_file: str | None = None


class Storage(Strict):
    """Of the queue.

    Attributes:
        path: a folder of this hub alone.
        max_size_bytes: of what waits; each vantage has its equal part of it.
        keep_s: how long samples the database refuses are kept.
    """

    path: str = "queue"
    max_size_bytes: Annotated[Bytes, Field(alias="max_size")] = 10**9
    keep_s: Annotated[Seconds, Field(alias="keep")] = 30 * 86400.0


class Forward(Strict):
    """A Prometheus, VictoriaMetrics or Mimir that takes remote write.

    `query`: the base of its HTTP API, by which boxes may prove what they sent; asked with the same credentials.
    """

    remote_write: Home
    query: Home | None = None
    basic_auth: BasicAuth | None = None
    tls: ClientTls = ClientTls()


class Look(Strict):
    """The late look. It needs `forward.query`.

    Attributes:
        quiet_s: for how long nothing late must have come before it looks.
        longest_s: and for how long it waits for that at most.
        alertmanagers: who is told what was found; members of one cluster tell people once. Without any, those of
            `notify.relay`.
    """

    enabled: bool = True
    quiet_s: Annotated[Seconds, Field(alias="quiet")] = 180.0
    longest_s: Annotated[Seconds, Field(alias="longest")] = 3600.0
    alertmanagers: tuple[Home, ...] = ()


class HubConfig(Strict):
    """hub.yml.

    Attributes:
        name: the label `hub` of what it says of itself: for two hubs behind one name.
        credentials: a folder with one file per vantage, the SHA-256 of its password in hexadecimal digits.
        most_samples_per_minute: of one vantage, on average. The home set is 390 a minute; at the default five days of
            it (2.8 million) come home in 24 minutes, and a captured box writes 2,000 a second at most.
        most_in_flight: requests of one vantage at the same time.
        catalogue: the signed file that is handed to boxes; it may come later, and be replaced at any time.
        seal_key: the private half of what boxes seal their old days to; made at the first `hub add`.
    """

    name: Word | None = None
    listen: HostPort
    tls: ServerTls | None = None
    public: Public | None = None
    identity: Proof = Proof.PASSWORD
    credentials: str = "credentials"
    registry: str = "registry.yml"
    seal_key: str = "seal.key"
    notes: str = "notes.jsonl"
    catalogue: str | None = None
    services: tuple[str, ...] = ()
    storage: Storage = Storage()
    forward: Forward
    accepts_age_s: Annotated[Seconds, Field(alias="accepts_age")] = 7 * 86400.0
    most_series: Annotated[int, Field(ge=1)] = 5000
    most_samples_per_minute: Annotated[int, Field(ge=1000)] = 120_000
    most_in_flight: Annotated[int, Field(ge=1, le=100)] = 4
    notify: Notify = Notify()
    look: Look = Look()

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def tellers(self) -> tuple[Home, ...]:
        """The Alertmanagers that the late look tells."""
        return self.look.alertmanagers or self.notify.relay.alertmanagers

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True, slots=True)
class LoadedHub:
    """`folder`: where hub.yml stands; relative names stand beside it."""

    config: HubConfig
    folder: Path
    registry: Registry

    @property
    def queue(self) -> Path:
        return self.folder / self.config.storage.path / "queue.db"

    @property
    def catalogue(self) -> Path | None:
        return self.folder / self.config.catalogue if self.config.catalogue else None


def load(path: Path, *, whole: bool = True) -> tuple[LoadedHub | None, tuple[Mistake, ...]]:
    """The hub's configuration and its registry, or every mistake in either.

    Args:
        whole: whether the files it names must be there: those of a backup may stand elsewhere.
    """
    document = read(path)
    config, mistakes = fit(document, HubConfig)
    folder = path.absolute().parent
    found = [*mistakes, *(missing_files(document, folder, _NAMED_FILES) if whole else ())]
    listed = config.registry if config is not None else _registry_of(document)
    own: tuple[Service, ...] = ()
    if config is not None:
        found += _mistakes(config, document, folder) if whole else ()
        own, wrong = catalogue.load(config.services, beside=folder)
        found += wrong
    known, wrong = registry.load(folder / listed, (*registry.shipped_services(), *own))
    found += wrong
    if config is None or known is None or found:
        return None, tuple(sorted(set(found)))
    return LoadedHub(config, folder, known), ()


def files(hub: LoadedHub) -> list[Path]:
    """What hub.yml names, and what the commands keep beside it; some of it may not be there."""
    config, document = hub.config, hub.config.model_dump(by_alias=True)
    named: list[str] = [config.registry, config.seal_key, config.notes, config.notify.relay.token_file]
    named += [config.catalogue] if config.catalogue else []
    named += [name for name in config.services if name.endswith((".yml", ".yaml"))]
    for location in _NAMED_FILES:
        value: Any = document
        for part in location:
            value = _within(value, part)
        named += [value] if isinstance(value, str) else []
    credentials = (path for path in (hub.folder / config.credentials).iterdir() if path.is_file())
    return [*(hub.folder / name for name in named), *credentials]


def _within(value: Any, part: str | int) -> Any:
    match value, part:
        case dict(), str():
            return value.get(part)
        case tuple(), int() if part < len(value):
            return value[part]
    return None


def _registry_of(document: Document) -> str:
    """Where the registry stands by a document that does not fit: its mistakes are said beside the others."""
    match document.value:
        case {"registry": str(named)}:
            return named
    return str(HubConfig.model_fields["registry"].default)


def _mistakes(config: HubConfig, document: Document, folder: Path) -> Iterator[Mistake]:
    if config.tls is None and not config.is_loopback:
        yield document.mistake(("tls",), "is missing: vantages send a password, and not in clear")
    if not (folder / config.credentials).is_dir():
        yield document.mistake(("credentials",), f"{config.credentials}: no such folder")
    if config.identity is not Proof.PASSWORD and (config.tls is None or config.tls.client_ca_file is None):
        yield document.mistake(("identity",), "needs tls.client_ca_file: whose certificates are believed?")
