"""One language of a dossier: its sentences, numbers and times. Persian has its own digits, calendar and direction.

What is Latin in a Persian sentence stands in isolates (Unicode Standard Annex 9, FSI and PDI). Times are UTC first, and
beside it the country's own, from the time zone database for that very instant.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

import jdatetime

from dashboards.report.model import Dossier, Language, Titles
from dashboards.report.words import en, en_check, en_proof, fa, fa_check, fa_proof, fa_witness

_FSI, _PDI, _RLI, _LRI = "\u2068", "\u2069", "\u2067", "\u2066"
_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_LATIN = re.compile(r"[A-Za-z]")
_PERSIAN_LETTER = re.compile(r"[\u0621-\u064a\u067e\u0686\u0698\u06a9\u06af\u06cc]")
_TOGETHER = re.compile(r"[-:/.<]")  # numbers of several parts keep their order
_PERSIAN_MONTHS = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
_GREGORIAN_MONTHS = (
    "ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن", "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر",
)  # fmt: skip


TABLES: Mapping[Language, Mapping[str, str]] = {
    Language.EN: {**en.WORDS, **en_proof.WORDS, **en_check.WORDS},
    Language.FA: {**fa.WORDS, **fa_proof.WORDS, **fa_check.WORDS},
}


@dataclass(frozen=True, slots=True)
class Tongue:
    """`zone`: of the country, where it has one; `place`: what its time is called."""

    language: Language
    zone: datetime.tzinfo | None
    place: str

    @classmethod
    def of(cls, dossier: Dossier, language: Language) -> Tongue:
        return cls(language, dossier.zone, dossier.country_title.get(language.value, dossier.country))

    @property
    def rtl(self) -> bool:
        return self.language is Language.FA

    def __call__(self, key: str, **given: object) -> str:
        """The words of that key with what is given put in. A key without words is a bug, and says which."""
        return TABLES[self.language][key].format(**{name: self.put(value) for name, value in given.items()})

    def knows(self, key: str) -> bool:
        return key in TABLES[self.language]

    def put(self, value: object) -> str:
        """As it may stand in a sentence of this language."""
        text = f"{value:,}" if isinstance(value, int) else str(value)
        if not self.rtl:
            return text
        if _LATIN.search(text) and not text.startswith((_FSI, _RLI)):
            return f"{_FSI}{text}{_PDI}"
        text = self.digits(text)
        return text if _PERSIAN_LETTER.search(text) or not _TOGETHER.search(text) else f"{_LRI}{text}{_PDI}"

    def digits(self, text: str) -> str:
        """Numbers as this language writes them; those beside Latin letters stay as they are."""
        if not self.rtl or _LATIN.search(text):
            return text
        return text.replace("%", "٪").translate(_DIGITS)

    def witnessed(self, sentence: str) -> str | None:
        """What both ends saw, which is given in English; None where a phrase of it has no words here."""
        if not self.rtl:
            return sentence
        found = fa_witness.translated(sentence)
        if found is None:
            return None
        return "".join(self._phrase(words).format(*(self.put(each) for each in given)) for words, given in found) + "."

    def _phrase(self, words: str) -> str:
        return words.replace("ClientHello", f"{_FSI}ClientHello{_PDI}")

    def alone(self, text: str) -> str:
        """A text that stands by itself where nobody says which way it runs, as in a picture."""
        return f"{_RLI}{text}{_PDI}" if self.rtl else text

    def title(self, titles: Titles, otherwise: str) -> str:
        return titles.get(self.language.value) or titles.get("en") or otherwise

    # ---------------------------------------------------------------- numbers

    def share(self, value: float | None, *, tenths: bool = False) -> str:
        """`tenths`: no finer is said; what rounds to nothing may be a little."""
        if value is None:
            return "–"
        if tenths:
            return self.put(f"{round(value, 1):.0%}" if round(value, 1) else "< 5%")
        return self.put(f"{value:.0%}")

    def count(self, value: int | None, *, least: bool) -> str:
        """`least`: more than that may not be said; None: it may not be said at all."""
        if value is None:
            return self("few")
        return self("at_least", n=value) if least else self.put(value)

    def names(self, given: list[str]) -> str:
        """`a, b and c`."""
        if len(given) < 2:
            return "".join(given)
        return self("comma").join(given[:-1]) + self("and") + given[-1]

    # ---------------------------------------------------------------- times

    def clock(self, at_ms: int, *, local: bool) -> str:
        """`14:10`."""
        at = self._at(at_ms, local=local)
        return self.put(f"{at:%H:%M}")

    def date(self, at_ms: int, *, local: bool, year: bool = True) -> str:
        """`21 September 2022`; in Persian by the Persian calendar."""
        at = self._at(at_ms, local=local)
        if not self.rtl:
            return f"{at.day} {at:%B %Y}" if year else f"{at.day} {at:%b}"
        day = jdatetime.date.fromgregorian(year=at.year, month=at.month, day=at.day)
        written = f"{day.day} {_PERSIAN_MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")
        return self.digits(written)

    def moment(self, at_ms: int) -> str:
        """UTC, and what clocks there said: `21 September 2022, 14:10 UTC (17:40 in Iran)`."""
        date = self.date(at_ms, local=False)
        if self.rtl:
            date = self("both_calendars", persian=date, gregorian=self._gregorian(at_ms))
        said = self("moment", date=date, clock=self.clock(at_ms, local=False))
        return f"{said} {self('local', clock=self._local(at_ms), place=self.place)}" if self.zone else said

    def _gregorian(self, at_ms: int) -> str:
        at = self._at(at_ms, local=False)
        return self.digits(f"{at.day} {_GREGORIAN_MONTHS[at.month - 1]} {at.year}")

    def brief(self, at_ms: int) -> str:
        """The same without the year, and without the other calendar: `21 September, 15:32 UTC (20:02 in Iran)`."""
        at = self._at(at_ms, local=False)
        date = self.date(at_ms, local=False, year=False) if self.rtl else f"{at.day} {at:%B}"
        said = self("moment", date=date, clock=self.clock(at_ms, local=False))
        return f"{said} {self('local', clock=self._local(at_ms), place=self.place)}" if self.zone else said

    def short(self, at_ms: int) -> str:
        """For a table: `21 Sep 14:10`."""
        return self("short", date=self.date(at_ms, local=False, year=False), clock=self.clock(at_ms, local=False))

    def short_local(self, at_ms: int) -> str:
        return self("short", date=self.date(at_ms, local=True, year=False), clock=self.clock(at_ms, local=True))

    def _local(self, at_ms: int) -> str:
        """With the date where it is another one there."""
        here, there = self._at(at_ms, local=False), self._at(at_ms, local=True)
        return self.clock(at_ms, local=True) if here.date() == there.date() else self.short_local(at_ms)

    def length(self, from_ms: int, until_ms: int) -> str:
        minutes = round((until_ms - from_ms) / 60_000)
        if minutes < 120:
            return self("minutes", n=minutes)
        hours, rest = divmod(minutes, 60)
        if hours >= 48:
            return self("days", n=round(hours / 24, 1))
        return self("hours_minutes", h=hours, m=rest) if rest else self("hours", n=hours)

    def _at(self, at_ms: int, *, local: bool) -> datetime.datetime:
        at = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
        return at.astimezone(self.zone) if local and self.zone is not None else at

    def offset(self, at_ms: int) -> str:
        """`+03:30`, of the country's time at that instant."""
        found = self._at(at_ms, local=True).utcoffset() or datetime.timedelta(0)
        minutes = round(found.total_seconds() / 60)
        return f"{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
