"""What is asked, of whom, and what came back: frozen. Conclusions live elsewhere.

What every walk makes anew is a `Struct`: with their many fields such are made fifteen times as fast as dataclasses.
`replace` changes them; what a step does not speak of is not written down. They hold no circles for a collector to find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace as replace

from probes.words import (
    IMPOSTOR,
    Access,
    Answer,
    Cell,
    Depth,
    Failure,
    Finding,
    Hearing,
    Kind,
    LandmarkKind,
    Peer,
    Protocol,
    Reason,
    Role,
    Scope,
    Step,
    Transport,
)


@dataclass(frozen=True, slots=True)
class Vantage:
    """A place we measure from. Holds nothing that says who keeps the box or at which address."""

    id: str
    country: str
    role: Role
    access: Access
    network: str = ""
    cohort: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The country (ISO 3166-1 alpha-2) and network (`AS` + number) a host stands in."""

    country: str
    network: str


@dataclass(frozen=True, slots=True)
class Landmark:
    """A host inside a network, walked from controls: what it says is about that network."""

    country: str
    network: str
    kind: LandmarkKind


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a target says of a line apart from every service. `beside`: the target of the same service that shows its
    host answering by plain TLS over IPv4."""

    protocol: Protocol
    peer: Peer
    beside: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One host and port of a target today. `address` is a literal one; without it the name is resolved.

    `v6`: its AAAA records are asked for, and walked to, apart from those of IPv4.
    """

    host: str
    port: int
    transport: Transport
    address: str = ""
    v6: bool = False

    def __str__(self) -> str:
        return f"{self.host or self.address}:{self.port}/{self.transport}"


@dataclass(frozen=True, slots=True)
class Target:
    """A role of a service (`whatsapp/chat`), never an address: addresses rotate.

    Attributes:
        quarantined: endpoints of it that controls found dead for a day; they are not among `endpoints`, and not walked.
    """

    service: str
    id: str
    kind: Kind
    depth: Depth
    endpoints: tuple[Endpoint, ...]
    at_least: int  # how many endpoints must be reached: 1 is any_of, len(endpoints) is all_of
    sample: int  # endpoints walked per round, in turn
    essential: bool = False
    tier: int = 0
    expect: tuple[str, ...] = ("any",)
    scope: Scope | None = None
    at: Whereabouts | None = None
    about: Landmark | None = None
    spoken: Spoken | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # what stood in the files options name
    not_seen: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    checked: str = ""
    quarantined: tuple[Endpoint, ...] = ()
    name: str = field(init=False, repr=False, compare=False)  # said so often that it is put together once

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.service}/{self.id}")


@dataclass(frozen=True, slots=True)
class Service:
    """What a person would name. `book`: name -> addresses at which controls saw it authenticate."""

    id: str
    title: Mapping[str, str]
    category: str
    page: bool
    targets: tuple[Target, ...]
    book: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def watched(self) -> bool:
        """What people use, as against what is only asked because it tells something of networks."""
        return any(target.scope is None and target.about is None and target.spoken is None for target in self.targets)


class Certificate(Struct, frozen=True, gc=False, omit_defaults=True):
    """What the far end showed and we verified. `expires_ms` is UTC, `sha256` of the leaf's DER.

    `valid_ms`: from when until when the whole chain is valid, where our clock was not fit to compare it with.
    """

    issuer: str
    sha256: str
    expires_ms: int
    valid_ms: tuple[int, int] | None = None

    def held_at(self, at_ms: int) -> bool:
        """Whether it was valid then, as far as it was looked at."""
        since_ms, until_ms = self.valid_ms or (0, self.expires_ms)
        return since_ms <= at_ms <= until_ms


