"""The book of controls: put together it counts, written it comes back the same, and a mistake in it is one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.facts import Endpoint
from probes.seen import Looks, Name, Seen, Sight, merged, words
from probes.seenfile import LONGEST, load, printable, written
from probes.words import Transport

HOUR_MS = 3_600_000
NOW_MS = 1_795_305_600_000  # 2026-11-22T00:00:00Z
INSTAGRAM = "www.instagram.com"


def one(hours_ago: int = 0, *, issuer: str = "DigiCert Inc", address: str = "157.240.1.174", dead: int = 0) -> Seen:
    """The book of one control."""
    at_ms = NOW_MS - hours_ago * HOUR_MS
    sight = Sight(1, at_ms)
    name = Name(1, at_ms, {address: sight}, {issuer: sight})
    looks = {f"{INSTAGRAM}:443/tcp": Looks(1 - dead, dead)}
    return Seen(at_ms, 1, {"instagram": {INSTAGRAM: name}}, {"instagram/web": looks})


def test_what_several_saw_is_counted_and_as_old_as_the_second_of_them_says() -> None:
    book = merged([one(5), one(1), one(3, issuer="Let's Encrypt", address="157.240.1.1")])
    assert (book.controls, book.at_ms) == (3, NOW_MS - 5 * HOUR_MS)
    name = book.services["instagram"][INSTAGRAM]
    assert (name.controls, name.last_ms) == (3, NOW_MS - 3 * HOUR_MS)
    assert name.addresses["157.240.1.174"] == Sight(2, NOW_MS - HOUR_MS)
    assert book.addresses() == {INSTAGRAM: ("157.240.1.174", "157.240.1.1")}, "what most of them saw comes first"
    signed = book.signed()[INSTAGRAM]
    assert signed.issuers == {"digicert", "lets encrypt"}, "what one of them saw is not unseen"
    assert signed.looked_ms == NOW_MS - 3 * HOUR_MS


def test_one_control_alone_says_nothing_of_issuers_and_nothing_of_the_dead() -> None:
    assert one().signed() == {}
    assert one(dead=1).dead() == {}


def test_an_endpoint_is_quarantined_where_two_say_dead_and_nobody_reached_it() -> None:
    assert merged([one(dead=1), one(dead=1)]).dead() == {"instagram/web": frozenset({f"{INSTAGRAM}:443/tcp"})}
    assert merged([one(dead=1), one(dead=1), one()]).dead() == {}
    silent = Seen(NOW_MS, 1)
    assert merged([one(dead=1), silent, silent]).dead() == {}, "whoever did not look is no second"


def test_endpoints_are_told_apart() -> None:
    plain = Endpoint("a.example", 443, Transport.TCP)
    assert words(plain) == "a.example:443/tcp"
    assert words(Endpoint("a.example", 443, Transport.TCP, v6=True)) == "a.example:443/tcp over ip6"
    assert words(Endpoint("a.example", 443, Transport.TCP, "193.0.11.1")) == "a.example:443/tcp at 193.0.11.1"
    assert words(Endpoint("", 443, Transport.UDP, "193.0.11.1")) == "193.0.11.1:443/udp"


# ---------------------------------------------------------------- the file

PATIENT = settings(deadline=None)  # a reader that knows the line of everything takes its time

_TEXT = st.text(min_size=1, max_size=LONGEST).map(printable)
_AT = st.integers(0, 500_000).map(lambda hours: hours * HOUR_MS)
_HOST = st.from_regex(r"[a-z0-9]{1,9}\.[a-z]{2,6}", fullmatch=True)
_WORD = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True)


@st.composite
def books(draw: st.DrawFn) -> Seen:
    controls = draw(st.integers(1, 5))
    at_ms = draw(_AT)
    sight = st.builds(Sight, st.integers(1, controls), st.integers(0, at_ms // HOUR_MS).map(lambda h: h * HOUR_MS))
    addresses = st.dictionaries(st.ip_addresses().map(str), sight, max_size=2)
    names = st.builds(
        lambda own, addresses, issuers: Name(own.controls, own.last_ms, addresses, issuers),
        sight,
        addresses,
        st.dictionaries(_TEXT, sight, max_size=2),
    )
    looks = st.integers(0, controls).flatmap(lambda n: st.builds(Looks, st.just(n), st.integers(0, controls - n)))
    services = st.dictionaries(_WORD, st.dictionaries(_HOST, names, max_size=2), max_size=1)
    targets = st.tuples(_WORD, _WORD).map("/".join)
    said = st.from_regex(r"[!-~]{1,20}( [!-~]{1,9})?", fullmatch=True)
    endpoints = st.dictionaries(targets, st.dictionaries(said, looks, max_size=2), max_size=1)
    return Seen(at_ms, controls, draw(services), draw(endpoints))


@PATIENT
@given(books())
def test_what_is_written_comes_back_the_same(book: Seen) -> None:
    path = Path("/dev/shm/didban-test-book.yml")
    path.write_text(written(book))
    back, mistakes = load(path)
    assert mistakes == ()
    assert back == book


@PATIENT
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace")))
def test_no_file_makes_the_reader_raise(data: bytes) -> None:
    path = Path("/dev/shm/didban-test-nobook.yml")
    path.write_bytes(data)
    book, mistakes = load(path)
    assert book is None
    assert mistakes


@PATIENT
@given(books(), st.integers(0, 4000), st.binary(max_size=8))
def test_no_damage_to_a_book_makes_the_reader_raise(book: Seen, at: int, damage: bytes) -> None:
    path = Path("/dev/shm/didban-test-hurt.yml")
    data = written(book).encode()
    path.write_bytes(data[:at] + damage + data[at + len(damage) :])
    found, mistakes = load(path)
    assert (found is None) is bool(mistakes)


HEAD = "book: 1\nat: 2026-11-22T00:00:00Z\ncontrols: 2\n"
ROW = "services:\n  instagram:\n    www.instagram.com:\n      controls: 2\n      last: 2026-11-21T08:00:00Z\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEAD.replace("1", "2", 1), "1: book: must be 1: this Didban reads no other form of a book"),
        (HEAD.replace("2026-11-22T00:00:00Z", "yesterday"), "2: at: must be a time such as 2026-11-21T08:00:00Z, not 'yesterday'"),
        (HEAD.replace("T00:00:00Z", ""), "2: at: must be a time such as 2026-11-21T08:00:00Z, not '2026-11-22'"),
        (HEAD + "vantage: v7f3a\n", "4: vantage: unknown key"),
        (HEAD + ROW.replace("controls: 2", "controls: 3"), "7: services.instagram.www.instagram.com.controls: is 3 of 2"),
        (HEAD + ROW + "      addresses: {nowhere: {controls: 1, last: 2026-11-21T08:00:00Z}}\n",
         "9: services.instagram.www.instagram.com.addresses.nowhere.[key]: must be an IP address, not 'nowhere'"),
        (HEAD.replace("controls: 2", "controls: 1") + ROW.replace("controls: 2", "controls: 1").replace("11-21", "11-23"),
         "8: services.instagram.www.instagram.com.last: is later than the book itself"),
        (HEAD + "endpoints: {a/b: {'h:443/tcp': {reached: 1, dead: 2}}}\n",
         "4: endpoints.a/b.h:443/tcp: 1 and 2 controls are more than 2"),
        (HEAD + "endpoints: {ab: {}}\n", "4: endpoints.ab.[key]: must be a target such as whatsapp/chat, not 'ab'"),
    ],
)  # fmt: skip
def test_each_mistake_in_a_book_is_named(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "book.yml"
    path.write_text(text)
    book, mistakes = load(path)
    assert book is None
    assert [str(each).removeprefix(f"{path}:") for each in mistakes] == [line]
