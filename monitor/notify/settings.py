"""The shape of `notify:` in hub.yml and didban.yml. Secrets are files; which ways are enough is said in `enough.py`."""

from __future__ import annotations

import datetime
import ipaddress
import urllib.parse
import zoneinfo
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from monitor.home.addresses import Home
from probes.doors.schema import HostPort, Strict, Word, matching

LONGEST_MAINTENANCE = datetime.timedelta(days=14)

Name = Annotated[str, AfterValidator(matching(r"[^\W_][\w .'-]{0,39}", "a name of up to 40 letters"))]
Number = Annotated[str, AfterValidator(matching(r"\+[1-9][0-9]{6,14}", "a telephone number such as +491701234567"))]
Group = Annotated[
    str,
    AfterValidator(matching(r"\+[1-9][0-9]{6,14}|group\.[\w+/=-]{10,200}", "a number such as +4917... or group....")),
]
Room = Annotated[str, AfterValidator(matching(r"![^\s:/]{1,200}:[^\s/]{1,200}", "a room id such as !abc:example.org"))]
TimeOfDay = Annotated[str, AfterValidator(matching(r"([01][0-9]|2[0-3]):[0-5][0-9]", "a time of day such as 22:00"))]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Day = Annotated[str, AfterValidator(matching("|".join(DAYS), "a day of the week such as monday"))]


def _zone(given: str) -> str:
    try:
        zoneinfo.ZoneInfo(given)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"must be a time zone such as Asia/Tehran, not {given!r}") from None
    return given


Zone = Annotated[str, AfterValidator(_zone)]


class Smtp(Strict):
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    sender: Annotated[str, Field(alias="from", min_length=3)]
    smarthost: HostPort
    username: str | None = None
    password_file: str | None = None
    require_tls: bool = True


class Webhook(Strict):
    url_file: str


class Telegram(Strict):
    """A bot, and the chat it writes to. `chat`: negative for a group."""

    token_file: str
    chat: int
    api: Home = "https://api.telegram.org"


class PagerDuty(Strict):
    """`key_file`: the integration key of a service, Events API v2."""

    key_file: str
    url: Home = "https://events.pagerduty.com/v2/enqueue"


class Ntfy(Strict):
    """One phone. `url_file` holds server and topic, `https://ntfy.sh/TOPIC`: who knows a topic can read it.

    Attributes:
        name: what others are told when this phone says "I have it".
        token_file: an access token, where the server wants one.
    """

    name: Name
    url_file: str
    token_file: str | None = None


class SignalPerson(Strict):
    name: Name
    number: Group


class Signal(Strict):
    """signal-cli-rest-api, which has no password of its own: on this machine, or behind one's own TLS."""

    url: Home
    sender: Annotated[Number, Field(alias="from")]
    to: Annotated[tuple[SignalPerson, ...], Field(min_length=1)]


class MatrixRoom(Strict):
    name: Name
    room: Room


class Matrix(Strict):
    """A homeserver. Two hubs with one access token are one device: what both send, the server takes once."""

    url: Home
    token_file: str
    rooms: Annotated[tuple[MatrixRoom, ...], Field(min_length=1)]


class Ways(Strict):
    """How one circle of people is told."""

    email: Smtp | None = None
    telegram: Telegram | None = None
    pagerduty: PagerDuty | None = None
    webhook: Webhook | None = None
    ntfy: tuple[Ntfy, ...] = ()
    signal: Signal | None = None
    matrix: Matrix | None = None

    @property
    def relayed(self) -> bool:
        """Whether any of it is something Alertmanager cannot speak."""
        return bool(self.ntfy or self.signal or self.matrix)

    @property
    def any(self) -> bool:
        return bool(self.email or self.telegram or self.pagerduty or self.webhook or self.relayed)


class Quiet(Strict):
    """When tickets wait, by the clock of a place. Pages never wait."""

    begins: Annotated[TimeOfDay, Field(alias="from")]
    ends: Annotated[TimeOfDay, Field(alias="until")]
    zone: Zone

    @model_validator(mode="after")
    def _some_of_the_day(self) -> Self:
        if self.begins == self.ends:
            raise ValueError("is the whole day: then nobody gets a ticket")
        return self


class Match(Strict):
    """Which alerts; at least one word, so that no window silences everything."""

    country: str | None = None
    network: str | None = None
    service: str | None = None
    vantage: str | None = None
    alertname: str | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("needs country, network, service, vantage or alertname: nothing silences everything")
        return self


