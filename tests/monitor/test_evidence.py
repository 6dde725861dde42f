"""What is summed up from rounds: a failure counts only where the line could have carried it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from monitor.judge import State, judge
from monitor.meaning.evidence import Record
from monitor.meaning.line import Line
from monitor.meaning.surroundings import Named
from probes.facts import Certificate, Observation, Round
from probes.words import Failure, Finding, Kind, Step
from tests.monitor.facts import endpoint, rounds, target, walk

WELL = Line(foreign_seen=True, canaries=12, names_dead=False)
DARK = Line(foreign_seen=False, canaries=12, names_dead=False)
MINUTE = 60_000


def state(record: Record, line: Line = WELL, now_ms: int = 0) -> State:
    return judge(record.evidence(line, now_ms or record.finished_ms, stale_after_s=180)).state


def test_four_failures_on_two_addresses_are_broken_and_one_success_ends_it() -> None:
    record = Record(target())
    states = []
    for number in range(4):
        failed = walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE, address=f"157.240.1.{number % 2}")
        record.add(rounds(failed, number=number), WELL, number * 15_000)
        states.append(state(record))
    assert states == [State.INSUFFICIENT, State.INSUFFICIENT, State.INSUFFICIENT, State.BROKEN]
    record.add(rounds(walk()), WELL, 5 * MINUTE)
    assert state(record) is State.OK
    assert record.failed_rounds == 0


def test_a_single_address_needs_six_rounds() -> None:
    record = Record(target(endpoints=1))
    states = []
    for number in range(6):
        record.add(rounds(walk(failed=Failure.TIMEOUT, step=Step.CONNECT)), WELL, number * MINUTE)
        states.append(state(record))
    assert states == [State.INSUFFICIENT] * 5 + [State.BROKEN]


def test_what_failed_in_the_dark_does_not_count_when_the_light_is_back() -> None:
    """After a cut the services' last walks are failures: none of them may look like a block."""
    record = Record(target())
    for number in range(9):
        record.add(rounds(walk(failed=Failure.TIMEOUT, step=Step.CONNECT, address=f"157.240.1.{number}")), DARK, number)
    assert state(record, DARK) is State.CUT_OFF
    assert state(record, WELL) is State.INSUFFICIENT
    assert record.cusum == 0


def test_an_old_round_says_nothing() -> None:
    record = Record(target())
    record.add(rounds(walk()), WELL, 0)
    assert state(record, now_ms=180_000) is State.OK
    assert state(record, now_ms=180_001) is State.INSUFFICIENT


def test_any_of_asks_the_round_just_walked() -> None:
    record = Record(target(endpoints=4, sample=2))
    record.add(rounds(walk(at=endpoint(1)), walk(at=endpoint(2), failed=Failure.TIMEOUT)), WELL, 0)
    assert record.reached
    assert record.endpoints_ratio == 0.5


def test_all_of_asks_the_last_full_turn() -> None:
    record = Record(target(endpoints=2, at_least=2))
    record.add(rounds(walk(at=endpoint(1))), WELL, 0)
    assert not record.reached, "only one of two has been walked"
    record.add(rounds(walk(at=endpoint(2))), WELL, 1)
    assert record.reached
    record.add(rounds(walk(at=endpoint(1), failed=Failure.TIMEOUT)), WELL, 2)
    assert not record.reached


def test_the_most_frequent_failure_speaks_and_ties_go_deeper() -> None:
    record = Record(target())
    record.add(rounds(walk(failed=Failure.DNS_NXDOMAIN, step=Step.RESOLVE)), WELL, 0)
    record.add(rounds(walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE)), WELL, 1)
    assert record.failure() == (Step.HANDSHAKE, Failure.TIMEOUT)
    record.add(rounds(walk(failed=Failure.DNS_NXDOMAIN, step=Step.RESOLVE)), WELL, 2)
    assert record.failure() == (Step.RESOLVE, Failure.DNS_NXDOMAIN)
    record.add(rounds(walk()), WELL, 3)
    assert record.failure() is None


