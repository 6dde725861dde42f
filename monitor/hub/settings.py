"""The shape of hub.yml, and how it is read: every mistake at once, secrets as files."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from monitor.hub import registry
from monitor.hub.registry import Registry
from monitor.settings import BasicAuth, ClientTls, Home, Notify
from probes import catalogue
from probes.doors.schema import Seconds, Strict, fit, matching
from probes.doors.yamlfile import Document, Mistake, read


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

    listen: Annotated[str, AfterValidator(matching(r"(\[[0-9a-f:]+\]|[^:]+):[0-9]{1,5}", "HOST:PORT"))]
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
    if config is None:
        return None, mistakes
    folder = path.absolute().parent
    found = list(_mistakes(config, document, folder))
    own, wrong = catalogue.load(config.services, beside=folder)
    found += wrong
    known, wrong = registry.load(folder / config.registry, (*registry.shipped_services(), *own))
    found += wrong
    if known is None or found:
        return None, tuple(sorted(found))
    return LoadedHub(config, folder, known), ()


def _mistakes(config: HubConfig, document: Document, folder: Path) -> Iterator[Mistake]:
    if config.tls is None and not _is_loopback(config.host):
        yield document.mistake(("tls",), "is missing: vantages send a password, and not in clear")
    if not (folder / config.credentials).is_dir():
        yield document.mistake(("credentials",), f"{config.credentials}: no such folder")
    named: list[tuple[tuple[str, ...], str | None]] = []
    if config.tls is not None:
        named += [(("tls", "cert_file"), config.tls.cert_file), (("tls", "key_file"), config.tls.key_file)]
    if config.forward.basic_auth is not None:
        named.append((("forward", "basic_auth", "password_file"), config.forward.basic_auth.password_file))
    named += [
        (("forward", "tls", key), getattr(config.forward.tls, key)) for key in ("ca_file", "cert_file", "key_file")
    ]
    for location, name in named:
        if name and not (folder / name).is_file():
            yield document.mistake(location, f"{name}: no such file")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
