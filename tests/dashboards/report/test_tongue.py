"""Two languages say the same things; Persian by its own calendar, and Latin in isolates."""

from __future__ import annotations

import datetime
import re
import string
import zoneinfo

import pytest

from dashboards.report.model import Language
from dashboards.report.tongue import TABLES, Tongue
from probes.words import Cell, Failure, Finding, Step

TEHRAN = zoneinfo.ZoneInfo("Asia/Tehran")
EN, FA = Tongue(Language.EN, TEHRAN, "Iran"), Tongue(Language.FA, TEHRAN, "ایران")
_BARE = {"axis_utc", "because", "short", "both_calendars", "comma", "semicolon", "ex_of"}  # signs and holes alone
_OF_A_HOME = {
    "local_sinkhole", "captive_portal", "walled_garden", "clock_wrong", "tunnelled_egress", "resolver_rewrite",
}  # fmt: skip


def ms(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)


def _holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_sentences_with_the_same_holes() -> None:
    english, persian = TABLES[Language.EN], TABLES[Language.FA]
    assert set(english) == set(persian)
    assert [key for key in english if _holes(english[key]) != _holes(persian[key])] == []
    assert [key for key, text in persian.items() if not re.search("[ء-ی]", text) and key not in _BARE] == []


@pytest.mark.parametrize("say", [EN, FA])
def test_every_closed_word_that_may_be_shown_has_words(say: Tongue) -> None:
    needed = [f"step_{each}" for each in Step] + [f"failure_{each}" for each in Failure]
    needed += [f"cell_{each}" for each in Cell] + [f"finding_{each}" for each in Finding if each not in _OF_A_HOME]
    assert [key for key in needed if not say.knows(key)] == []


def test_in_the_night_the_clocks_went_back_each_instant_has_its_own_time() -> None:
    """Tehran went from UTC+4:30 to +3:30 at 24:00 on 21 September 2022."""
    assert EN.clock(ms("2022-09-21T19:29:00Z"), local=True) == "23:59"
    assert EN.clock(ms("2022-09-21T19:31:00Z"), local=True) == "23:01"
    assert EN.moment(ms("2022-09-21T15:32:00Z")) == "21 September 2022, 15:32 UTC (20:02 in Iran)"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2022-09-21T12:00:00Z", "۳۰ شهریور ۱۴۰۱"),
        ("2022-09-23T12:00:00Z", "۱ مهر ۱۴۰۱"),
        ("2025-03-20T12:00:00Z", "۳۰ اسفند ۱۴۰۳"),  # a leap year's last day
        ("2025-03-21T12:00:00Z", "۱ فروردین ۱۴۰۴"),
    ],
)
def test_persian_dates_are_those_of_the_persian_calendar_with_the_gregorian_beside(at: str, said: str) -> None:
    assert FA.date(ms(at), local=False) == said
    assert said in FA.moment(ms(at))
    assert "۲۰۲" in FA.moment(ms(at))


def test_latin_in_persian_stands_in_isolates() -> None:
    said = FA("s_shutdown", network="MCI (AS197207)", country="ایران", when=FA("when_since", since="…"))
    assert "\u2068MCI (AS197207)\u2069" in said
    assert said.count("\u2068") == said.count("\u2069")


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert EN.share(0.01, tenths=True) == "< 5%"
    assert (EN.share(0.256), FA.share(0.256)) == ("26%", "۲۶٪")
    assert (EN.put(15_615), FA.put(15_615)) == ("15,615", "۱۵,۶۱۵")
    assert (EN.count(None, least=True), EN.count(3, least=True)) == ("fewer than three, or not said", "3 or more")


def test_no_sentence_names_an_actor() -> None:
    for text in TABLES[Language.EN].values():
        assert not re.search(r"government|regime|authorities of|ordered by|ministry|censor", text, re.IGNORECASE), text