def test_a_forged_answer_is_interference_once_three_rounds_agree() -> None:
    record = Record(target())
    states = []
    for number in range(3):
        forged = walk(failed=Failure.DNS_BOGON, step=Step.RESOLVE, findings=(Finding.FORGED_DNS_ANSWER,))
        record.add(rounds(forged, number=number), WELL, number)
        states.append(state(record))
    assert states == [State.INSUFFICIENT, State.INSUFFICIENT, State.INTERFERED]
    assert record.findings() == (Finding.FORGED_DNS_ANSWER,)


def test_a_sinkhole_at_home_says_nothing() -> None:
    record = Record(target())
    for number in range(9):
        local = walk(failed=Failure.DNS_BOGON, step=Step.RESOLVE, findings=(Finding.LOCAL_SINKHOLE,))
        record.add(rounds(local), WELL, number)
    assert state(record) is State.INSUFFICIENT


def test_a_page_no_service_wrote_is_not_the_service() -> None:
    record = Record(target(kind=Kind.HTTP))
    for number in range(3):
        record.add(rounds(walk(findings=(Finding.BLOCK_PAGE,), address=f"157.240.1.{number}")), WELL, number)
    assert not record.reached
    assert state(record) is State.INTERFERED


def test_a_refusal_in_hand_is_a_state_of_its_own() -> None:
    record = Record(target())
    record.add(rounds(walk(findings=(Finding.PROVIDER_REFUSAL,))), WELL, 0)
    assert state(record) is State.REFUSED


@pytest.mark.parametrize(("failed", "reached", "expected"), [(1, 0, 0.65), (6, 0, 3.5), (2, 1, 0.95), (0, 3, 0.0)])
def test_the_sum_is_oonis(failed: int, reached: int, expected: float) -> None:
    record = Record(target())
    for _ in range(failed):
        record.add(rounds(walk(failed=Failure.TIMEOUT)), WELL, 0)
    for _ in range(reached):
        record.add(rounds(walk()), WELL, 0)
    assert record.cusum == pytest.approx(expected)


POOR = Line(foreign_seen=True, canaries=12, names_dead=False, reach=0.4)


def test_what_failed_on_a_poor_line_does_not_count_but_a_lie_does() -> None:
    record = Record(target())
    for number in range(6):
        record.add(rounds(walk(failed=Failure.TIMEOUT, step=Step.CONNECT, address=f"157.240.1.{number}")), POOR, number)
    assert record.failed_rounds == 0
    assert state(record, POOR) is State.INSUFFICIENT
    lie = walk(failed=Failure.DNS_BOGON, step=Step.RESOLVE, findings=(Finding.FORGED_DNS_ANSWER,))
    for _ in range(3):
        record.add(rounds(lie), POOR, 7)
    assert state(record, POOR) is State.INTERFERED


def in_clear(status: int, elsewhere: str | None = None, **how: Any) -> State:
    page = Observation(Step.FETCH, 0.1, status=status, elsewhere=elsewhere)
    record = Record(replace(target(kind=Kind.HTTP), **how))
    record.add(rounds(structs.replace(walk(), steps=(page,))), WELL, 0)
    return state(record)


def test_a_no_in_clear_is_nobodys_word_unless_it_is_expected() -> None:
    """A page that no list of block pages knows; a refusal of the provider's; a filter that leads to its own host."""
    for status in (403, 404, 429, 451, 503):
        assert in_clear(status) is State.INSUFFICIENT
        assert in_clear(status, expect=("2xx", str(status))) is State.OK
    assert in_clear(302, "4be1fa") is State.INSUFFICIENT
    assert in_clear(302, "4be1fa", expect=("3xx",)) is State.OK
    assert {in_clear(status) for status in (200, 204, 301, 304)} == {State.OK}


def test_a_no_of_whoever_has_proved_who_it_is_is_an_answer() -> None:
    shown = Observation(Step.HANDSHAKE, 0.1, certificate=Certificate("R", "0" * 64, 1))
    page = Observation(Step.FETCH, 0.1, status=403)
    record = Record(target(kind=Kind.HTTPS))
    record.add(rounds(structs.replace(walk(), steps=(shown, page))), WELL, 0)
    assert state(record) is State.OK


