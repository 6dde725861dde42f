"""Where and how a service broke, and the records that show it: the part of a dossier that is proof. Frozen values.

Words are those of the closed lists. A count that may not be said is None.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Broke:
    """Of the attempts of an event, the share that failed at this step in this way. `walks`: how many, where said."""

    step: str
    failure: str
    share: float
    walks: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of the judge. `share`: of attempts in which it was met itself; None where comparisons settled it."""

    finding: str
    lines: int | None
    share: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One step of an exhibit: what was done and what came. Words of the closed lists, and facts beside them."""

    what: str
    took_s: float
    failure: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One record, or one comparison, as it lies in the evidence. Sealed form only.

    Attributes:
        kind: `forged` `page` `compared` `failed` `witnessed`.
        shows: findings it is consistent with.
        records: folder and id of each record it is made of, and its commitment.
        head: of the link of the chain that holds the first of them; empty where its hour is not closed yet.
        said: what both ends saw of it, in English; `lost`: `outward` or `inward`, where that shows it.
    """

    kind: str
    at_ms: int
    target: str
    endpoint: str
    shows: tuple[str, ...]
    lines: tuple[Line, ...]
    records: tuple[tuple[str, int, str], ...]
    head: str = ""
    said: str = ""
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """Where and how one service broke in one network. `attempts`: regular walks during its events."""

    service: str
    network: str
    attempts: int | None
    reached: float | None
    broke: tuple[Broke, ...]
    found: tuple[Found, ...]
    exhibits: tuple[Exhibit, ...] = ()
