"""The 2x2: which pattern names a cause, and that every other names none."""

from __future__ import annotations

import itertools

import pytest

from monitor.meaning.cause import led_astray, settled, shown
from probes.facts import Certificate, Endpoint, Observation, Walk
from probes.words import Cell, Failure, Finding, Reason, Step, Transport

_CERTIFICATE = Certificate("Test CA", "0" * 64, 4_000_000_000_000)
_HERE = Endpoint("www.instagram.com", 443, Transport.TCP, "157.240.2.1")
SQUARE = (Cell.NAME_HERE, Cell.NAME_THERE, Cell.OTHER_HERE, Cell.OTHER_THERE)


def cell(which: Cell, failure: Failure | None = None, step: Step = Step.HANDSHAKE, *, booked: bool = True) -> Walk:
    steps = [Observation(Step.CONNECT, 0.1, failure if step is Step.CONNECT else None)]
    if step is Step.HANDSHAKE:
        steps.append(Observation(step, 0.1, failure, certificate=None if failure else _CERTIFICATE))
    return Walk("instagram/web", _HERE, _HERE.address, 0, Reason.COMPARE, tuple(steps), booked=booked, cell=which)


def window(
    *failing: Cell,
    failure: Failure = Failure.TIMEOUT,
    step: Step = Step.HANDSHAKE,
    booked: bool = True,
) -> list[Walk]:
    return [cell(each, failure if each in failing else None, step, booked=booked) for each in Cell if each in
            (*SQUARE, Cell.BEFORE, Cell.AFTER)]  # fmt: skip


@pytest.mark.parametrize(
    ("failure", "more"),
    [
        (Failure.TIMEOUT, set()),
        (Failure.EOF, set()),
        (Failure.SSL_FAILED_HANDSHAKE, set()),
        (Failure.SSL_INVALID_CERTIFICATE, set()),
        (Failure.CONNECTION_RESET, {Finding.INJECTED_RESET}),
        (Failure.SSL_UNKNOWN_AUTHORITY, {Finding.FORGED_CERTIFICATE}),
    ],
)
def test_what_fails_with_the_name_at_both_addresses_is_the_name(failure: Failure, more: set[Finding]) -> None:
    seen = shown(window(Cell.NAME_HERE, Cell.NAME_THERE, failure=failure))
    assert seen == {Finding.NAME_FILTERED, *more}


def test_what_fails_with_both_names_here_is_the_address_if_it_ever_stood_there() -> None:
    assert shown(window(Cell.NAME_HERE, Cell.OTHER_HERE, step=Step.CONNECT)) == set(), "no TLS was seen at all there"
    rows = {walk.cell: walk for walk in window(Cell.NAME_HERE, Cell.OTHER_HERE)}
    assert shown(rows.values()) == {Finding.ADDRESS_FILTERED}
    assert shown(window(Cell.NAME_HERE, Cell.OTHER_HERE, booked=False)) == set()


def test_any_other_pattern_shows_nothing() -> None:
    telling = {(Cell.NAME_HERE, Cell.NAME_THERE), (Cell.NAME_HERE, Cell.OTHER_HERE)}
    for count in range(5):
        for failing in itertools.combinations(SQUARE, count):
            if failing not in telling:
                assert shown(window(*failing)) == set(), failing


@pytest.mark.parametrize("frame", [Cell.BEFORE, Cell.AFTER])
def test_a_silent_canary_makes_the_window_worth_nothing(frame: Cell) -> None:
    assert shown(window(Cell.NAME_HERE, Cell.NAME_THERE, frame)) == set()
    rest = [walk for walk in window(Cell.NAME_HERE, Cell.NAME_THERE) if walk.cell is not frame]
    assert shown(rest) == set(), "nor does one that was not walked"


def test_a_polite_no_to_a_strange_name_is_no_filter() -> None:
    """A server may refuse a name it does not hold (unrecognized_name, RFC 6066), and many do: it may never have been
    at home here, and there it is a stranger. Who proved himself by that name here lately does know it."""
    no = Failure.SSL_FAILED_HANDSHAKE
    assert shown(window(Cell.NAME_HERE, Cell.NAME_THERE, failure=no, booked=False)) == set()
    assert shown(window(Cell.NAME_HERE, Cell.NAME_THERE, failure=no, booked=True)) == {Finding.NAME_FILTERED}
    offended = (Cell.NAME_HERE, Cell.NAME_THERE, Cell.OTHER_THERE)
    assert shown(window(*offended, failure=no)) == set(), "there every strange name is refused"


def test_a_certificate_that_has_run_out_is_neither_a_networks_doing_nor_a_refusal() -> None:
    assert shown(window(Cell.NAME_HERE, Cell.OTHER_HERE, failure=Failure.SSL_INVALID_CERTIFICATE)) == set()
    assert shown(window(Cell.NAME_HERE, Cell.OTHER_HERE, failure=Failure.SSL_UNKNOWN_AUTHORITY)) == {
        Finding.ADDRESS_FILTERED
    }


def test_a_connection_that_fails_before_the_name_is_said_is_no_filter_of_names() -> None:
    rows = {walk.cell: walk for walk in window(Cell.NAME_HERE, Cell.NAME_THERE)}
    rows[Cell.NAME_HERE] = cell(Cell.NAME_HERE, Failure.TIMEOUT, Step.CONNECT)
    assert shown(rows.values()) == set()


def test_three_windows_must_agree() -> None:
    name, both = frozenset({Finding.NAME_FILTERED}), frozenset({Finding.NAME_FILTERED, Finding.INJECTED_RESET})
    assert settled([name, name]) == set()
    assert settled([both, name, both]) == name
    assert settled([name, frozenset(), name]) == set()
    assert settled([frozenset(), name, name, name]) == name


def astray(failure: Failure = Failure.SSL_INVALID_HOSTNAME, *, booked: bool = False) -> Walk:
    steps = (
        Observation(Step.RESOLVE, 0.1, answers=("203.0.113.7",)),
        Observation(Step.CONNECT, 0.1),
        Observation(Step.HANDSHAKE, 0.1, failure),
    )
    return Walk("instagram/web", _HERE, "203.0.113.7", 0, Reason.DUE, steps, booked=booked)


def test_an_answer_that_leads_to_a_wrong_certificate_is_forged_where_another_address_proves_itself() -> None:
    proven = window()
    assert led_astray([astray()], proven) == {Finding.FORGED_DNS_ANSWER}
    assert led_astray([astray()], window(Cell.NAME_HERE)) == set(), "nothing else proves itself from here"
    assert led_astray([astray(Failure.TIMEOUT)], proven) == set(), "silence is no wrong certificate"
    assert led_astray([astray(Failure.SSL_INVALID_CERTIFICATE)], proven) == set(), "nor is a date: whose clock is it?"
    assert led_astray([astray(booked=True)], proven) == set(), "no resolver said that address"
