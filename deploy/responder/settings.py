"""The shape of responder.yml, and how it is read: every mistake at once, secrets as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from deploy.responder.journal import Bounds
from deploy.responder.limits import Allowance
from probes.doors.schema import Address, Bytes, Host, Port, Seconds, Strict, fit, matching
from probes.doors.yamlfile import Mistake, read

_IPV4 = AfterValidator(matching(r"[0-9.]+", "an IPv4 address"))
PublicKey = Annotated[str, AfterValidator(matching("[A-Za-z0-9+/]{43}=", "a WireGuard public key in base64"))]


class Tls(Strict):
    """`chain_file`, `key_file`: of our own name, whatever name is said. `ports`: where TLS and the pages are spoken."""

    chain_file: str
    key_file: str
    ports: tuple[Port, ...] = (443,)


class Dns(Strict):
    """Every name of `zone` stands at `address`."""

    zone: Host
    address: Annotated[Address, _IPV4]
    port: Port = 53


class OpenVpn(Strict):
    ports: tuple[Port, ...] = (1194,)


class WireGuard(Strict):
    """`key_file`: our private key in base64. `peers`: who is answered at all."""

    key_file: str
    peers: tuple[PublicKey, ...]
    port: Port = 51820


class Quic(Strict):
    port: Port = 443


class WhatsApp(Strict):
    """`key_file`: the root key, an Ed25519 one. `ports`: never 443, or a filter of what it does not know (Iran, 2020)
    would hold the greeting against the TLS that stands there."""

    key_file: str
    ports: tuple[Port, ...] = (5222,)


class Log(Strict):
    folder: str = "/var/lib/didban-responder"
    key_file: str
    max_size: Bytes = 8 * 1024 * 1024
    keep_s: Annotated[Seconds, Field(alias="keep")] = 14 * 86400.0
    files: Annotated[int, Field(ge=2, le=1000)] = 16

    def bounds(self) -> Bounds:
        return Bounds(most_bytes=self.max_size, keep_s=self.keep_s, files=self.files)


class Limits(Strict):
    """Of one neighbourhood (/24, /48) and of everybody: connections and datagrams a second, and how many at once."""

    connections: Annotated[int, Field(ge=1, le=4096)] = 256
    deadline_s: Annotated[Seconds, Field(alias="deadline")] = 30.0
    each_a_second: Annotated[float, Field(gt=0)] = 2.0
    each_at_once: Annotated[float, Field(ge=1)] = 40.0
    all_a_second: Annotated[float, Field(gt=0)] = 50.0
    all_at_once: Annotated[float, Field(ge=1)] = 400.0

    @property
    def each(self) -> Allowance:
        return Allowance(self.each_a_second, self.each_at_once)

    @property
    def everybody(self) -> Allowance:
        return Allowance(self.all_a_second, self.all_at_once)


class Config(Strict):
    """`listen`: the addresses of this machine. Name them: from a wildcard, UDP may answer by another than was asked."""

    listen: Annotated[tuple[Address, ...], Field(min_length=1)]
    tls: Tls
    clear_ports: tuple[Port, ...] = (80,)
    dns: Dns | None = None
    openvpn: OpenVpn | None = OpenVpn()
    wireguard: WireGuard | None = None
    quic: Quic | None = None
    whatsapp: WhatsApp | None = None
    log: Log
    token_file: str | None = None
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Loaded:
    """`folder`: where responder.yml stands; relative names stand beside it."""

    config: Config
    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name


def load(path: Path) -> tuple[Loaded | None, tuple[Mistake, ...]]:
    """The configuration, or every mistake in it."""
    config, mistakes = fit(read(path), Config)
    return (Loaded(config, path.absolute().parent) if config is not None else None), mistakes
