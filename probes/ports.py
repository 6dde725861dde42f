"""What a step may ask of the world. Steps see these shapes only; the doors fill them, tests fill them otherwise.

Every method that touches the network raises OSError, EOFError or `Refusal`, nothing else on purpose. Deadlines are the
caller's (`probes.attempt`), so no method takes one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from probes.facts import Certificate
from probes.words import Failure, Transport


class Clock(Protocol):
    def now_ms(self) -> int:
        """Wall time, UTC, milliseconds since 1970: for records only."""

    def elapsed_s(self) -> float:
        """Monotonic seconds from an arbitrary start: for lengths."""

    def boot_ms(self) -> int:
        """Milliseconds since this machine was started, also asleep: for order, whatever is done to the wall clock."""


@dataclass(slots=True)
class Traffic:
    """Counts what crossed the line in bytes, payload plus an estimate of the headers below it.

    `wanted`: how much of a body the walk is to take in, said before it connects: so much may be on its way at once.
    `heard_s`: when something last came on a connection, by `elapsed_s`, where that is known.
    """

    sent: int = 0
    received: int = 0
    wanted: int = 0
    elapsed_s: Callable[[], float] | None = None
    heard_s: float = 0.0

    def came(self, count: int) -> None:
        self.received += count
        if self.elapsed_s is not None:
            self.heard_s = self.elapsed_s()


class Ear(Protocol):
    async def others(self, patience_s: float) -> tuple[tuple[str, ...], ...]:
        """The addresses of every further answer; an empty tuple in it is an answer that says there are none."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a resolver said.

    Attributes:
        addresses: in the order they came.
        private_resolver: the resolver stands in private space (a home router).
        failure: the No that came in the place of addresses.
        ear: still hears whether a second answer comes to the same query; to be closed by whoever asked.
    """

    addresses: tuple[str, ...]
    private_resolver: bool
    failure: Failure | None = None
    ear: Ear | None = None


class Names(Protocol):
    async def resolve(self, host: str, traffic: Traffic, *, v6: bool = False) -> Resolved:
        """A or AAAA records of `host` from the resolvers people here get. Refusal for what is no answer at all."""

    async def ping(self, resolver: str, port: int, host: str, traffic: Traffic, said: list[bytes]) -> None:
        """Ask `resolver` for `host`; any DNS reply at all, also a negative one, is a sign of life.

        `said` takes in each query as it left.
        """


class Stream(Protocol):
    """A connected TCP stream, in clear or within TLS, or a UDP socket connected to one far end."""

    async def send(self, data: bytes) -> None: ...

    async def receive(self, most: int) -> bytes:
        """Up to `most` bytes, or one datagram; empty once the far end has closed cleanly."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Greeting:
    """A TLS handshake to be made.

    Attributes:
        says: the name in the ClientHello (RFC 6066).
        accepts: the chain must verify for one of these. Empty: any chain will do, also none that verifies, and who it
            is must be proven afterwards.
        alpn: the protocols that are offered, the dearest first.
        roots: a file of `probes/roots`, whose certificates alone may sign; without it those of the system.
    """

    says: str
    accepts: tuple[str, ...]
    alpn: tuple[str, ...] = ()
    roots: str = ""


@dataclass(frozen=True, slots=True)
class Greeted:
    """`alpn` is what the far end chose, empty if it chose nothing."""

    stream: Stream
    certificate: Certificate
    alpn: str


class Wire(Protocol):
    async def connect(self, address: str, port: int, transport: Transport, traffic: Traffic) -> Stream: ...

    async def handshake(self, stream: Stream, greeting: Greeting) -> Greeted:
        """TLS on `stream`."""


class Quic(Protocol):
    async def handshake(self, stream: Stream, greeting: Greeting) -> Greeted:
        """QUIC on a UDP `stream`, the certificate as in TLS.

        Each `send` of what comes of it opens a stream of its own and closes it on our side (what DoQ demands, RFC 9250
        section 4.2); `receive` hears the answer to the last one.
        """


@dataclass(frozen=True, slots=True)
class Page:
    """`body` is the part that was read: none of an authenticated success, up to 64 KiB of anything else."""

    status: int
    headers: Mapping[str, str]
    body: bytes


SLICE_BYTES = 16 * 1024


@dataclass(slots=True)
class Taken:
    """How a body came. Filled while it comes, so that it is known also when nothing more does.

    Attributes:
        count: bytes so far.
        slices_s: when each whole slice was here, in seconds after it was asked for.
        longest_wait_s, waited_at_byte: the longest time nothing came, and what was here by then.
    """

    clock: Clock
    count: int = 0
    slices_s: list[float] = field(default_factory=list)
    longest_wait_s: float = 0.0
    waited_at_byte: int = 0
    _asked_s: float = 0.0
    _last_s: float = 0.0

    def __post_init__(self) -> None:
        self._asked_s = self._last_s = self.clock.elapsed_s()

    def add(self, count: int) -> None:
        """So many bytes came just now; none, when it is over."""
        now_s = self.clock.elapsed_s()
        if now_s - self._last_s > self.longest_wait_s:
            self.longest_wait_s, self.waited_at_byte = now_s - self._last_s, self.count
        self.count, self._last_s = self.count + count, now_s
        while len(self.slices_s) < self.count // SLICE_BYTES:
            self.slices_s.append(now_s - self._asked_s)


@dataclass(frozen=True, slots=True)
class Post:
    """What is handed in with a request. `kind` is its media type, and the one asked for in return."""

    kind: str
    body: bytes


class Web(Protocol):
    async def fetch(
        self,
        stream: Stream,
        host: str,
        path: str,
        *,
        secure: bool,
        alpn: str = "",
        post: Post | None = None,
        head: bool = False,
    ) -> Page:
        """GET, POST of `post`, or HEAD, on a finished connection; the answer to a POST is read whatever its status.

        Spoken is what `alpn` says: `h2`, `h3` (on what came of `Quic`), otherwise HTTP/1.1. Bounded: 16 KiB of head,
        64 KiB of body, whatever the far end sends.
        """

    async def upgrade(self, stream: Stream, host: str, path: str, origin: str) -> Stream | Page:
        """A WebSocket (RFC 6455) on a finished connection: a stream of binary messages, or the page that refused it."""

    async def take(self, stream: Stream, host: str, path: str, *, most: int, taken: Taken) -> int:
        """GET of the first `most` bytes at least; the status. Of a body that is no success nothing is taken.

        What is sent beyond `most` is left unread. A body that ends before its own length raises EOFError.
        """


class Trusted(Protocol):
    async def resolve(self, host: str, traffic: Traffic, *, v6: bool = False) -> tuple[str, ...]:
        """A (or AAAA) records of `host` from resolvers who prove who they are, asked in turn; never from the local one.

        Refusal(DNS_NXDOMAIN) and Refusal(DNS_NO_ANSWER) are their answer; every other failure says that none of them
        could be asked, which is evidence of nothing.
        """