LOSSY = Line(foreign_seen=True, canaries=12, names_dead=False, reach=0.61)


def lost(number: int) -> Round:
    return rounds(walk(failed=Failure.TIMEOUT, step=Step.CONNECT, address=f"157.240.1.{number % 3}"))


def test_what_failed_before_a_line_was_well_again_says_nothing_on_it() -> None:
    """Four cables of March 2024: a service walked every ten minutes was "blocked" for nine after the loss was over."""
    record = Record(target())
    for number in range(8):
        record.add(lost(number), LOSSY, number)
    assert state(record, LOSSY) is State.BROKEN
    assert state(record, WELL) is State.INSUFFICIENT
    for number in range(3):
        record.add(lost(number), WELL, number)
        assert state(record, WELL) is State.INSUFFICIENT, "three failures are no four, whatever came before"
    record.add(lost(3), WELL, 3)
    assert state(record, WELL) is State.BROKEN, "it is the service, and was perhaps all along"


def test_a_line_that_is_well_in_between_keeps_what_failed_while_it_was() -> None:
    record = Record(target())
    for number in range(8):
        record.add(lost(number), LOSSY if number % 2 else WELL, number)
    assert state(record, WELL) is State.BROKEN
    assert state(record, LOSSY) is State.BROKEN
    one_address = Record(target())
    for number in range(10):
        one_address.add(lost(0), LOSSY if number % 2 else WELL, number)
    assert state(one_address, LOSSY) is State.BROKEN
    assert state(one_address, WELL) is State.INSUFFICIENT, "five straight failures at one address are no six"


def test_what_began_to_fail_minutes_before_the_line_fell_was_the_line() -> None:
    """An allow-list begins: all fails at once, and canaries, asked in turn, say so a little later. Hours later it ends."""
    record = Record(target())
    for number in range(4):
        failed = walk(failed=Failure.TIMEOUT, address=f"157.240.1.{number % 2}")
        record.add(rounds(failed, number=number), WELL, 10 * MINUTE + number * 15_000)
    assert state(record) is State.BROKEN
    fallen = replace(WELL, reach=0.4, unwell_ms=(7 * MINUTE, 12 * MINUTE))
    assert state(record, fallen) is State.INSUFFICIENT
    back = replace(fallen, reach=1.0)
    assert state(record, back) is State.INSUFFICIENT
    states = []
    for number in range(4):
        failed = walk(failed=Failure.TIMEOUT, address=f"157.240.1.{number % 2}")
        record.add(rounds(failed, number=number), back, 20 * MINUTE + number * 15_000)
        states.append(state(record, back))
    assert states == [State.INSUFFICIENT, State.INSUFFICIENT, State.INSUFFICIENT, State.BROKEN], (
        "it is not forgiven twice"
    )


def test_what_had_failed_long_before_the_line_fell_is_no_fault_of_the_line() -> None:
    record = Record(target())
    for number in range(10):
        failed = walk(failed=Failure.TIMEOUT, address=f"157.240.1.{number % 2}")
        record.add(rounds(failed, number=number), WELL, number * MINUTE)
    fell = replace(WELL, reach=0.7, unwell_ms=(4 * MINUTE, 9 * MINUTE))
    assert state(record, replace(fell, reach=1.0)) is State.BROKEN
    assert state(record, fell) is State.BROKEN


def test_what_stands_at_home_asks_no_line_abroad() -> None:
    record = Record(target(), domestic=True)
    for number in range(4):
        record.add(lost(number), LOSSY, number)
    assert state(record, WELL) is State.BROKEN


def test_a_lie_found_on_a_lossy_line_is_one_when_it_is_well() -> None:
    record = Record(target())
    for number in range(3):
        lie = walk(failed=Failure.DNS_BOGON, step=Step.RESOLVE, findings=(Finding.FORGED_DNS_ANSWER,))
        record.add(rounds(lie), LOSSY, number)
    assert state(record, WELL) is State.INTERFERED


