"""APScheduler gives the beat, the keyed hash moves each start, and no round is silently skipped."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import time
from pathlib import Path

import pytest

from monitor.beat.errands import Errand, errands, gateways, walked_by
from monitor.beat.spread import start_s
from monitor.pace import Pace
from monitor.schedule import Due, Schedule
from monitor.settings import Config
from probes import catalogue
from probes.doors.clock import SystemClock
from probes.facts import Service, Vantage
from probes.words import Scope
from tests.monitor.facts import CONTROL, INSIDE, target
from tests.monitor.test_landmarks import landmark

SECRET = b"s" * 32
CONFIG = Config.model_validate_json(
    '{"vantage": {"id": "v1", "secret_file": "s", "country": "IR", "role": "inside", "access": "mobile"}}'
)
PACE = Pace.of(CONFIG)
SERVICES, _ = catalogue.load(catalogue.shipped(), beside=Path(), responder="192.0.2.1")


async def test_each_round_comes_once_when_the_hash_says() -> None:
    due: list[tuple[Due, float]] = []
    missed: list[int] = []
    clock = SystemClock()
    schedule = Schedule(
        SECRET,
        clock,
        lambda each: due.append((each, clock.now_ms() / 1000)),
        lambda errand, count: missed.append(count),
    )
    todo = [Errand(f"e{number}", (target(),), 1, 0.2, essential=True) for number in range(5)]
    schedule.start(todo)
    await asyncio.sleep(0.9)
    schedule.stop()
    assert missed == []
    for errand in todo:
        mine = [(each, at_s) for each, at_s in due if each.errand is errand]
        numbers = [each.number for each, _ in mine]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "none is skipped, none comes twice"
        assert 3 <= len(numbers) <= 6
        for each, at_s in mine:
            assert each.due_s == start_s(SECRET, errand.name, each.number, 0.2)
            assert -0.005 <= at_s - each.due_s < 0.15


async def test_rounds_that_pass_while_the_machine_is_busy_are_counted() -> None:
    due: list[int] = []
    missed: list[int] = []
    schedule = Schedule(
        SECRET, SystemClock(), lambda each: due.append(each.number), lambda errand, count: missed.append(count)
    )
    schedule.start([Errand("e", (target(),), 1, 0.1, essential=True)])
    await asyncio.sleep(0.3)
    asyncio.get_running_loop().call_soon(time.sleep, 0.5)  # the machine was busy with something else
    await asyncio.sleep(0.2)
    await asyncio.sleep(0.2)
    schedule.stop()
    assert sum(missed) >= 3
    assert len(due) + sum(missed) == due[-1] - due[0] + 1, "every round was walked or counted"
    assert due == sorted(set(due)), "and none twice"


async def test_between_two_rounds_nothing_is_looked_at() -> None:
    """A board of 5 W does not spend its core on asking whether it is time yet."""
    asked: list[int] = []

    class Counting(SystemClock):
        def boot_ms(self) -> int:
            asked.append(super().boot_ms())
            return asked[-1]

    due: list[Due] = []
    schedule = Schedule(SECRET, Counting(), due.append, lambda errand, count: None)
    schedule.start([Errand("e", (target(),), 1, 0.2, essential=True)])
    await asyncio.sleep(0.9)
    schedule.stop()
    assert len(asked) < 40 * len(due)


def test_a_schedule_that_never_started_stops_quietly() -> None:
    Schedule(SECRET, SystemClock(), lambda due: None, lambda errand, count: None).stop()


# ---------------------------------------------------------------- what is due together


def here(vantage: Vantage, resolvers: tuple[str, ...] = ()) -> dict[str, Errand]:
    return {each.name: each for each in errands(walked_by(vantage, SERVICES, resolvers), PACE)}


def test_every_target_is_in_exactly_one_errand() -> None:
    services = walked_by(INSIDE, SERVICES, ("5.112.0.53",))
    walked = [target.name for errand in errands(services, PACE) for target in errand.targets]
    assert sorted(walked) == sorted(target.name for service in services for target in service.targets)
    assert len(walked) == len(set(walked))


def test_the_cadence_is_the_contracts() -> None:
    todo = here(INSIDE)
    assert todo["whatsapp/chat"].period_s == 60
    assert todo["whatsapp/web"].period_s == 300
    assert todo["canaries/international"].period_s == 60
    assert todo["canaries/international"].a_round == 4
    assert todo["canaries/international"].turn_s == 300
    assert todo["canaries/domestic"].essential


def test_inside_domestic_canaries_are_walked_and_outside_they_are_not() -> None:
    assert "canaries/domestic" in here(INSIDE)
    assert "canaries/domestic" not in here(CONTROL)


def test_the_gateway_is_the_operators_resolver_and_never_the_home_router() -> None:
    assert [
        t.endpoints[0].address for t in here(INSIDE, ("192.168.1.1", "5.112.0.53"))["canaries/gateway"].targets
    ] == ["5.112.0.53"]
    assert "canaries/gateway" not in here(INSIDE, ("192.168.1.1", "10.0.0.1"))
    canaries = next(service for service in SERVICES if service.id == "canaries")
    (gateway,) = gateways(canaries, INSIDE, ["5.112.0.53"])
    assert gateway.scope is Scope.GATEWAY
    assert gateway.endpoints[0].host == "www.aparat.com", "it is asked for a name of its own country"


def test_landmarks_are_walked_from_outside_only_and_together() -> None:
    service = Service("landmarks", {"en": "L"}, "landmark", False, (landmark(1), landmark(2)))
    assert errands(walked_by(INSIDE, [service], ()), PACE) == ()
    (errand,) = errands(walked_by(CONTROL, [service], ()), PACE)
    assert (errand.name, errand.a_round, errand.period_s) == ("landmarks/AS197207", 2, 360)


def test_thirty_times_faster_divides_every_duration_of_the_daemon() -> None:
    fast = Pace.of(CONFIG, time_scale=30)
    assert (fast.interval_s, fast.timeout_s, fast.confirm_s) == (2.0, 10 / 30, (0.5, 1.0, 1.5))
    assert (fast.standing_s, fast.memory_s, fast.keep_s) == (2880.0, 20160.0, 86400.0)


class SetAnew(SystemClock):
    """A wall clock that somebody sets."""

    def __init__(self) -> None:
        self.by_s = 0.0

    def now_ms(self) -> int:
        return super().now_ms() + round(self.by_s * 1000)


@pytest.mark.parametrize("by_s", [3600.0, -3600.0, 40 * 366 * 86400.0, -30 * 86400.0])
async def test_a_clock_that_is_set_neither_bunches_rounds_nor_skips_any(by_s: float) -> None:
    due: list[tuple[Due, float]] = []
    missed: list[int] = []
    clock = SetAnew()
    schedule = Schedule(
        SECRET,
        clock,
        lambda each: due.append((each, clock.elapsed_s())),
        lambda errand, count: missed.append(count),
    )
    schedule.start([Errand("e", (target(),), 1, 0.1, essential=True)])
    await asyncio.sleep(0.3)
    clock.by_s = by_s
    await asyncio.sleep(0.5)
    schedule.stop()
    numbers = [each.number for each, _ in due]
    assert missed == []
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) >= 6
    gaps = [later - before for (_, before), (_, later) in itertools.pairwise(due)]
    assert min(gaps) > 0.03, "rounds are half a period apart at least"
    assert all(each.late_s < 0.1 for each, _ in due)


def test_apscheduler_is_told_our_time_and_not_the_systems() -> None:
    """What it takes for now is what keeps rounds in their places: its own clock is the one that is set."""
    clock = SetAnew()
    clock.by_s = -56 * 365.25 * 86400  # a board with no battery
    schedule = Schedule(SECRET, clock, lambda due: None, lambda errand, count: None)
    clock.by_s = 0.0
    now = datetime.datetime.now(schedule._scheduler.timezone)
    assert now.year < 1972
    assert abs(now.timestamp() - schedule.now_s()) < 1
    assert schedule._scheduler.timezone.utcoffset(now) == datetime.timedelta(0)
