"""The shape of didban.yml: every key, its default and its bounds. Nothing secret is ever in it: secrets are files."""

from __future__ import annotations

import datetime
import difflib
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from monitor import metrics
from monitor.evidence.settings import Evidence, Upload
from monitor.home.addresses import Home, Way
from monitor.keeping import seal
from monitor.notify.settings import Notify as Notify
from monitor.notify.settings import Smtp as Smtp
from monitor.notify.settings import Webhook as Webhook
from monitor.renewal import signed
from probes.doors.schema import (
    Address,
    Bytes,
    Country,
    Host,
    NetworkId,
    Port,
    Seconds,
    Strict,
    Word,
    host,
    is_address,
    matching,
)
from probes.doors.trusted import TrustedResolver
from probes.facts import Endpoint, Vantage
from probes.words import Access, Role, Transport

LONGEST_INTERVAL_S = 86400.0
SHORTEST_INTERVAL_S = 60.0  # at most one round per target and minute: the household's line, and strangers' servers
LONGEST_STEP_S = 60.0
_MOBILE_BYTES_PER_DAY = 120 * 10**6
_BYTES_PER_DAY = 500 * 10**6


region = matching("[A-Z]{2}-[A-Z0-9]{1,3}", "a region of ISO 3166-2 such as IR-12")
Region = Annotated[str, AfterValidator(region)]


def _unhurried(given_s: float) -> float:
    if given_s < SHORTEST_INTERVAL_S:
        raise ValueError("must be 60s or longer: at most one round per target and minute")
    if given_s > LONGEST_INTERVAL_S:
        raise ValueError("must be 1d or shorter")
    return given_s


def _patient(given_s: float) -> float:
    if given_s > LONGEST_STEP_S:
        raise ValueError("must be 60s or shorter")
    return given_s


class Uplink(Strict):
    """Network interfaces: walk by one line, report by the other."""

    walks: Annotated[str, Field(min_length=1, max_length=15)]
    home: Annotated[str, Field(min_length=1, max_length=15)] | None = None


class Identity(Strict):
    """Who a vantage is, on the box and in the hub's registry alike."""

    id: Word
    country: Country
    role: Role
    access: Access
    network: NetworkId | None = None
    cohort: Word | None = None
    region: Region | None = None

    def as_vantage(self) -> Vantage:
        return Vantage(
            id=self.id,
            country=self.country,
            role=self.role,
            access=self.access,
            network=self.network or "",
            cohort=self.cohort or "",
            region=self.region or "",
        )


class VantageRow(Identity):
    secret_file: str
    uplink: Uplink | None = None


class Consent(Strict):
    acknowledged: datetime.date
    text_sha256: Annotated[str, AfterValidator(matching("[0-9a-f]{64}", "64 hexadecimal digits"))]


class Limits(Strict):
    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 200
    starts_per_second: Annotated[float, Field(gt=0, le=1000)] = 5.0
    bytes_per_day: Bytes | None = None


def _doh(given: str) -> str:
    """At a literal address: its name would have to be asked of somebody first."""
    TrustedResolver.doh(given)
    return given


class Trusted(Strict):
    doh: Annotated[str, AfterValidator(_doh)] | None = None
    dot: Address | None = None
    name: Host | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.doh is None) is (self.dot is None):
            raise ValueError("needs doh or dot, and not both")
        return self

    def resolver(self) -> TrustedResolver:
        if self.doh is not None:
            return TrustedResolver.doh(self.doh)
        return TrustedResolver.dot(self.dot or "", self.name or "")


class Dns(Strict):
    system: tuple[Address, ...] = ()
    isp: tuple[Address, ...] = ()
    trusted: tuple[Trusted, ...] = ()


class Tls(Strict):
    ca_file: str | None = None


class Storage(Strict):
    """`seal_to`: the hub's public key, to which old days are sealed."""

    path: Annotated[str, Field(min_length=1)] = "/var/lib/didban"
    keep_s: Annotated[Seconds, Field(alias="keep")] = 30 * 86400.0
    max_size_bytes: Annotated[Bytes, Field(alias="max_size")] = 10**9
    keep_free_bytes: Annotated[Bytes, Field(alias="keep_free")] = 100 * 10**6
    sync_s: Annotated[Seconds, Field(alias="sync")] = 1.0
    seal_to: Annotated[str, AfterValidator(seal.check_public)] | None = None


class BasicAuth(Strict):
    username: Annotated[str, Field(min_length=1)]
    password_file: str


class ClientTls(Strict):
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    @model_validator(mode="after")
    def _a_key_is_of_something(self) -> Self:
        if self.key_file is not None and self.cert_file is None:
            raise ValueError("key_file means nothing without cert_file")
        return self


def _series(given: str) -> str:
    if not metrics.spelt(given):
        near = difflib.get_close_matches(given, [each.name for each in metrics.FAMILIES], n=1)
        raise ValueError("must be a series of /metrics" + (f"; did you mean {near[0]}?" if near else ""))
    return given


