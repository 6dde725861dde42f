"""How one language says numbers, times and phrases. What it returns is HTML: what came from outside is escaped here."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal

from dashboards.status.calendar import GREGORIAN, MONTHS, persian_date, persian_digits
from dashboards.status.phrases import PHRASES
from dashboards.status.words import Pair

Lang = Literal["en", "fa"]
LANGUAGES: tuple[Lang, ...] = ("en", "fa")
_UNITS = ((86_400, "unit_d"), (3_600, "unit_h"), (60, "unit_min"))


def bdi(text: object) -> str:
    """Text from outside, escaped, in an isolate of its own: however it runs, its neighbours stay in their places."""
    return f"<bdi>{escape(str(text))}</bdi>"


def code(text: object) -> str:
    """A name that is not of any language; always left to right."""
    return f"<code dir=ltr>{escape(str(text))}</code>"


def moment(at: str) -> datetime.datetime:
    """Of RFC 3339."""
    return datetime.datetime.fromisoformat(at)


@dataclass(frozen=True, slots=True)
class Tongue:
    lang: Lang

    @property
    def direction(self) -> str:
        return "rtl" if self.lang == "fa" else "ltr"

    @property
    def other(self) -> Lang:
        return "en" if self.lang == "fa" else "fa"

    def of(self, pair: Pair) -> str:
        return pair[1 if self.lang == "fa" else 0]

    def word(self, table: Mapping[str, Pair], word: str) -> str:
        """A word of a closed table; one it does not know is shown as it is."""
        return self.of(table[word]) if word in table else bdi(word)

    def say(self, phrase: str, /, **given: str) -> str:
        """A phrase of the page; `given` is HTML already."""
        return self.of(PHRASES[phrase]).format(**given)

    def title(self, titles: Mapping[str, str], otherwise: str) -> str:
        """What a service or a gap is called in this language, in English where it has no word for it."""
        own = titles.get(self.lang)
        return escape(own) if own else bdi(titles.get("en", otherwise))

    def foreign(self, text: str) -> str:
        """Latin text from outside: in an isolate where it stands among Persian."""
        return escape(text) if self.lang == "en" else bdi(text)

    # ---------------------------------------------------------------- numbers

    def number(self, value: float, digits: int = 0) -> str:
        text = f"{value:,.{digits}f}"
        return persian_digits(text) if self.lang == "fa" else text

    def percent(self, ratio: float) -> str:
        text = f"{ratio:.0%}" if not 0 < ratio < 0.01 else "<1%"
        return escape(persian_digits(text) if self.lang == "fa" else text)

    def length(self, seconds: float) -> str:
        """One figure, as a person says it."""
        for unit_s, unit in _UNITS:
            if seconds >= 2 * unit_s or (unit == "unit_min" and seconds >= unit_s):
                return self.say(unit, n=self.number(seconds / unit_s))
        return self.say("unit_s", n=self.number(max(0.0, seconds)))

    def listed(self, parts: list[str]) -> str:
        return self.say("comma").join(parts)

    # ---------------------------------------------------------------- times

    def clock(self, at: str, now: str) -> str:
        """`15:20`, and the day before it where it was another one; UTC."""
        then = moment(at)
        text = f"{then:%H:%M}" if then.date() == moment(now).date() else f"{self._day(then)} {then:%H:%M}"
        return self._time(at, text)

    def full(self, at: str, *, seconds: bool = True) -> str:
        """Day, month, year and second; UTC. In Persian the Persian day first, the Gregorian behind it."""
        then = moment(at)
        clock = f"{then:%H:%M:%S}" if seconds else f"{then:%H:%M}"
        if self.lang == "en":
            return self._time(at, f"{then.day} {then:%b %Y}, {clock}")
        year, month, day = persian_date(then.date())
        gregorian = f"{then.day} {GREGORIAN[then.month - 1]} {then.year}"
        return self._time(at, f"{day} {MONTHS[month - 1]} {year} ({gregorian})، {clock}")

    def local(self, at: str, zone: str) -> str | None:
        """The same moment by the clock on the wall there; None for a zone this machine does not know."""
        try:
            there = moment(at).astimezone(zoneinfo.ZoneInfo(zone))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return None
        offset = f"{there:%z}"
        text = f"{there:%H:%M} (<bdi>UTC{offset[:3]}:{offset[3:]}</bdi>)"
        return persian_digits(f"{self._day(there)} {text}") if self.lang == "fa" else f"{self._day(there)} {text}"

    def ago(self, then: str, now: str) -> str:
        return self.length((moment(now) - moment(then)).total_seconds())

    def _day(self, then: datetime.datetime) -> str:
        if self.lang == "en":
            return f"{then.day} {then:%b}"
        _, month, day = persian_date(then.date())
        return f"{day} {MONTHS[month - 1]}"

    def _time(self, at: str, text: str) -> str:
        return f"<time datetime={escape(at)}>{persian_digits(text) if self.lang == 'fa' else text}</time>"


def chosen(asked: str | None, accepts: str) -> Lang:
    """The language of a link, else the one a browser likes best of those we have (RFC 9110, 12.5.4), else English."""
    if asked in LANGUAGES:
        return "fa" if asked == "fa" else "en"
    liked: list[tuple[float, int, Lang]] = []
    for place, part in enumerate(accepts.split(",")[:20]):
        name, _, weight = part.strip().partition(";q=")
        primary = name.partition("-")[0].lower()
        try:
            quality = float(weight or 1)
        except ValueError:
            quality = 0.0
        liked += [(-quality, place, each) for each in LANGUAGES if each == primary and quality > 0]
    return min(liked)[2] if liked else "en"
