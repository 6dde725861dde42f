"""Who signed: nobody is suspected whom controls had no chance to see, and a change of the service's own is no lie."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from msgspec import structs

from probes.book import Book
from probes.facts import Certificate, Walk
from probes.issuers import Issuers, Signed, plain
from probes.words import Finding, Kind
from tests.monitor.facts import endpoint, walk
from tests.probes import liars
from tests.probes.liars import NAME, Authority

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
HOST = "www.instagram.com"
ELSEWHERE = Signed(frozenset({"lets encrypt"}), 100 * DAY_MS)


def met(issuer: str, *, host: str = HOST) -> Walk:
    made = walk(at=endpoint(host=host))
    shown = Certificate(issuer, "0" * 64, 4_000_000_000_000)
    return structs.replace(
        made, steps=tuple(structs.replace(s, certificate=shown) if s.certificate else s for s in made.steps)
    )


def issuers(looked_day: int, *, at_day: int = 0) -> Issuers:
    """Two controls looked until then, and saw DigiCert sign; Let's Encrypt signs for another name."""
    signed = {HOST: Signed(frozenset({"digicert"}), looked_day * DAY_MS), "other.example": ELSEWHERE}
    return Issuers(keep_ms=WEEK_MS, signed=signed, at_ms=at_day * DAY_MS)


def after(day: int, issuer: str, *, looked_day: int) -> bool:
    """What is said of an issuer that was first met on that day."""
    known = issuers(looked_day)
    known.learn([met(issuer)], day * DAY_MS)
    return known.unexpected(HOST, issuer)


def test_an_issuer_that_no_control_saw_though_they_looked_since_is_unexpected() -> None:
    assert after(10, "Nobody Knows CA", looked_day=11)


def test_a_rotation_after_the_controls_last_looked_is_none() -> None:
    assert not after(11, "Nobody Knows CA", looked_day=10)
    assert not after(11, "Nobody Knows CA", looked_day=11), "the same hour says nothing"


def test_what_was_never_met_before_is_given_time() -> None:
    assert not issuers(11).unexpected(HOST, "Nobody Knows CA")


def test_one_that_controls_saw_there_is_expected_however_it_spells_itself() -> None:
    for each in ("DigiCert Inc", "DigiCert, Inc.", "digicert"):
        assert not after(10, each, looked_day=11)


def test_one_that_signs_for_other_names_is_another_company_s_server_and_no_lie() -> None:
    assert not after(10, "Let's Encrypt", looked_day=11)


def test_of_a_name_that_controls_did_not_look_at_nothing_is_said() -> None:
    known = issuers(11)
    known.learn([met("Nobody Knows CA", host="unseen.example")], DAY_MS)
    assert not known.unexpected("unseen.example", "Nobody Knows CA")
    assert not known.unexpected(HOST, ""), "nor of a certificate that names no issuer"


def test_an_issuer_that_comes_back_after_a_week_is_new_again() -> None:
    """A service that went from one to another, and back."""
    known = issuers(20)
    known.learn([met("Nobody Knows CA")], 5 * DAY_MS)
    known.learn([met("Nobody Knows CA")], 25 * DAY_MS)
    assert not known.unexpected(HOST, "Nobody Knows CA")


def test_one_that_is_met_again_and_again_stays_as_old_as_it_is_also_over_a_restart() -> None:
    known = Issuers(keep_ms=WEEK_MS)
    for day in range(1, 25, 3):
        known.learn([met("Nobody Knows CA")], day * DAY_MS)
    again = issuers(20)
    again.recall({**known.memory(), "bad": {"x": "yesterday"}, "worse": {"x": [1, "2"]}})
    assert again.unexpected(HOST, "Nobody Knows CA")
    later = issuers(20)
    later.inherit(known)
    assert later.unexpected(HOST, "Nobody Knows CA")


def test_a_clock_that_stands_before_the_book_teaches_nothing() -> None:
    known = issuers(20, at_day=20)
    known.learn([met("Nobody Knows CA")], 16 * DAY_MS)
    known.learn([met("Nobody Knows CA")], 21 * DAY_MS)
    assert not known.unexpected(HOST, "Nobody Knows CA")


def test_whoever_shows_a_new_issuer_every_time_does_not_fill_the_memory() -> None:
    known = issuers(99)
    for number in range(100):
        known.learn([met(f"CA {number}")], number)
    assert len(known.memory()[HOST]) == 8


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Google Trust Services LLC", "google trust services"),
        ("Google Trust Services", "google trust services"),
        ("GlobalSign nv-sa", "globalsign"),
        ("Let’s Encrypt", "lets encrypt"),
        ("Inc.", "inc"),
        ("", ""),
    ],
)
def test_an_organisation_is_the_same_whatever_its_legal_form(given: str, expected: str) -> None:
    assert plain(given) == expected


# ---------------------------------------------------------------- on a line


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("ca"))


async def findings(authority: Authority, book: Book, **options: str) -> tuple[Finding, ...]:
    async def greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with liars.listening(greets, authority.server()) as port:
        hands = replace(liars.tools(authority.ca_file, timeout_s=2), unexpected=book.issuers.unexpected)
        seen = await liars.walked(replace(liars.target(Kind.TLS, port), options=options), hands)
        book.learn([seen], 10 * DAY_MS)
    assert seen.reached, "it stays reached, whoever signed"
    return seen.findings


async def test_a_walk_says_it_from_the_second_time_on(authority: Authority) -> None:
    signed = {NAME: Signed(frozenset({"digicert"}), 11 * DAY_MS)}
    book = Book(keep_ms=WEEK_MS, issuers=Issuers(keep_ms=WEEK_MS, signed=signed))
    assert await findings(authority, book) == ()
    assert await findings(authority, book) == (Finding.UNEXPECTED_ISSUER,)
    assert await findings(authority, book, roots="signal") == (), "roots of the service's own sign for it alone"


async def test_what_a_service_file_says_outranks_the_book(authority: Authority) -> None:
    signed = {NAME: Signed(frozenset({"digicert"}), 11 * DAY_MS)}
    book = Book(keep_ms=WEEK_MS, issuers=Issuers(keep_ms=WEEK_MS, signed=signed))
    await findings(authority, book)
    (known,) = book.issuers.memory()[NAME]
    assert await findings(authority, book, issuers=f"Somebody, {known}") == ()
    assert await findings(authority, Book(keep_ms=WEEK_MS), issuers="Somebody") == (Finding.UNEXPECTED_ISSUER,)
