"""Who may look: `--web.config.file` in the format of Prometheus's exporter-toolkit, and the names we answer to."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import re
import ssl
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import bcrypt
from pydantic import AfterValidator

from monitor.config import missing_files
from monitor.home.credentials import read_basic, server_context
from probes.doors import handed
from probes.doors.schema import Strict, fit
from probes.doors.yamlfile import Mistake, read


class ClientAuth(StrEnum):
    """Go's words; those we cannot keep are refused, not read as "no"."""

    NO = "NoClientCert"
    REQUIRE_AND_VERIFY = "RequireAndVerifyClientCert"


def _hashed(given: str) -> str:
    if not re.fullmatch(r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}", given):
        raise ValueError("must be a bcrypt hash ($2y$...)")
    return given


class TlsServer(Strict):
    cert_file: str
    key_file: str
    client_ca_file: str | None = None
    client_auth_type: ClientAuth = ClientAuth.NO


class WebConfig(Strict):
    """The part of https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md we serve."""

    tls_server_config: TlsServer | None = None
    basic_auth_users: Mapping[str, Annotated[str, AfterValidator(_hashed)]] | None = None

    @property
    def guarded(self) -> bool:
        """Encrypted, and asks who is there."""
        asks = bool(self.basic_auth_users) or self._wants_client_certificate
        return self.tls_server_config is not None and asks

    @property
    def _wants_client_certificate(self) -> bool:
        tls = self.tls_server_config
        return tls is not None and tls.client_auth_type is ClientAuth.REQUIRE_AND_VERIFY

    def server_context(self, folder: Path) -> ssl.SSLContext | None:
        tls = self.tls_server_config
        if tls is None:
            return None
        context = server_context(tls.cert_file, tls.key_file, folder)
        if tls.client_ca_file:
            context.load_verify_locations(handed.at(folder, tls.client_ca_file))
        if self._wants_client_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


OPEN = WebConfig()


def load(path: Path) -> tuple[WebConfig | None, tuple[Mistake, ...]]:
    document = read(path)
    web, mistakes = fit(document, WebConfig)
    files = (("tls_server_config", key) for key in ("cert_file", "key_file", "client_ca_file"))
    found = (*mistakes, *missing_files(document, path.absolute().parent, files))
    return (web if not found else None), found


def may_listen(host: str, web: WebConfig) -> str | None:
    """Why not, in one line: what this box knows is shown to this machine alone, or behind TLS and a password."""
    if _is_loopback(host) or web.guarded:
        return None
    return f"will not listen on {host} in clear: give --web.config.file with TLS and users, or listen on 127.0.0.1"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def answers_to(host: str, port: int, names: tuple[str, ...]) -> frozenset[str]:
    """The Host headers that are meant for us; any other page's name in front of our address gets a 421."""
    hosts = {host, "localhost", "127.0.0.1", "[::1]"} if _is_loopback(host) else {host}
    hosts = {f"[{each}]" if ":" in each and not each.startswith("[") else each for each in hosts}
    return frozenset({f"{each}:{port}" for each in hosts} | set(names) | {f"{name}:{port}" for name in names})


class Doorkeeper:
    """Checks basic authentication against bcrypt hashes; a password that was right once is not hashed again."""

    def __init__(self, web: WebConfig) -> None:
        self._users = web.basic_auth_users or {}
        self._known: set[bytes] = set()

    async def admits(self, authorization: str | None) -> bool:
        if not self._users:
            return True
        user, password = read_basic(authorization)
        hashed = self._users.get(user)
        if hashed is None:
            return False
        seen = hashlib.sha256(f"{user}\0{password}\0{hashed}".encode()).digest()
        if seen not in self._known:
            right = await asyncio.to_thread(bcrypt.checkpw, password.encode()[:72], hashed.encode())
            if not right:
                return False
            self._known.add(seen)
        return True
