"""Who may look: `--web.config.file` in the format of Prometheus's exporter-toolkit, and the names we answer to."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from monitor.config import missing_files
from monitor.gate import ciphers
from monitor.gate.names import speaks_for_one
from monitor.home.credentials import server_context
from probes.doors import handed
from probes.doors.schema import Strict, fit
from probes.doors.yamlfile import Mistake, read


class ClientAuth(StrEnum):
    """Go's words; those we cannot keep are refused, not read as "no"."""

    NO = "NoClientCert"
    IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRE_AND_VERIFY = "RequireAndVerifyClientCert"


class TlsVersion(StrEnum):
    """Go's words for those that are still safe."""

    TLS12 = "TLS12"
    TLS13 = "TLS13"


_MOST_COST = 14  # 2^14 rounds take about a second; 2^31 a week
_VERSIONS = {TlsVersion.TLS12: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS13: ssl.TLSVersion.TLSv1_3}
_OF_A_HEADER = re.compile(r"[ -~]{1,2000}")


def _hashed(given: str) -> str:
    found = re.fullmatch(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}", given)
    if found is None:
        raise ValueError("must be a bcrypt hash ($2y$...)")
    if not 4 <= int(found[1]) <= _MOST_COST:
        raise ValueError(f"must cost 4 to {_MOST_COST}: whoever guesses makes us pay for it")
    return given


def _in_a_header(given: str) -> str:
    if not _OF_A_HEADER.fullmatch(given):
        raise ValueError("must be one line of printable ASCII")
    return given


def _alone(given: tuple[str, ...]) -> tuple[str, ...]:
    if len(given) > 1:
        raise ValueError("may name one curve: Python's ssl module keeps no order of several")
    return given


def _refused(why: str) -> BeforeValidator:
    """The toolkit has that key; we have not, and say why."""

    def rule(given: object) -> object:
        raise ValueError(why)

    return BeforeValidator(rule)


class TlsServer(Strict):
    cert_file: str
    key_file: str
    client_ca_file: str | None = None
    client_auth_type: ClientAuth = ClientAuth.NO
    client_allowed_sans: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] | None = None
    min_version: TlsVersion = TlsVersion.TLS12
    max_version: TlsVersion = TlsVersion.TLS13
    cipher_suites: tuple[Annotated[str, AfterValidator(ciphers.suite)], ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: Annotated[tuple[Annotated[str, AfterValidator(ciphers.curve)], ...], AfterValidator(_alone)] = ()
    cert: Annotated[None, _refused("stands in a file of its own here: give cert_file")] = None
    key: Annotated[None, _refused("no secret stands in a configuration here: give key_file")] = None
    client_ca: Annotated[None, _refused("stands in a file of its own here: give client_ca_file")] = None

    @model_validator(mode="after")
    def _says_whom_it_believes(self) -> Self:
        if self.client_auth_type is not ClientAuth.NO and self.client_ca_file is None:
            raise ValueError("client_auth_type needs client_ca_file: whose certificates are believed?")
        if self.client_auth_type is ClientAuth.NO and self.client_ca_file is not None:
            raise ValueError("client_ca_file needs client_auth_type: nobody would be asked for a certificate")
        if self.client_allowed_sans is not None and self.client_auth_type is not ClientAuth.REQUIRE_AND_VERIFY:
            raise ValueError(
                "client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert, or names are not proven"
            )
        if self.max_version < self.min_version:
            raise ValueError("max_version is below min_version")
        return self


HeaderText = Annotated[str, AfterValidator(_in_a_header)]


class HttpHeaders(Strict):
    """The five the exporter-toolkit lets one set, in the place of ours."""

    csp: Annotated[HeaderText | None, Field(alias="Content-Security-Policy")] = None
    frame: Annotated[Literal["deny", "sameorigin"] | None, Field(alias="X-Frame-Options")] = None
    sniff: Annotated[Literal["nosniff"] | None, Field(alias="X-Content-Type-Options")] = None
    xss: Annotated[HeaderText | None, Field(alias="X-XSS-Protection")] = None
    sts: Annotated[HeaderText | None, Field(alias="Strict-Transport-Security")] = None


class HttpServer(Strict):
    """`http2`: may be asked for; what is spoken here is HTTP/1.1, which every client of it speaks as well."""

    http2: bool = True
    headers: HttpHeaders = HttpHeaders()


class WebConfig(Strict):
    """The part of https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md we serve."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: Mapping[str, Annotated[str, AfterValidator(_hashed)]] | None = None
    rate_limit: Annotated[
        None, _refused("every address has a limit of its own here: one for all would let anybody use it up")
    ] = None
    auth_excluded_paths: Annotated[None, _refused("only /-/healthy and /-/ready are shown to everybody")] = None

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
        context.minimum_version, context.maximum_version = _VERSIONS[tls.min_version], _VERSIONS[tls.max_version]
        if tls.cipher_suites:
            context.set_ciphers(":".join(ciphers.SUITES[each] for each in tls.cipher_suites))
        if not tls.prefer_server_cipher_suites:
            context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
        for each in tls.curve_preferences:
            context.set_ecdh_curve(ciphers.CURVES[each])
        if tls.client_ca_file:
            context.load_verify_locations(handed.at(folder, tls.client_ca_file))
        if tls.client_auth_type is ClientAuth.IF_GIVEN:
            context.verify_mode = ssl.CERT_OPTIONAL
        if self._wants_client_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def lets_in(self, certificate: Mapping[str, Any] | None) -> bool:
        """Whether one that was verified carries a name that is asked for, where any is."""
        allowed = self.tls_server_config.client_allowed_sans if self.tls_server_config is not None else None
        return allowed is None or speaks_for_one(certificate, allowed)

    @property
    def headers(self) -> Mapping[str, str]:
        """Those it sets."""
        return self.http_server_config.headers.model_dump(by_alias=True, exclude_none=True)


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
