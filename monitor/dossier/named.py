"""What countries, networks and services are called, from the shipped tables. Makes no name up."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Sequence
from pathlib import Path

from dashboards.report.model import Control, Service
from monitor.meaning import networks
from probes import catalogue

_NOBODYS = "infrastructure"  # a category of services nobody uses by name
# of the countries shipped worlds are of, as Persian press writes them; any other is called by its English name
_PERSIAN = {
    "IR": "ایران", "AF": "افغانستان", "TJ": "تاجیکستان", "IQ": "عراق", "TR": "ترکیه", "SY": "سوریه", "PK": "پاکستان",
    "RU": "روسیه", "KZ": "قزاقستان", "MM": "میانمار", "SD": "سودان", "UG": "اوگاندا", "CU": "کوبا", "ES": "اسپانیا",
    "PT": "پرتغال", "DE": "آلمان", "GH": "غنا", "NG": "نیجریه", "LR": "لیبریا", "CI": "ساحل عاج",
}  # fmt: skip


def country_title(code: str) -> dict[str, str]:
    """By language; the English one is the time zone database's (iso3166.tab), the code itself where it has none."""
    table = importlib.resources.files("tzdata") / "zoneinfo" / "iso3166.tab"
    rows = (line.split("\t") for line in table.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    english = next((row[1] for row in rows if row[0] == code), code)
    return {"en": english, "fa": _PERSIAN.get(code, english)}


def operators(country: str) -> dict[str, str]:
    """Network -> who it belongs to, as far as a country file says."""
    rows, _ = networks.load()
    return {each.network: each.operator for each in rows if each.country == country}


def watched(ids: Iterable[str]) -> frozenset[str]:
    """What people use, as against what only tells something of networks; what nobody ships is theirs."""
    given = sorted(ids)
    known, _ = catalogue.load([each for each in given if each in catalogue.shipped()], beside=Path())
    return frozenset(given) - {each.id for each in known if not each.watched or each.category == _NOBODYS}


def services_named(ids: Sequence[str]) -> dict[str, Service]:
    """Titles, how far `ok` goes and what it does not speak of; one nobody ships is called by its id."""
    known, _ = catalogue.load([each for each in ids if each in catalogue.shipped()], beside=Path())
    found = {each.id: each for each in known}
    made = {}
    for id in ids:
        service = found.get(id)
        essential = [each for each in service.targets if each.essential] if service else []
        title = dict(service.title) if service else {"en": id, "fa": id}
        depth = essential[0].depth.value if essential else ""
        made[id] = Service(id, title, depth, dict(essential[0].not_seen) if essential else {}, (), Control(()))
    return made
