"""What time it is, as several networks say that proved themselves; and what one of them alone may not do."""

from __future__ import annotations

from dataclasses import replace

from monitor import metrics
from monitor.meaning.baseline import Baselines
from monitor.meaning.canaries import Canaries
from monitor.meaning.landmarks import Landmarks
from monitor.meaning.surroundings import Surroundings
from monitor.meaning.timeofday import TimeOfDay
from monitor.meaning.view import View
from monitor.metrics import Series
from monitor.tick import Tick
from probes.book import Book
from probes.facts import Service, Target, Walk
from probes.words import Failure, Finding, Scope, Step
from tests.monitor.facts import INSIDE, canary, target, walk

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
NETWORKS = ("AS559", "AS1776", "AS6315", "AS29298", "AS786")


def told(ahead_s: float, *, step: Step = Step.FETCH, failed: Failure | None = None) -> Walk:
    """A walk of four steps of 50 ms by a clock that is so far ahead of the far end's."""
    made = walk(to="canaries/c1", step=step, failed=failed, started_ms=NOW_MS)
    true_ms = NOW_MS + 175 - ahead_s * 1000  # half way through the fetch
    whole_second_ms = int(true_ms // 1000) * 1000
    steps = [replace(each, date_ms=whole_second_ms) if each.step is Step.FETCH else each for each in made.steps]
    return replace(made, steps=tuple(steps))


def clock(*ahead_s: float) -> TimeOfDay:
    time = TimeOfDay()
    for network, each in zip(NETWORKS, ahead_s, strict=False):
        time.note(canary(network.lower(), network=network), told(each), NOW_MS)
    return time


def offset_s(time: TimeOfDay, now_ms: int = NOW_MS) -> float:
    found = time.offset_s(now_ms)
    assert found is not None
    return found


def test_the_offset_is_what_our_clock_is_ahead_to_the_second() -> None:
    for ahead_s in (0.0, -30 * 86400.0, 3600.0):
        assert abs(offset_s(clock(ahead_s, ahead_s, ahead_s)) - ahead_s) <= 0.5


def test_two_networks_are_too_few_and_one_asked_twice_is_one() -> None:
    time = clock(0.0, 0.0)
    time.note(canary("again", network=NETWORKS[0]), told(0.0), NOW_MS)
    assert time.offset_s(NOW_MS) is None
    assert not clock(900.0, 900.0).is_wrong(NOW_MS)


def test_two_of_five_may_be_wrong_or_told_to_lie() -> None:
    time = clock(0.0, 0.0, 86_400.0, 0.0, 86_400.0)
    assert abs(offset_s(time)) <= 1
    assert not time.is_wrong(NOW_MS)


def test_minutes_are_wrong_and_seconds_are_not() -> None:
    assert clock(-30 * 86400.0, -30 * 86400.0, -30 * 86400.0).is_wrong(NOW_MS)
    assert clock(180.0, 180.0, 180.0).is_wrong(NOW_MS)
    assert not clock(60.0, 60.0, 60.0).is_wrong(NOW_MS)


def test_what_was_said_long_ago_or_of_another_clock_says_nothing() -> None:
    time = clock(0.0, 0.0, 0.0)
    assert time.offset_s(NOW_MS + 2 * DAY_MS) is None
    assert time.offset_s(NOW_MS - DAY_MS) is None, "our clock was set back since"
    time.forget()
    assert time.offset_s(NOW_MS) is None


def test_who_has_not_proved_himself_is_not_believed() -> None:
    time = TimeOfDay()
    for network in NETWORKS:
        seen = told(900.0)
        in_clear = tuple(replace(each, certificate=None) for each in seen.steps)
        time.note(canary(network, network=network), replace(seen, steps=in_clear), NOW_MS)
        time.note(canary(network, network=network), told(900.0, step=Step.HANDSHAKE), NOW_MS)
    assert time.offset_s(NOW_MS) is None


def around(time: TimeOfDay) -> Surroundings:
    made = Surroundings(Canaries([], INSIDE, standing_s=86400, day_s=86400))
    made.time = time
    made.look({scope: [] for scope in Scope}, [], NOW_MS)
    return made


def test_a_wrong_clock_spoils_what_is_reached_as_well() -> None:
    """It was reached, but not when we say it was."""
    wrong = around(clock(900.0, 900.0, 900.0)).line(target(), NOW_MS)
    assert wrong.house == wrong.spoilt == {Finding.CLOCK_WRONG}
    right = around(clock(1.0, 1.0, 1.0)).line(target(), NOW_MS)
    assert right.house == right.spoilt == set()


def test_a_walk_in_clear_is_no_answer_to_what_time_it_is() -> None:
    made, asked = around(TimeOfDay()), canary("c1", network="AS559")
    seen = told(900.0)
    made.asked_aside(asked, replace(seen, steps=(seen.steps[1], seen.steps[3])), NOW_MS)
    assert list(made.clear) == [asked.name]
    made.asked_aside(asked, seen, NOW_MS)
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


def test_the_time_is_believed_of_our_clock_of_others_or_of_nobody() -> None:
    assert TimeOfDay().believed_ms(NOW_MS) == NOW_MS, "a clock that may be right, and nobody says otherwise"
    assert clock(60.0, 60.0, 60.0).believed_ms(NOW_MS) == NOW_MS, "near enough: what is stated stays in its order"
    two_days = clock(*[2 * 86_400.0] * 3).believed_ms(NOW_MS)
    assert two_days is not None
    assert abs(two_days - (NOW_MS - 2 * DAY_MS)) <= 500
    for impossible_ms in (86_400_000, 2_500_000_000_000):
        assert TimeOfDay().believed_ms(impossible_ms) is None, "1970, and 2049"


def test_a_clock_that_jumped_is_believed_again_when_others_say_so() -> None:
    time = clock(0.0, 0.0)
    time.doubt()
    assert time.believed_ms(NOW_MS) is None
    time.note(canary("third", network=NETWORKS[2]), told(0.0), NOW_MS)
    assert time.believed_ms(NOW_MS) == NOW_MS
    assert TimeOfDay().believed_ms(NOW_MS + 1) == NOW_MS + 1


def test_a_tick_goes_to_its_true_time_with_what_it_tells_of_our_clock() -> None:
    beat, up = Series(metrics.HEARTBEAT, ()), Series(metrics.TARGET_UP, ("imo", "web"))
    expiry = Series(metrics.CERTIFICATE_EXPIRY, ("imo", "web"))
    moved = Tick(NOW_MS, {beat: NOW_MS / 1000, up: 1.0, expiry: 2e9}, (up,)).moved(-DAY_MS)
    assert moved == Tick(NOW_MS - DAY_MS, {beat: (NOW_MS - DAY_MS) / 1000, up: 1.0, expiry: 2e9}, (up,))
