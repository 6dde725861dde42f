"""The shape of hub.yml, and how it is read: every mistake at once, secrets as files."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from monitor.config import NOTIFY_FILES, missing_files
from monitor.home.addresses import Home
from monitor.hub import registry
from monitor.hub.registry import Registry
from monitor.settings import BasicAuth, ClientTls, Notify
from probes import catalogue
from probes.doors.schema import HostPort, Seconds, Strict, fit
from probes.doors.yamlfile import Document, Location, Mistake, read
from probes.facts import Service

_NAMED_FILES: tuple[Location, ...] = (
    *(("tls", key) for key in ("cert_file", "key_file")),
    ("forward", "basic_auth", "password_file"),
    *(("forward", "tls", key) for key in ("ca_file", "cert_file", "key_file")),
    *NOTIFY_FILES,
)


class ServerTls(Strict):
    cert_file: str
    key_file: str


class Forward(Strict):
    """A Prometheus, VictoriaMetrics or Mimir that takes remote write."""

    remote_write: Home
    basic_auth: BasicAuth | None = None
    tls: ClientTls = ClientTls()


class HubConfig(Strict):
    """`credentials`: a folder with one file per vantage, the SHA-256 of its password in hexadecimal digits."""

    listen: HostPort
    tls: ServerTls | None = None
    credentials: str = "credentials"
    registry: str = "registry.yml"
    services: tuple[str, ...] = ()
    forward: Forward
    accepts_age_s: Annotated[Seconds, Field(alias="accepts_age")] = 7 * 86400.0
    most_series: Annotated[int, Field(ge=1)] = 5000
    notify: Notify = Notify()

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])


@dataclass(frozen=True, slots=True)
class LoadedHub:
    """`folder`: where hub.yml stands; relative names stand beside it."""

    config: HubConfig
    folder: Path
    registry: Registry


def load(path: Path) -> tuple[LoadedHub | None, tuple[Mistake, ...]]:
    """The hub's configuration and its registry, or every mistake in either."""
    document = read(path)
    config, mistakes = fit(document, HubConfig)
    folder = path.absolute().parent
    found = [*mistakes, *missing_files(document, folder, _NAMED_FILES)]
    listed = config.registry if config is not None else _registry_of(document)
    own: tuple[Service, ...] = ()
    if config is not None:
        found += _mistakes(config, document, folder)
        own, wrong = catalogue.load(config.services, beside=folder)
        found += wrong
    known, wrong = registry.load(folder / listed, (*registry.shipped_services(), *own))
    found += wrong
    if config is None or known is None or found:
        return None, tuple(sorted(set(found)))
    return LoadedHub(config, folder, known), ()


def _registry_of(document: Document) -> str:
    """Where the registry stands by a document that does not fit: its mistakes are said beside the others."""
    match document.value:
        case {"registry": str(named)}:
            return named
    return str(HubConfig.model_fields["registry"].default)


def _mistakes(config: HubConfig, document: Document, folder: Path) -> Iterator[Mistake]:
    if config.tls is None and not _is_loopback(config.host):
        yield document.mistake(("tls",), "is missing: vantages send a password, and not in clear")
    if not (folder / config.credentials).is_dir():
        yield document.mistake(("credentials",), f"{config.credentials}: no such folder")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