class Destination(Strict):
    """`also`: series beyond the home set, by name; a histogram's name stands for all of it."""

    name: Word
    remote_write: Home
    query: Home | None = None
    basic_auth: BasicAuth | None = None
    tls: ClientTls = ClientTls()
    proxies: Annotated[tuple[Way, ...], Field(min_length=1)] = ("direct",)
    accepts_age_s: Annotated[Seconds, Field(alias="accepts_age")] = 7 * 86400.0
    also: tuple[Annotated[str, AfterValidator(_series)], ...] = ()

    @property
    def series_beyond(self) -> frozenset[str]:
        return frozenset().union(*map(metrics.spelt, self.also))


class Heartbeat(Strict):
    url_file: str | None = None
    every_s: Annotated[Seconds, Field(alias="every")] = 60.0


class Web(Strict):
    """`names`: what a browser may call this listener in its Host header, beside the listen address."""

    names: tuple[str, ...] = ()


class Landmarks(Strict):
    """How many controls share the landmarks: together they walk each at most once in 2 minutes."""

    controls: Annotated[int, Field(ge=1, le=1000)] = 3


class Responder(Strict):
    """The operator's own server abroad (deploy/responder); `responder: NAME` says `name` alone.

    Attributes:
        name: its name, or its address, as its certificate has it.
        address: where it stands, so that no resolver need be asked; `port`: where it speaks TLS.
        key: what its log is signed with, 32 bytes in base64, as its `init` prints it. With it and `token_file`, which
            holds what opens the log, the daemon and `didban probe` ask what it saw of their own walks.
        ways: by which it is asked, in turn; without any, those of `ship`, else the direct one.
    """

    name: Annotated[str, AfterValidator(lambda given: given if is_address(given) else host(given))]
    address: Address | None = None
    port: Port = 443
    key: Annotated[str, AfterValidator(matching("[A-Za-z0-9+/]{43}=", "the responder's public key, in base64"))] = ""
    token_file: str | None = None
    ways: tuple[Way, ...] = ()

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.key) is (self.token_file is None):
            raise ValueError("key and token_file go together: one opens its log, the other says whether to believe it")
        return self

    @property
    def endpoint(self) -> Endpoint:
        if is_address(self.name):
            return Endpoint("", self.port, Transport.TCP, self.name)
        return Endpoint(self.name, self.port, Transport.TCP, self.address or "")


def _by_name(given: object) -> object:
    """What comes through here is no longer JSON to the model, in which a list is a tuple as well."""
    match given:
        case str():
            return {"name": given}
        case {"ways": list(ways), **rest}:
            return {**rest, "ways": tuple(ways)}
    return given


class Renewal(Strict):
    """The catalogue alone, renewed by `didban catalogue install`, or from a hub.

    Attributes:
        keys: whose signature under one is believed, in base64; without any, nothing is installed.
        path: where it stands; without it, in `catalogue` below `storage.path`.
        fetch: whether the hub is asked for a newer one, once a day; never without a key.
    """

    keys: tuple[Annotated[str, AfterValidator(signed.check_public)], ...] = ()
    path: str | None = None
    fetch: bool = True


class Config(Strict):
    """didban.yml. `quiet`: while nothing abroad answers, keep still (monitor/beat/rests.py)."""

    vantage: VantageRow
    consent: Consent | None = None
    services: Annotated[tuple[str, ...], Field(min_length=1)] = ("whatsapp", "instagram", "imo", "canaries")
    interval_s: Annotated[Seconds, AfterValidator(_unhurried), Field(alias="interval")] = 60.0
    timeout_s: Annotated[Seconds, AfterValidator(_patient), Field(alias="timeout")] = 10.0
    limits: Limits = Limits()
    dns: Dns = Dns()
    tls: Tls = Tls()
    storage: Storage = Storage()
    ship: tuple[Destination, ...] = ()
    heartbeat: Heartbeat = Heartbeat()
    histograms: bool = False
    quiet: bool = False
    fingerprints: tuple[str, ...] = ()
    book: str | None = None
    catalogue: Renewal = Renewal()
    responder: Annotated[Responder | None, BeforeValidator(_by_name)] = None
    landmarks: Landmarks = Landmarks()
    web: Web = Web()
    notify: Notify = Notify()
    evidence: Evidence = Evidence()
    upload: Upload | None = None

    @property
    def bytes_per_day(self) -> int:
        """The cap over walks and ship together: mobile data cost people money."""
        if self.limits.bytes_per_day is not None:
            return self.limits.bytes_per_day
        return _MOBILE_BYTES_PER_DAY if self.vantage.access is Access.MOBILE else _BYTES_PER_DAY

    def as_vantage(self) -> Vantage:
        return self.vantage.as_vantage()
