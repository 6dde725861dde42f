"""The status page as a pure function: every word in both languages, nothing from outside unescaped, never too large."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from dashboards.status import page, phrases, sentences, words
from dashboards.status.frame import POLICY
from dashboards.status.phrases import PHRASES
from dashboards.status.sentences import NOTICES, persian
from dashboards.status.tongue import LANGUAGES, Lang, Tongue, chosen
from monitor import judge
from monitor.hub.gateway import Refused
from monitor.judge import State
from monitor.meaning.canaries import Aside
from monitor.telling import plain, status
from probes import catalogue
from probes.words import Access, Failure, Finding, Lost, Role, Scope, Step
from tests.dashboards.status import examples

ROOT = Path(__file__).parents[3]
PERSIAN = re.compile("[آ-ی]")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\u202eevil"

# ---------------------------------------------------------------- both languages have every word


@pytest.mark.parametrize(
    ("table", "closed"),
    [
        (words.STATES, State),
        (words.BRIEF, State),
        (words.STEPS, Step),
        (words.SCOPES, Scope),
        (words.ROLES, Role),
        (words.ACCESS, Access),
        (words.SET_ASIDE, Aside),
        (words.FAILURES, Failure),
        (words.FINDINGS, Finding),
        (words.LOST, Lost),
        (words.REFUSALS, Refused),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else "",
)
def test_every_closed_word_has_its_english_and_its_persian(table: dict[str, words.Pair], closed: type[StrEnum]) -> None:
    assert set(table) == {each.value for each in closed}
    for english, persian_text in table.values():
        assert english.isascii()
        assert PERSIAN.search(persian_text), english


def test_every_verdict_has_its_words() -> None:
    from dashboards.palette import VERDICTS

    assert set(words.VERDICTS) == set(VERDICTS)


def test_every_reason_of_the_judge_and_every_line_is_said_in_persian() -> None:
    assert set(sentences.REASONS) == {rule.id for rule in judge.RULES}
    assert set(sentences.LINES) == {line.value for line in status.Line}
    assert all(PERSIAN.search(text) for text in (*sentences.REASONS.values(), *sentences.LINES.values()))


@pytest.mark.parametrize("phrase", sorted(PHRASES))
def test_a_phrase_leaves_the_same_gaps_in_both_languages(phrase: str) -> None:
    english, persian_text = (set(re.findall(r"{(\w+)}", text)) for text in PHRASES[phrase])
    assert english == persian_text


def test_english_is_word_for_word_what_the_terminal_says() -> None:
    assert {word: pair[0] for word, pair in words.FAILURES.items()} == {k.value: v for k, v in plain.CAME.items()}
    assert {word: pair[0] for word, pair in words.FINDINGS.items()} == {k.value: v for k, v in plain.FOUND.items()}
    assert {word: pair[0] for word, pair in words.STATES.items()} == {k.value: v for k, v in plain.HOLDS.items()}
    assert {word: pair[0] for word, pair in words.LOST.items()} == {k.value: v for k, v in plain.LOST.items()}


NOTICED = {
    "monitor/telling/notices.py": {"of_spool", "of_sealing", "of_catalogue"},
    "monitor/engine.py": {"notices"},
    "monitor/stating.py": {"notices"},
    "monitor/daemon.py": {"_notices"},
    "monitor/meaning/outside.py": {"notices"},
    "monitor/meaning/networks.py": {"unobservable"},
}


def _yielded() -> Iterator[str]:
    """Every sentence a notice may be, as the source has it, with what is put in replaced by a word."""
    for file, functions in NOTICED.items():
        tree = ast.parse((ROOT / file).read_text())
        found = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name in functions]
        assert {each.name for each in found} == functions, file
        for node in (node for function in found for node in ast.walk(function)):
            match node:
                case ast.Yield(value=ast.JoinedStr(values=parts)):
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
                case ast.Yield(value=ast.Constant(value=str(text))):
                    yield text


def test_no_notice_is_without_its_persian() -> None:
    """A notice that somebody writes anew is missing here until it has one; and no Persian stands there for nobody."""
    yielded = list(_yielded())
    assert len(yielded) == len(NOTICES)
    for sentence in yielded:
        assert persian(sentence) is not None, sentence


def test_a_notice_in_persian_keeps_what_was_put_in_and_isolates_it() -> None:
    said = persian("48360 samples have not reached <hub> yet.")
    assert said is not None
    assert "<bdi>۴۸۳۶۰</bdi>" in said
    assert "<bdi>&lt;hub&gt;</bdi>" in said


def test_a_notice_nobody_translated_is_marked_as_english() -> None:
    told = examples.peace() | {"notices": ["A new kind of trouble & more."]}
    assert "<bdi lang=en>A new kind of trouble &amp; more.</bdi>" in page.render(told, "fa")


# ---------------------------------------------------------------- nothing from outside is taken at its word


def _hostile(value: Any) -> Any:
    """Every text that a box, a catalogue or a far end may choose, replaced by one that would run."""
    closed = {"state", "role", "access", "scope", "step", "since", "at", "last_success", "zone", "line", "history"}
    match value:
        case dict():
            return {key: each if key in closed else _hostile(each) for key, each in value.items()}
        case list():
            return [_hostile(each) for each in value]
        case str():
            return HOSTILE
    return value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whatever_a_name_is_it_runs_nowhere(lang: Lang) -> None:
    text = page.render(_hostile(examples.blocked()) | {"line": "unheard_of"}, lang)
    assert "onerror=alert(2)&gt;" in text
    assert text.count("<script>") == 1
    assert "<img" not in text
    text = page.render(_hostile(examples.shutdown()), lang, service=HOSTILE)
    assert text.count("<script>") == 1
    assert "<img" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_of_a_later_daemon_do_not_stop_an_old_page(lang: Lang) -> None:
    told = copy.deepcopy(examples.blocked())
    told["services"][0]["state"] = told["services"][0]["targets"][0]["state"] = "melted"
    told["services"][0]["targets"][0]["findings"] = ["new_proof"]
    told["services"][0]["rule_id"] = "new_rule"
    assert "melted" in page.render(told, lang)


def test_no_outside_address_and_no_inline_handler_stands_in_it() -> None:
    text = page.render(examples.shutdown())
    assert not re.search(r"https?://", text)
    assert not re.search(r"<[^>]* (style|on\w+)=", text)
    assert "unsafe" not in POLICY


# ---------------------------------------------------------------- small


def _large(state: str, rule: str) -> dict[str, Any]:
    """20 services with 10 targets each, and a past that flickers."""
    told = examples.shutdown()
    failed = None if state == "ok" else ("connect", "generic_timeout_error")
    told["services"] = [
        {
            **examples.service("whatsapp", state, rule, "2022-09-07T06:12:00Z"),
            "service": f"service-{number}",
            "targets": [
                examples.target(f"service-{number}/target-{each}", state, rule, "2022-09-07T06:12:00Z", "long-name.example.org:443/tcp", failed=failed)
                for each in range(10)
            ],
        }
        for number in range(20)
    ]  # fmt: skip
    row = "ocbirsn " * 200
    for which, length in (("day", 96), ("month", 720)):
        told["history"][which]["services"] = {each["service"]: row[:length] for each in told["services"]}
    return told


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("state", "rule"), [("ok", "reached"), ("cut_off", "nothing_foreign")])
def test_twenty_services_with_two_hundred_targets_fit_into_100_kb(lang: Lang, state: str, rule: str) -> None:
    told = _large(state, rule)
    text = page.render(told, lang)
    assert len(text.encode()) < 100_000
    assert all(f"service-{number}/target-9" in text for number in range(20)), "every target is named"
    assert f"<a href='?lang={lang}&amp;service=service-3'>" in text, "what had no room has a page of its own"
    alone = page.render(told, lang, service="service-3")
    assert alone.count("long-name.example.org") == 10
    assert "service-4" not in alone
    assert len(alone.encode()) < 100_000


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_service_we_ship_fits_too_even_where_all_of_them_flicker(lang: Lang) -> None:
    services, _ = catalogue.load(catalogue.shipped(), beside=Path())
    told, row = examples.shutdown(), "ocbirsn " * 90
    told["services"] = [
        {
            **examples.service("whatsapp", "cut_off", "nothing_foreign", "2022-09-07T06:12:00Z"),
            "service": service.id,
            "title": dict(service.title),
            "targets": [
                examples.target(each.name, "cut_off", "nothing_foreign", "2022-09-07T06:12:00Z", "a.example:443/tcp")
                | {"not_seen": dict(each.not_seen)}
                for each in service.targets
            ],
        }
        for service in services
        if service.watched
    ]
    for which, length in (("day", 96), ("month", 720)):
        told["history"][which]["services"] = {each["service"]: row[:length] for each in told["services"]}
    text = page.render(told, lang)
    assert len(told["services"]) > 60
    assert len(text.encode()) < 100_000
    assert all(f"id='s-{each['service']}'" in text for each in told["services"])
    assert "M0 8v" in page.render(told, lang, service="imo").partition("strip long")[2], (
        "the month stands on its own page"
    )


# ---------------------------------------------------------------- what it says


def test_trouble_comes_first() -> None:
    text = page.render(examples.blocked())
    places = [text.index(f"id='s-{each}'") for each in ("instagram", "whatsapp", "imo")]
    assert places == sorted(places)


def test_a_strip_is_said_in_words_too() -> None:
    text = page.render(examples.shutdown())
    assert 'aria-label="The last 24 hours: reached 82%, cut off 17%, slow 1%."' in text
    assert "۲۴ ساعت گذشته: در دسترس ۸۲٪، قطع ۱۷٪، کند ۱٪." in page.render(examples.shutdown(), "fa")


def test_what_is_known_is_drawn_beside_what_is_not() -> None:
    """A box that was started an hour ago has one hour of a month, and that one can be seen."""
    told = examples.peace()
    told["history"]["month"]["services"]["imo"] = " " * 719 + "o"
    one = page.render(told, service="imo")
    assert '<path class=f-ok d="M239 8v-3h1v3z"/>' in one


def test_a_target_that_stands_otherwise_than_its_service_says_why() -> None:
    told = examples.blocked()
    told["services"][0]["targets"][1] |= {
        "state": "insufficient",
        "rule_id": "unconfirmed",
        "why": "one failure is not a fact",
    }
    assert "<p>One failure is not a fact.</p>" in page.render(told)
    assert sentences.REASONS["unconfirmed"] in page.render(told, "fa")


def test_a_past_nobody_read_yet_is_no_strip_and_no_mistake() -> None:
    told = {key: each for key, each in examples.peace().items() if key != "history"}
    assert 'aria-label="The last 24 hours' not in page.render(told)


def test_persian_has_its_calendar_beside_the_gregorian_and_both_clocks() -> None:
    text = page.render(examples.shutdown(), "fa")
    assert "۳۰ شهریور ۱۴۰۱ (۲۱ سپتامبر ۲۰۲۲)، ۱۷:۴۰:۰۰" in text
    assert "۲۲:۱۰" in text, "Tehran was at UTC+4:30 that evening, by the time zone database"
    assert "<html lang=fa dir=rtl>" in text


@pytest.mark.parametrize(
    ("asked", "accepts", "lang"),
    [
        (None, "", "en"),
        (None, "fa-IR,fa;q=0.9,en;q=0.8", "fa"),
        (None, "de,en;q=0.5,fa;q=0.4", "en"),
        (None, "fa;q=0,en;q=0.1", "en"),
        (None, "fa;q=x", "en"),
        ("fa", "en", "fa"),
        ("en", "fa", "en"),
        ("de", "fa", "fa"),
    ],
)
def test_the_language_is_that_of_the_link_else_that_of_the_browser(asked: str | None, accepts: str, lang: str) -> None:
    assert chosen(asked, accepts) == lang


def test_lengths_are_said_as_people_say_them() -> None:
    assert [Tongue("en").length(each) for each in (5, 90, 7_100, 7_300, 200_000)] == [
        "5 s",
        "2 min",
        "118 min",
        "2 h",
        "2 d",
    ]
    assert Tongue("fa").length(7_300) == "۲ ساعت"


def test_no_phrase_is_left_that_no_page_says() -> None:
    source = "".join(
        path.read_text() for path in (ROOT / "dashboards" / "status").glob("*.py") if path.name != "phrases.py"
    )
    dynamic = {"last_day", "last_month"}
    assert [
        each
        for each in phrases.PHRASES
        if f'"{each}"' not in source and f"'{each}'" not in source and each not in dynamic
    ] == []
