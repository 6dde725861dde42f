"""What a receiver holds, in few bytes: what is lost or changed shows, what only rounds does not."""

from __future__ import annotations

from monitor.home.digests import Running, digests, same, series_id
from monitor.hub.held import Allowance
from tests.monitor.facts import INSIDE

HELD = {"a": {1: 0.5, 2: 1 / 182}, "b": {1: 1.0}}


def test_a_series_is_the_same_whoever_sets_its_identity() -> None:
    bare = series_id("didban_target_up", {"service": "imo", "target": "web"})
    whole = {"vantage": INSIDE.id, "country": "IR", "__name__": "didban_target_up"}
    assert series_id("didban_target_up", {"target": "web", **whole, "service": "imo"}) == bare
    assert series_id("didban_target_up", {"service": "im", "target": "oweb"}) != bare
    assert series_id("didban_target_state", {"service": "imo", "target": "web"}) != bare


def test_what_is_lost_or_changed_shows() -> None:
    assert digests({**HELD, "a": {1: 0.5}})["a"] != digests(HELD)["a"]
    assert digests({**HELD, "a": {1: 0.5, 3: 1 / 182}})["a"] != digests(HELD)["a"]
    assert digests({**HELD, "b": {1: 1.00001}})["b"] != digests(HELD)["b"]
    assert digests(HELD)["a"][0] == 2


def test_what_only_rounds_does_not() -> None:
    rounded = {"a": {1: 0.5, 2: 0.005494505494}, "b": {1: 1.0}}
    assert digests(rounded) == digests(HELD)
    assert same(1 / 182, 0.005494505494)
    assert not same(1.0, 1.00000001)
    assert same(float("inf"), float("inf"))
    assert digests({"a": {1: 0.0}}) == digests({"a": {1: -0.0}})


def test_a_digest_is_the_same_however_it_was_fed() -> None:
    running = Running()
    for start_ms in (1, 2):
        for series, samples in HELD.items():
            running.add(series, [each for each in samples.items() if each[0] == start_ms])
    assert running.digests() == digests(HELD)


def test_how_much_may_be_asked_is_bounded_for_each_and_comes_back() -> None:
    allowance = Allowance()
    assert [allowance.wait_s("v1", 500, 0.0) for _ in range(3)] == [0.0, 0.0, 250.0]
    assert allowance.wait_s("v2", 500, 0.0) == 0.0
    assert allowance.wait_s("v1", 500, 249.0) == 1.0
    assert allowance.wait_s("v1", 500, 250.0) == 0.0
