"""What time it is, as several networks say that proved themselves; and what one of them alone may not do."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from monitor import metrics
from monitor.meaning.baseline import Baselines
from monitor.meaning.canaries import Canaries
from monitor.meaning.evidence import Record
from monitor.meaning.landmarks import Landmarks
from monitor.meaning.line import Line
from monitor.meaning.surroundings import Surroundings
from monitor.meaning.timeofday import Known, TimeOfDay
from monitor.meaning.view import View
from monitor.metrics import Series
from monitor.tick import Tick
from probes.book import Book
from probes.facts import Service, Target, Walk
from probes.words import Failure, Finding, Scope, Step
from tests.monitor.facts import INSIDE, canary, rounds, target, walk

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
BOOT_MS = 500_000  # since the machine was started
WAKES_MS = 90_000  # a board with no battery: a minute and a half into 1970
NETWORKS = ("AS559", "AS1776", "AS6315", "AS29298", "AS786")


def told(
    true_ms: float = NOW_MS,
    *,
    boot_ms: int = BOOT_MS,
    step: Step = Step.FETCH,
    failed: Failure | None = None,
    valid_ms: tuple[int, int] | None = None,
) -> Walk:
    """A walk of four steps of 50 ms, at whose far end it is `true_ms` half way through the fetch, half a second cut."""
    made = walk(to="canaries/c1", step=step, failed=failed, started_ms=NOW_MS, boot_ms=boot_ms - 175)
    date_ms = int(true_ms) - 500
    steps = [replace(each, date_ms=date_ms) if each.step is Step.FETCH else each for each in made.steps]
    if valid_ms is not None:
        steps = [
            replace(each, certificate=replace(each.certificate, valid_ms=valid_ms)) if each.certificate else each
            for each in steps
        ]
    return replace(made, steps=tuple(steps))


def say(time: TimeOfDay, true_ms: float, *, boot_ms: int = BOOT_MS, networks: tuple[str, ...] = NETWORKS[:3]) -> None:
    for network in networks:
        time.note(canary(network.lower(), network=network), told(true_ms, boot_ms=boot_ms))


def clock(*ahead_s: float) -> TimeOfDay:
    """A machine of ours whose clock is ahead of what each network says by so much."""
    time = TimeOfDay()
    for network, each in zip(NETWORKS, ahead_s, strict=False):
        say(time, NOW_MS - each * 1000, networks=(network,))
    time.look(NOW_MS, BOOT_MS)
    return time


def offset_s(time: TimeOfDay) -> float:
    assert time.offset_s is not None
    return time.offset_s


# ---------------------------------------------------------------- who is believed


def test_the_offset_is_what_our_clock_is_ahead_to_the_second() -> None:
    for ahead_s in (0.0, -30 * 86400.0, 3600.0):
        assert abs(offset_s(clock(ahead_s, ahead_s, ahead_s)) - ahead_s) <= 0.5


def test_two_networks_are_too_few_and_one_asked_twice_is_one() -> None:
    time = clock(0.0, 0.0)
    say(time, NOW_MS, networks=NETWORKS[:1])
    assert time.look(NOW_MS, BOOT_MS) is None
    assert not clock(900.0, 900.0).is_wrong


def test_two_of_five_may_be_wrong_or_told_to_lie() -> None:
    time = clock(0.0, 0.0, 86_400.0, 0.0, 86_400.0)
    assert abs(offset_s(time)) <= 1
    assert not time.is_wrong


def test_three_that_do_not_agree_say_nothing() -> None:
    time = clock(0.0, 900.0, -900.0)
    assert time.offset_s is None
    assert not time.settle(NOW_MS, BOOT_MS, patience_ms=HOUR_MS)


def test_minutes_are_wrong_and_seconds_are_not() -> None:
    assert clock(-30 * 86400.0, -30 * 86400.0, -30 * 86400.0).is_wrong
    assert clock(180.0, 180.0, 180.0).is_wrong
    assert not clock(60.0, 60.0, 60.0).is_wrong


def test_what_was_said_long_ago_says_nothing() -> None:
    time = clock(0.0, 0.0, 0.0)
    time.look(NOW_MS + 2 * DAY_MS, BOOT_MS + 2 * DAY_MS)
    assert time.offset_s is None


def test_who_has_not_proved_himself_is_not_believed() -> None:
    time = TimeOfDay()
    for network in NETWORKS:
        seen = told(NOW_MS)
        in_clear = tuple(replace(each, certificate=None) for each in seen.steps)
        time.note(canary(network, network=network), replace(seen, steps=in_clear))
        time.note(canary(network, network=network), told(NOW_MS, step=Step.HANDSHAKE))
        time.note(canary(network, network=network), replace(seen, boot_ms=None))
    assert time.look(NOW_MS, BOOT_MS) is None


@pytest.mark.parametrize(
    ("valid_ms", "believed"),
    [
        ((NOW_MS - DAY_MS, NOW_MS + DAY_MS), True),
        ((NOW_MS - 900 * DAY_MS, NOW_MS - 400 * DAY_MS), False),
        ((NOW_MS + DAY_MS, NOW_MS + 90 * DAY_MS), False),
    ],
    ids=["valid then", "expired, its key stolen", "not valid yet"],
)
def test_a_certificate_must_have_been_valid_at_the_time_it_tells(valid_ms: tuple[int, int], believed: bool) -> None:
    """While dates are not looked at, whoever holds an old key could set our clock to any time."""
    time = TimeOfDay()
    for network in NETWORKS:
        time.note(canary(network, network=network), told(NOW_MS, valid_ms=valid_ms))
    assert time.settle(WAKES_MS, BOOT_MS) is believed


def test_also_one_that_our_clock_found_valid_tells_no_time_after_its_end() -> None:
    time = TimeOfDay()
    for network in NETWORKS:
        time.note(canary(network, network=network), told(4_000_000_000_000 + DAY_MS))
    assert time.look(NOW_MS, BOOT_MS) is None


# ---------------------------------------------------------------- what is settled, and when


def test_a_board_that_woke_in_1970_waits_and_learns() -> None:
    time = TimeOfDay()
    assert not time.settle(WAKES_MS, BOOT_MS, patience_ms=120_000)
    assert not time.settle(WAKES_MS + HOUR_MS, BOOT_MS + HOUR_MS, patience_ms=120_000), "patience makes no 1970 true"
    assert time.believed_ms(BOOT_MS) is None
    assert time.estimated_ms(WAKES_MS, BOOT_MS) is None
    say(time, NOW_MS, boot_ms=BOOT_MS + HOUR_MS)
    assert time.settle(WAKES_MS + HOUR_MS, BOOT_MS + HOUR_MS)
    assert time.believed_ms(BOOT_MS) == NOW_MS - HOUR_MS, "and so what was before"
    assert time.since_ms == 0
    assert time.known is not None
    assert time.known.sources == 3
    assert time.estimated_ms(WAKES_MS, BOOT_MS) == NOW_MS - HOUR_MS


def test_where_others_may_still_tell_our_own_clock_waits_a_little_and_then_is_believed() -> None:
    time = TimeOfDay()
    assert not time.settle(NOW_MS, BOOT_MS, patience_ms=120_000)
    assert time.believed_ms(BOOT_MS) is None
    assert time.estimated_ms(NOW_MS, BOOT_MS) == NOW_MS, "certificates are judged by it meanwhile"
    assert time.settle(NOW_MS + 120_000, BOOT_MS + 120_000, patience_ms=120_000)
    assert time.known == Known(NOW_MS - BOOT_MS)
    assert TimeOfDay().settle(NOW_MS, BOOT_MS), "and at once where nobody can"


def test_a_clock_that_is_near_enough_keeps_its_order_when_others_confirm_it() -> None:
    time = TimeOfDay()
    time.settle(NOW_MS, BOOT_MS)
    say(time, NOW_MS + 60_000)
    assert time.settle(NOW_MS, BOOT_MS)
    assert time.believed_ms(BOOT_MS) == NOW_MS
    assert time.known is not None
    assert (time.known.sources, (time.known.error_ms or 0) > 60_000) == (3, True)
    assert not time.settle(NOW_MS, BOOT_MS), "nothing new"


def test_a_clock_alone_that_others_contradict_was_never_right() -> None:
    time = TimeOfDay()
    time.settle(NOW_MS + 2 * DAY_MS, BOOT_MS)
    say(time, NOW_MS)
    assert time.settle(NOW_MS + 2 * DAY_MS, BOOT_MS)
    assert time.believed_ms(BOOT_MS) == NOW_MS
    assert time.since_ms == 0


@pytest.mark.parametrize("by_ms", [HOUR_MS, -HOUR_MS, 40 * 366 * DAY_MS, 600_000])
def test_a_clock_that_is_set_is_not_followed_until_others_have_spoken_again(by_ms: int) -> None:
    """Or a virtual machine was stopped for so long: which of the two it was, its own clocks cannot tell."""
    time = clock(0.0, 0.0, 0.0)
    time.settle(NOW_MS, BOOT_MS)
    set_ms, boot_ms = NOW_MS + by_ms + 60_000, BOOT_MS + 60_000
    assert not time.settle(set_ms, boot_ms, patience_ms=120_000)
    assert time.believed_ms(boot_ms) is None
    assert time.estimated_ms(set_ms, boot_ms) == NOW_MS + 60_000, "certificates: by what was known before"
    say(time, NOW_MS + 90_000, boot_ms=boot_ms + 30_000)
    assert time.settle(set_ms + 60_000, boot_ms + 60_000, patience_ms=120_000)
    assert time.believed_ms(boot_ms) == NOW_MS + 60_000
    assert time.since_ms == BOOT_MS, "what was stated until then was right"


def test_where_nobody_speaks_again_what_they_said_before_stands() -> None:
    time = clock(0.0, 0.0, 0.0)
    time.settle(NOW_MS, BOOT_MS)
    set_ms, boot_ms = NOW_MS + 40 * 366 * DAY_MS, BOOT_MS + 60_000
    assert not time.settle(set_ms, boot_ms, patience_ms=120_000)
    assert time.settle(set_ms + 120_000, boot_ms + 120_000, patience_ms=120_000)
    assert time.believed_ms(boot_ms) == NOW_MS + 60_000


def test_a_machine_that_was_stopped_is_told_by_how_long() -> None:
    time = clock(0.0, 0.0, 0.0)
    time.settle(NOW_MS, BOOT_MS)
    time.settle(NOW_MS + HOUR_MS, BOOT_MS + 1000, patience_ms=120_000)
    say(time, NOW_MS + HOUR_MS, boot_ms=BOOT_MS + 1000)
    assert time.settle(NOW_MS + HOUR_MS, BOOT_MS + 1000, patience_ms=120_000)
    assert time.believed_ms(BOOT_MS + 1000) == NOW_MS + HOUR_MS


def test_a_clock_nobody_vouched_for_that_jumps_waits_for_others_however_long() -> None:
    time = TimeOfDay()
    time.settle(NOW_MS, BOOT_MS, patience_ms=1)
    time.settle(NOW_MS, BOOT_MS + 1, patience_ms=1)
    assert time.known is not None
    for hours in range(1, 30):
        assert not time.settle(NOW_MS + 40 * DAY_MS, BOOT_MS + hours * HOUR_MS, patience_ms=120_000)
    assert time.estimated_ms(NOW_MS + 40 * DAY_MS, BOOT_MS) is None
    assert time.wall_ms is None, "nor is it built on by who comes after us"


def test_where_nobody_can_ever_tell_a_clock_that_may_be_right_is_taken() -> None:
    """Three networks of canaries are not configured: a watch that never reports again would be the worse fault."""
    time = TimeOfDay()
    time.settle(NOW_MS, BOOT_MS)
    assert time.settle(NOW_MS + 40 * DAY_MS, BOOT_MS + 60_000)
    assert time.believed_ms(BOOT_MS + 60_000) == NOW_MS + 40 * DAY_MS
    assert not TimeOfDay().settle(WAKES_MS, BOOT_MS), "1970 is not"
    assert not TimeOfDay().settle(2_500_000_000_000, BOOT_MS), "2049"


def test_a_suspended_machine_slept_by_both_clocks() -> None:
    time = clock(0.0, 0.0, 0.0)
    time.settle(NOW_MS, BOOT_MS)
    assert not time.settle(NOW_MS + 9 * HOUR_MS, BOOT_MS + 9 * HOUR_MS)
    assert time.believed_ms(BOOT_MS + 9 * HOUR_MS) == NOW_MS + 9 * HOUR_MS


def test_a_second_process_of_the_same_boot_knows_it_at_once() -> None:
    known = Known(NOW_MS - BOOT_MS, 4, 700)
    again = TimeOfDay()
    again.recall(known, wall_ms=WAKES_MS - BOOT_MS, last_ms=BOOT_MS - 1)
    again.settle(WAKES_MS + 1000, BOOT_MS + 1000, patience_ms=120_000)
    assert again.believed_ms(BOOT_MS) == NOW_MS, "in spite of 1970"
    again.recall(Known(1), wall_ms=0, last_ms=0)
    assert again.known == known, "and is told once"


def test_a_clock_that_was_set_between_two_processes_is_noticed() -> None:
    again = TimeOfDay()
    again.recall(None, wall_ms=WAKES_MS - BOOT_MS, last_ms=BOOT_MS)
    assert not again.settle(NOW_MS, BOOT_MS + 1000, patience_ms=120_000)
    assert not again.settle(NOW_MS + HOUR_MS, BOOT_MS + HOUR_MS, patience_ms=120_000), "1970 was wrong; is this right?"


# ---------------------------------------------------------------- what it does to the view


def around(time: TimeOfDay) -> Surroundings:
    made = Surroundings(Canaries([], INSIDE, standing_s=86400, day_s=86400))
    made.time = time
    list(made.looking({scope: [] for scope in Scope}, [], 0))
    return made


def test_a_wrong_clock_of_which_we_know_by_how_much_is_said_and_spoils_nothing() -> None:
    """A box without a battery and without NTP must see a shutdown all the same: its ticks have their true times."""
    wrong = around(clock(900.0, 900.0, 900.0)).line(target(), NOW_MS)
    assert wrong.known == {Finding.CLOCK_WRONG}
    assert not wrong.house | wrong.spoilt
    right = around(clock(1.0, 1.0, 1.0)).line(target(), NOW_MS)
    assert not right.known | right.house | right.spoilt


def test_a_wrong_clock_stands_beside_the_state_and_does_not_change_it() -> None:
    line = Line(foreign_seen=True, canaries=12, names_dead=False, known=frozenset({Finding.CLOCK_WRONG}))
    record = Record(target())
    record.add(rounds(walk()), line, NOW_MS)
    assert record.evidence(line, NOW_MS, 600).local is False
    assert record.findings() == (Finding.CLOCK_WRONG,)


def test_certificates_that_mind_our_date_spoil_what_they_hide_while_nobody_told_the_time() -> None:
    misdated = [walk(failed=Failure.SSL_INVALID_CERTIFICATE, step=Step.HANDSHAKE) for _ in range(6)]
    made = Surroundings(Canaries([], INSIDE, standing_s=86400, day_s=86400))
    list(made.looking({**{scope: [] for scope in Scope}, Scope.INTERNATIONAL: misdated}, [], 0))
    assert Finding.CLOCK_WRONG in made.line(target(), NOW_MS).house


def test_certificates_that_all_mind_our_date_make_it_doubtful() -> None:
    """A clock months back: nobody authenticates, so nobody tells, until dates are left out of it."""
    time = TimeOfDay()
    time.settle(NOW_MS, BOOT_MS)
    misdated = [walk(failed=Failure.SSL_INVALID_CERTIFICATE, step=Step.HANDSHAKE) for _ in range(6)]
    list(around(time).looking({**{scope: [] for scope in Scope}, Scope.INTERNATIONAL: misdated}, [], 0))
    assert time.estimated_ms(NOW_MS, BOOT_MS) is None
    assert time.believed_ms(BOOT_MS) is None
    sure = clock(0.0, 0.0, 0.0)
    sure.settle(NOW_MS, BOOT_MS)
    list(around(sure).looking({**{scope: [] for scope in Scope}, Scope.INTERNATIONAL: misdated}, [], 0))
    assert sure.believed_ms(BOOT_MS) == NOW_MS, "three networks outweigh them"


def test_a_walk_in_clear_is_no_answer_to_what_time_it_is() -> None:
    made, asked = around(TimeOfDay()), canary("c1", network="AS559")
    seen = told(NOW_MS)
    made.asked_aside(asked, replace(seen, steps=(seen.steps[1], seen.steps[3])))
    assert list(made.clear) == [asked.name]
    made.asked_aside(asked, seen)
    assert len(made.clear) == 1


def test_the_offset_is_stated_with_the_tick_once_it_is_known() -> None:
    assert _stated(TimeOfDay()) == []
    (value,) = _stated(clock(900.0, 900.0, 900.0))
    assert abs(value - 900.0) <= 0.5


def _stated(time: TimeOfDay) -> list[float]:
    view = view_of(target())
    view.around.time = time
    return [value for series, value in view.samples(NOW_MS) if series.family is metrics.CLOCK_OFFSET]


def view_of(*targets: Target) -> View:
    service = Service("instagram", {}, "social_media", page=True, targets=targets)
    return View(
        vantage=INSIDE,
        services=(service,),
        turn_s={each.name: 60.0 for each in targets},
        canaries=Canaries([], INSIDE, standing_s=86400, day_s=86400),
        landmarks=Landmarks(day_s=86400),
        baselines=Baselines(day_s=86400),
        book=Book(keep_ms=86400_000),
    )


def test_a_tick_goes_to_its_true_time_with_what_it_tells_of_our_clock() -> None:
    beat, up = Series(metrics.HEARTBEAT, ()), Series(metrics.TARGET_UP, ("imo", "web"))
    expiry = Series(metrics.CERTIFICATE_EXPIRY, ("imo", "web"))
    moved = Tick(NOW_MS, {beat: NOW_MS / 1000, up: 1.0, expiry: 2e9}, (up,)).moved(-DAY_MS)
    assert moved == Tick(NOW_MS - DAY_MS, {beat: (NOW_MS - DAY_MS) / 1000, up: 1.0, expiry: 2e9}, (up,))
