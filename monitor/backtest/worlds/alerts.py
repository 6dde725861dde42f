"""Which alerts there are, with which labels and severities, as the contract has them: what a world may expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    PAGE = "page"
    TICKET = "ticket"
    INFO = "info"


class Extent(StrEnum):
    """How much of a country is cut; each step is one message."""

    NETWORKS = "networks"
    MAJORITY = "majority"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Promise:
    """What the contract says of one alert.

    Attributes:
        severities: with which it may come.
        needs: the labels it always has, beside `severity`, `product` and `family`.
        may: the labels it has in some worlds.
    """

    severities: frozenset[Severity]
    needs: frozenset[str]
    may: frozenset[str] = frozenset()


def _promise(severities: str, needs: str = "", may: str = "") -> Promise:
    return Promise(frozenset(map(Severity, severities.split())), frozenset(needs.split()), frozenset(may.split()))


_SERVICE = "country network service"
ALERTS: Mapping[str, Promise] = {
    "CountryShutdown": _promise("page", "country extent"),
    "NetworkShutdown": _promise("page ticket", "country network"),
    "NetworkOutage": _promise("page ticket", "country network"),
    "CountryOutage": _promise("page", "country"),
    "NetworkSilent": _promise("page ticket", "country network"),
    "CountrySilent": _promise("page", "country"),
    "ServiceBlocked": _promise("page ticket", _SERVICE),
    "ServiceUnblocked": _promise("info", _SERVICE),
    "ServiceThrottled": _promise("ticket", _SERVICE),
    "InternationalThrottled": _promise("ticket", "country network"),
    "VPNBlocked": _promise("ticket", "country network", "service"),
    "DNSTampering": _promise("ticket", "country network", "service"),
    "EncryptedDNSBlocked": _promise("info", "country network", "service"),
    "QUICBlocked": _promise("info", "country network"),
    "IPv6Broken": _promise("info", "country network"),
    "ProviderRefusal": _promise("info", "country service", "network"),
    "ServiceDown": _promise("info", "service"),
    "RegionalShutdown": _promise("ticket", "country", "network"),
    "RegionalOrPartialDegradation": _promise("ticket", "country", "network"),
    "RecurringCurfew": _promise("ticket", "country", "network"),
    "VantageSilent": _promise("ticket", "", "country network vantage"),
    "VantageCutOff": _promise("ticket", "", "country network vantage"),
    "ShutdownOver": _promise("info", "country", "network"),
    "DidbanBlind": _promise("page"),
    "DidbanAlertingBroken": _promise("page"),
    "DidbanStale": _promise("ticket", "", "country network vantage"),
    "DidbanClockWrong": _promise("ticket", "", "country network vantage"),
    "DidbanSpoolFilling": _promise("ticket", "", "country network vantage"),
    "DidbanShipQuarantine": _promise("ticket", "", "country network vantage"),
    "CatalogueOld": _promise("ticket", "", "country network vantage service"),
}
LABELS = frozenset({"country", "network", "service", "vantage", "extent"})
