"""Which name is said, and to whom, where too few canaries live to frame a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs

from monitor.beat.listed import Listed
from probes.compare import Ground
from probes.facts import Endpoint, Target, Walk
from probes.words import Cell, Failure, Step, Transport
from tests.monitor.facts import canary, walk

HERE = Endpoint("app.example", 443, Transport.TCP, "157.240.2.1")
OWN = Endpoint("own.example", 443, Transport.TCP, "185.65.134.10")
HOME = ["b.home.example", "a.home.example"]


def standing(number: int) -> Target:
    made = canary(f"c{number}")
    return replace(made, endpoints=(replace(made.endpoints[0], address=f"193.0.11.{number}"),))


DEAD = [standing(number) for number in range(1, 5)]
ALIVE = standing(9)


def beside(some: Sequence[Target]) -> list[Endpoint]:
    return [each.endpoints[0] for each in some][:2]


def tried(listed: Listed, *, passes: bool) -> Ground:
    ground = listed.ground(HERE, [], DEAD, HOME, beside)
    assert ground is not None
    more = listed.learn(ground, [framing(None if passes else Failure.TIMEOUT)])
    assert more is not passes
    return ground


def framing(failed: Failure | None, step: Step = Step.HANDSHAKE) -> Walk:
    return structs.replace(walk(failed=failed, step=step), cell=Cell.BEFORE)


def test_a_canary_that_lives_frames_it_alone_and_lends_its_name() -> None:
    ground = Listed().ground(HERE, [ALIVE], DEAD, HOME, beside)
    assert ground is not None
    assert ground.before is ground.after is ALIVE
    assert ground.other == "c9.example"
    assert (ground.there, ground.instead) == (DEAD[0].endpoints[0], DEAD[1].endpoints[0])


def test_where_none_lives_a_dead_one_is_told_a_name_from_home_and_is_not_asked_for_more() -> None:
    ground = tried(Listed(), passes=True)
    assert ground.before.options["says"] == ground.other == "a.home.example"
    assert ground.before.endpoints == DEAD[0].endpoints, "it answers by its own certificate"
    assert DEAD[0].endpoints[0] not in (ground.there, ground.instead)


def test_names_from_home_are_tried_in_turn_until_one_passes_and_it_stays() -> None:
    listed = Listed()
    assert [tried(listed, passes=False).other for _ in range(3)] == [
        "a.home.example", "b.home.example", "a.home.example",
    ]  # fmt: skip
    assert tried(listed, passes=True).other == "b.home.example"
    assert tried(listed, passes=True).other == "b.home.example"
    assert tried(listed, passes=False).other == "b.home.example"
    assert tried(listed, passes=True).other == "a.home.example", "the list was changed"


def test_where_no_connection_opens_no_other_name_is_tried_at_once() -> None:
    listed = Listed()
    ground = listed.ground(HERE, [], DEAD, HOME, beside)
    assert ground is not None
    assert not listed.learn(ground, [framing(Failure.TIMEOUT, Step.CONNECT)])
    assert listed.learn(ground, [framing(Failure.TIMEOUT)])
    alive = listed.ground(HERE, [ALIVE], DEAD, HOME, beside)
    assert alive is not None
    assert not listed.learn(alive, [framing(Failure.TIMEOUT)]), "a canary that fell silent is not about names"


def test_without_a_name_or_an_address_nothing_is_compared() -> None:
    assert Listed().ground(HERE, [], DEAD, [], beside) is None
    assert Listed().ground(HERE, [], [], HOME, beside) is None
    assert Listed().ground(HERE, [ALIVE], DEAD, HOME, lambda some: []) is None
    assert Listed().ground(HERE, [ALIVE], [], [], lambda some: [OWN, *beside(some)]) is not None, "one's own is enough"
