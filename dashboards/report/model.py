"""What a dossier holds, as frozen values. Says nothing in words: `words` does, in each language. Times are UTC in ms.

A count that may not be said is None: in the public form no count below three is, and those above are "at least".
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dashboards.report.proof import Proof

Titles = Mapping[str, str]  # by language


class Language(StrEnum):
    EN = "en"
    FA = "fa"


class Form(StrEnum):
    """Whom it is for: everybody, or those who must have it."""

    PUBLIC = "public"
    SEALED = "sealed"


class Kind(StrEnum):
    """What an event was: of a whole network, or, with the words of the contract's verdicts, of one service in it."""

    SHUTDOWN = "shutdown"
    OUTAGE = "outage"
    SILENCE = "silence"
    BLOCKED = "blocked"
    DOWN = "down"
    REFUSED = "refused"


class Sure(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Holds(StrEnum):
    """Whether another explanation stands against what was seen."""

    RULED_OUT = "ruled_out"
    UNLIKELY = "unlikely"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was not as it should be, for a while.

    Attributes:
        until_ms: None where it had not ended when the window did.
        began_before: it was so already when the window began.
        service: empty where it is about the whole network.
        lines: independent lines that showed it. controls: networks abroad that reached the service meanwhile.
        why_sure: id of the words that say why we are so sure.
        fine: whether its times are as exact as the form allows, or of a whole hour.
        low: the smallest share of neutral hosts abroad that answered; None where nobody could say.
    """

    kind: Kind
    network: str
    service: str
    from_ms: int
    until_ms: int | None
    began_before: bool
    lines: int | None
    controls: int | None
    sure: Sure
    why_sure: str
    fine: bool = True
    low: float | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """`reach`: by slot, the share of neutral hosts abroad that answered, None where nobody could say.

    `outside`: the same of hosts inside it, asked from abroad, against their own week; empty where nobody asks.
    `weight`: the share of the country's users it carries, by `weight_by`; None where nobody says.
    """

    network: str
    operator: str
    access: str
    lines: int | None
    reach: tuple[float | None, ...]
    outside: tuple[float | None, ...] = ()
    weight: float | None = None
    weight_by: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """By slot, the verdict on one service in one network; empty where there is none."""

    network: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Control:
    """By slot, the share of control networks that reached the service; None where none said anything."""

    share: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """`not_seen`: what `ok` does not speak of, in whole words; `depth`: of its essential targets."""

    service: str
    title: Titles
    depth: str
    not_seen: Titles
    strips: tuple[Strip, ...]
    control: Control


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another thing it could have been. `key` names its words; `numbers` fill them in."""

    key: str
    holds: Holds
    numbers: Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True)
class Stamp:
    authority: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Head:
    """The newest commitment of a day of one box. `box`: its folder in the evidence."""

    box: str
    day: str
    head: str
    stamps: tuple[Stamp, ...]


@dataclass(frozen=True, slots=True)
class SeenDay:
    """A day of which outside authorities saw every head."""

    day: str
    authorities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can be checked.

    Attributes:
        root: one SHA-256 over every head; the same in both forms.
        heads: sealed form only.
        folder: where the records lie beside this file; empty in the public form.
        seen: those days, and by whom.
        stamped_days: of `days`, those of which every head has an outside time-stamp.
    """

    root: str
    heads: tuple[Head, ...]
    folder: str
    records: int | None
    opened: int | None
    days: int
    stamped_days: int
    authorities: tuple[str, ...]
    seen: tuple[SeenDay, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """Who looked. `lines`: independent ones inside; `controls`: boxes abroad, in so many networks."""

    boxes: int | None
    lines: int | None
    networks: int | None
    controls: int | None
    control_networks: int | None
    walks: int | None
    hours_without: int | None


@dataclass(frozen=True, slots=True)
class Method:
    """`ticks_from`, `walks_from`: `spool` `export` `database`. `without_walks`: boxes with ticks alone."""

    didban: str
    judges: tuple[str, ...]
    rules: str
    catalogues: tuple[str, ...]
    ticks_from: tuple[str, ...] = ("spool",)
    walks_from: tuple[str, ...] = ("spool",)
    without_walks: int | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """`simulated`: the name of the simulation it is of; empty for the real thing. `slot_ms`: of every chart."""

    form: Form
    country: str
    country_title: Titles
    zone: datetime.tzinfo | None
    since_ms: int
    until_ms: int
    written_ms: int
    simulated: str
    slot_ms: int
    counts: Counts
    events: tuple[Event, ...]
    networks: tuple[Network, ...]
    services: tuple[Service, ...]
    proofs: tuple[Proof, ...]
    others: tuple[Alternative, ...]
    method: Method
    evidence: Evidence

    @property
    def slots(self) -> range:
        return range(self.since_ms, self.until_ms, self.slot_ms)

    def title_of(self, service: str) -> Titles:
        return next((each.title for each in self.services if each.service == service), {})

    def operator_of(self, network: str) -> str:
        return next((each.operator for each in self.networks if each.network == network), "")