def test_once_comparisons_have_named_the_cause_failures_count_on_a_poor_line_too() -> None:
    """An allow-list: nearly everything abroad is dead by its name, and this is too."""
    record = Record(target())
    for _ in range(2):
        record.windows = (*record.windows, frozenset({Finding.NAME_FILTERED}))
    for number in range(8):
        record.add(rounds(walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE)), POOR, number)
    assert (record.failed_rounds, state(record, POOR)) == (0, State.INSUFFICIENT)
    record.windows = (*record.windows, frozenset({Finding.NAME_FILTERED}))
    for number in range(3):
        record.add(rounds(walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE)), POOR, number)
    assert (record.failed_rounds, state(record, POOR)) == (3, State.INTERFERED)
    assert state(record, DARK) is State.CUT_OFF, "where no round reached anything abroad, that comes first"


def test_a_line_is_dark_where_next_to_nothing_answers_and_the_house_is_not_why() -> None:
    assert DARK.dark
    assert POOR.dark
    assert not WELL.dark
    assert not replace(DARK, house=frozenset({Finding.CAPTIVE_PORTAL})).dark
    assert not replace(DARK, names_dead=True).dark


# ---------------------------------------------------------------- the resolver, or this name


def unnamed(record: Record, at_ms: int, named_ms: int | None) -> State:
    """The name failed once more; `named_ms`: when another's name last resolved."""
    line = replace(WELL, named_ms=named_ms)
    failed = walk(failed=Failure.TIMEOUT, step=Step.RESOLVE, address="", started_ms=at_ms)
    record.add(rounds(failed, number=at_ms), line, at_ms)
    return state(record, line)


def test_a_name_that_fails_while_others_resolve_is_broken() -> None:
    record = Record(target())
    assert [unnamed(record, MINUTE + n * 15_000, 55_000 + n * 15_000) for n in range(5)][-1] is State.BROKEN


def test_where_no_other_name_resolves_since_it_failed_it_may_be_the_resolver() -> None:
    """A selection of four services asks for few names: it took minutes until all of them had been seen to fail."""
    record = Record(target())
    for number in range(8):
        assert unnamed(record, MINUTE + number * 15_000, 55_000) is State.INSUFFICIENT


def test_what_failed_while_the_resolver_was_dead_says_nothing_once_it_is_back() -> None:
    record = Record(target())
    for number in range(8):
        unnamed(record, MINUTE + number * 15_000, 55_000)
    assert state(record, replace(WELL, named_ms=record.finished_ms + 1), record.finished_ms + 2) is State.INSUFFICIENT
    last_ms = record.finished_ms + 5000
    assert unnamed(record, last_ms, last_ms - 1000) is State.INSUFFICIENT, "it was asked before the resolver was back"
    assert unnamed(record, last_ms + 15_000, last_ms + 14_000) is State.BROKEN, (
        "and goes on failing when others resolve"
    )


def test_what_failed_while_no_other_name_resolved_for_long_is_void() -> None:
    record = Record(target())
    for number in range(60):
        unnamed(record, MINUTE + number * 15_000, 55_000)
    back_ms = record.finished_ms + 5000
    assert [unnamed(record, back_ms + n * 15_000, back_ms + n * 15_000 - 1000) for n in range(3)] == [
        State.INSUFFICIENT
    ] * 3
    after_ms = record.finished_ms + 6 * MINUTE
    assert [unnamed(record, after_ms + n * 15_000, after_ms - 1000 + n * 15_000) for n in range(6)][-1] is State.BROKEN


def test_where_nobody_elses_name_is_asked_for_nobody_is_waited_for() -> None:
    record = Record(target())
    assert [unnamed(record, MINUTE + n * 15_000, None) for n in range(5)][-1] is State.BROKEN


def test_when_a_name_last_resolved_is_known_of_all_services_but_one() -> None:
    named = Named()
    assert named.but("a") is None, "nobody was asked"
    named.note("a", 1)
    assert (named.but("a"), named.but("b")) == (None, 1)
    named.note("b", 0)
    assert (named.but("a"), named.but("b")) == (0, 1), "b never resolved"
    named.note("b", 2)
    named.note("b", 3)
    assert (named.but("a"), named.but("b"), named.but("c")) == (3, 1, 3)
    named.note("c", 4)
    assert (named.but("a"), named.but("b"), named.but("c")) == (4, 4, 3)
