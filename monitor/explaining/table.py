"""Every explanation there is, by what it is about."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.explaining.countries import COUNTRIES, OVER
from monitor.explaining.early import EARLY
from monitor.explaining.networks import NETWORKS
from monitor.explaining.regions import REGIONS
from monitor.explaining.rows import Explanation, Place, Subject
from monitor.explaining.services import SERVICES
from monitor.explaining.slowed import SLOWED

# the first of a place is what whoever asks about it reads first, where nothing fires
TABLE: tuple[Explanation, ...] = (*COUNTRIES, *NETWORKS, OVER, *REGIONS, *SERVICES, *SLOWED, *EARLY)

_ASKED = {
    Place.SERVICE: (Place.SERVICE, Place.NETWORK),
    Place.NETWORK: (Place.NETWORK, Place.PROTOCOL, Place.COUNTRY),
    Place.COUNTRY: (Place.COUNTRY,),
}


def of(subject: Subject) -> Iterator[Explanation]:
    """What may be told of it, and of what it lies in: a network that is cut speaks for its services."""
    for place in _ASKED[subject.place]:
        yield from (each for each in TABLE if each.place is place)
