"""What an explanation is made of: an alert, the ways in which it comes about, the conditions of each. Asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from string import Template


class Place(StrEnum):
    """What an alert is about. PROTOCOL: what a network lets through; it speaks for none of its services."""

    COUNTRY = "country"
    NETWORK = "network"
    PROTOCOL = "protocol"
    SERVICE = "service"


class Needs(Enum):
    """What is asked of a value. What is not there meets nothing but NOT_THERE and NOT_MORE."""

    AT_LEAST = "at least"
    MORE = "more than"
    LESS = "less than"
    NOT_MORE = "not more than"  # nor known to be
    THERE = "yes"
    NOT_THERE = "no"


class Unit(Enum):
    """How a value is read."""

    COUNT = "count"
    SHARE = "share"
    MOMENT = "moment"  # seconds since 1970
    LENGTH = "length"  # seconds
    BARE = "bare"  # that it is there says all


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must be so.

    Attributes:
        asks: what the value is, in plain words.
        query: of recorded series; `$country`, `$network`, `$service` stand for the labels of the subject down to that
            one, `$name` for the service alone, `$about` for the transfers that are about it,
            `$pairs` for those there.
        needed: the threshold; where it is a series itself, its query.
        otherwise: what it means that this is not so.
        unknown: the same where there is no value at all.
    """

    asks: str
    query: str
    test: Needs
    needed: float | str = 0.0
    unit: Unit = Unit.COUNT
    otherwise: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways in which an alert comes about: all of these at once."""

    name: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Of one alert.

    Attributes:
        begins: any of these ways begins it.
        holds: what then holds it, though the conditions that began it may have ended.
        page: what makes a page of it and not a ticket; empty where there is one severity.
    """

    alert: str
    place: Place
    says: str
    begins: tuple[Way, ...]
    holds: tuple[Condition, ...] = ()
    page: tuple[Way, ...] = ()

    def conditions(self) -> tuple[Condition, ...]:
        ways = (*self.begins, *self.page)
        return (*(each for way in ways for each in way.conditions), *self.holds)


@dataclass(frozen=True, slots=True)
class Subject:
    """`IR`, `IR/AS197207` or `IR/AS197207/whatsapp`."""

    country: str
    network: str = ""
    service: str = ""

    @property
    def place(self) -> Place:
        if self.service:
            return Place.SERVICE
        return Place.NETWORK if self.network else Place.COUNTRY

    def __str__(self) -> str:
        return "/".join(filter(None, (self.country, self.network, self.service)))

    def query(self, text: str) -> str:
        """Raises KeyError for a row that asks for more than the subject has."""
        labels = [f'country="{self.country}"', f'network="{self.network}"', f'service="{self.service}"']
        known = {"country": labels[0], "name": labels[2]}
        known |= {"network": ",".join(labels[:2])} if self.network else {}
        if self.service:
            about = f'service="transfers",target=~"{self.service}(-.*)?"'  # as early.yml reads a target
            known |= {"service": ",".join(labels), "pairs": ",".join((*labels[:2], about)), "about": about}
        return Template(text).substitute(known)
