"""When canaries are asked the time: at the start, seldom afterwards, and at once where our own clock was set."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from monitor.beat.asides import Asides
from monitor.meaning.baseline import Baselines
from monitor.meaning.canaries import Canaries
from monitor.meaning.landmarks import Landmarks
from monitor.meaning.view import View
from monitor.pace import Pace
from probes.book import Book
from probes.facts import Round, Service, Target
from probes.words import Failure, Kind, Reason, Step
from tests.monitor.facts import INSIDE, canary, walk

PACE = Pace(interval_s=60, timeout_s=10, keep_s=86400, heartbeat_s=60)
CANARIES = tuple(canary(f"c{number}", network=f"AS{number}") for number in range(1, 8))


@dataclass
class Hands:
    """A clock that is moved by hand, and what was asked."""

    passed_s: float = 1000.0
    ahead_s: float = 1_700_000_000.0
    asked: list[Target] = field(default_factory=list)
    view: View = field(init=False)
    off_s: float = 0.0

    def __post_init__(self) -> None:
        service = Service("canaries", {}, "canary", page=False, targets=CANARIES)
        self.view = View(
            vantage=INSIDE,
            services=(service,),
            turn_s={each.name: 60.0 for each in CANARIES},
            canaries=Canaries(CANARIES, INSIDE, standing_s=86400, day_s=86400),
            landmarks=Landmarks(day_s=86400),
            baselines=Baselines(day_s=86400),
            book=Book(keep_ms=86400_000),
        )

    def now_ms(self) -> int:
        return int((self.passed_s + self.ahead_s) * 1000)

    def elapsed_s(self) -> float:
        return self.passed_s

    def boot_ms(self) -> int:
        return int(self.passed_s * 1000)

    def alive(self, *names: str) -> None:
        for each in CANARIES:
            failed = None if each.id in names else Failure.TIMEOUT
            seen = walk(to=each.name, at=each.endpoints[0], failed=failed, step=Step.HANDSHAKE)
            self.view.add(Round(each.name, 1, Reason.DUE, self.now_ms(), (seen,)), self.now_ms())

    async def ask(self, target: Target) -> None:
        """Answers with the true time, from which this box is `off_s` away."""
        self.asked.append(target)
        seen = walk(to=target.name, at=target.endpoints[0], started_ms=self.now_ms(), boot_ms=self.boot_ms())
        told_ms = self.now_ms() - round(self.off_s * 1000)
        steps = tuple(replace(each, date_ms=told_ms) if each.step is Step.FETCH else each for each in seen.steps)
        done = Round(target.name, 0, Reason.COMPARE, self.now_ms(), (replace(seen, steps=steps),))
        self.view.add(done, self.now_ms())


def asides(hands: Hands) -> Asides:
    return Asides(hands.view, hands.ask, pace=PACE, secret=b"k" * 32, clock=hands)


async def test_five_networks_are_asked_by_a_head_and_then_not_for_hours() -> None:
    hands = Hands()
    hands.alive(*(each.id for each in CANARIES))
    beside = asides(hands)
    await beside.time()
    assert len(hands.asked) == len({each.at.network for each in hands.asked if each.at}) == 5
    assert {(each.kind, each.options["method"]) for each in hands.asked} == {(Kind.HTTPS, "HEAD")}
    assert hands.view.around.time.offset_s is not None
    hands.passed_s += 5 * 3600
    await beside.time()
    assert len(hands.asked) == 5
    hands.passed_s += 2 * 3600
    await beside.time()
    assert len(hands.asked) == 10
    first, second = ({each.name for each in some} for some in (hands.asked[:5], hands.asked[5:]))
    assert first != second, "not always the same"


async def test_where_too_few_live_nobody_is_asked() -> None:
    hands = Hands()
    hands.alive("c1", "c2")
    await asides(hands).time()
    assert hands.asked == []


async def test_a_clock_that_was_set_is_asked_about_at_once() -> None:
    hands = Hands(off_s=-3600.0)
    hands.alive(*(each.id for each in CANARIES))
    beside = asides(hands)
    await beside.time()
    assert hands.view.around.time.is_wrong
    hands.ahead_s, hands.off_s = hands.ahead_s + 3600, 0.0  # somebody set it right
    hands.passed_s += 60
    await beside.time()
    assert len(hands.asked) == 10
    assert not hands.view.around.time.is_wrong


async def test_a_wrong_clock_is_looked_at_again_soon() -> None:
    hands = Hands(off_s=900.0)
    hands.alive(*(each.id for each in CANARIES))
    beside = asides(hands)
    await beside.time()
    hands.passed_s += 16 * 60
    await beside.time()
    assert len(hands.asked) == 10