class Observation(Struct, frozen=True, gc=False, omit_defaults=True):
    """One step of one walk, with one failure or none. Fields a step does not speak of stay None: unknown, not empty."""

    step: Step
    took_s: float
    failure: Failure | None = None
    findings: tuple[Finding, ...] = ()
    fingerprint: str | None = None  # id of the row of probes/fingerprints that matched
    answers: tuple[str, ...] | None = None  # resolve: the addresses that came back
    isp: tuple[str, ...] | None = None  # resolve: what the operator's own resolver said, where one in the house lied
    trusted: tuple[str, ...] | None = None  # resolve: what a resolver said whom nobody on the way can speak for
    others: tuple[str, ...] | None = None  # resolve: what a second, different answer to the same query said
    certificate: Certificate | None = None  # handshake
    status: int | None = None  # fetch, and a knock within HTTP
    answer: Answer | None = None  # of the same, from an authenticated far end only
    elsewhere: str | None = None  # fetch: of the other host a redirect led to, enough to compare and too little to tell
    date_ms: int | None = None  # fetch: the time an authenticated far end gave with its answer, to the second
    body_sha256: str | None = None  # fetch: of the words of the part that was read; what holds a digit is left out
    hello_sha256: str | None = None  # handshake, also a failed one: of our ClientHello's random, which the far end saw
    hello_body_sha256: str | None = None  # handshake: of that whole ClientHello, to see whether it was altered
    said_sha256: tuple[str, ...] | None = None  # of each try by QUIC or a knock: what only the two ends know (marks.py)
    bytes_received: int | None = None  # transfer: of the body
    slices_s: tuple[float, ...] | None = None  # transfer: from the request until each whole 16 KiB of the body was here
    longest_wait_s: float | None = None  # transfer: between two arrivals, the end of the step being the last
    waited_at_byte: int | None = None  # transfer: of the body, where that wait was
    line_bytes: int | None = None  # transfer: all that came on the connection meanwhile, also of a record not yet whole
    quiet_s: float | None = None  # transfer: before its end, for how long nothing at all had come on the connection


@dataclass(frozen=True, slots=True)
class Account:
    """What a witness at the far end gave when it was asked about a walk: its lines as they came, unread.

    Attributes:
        key: the public key, in base64, that they are to be signed with.
    """

    hearing: Hearing
    asked_ms: int
    key: str = ""
    lines: tuple[str, ...] = ()


class Walk(Struct, frozen=True, gc=False, omit_defaults=True):
    """The steps taken towards one endpoint. `address` is the far end's; ours is never written down.

    Attributes:
        booked: the name brought nothing, and `address` is one that authenticated lately: what lies behind the name
            is seen all the same.
        cell: the question it answers, if it is part of a comparison.
        told: what the far end's own log says of it, where that is our responder and has been asked.
        boot_ms: when it began in milliseconds since the machine was started, which no setting of its clock changes.
    """

    target: str
    endpoint: Endpoint
    address: str
    started_ms: int
    reason: Reason
    steps: tuple[Observation, ...]
    bytes_sent: int = 0
    bytes_received: int = 0
    booked: bool = False
    cell: Cell | None = None
    told: Account | None = None
    boot_ms: int | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """By what a witness at the far end knows it, if it said anything: of the deepest step that has some."""
        for seen in reversed(self.steps):
            if found := seen.said_sha256 or ((seen.hello_sha256,) if seen.hello_sha256 else ()):
                return found
        return ()

    @property
    def last(self) -> Observation:
        return self.steps[-1]

    @property
    def broken(self) -> tuple[Observation, ...]:
        """The steps that failed: more than one, where the walk could go on behind the first."""
        return tuple(seen for seen in self.steps if seen.failure is not None)

    # plain loops: whatever is judged is asked these again and again

    @property
    def failure(self) -> Failure | None:
        """The first, which is what people meet."""
        for seen in self.steps:
            if seen.failure is not None:
                return seen.failure
        return None

    @property
    def reached(self) -> bool:
        """Every step succeeded, and nothing shows that it was an impostor who let it."""
        for seen in self.steps:
            if seen.failure is not None or (seen.findings and not IMPOSTOR.isdisjoint(seen.findings)):
                return False
        return True

    @property
    def authenticated(self) -> bool:
        """The far end proved who it is: a valid certificate for the name, or an answer only that protocol gives."""
        for seen in self.steps:
            if seen.failure is None and (seen.certificate is not None or seen.step is Step.KNOCK):
                return True
        return False

    @property
    def findings(self) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = ()
        for seen in self.steps:
            if seen.findings:
                found += seen.findings
        return tuple(dict.fromkeys(found)) if found else found


class Round(Struct, frozen=True, gc=False):
    """The walks of one target that were started together."""

    target: str
    number: int
    reason: Reason
    started_ms: int
    walks: tuple[Walk, ...]