class Maintenance(Strict):
    """A window in which alerts of some kind are expected, and silenced."""

    begins: Annotated[AwareDatetime, Field(alias="from")]
    ends: Annotated[AwareDatetime, Field(alias="until")]
    match: Match
    why: Annotated[str, Field(min_length=3, max_length=200)]

    @model_validator(mode="after")
    def _a_window(self) -> Self:
        if not datetime.timedelta() < self.ends - self.begins <= LONGEST_MAINTENANCE:
            raise ValueError("must end after it begins, and within 14 days")
        return self


class Digest(Strict):
    """When the weekly word comes that all is well, or what is not. That it comes shows that pages would."""

    day: Day = "monday"
    at: TimeOfDay = "09:00"
    zone: Zone = "UTC"


class Pages(Strict):
    """Where people's browsers find the hub and the dashboards.

    Attributes:
        url: of the hub as a phone reaches it; without one there is no "I have it" in a message.
        dashboard: the folder of Grafana's dashboards, `https://grafana.example.org/d`.
    """

    url: Home | None = None
    dashboard: Home | None = None


def _on_this_machine(given: str) -> str:
    host = urllib.parse.urlsplit(f"//{given}").hostname or ""
    if host == "localhost":
        return given
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    if not here:
        raise ValueError("must be on loopback, such as 127.0.0.1:9811: Alertmanager stands beside it")
    return given


class Peer(Strict):
    """The relay of another hub, as this one reaches it; both have the same token."""

    name: Word
    url: Home


class Relay(Strict):
    """What carries messages where Alertmanager cannot: ntfy, Signal, Matrix.

    Attributes:
        token_file: what Alertmanager shows to it; made where there is none.
        path: the folder of its outbox, which only it writes; without one, that of `storage`.
        alertmanagers: where an "I have it" is told; members of one cluster tell one another.
        name: of this relay, where `peers` are relays of other hubs that tell the same people.
    """

    listen: Annotated[HostPort, AfterValidator(_on_this_machine)] = "127.0.0.1:9811"
    token_file: str = "relay.token"  # noqa: S105 - the name of a file
    path: str | None = None
    alertmanagers: Annotated[tuple[Home, ...], Field(min_length=1)] = ("http://127.0.0.1:9093",)
    name: Word = "a"
    peers: tuple[Peer, ...] = ()


class Notify(Ways):
    """Who is told, by `didban up` and on a hub.

    Attributes:
        tickets: who gets what wakes nobody, where these are others.
        watchdog: told again and again that alerting is alive.
    """

    tickets: Ways | None = None
    watchdog: Webhook | None = None
    quiet: Quiet | None = None
    maintenance: tuple[Maintenance, ...] = ()
    digest: Digest | None = None
    relay: Relay = Relay()
    pages: Pages = Pages()

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        """Receipts and "I have it" go by name."""
        seen: dict[tuple[str, str], Strict] = {}
        for ways in self.circles:
            people: list[tuple[str, str, Strict]] = [("ntfy", row.name, row) for row in ways.ntfy]
            people += [("signal", row.name, row) for row in (ways.signal.to if ways.signal else ())]
            people += [("matrix", row.name, row) for row in (ways.matrix.rooms if ways.matrix else ())]
            for way, name, row in people:
                if seen.setdefault((way, name), row) is not row and seen[way, name] != row:
                    raise ValueError(f"{way} has two different ones named {name!r}: nobody could tell them apart")
        return self

    @property
    def circles(self) -> tuple[Ways, ...]:
        """Those who are paged, and those who get tickets where they are others."""
        return (self,) if self.tickets is None else (self, self.tickets)

    @property
    def needs_relay(self) -> bool:
        return any(each.relayed for each in self.circles) or bool(self.maintenance) or self.digest is not None


def relaying(notify: Notify, *, listen: str, alertmanager: str) -> Notify:
    """The same with the ports that were to be had."""
    relay = notify.relay.model_copy(update={"listen": listen, "alertmanagers": (alertmanager,)})
    return notify.model_copy(update={"relay": relay})


_MOST_PHONES = 100
FILES: tuple[tuple[str | int, ...], ...] = (
    ("notify", "watchdog", "url_file"),
    *(
        (*circle, *rest)
        for circle in (("notify",), ("notify", "tickets"))
        for rest in (
            ("webhook", "url_file"),
            ("email", "password_file"),
            ("telegram", "token_file"),
            ("pagerduty", "key_file"),
            ("matrix", "token_file"),
            *(("ntfy", index, key) for index in range(_MOST_PHONES) for key in ("url_file", "token_file")),
        )
    ),
)
