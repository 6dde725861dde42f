"""Rules through time: late samples, pieces, intervals, waiting, failures. What promtool cannot be asked."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from monitor.home.remotewrite import STALE, Labels, labels
from monitor.promql import reading
from monitor.promql.evaluation import Evaluation
from monitor.promql.told import is_marker
from monitor.promql.understood import NotUnderstood

M = labels("m", {"a": "x"})
MINUTE = 60_000


def group(*rules: str, interval: str = "15s", name: str = "g") -> str:
    return f"groups: [{{name: {name}, interval: {interval}, rules: [{', '.join(rules)}]}}]"


def looking(*texts: str, keep: Sequence[str] = (), asked: Sequence[str] = ()) -> Evaluation:
    groups = [each for text in texts for each in reading.parsed(text)]
    return Evaluation(groups, keep=keep, asked=asked, since_ms=0)


def told(found: Evaluation, until_ms: int) -> list[tuple[int, bool, float]]:
    """Seconds, whether it fires, and the value."""
    return [(change.at_ms // 1000, change.fires, change.value) for change in found.until(until_ms)]


LOW = "{alert: Low, expr: 'm < 1', labels: {severity: page}}"


def test_an_alert_fires_and_ends() -> None:
    found = looking(group(LOW))
    found.take(M, [0, MINUTE, 2 * MINUTE, 3 * MINUTE], [1, 0, 0, 1])
    changes = list(found.until(4 * MINUTE))
    assert [(each.at_ms, each.alert, each.fires) for each in changes] == [
        (MINUTE, "Low", True),
        (3 * MINUTE, "Low", False),
    ]
    assert changes[0].labels == (("a", "x"), ("alertname", "Low"), ("severity", "page"))


def test_what_arrives_late_is_seen_late_and_in_hindsight_at_its_time() -> None:
    times, values = [0, MINUTE, 2 * MINUTE, 3 * MINUTE], [1, 0, 0, 1]
    then, later = looking(group(LOW)), looking(group(LOW))
    then.take(M, times, values, arrived_ms=[0, MINUTE + 20_000, 2 * MINUTE, 3 * MINUTE])
    later.take(M, times, values)
    assert told(then, 4 * MINUTE) == [(90, True, 0.0), (180, False, 0.0)]
    assert told(later, 4 * MINUTE) == [(60, True, 0.0), (180, False, 0.0)]


def test_a_backlog_that_comes_after_newer_samples_changes_nothing_now() -> None:
    """Its samples are older than what is known; but a range sees them, once they are there."""
    found = looking(group(LOW, "{record: n, expr: 'count_over_time(m[3m])'}"), keep=("n",))
    found.take(M, [0, 4 * MINUTE], [1, 1])
    found.take(M, [2 * MINUTE, 3 * MINUTE], [0, 0], arrived_ms=[4 * MINUTE + 30_000] * 2)
    assert told(found, 5 * MINUTE) == []
    (piece,) = found.recorded()
    assert [(int(at) // 1000, value) for at, value in zip(piece.times_ms, piece.values, strict=True) if at >= 4 * MINUTE] == [
        (240, 1.0), (255, 1.0), (270, 3.0), (285, 3.0), (300, 3.0),
    ]  # fmt: skip


def test_in_pieces_it_says_what_it_says_in_one() -> None:
    rules = group(
        LOW, "{record: r, expr: 'm < 1'}", "{alert: Was, expr: 'last_over_time(r[10m]) + min_over_time(r[10m])'}"
    )
    times = [minute * MINUTE for minute in range(200)]
    values = [float(minute % 17 > 3) for minute in range(200)]
    one, many = looking(rules), looking(rules)
    one.take(M, times, values)
    whole = list(one.until(200 * MINUTE))
    parts = []
    for minute in range(0, 200, 7):
        many.take(M, times[minute : minute + 7], values[minute : minute + 7])
        parts += list(many.until(min((minute + 7) * MINUTE - 1, 200 * MINUTE)))
    parts += list(many.until(200 * MINUTE))
    assert parts == whole
    assert len(whole) > 20


def test_what_is_recorded_is_handed_back_with_its_end() -> None:
    found = looking(group("{record: r, expr: 'm > 1', labels: {b: y}}"), keep=("r",))
    found.take(M, [0, MINUTE, 2 * MINUTE], [2, 1, STALE])
    assert list(found.until(3 * MINUTE)) == []
    (piece,) = found.recorded()
    assert piece.series == labels("r", {"a": "x", "b": "y"})
    assert list(piece.times_ms) == [0, 15_000, 30_000, 45_000, 60_000]
    assert list(is_marker(piece.values)) == [False] * 4 + [True]
    assert list(found.recorded()) == []


def test_a_slow_group_is_seen_a_moment_later_by_who_stands_above_it() -> None:
    upper = group("{record: up, expr: 'slow'}", "{alert: Up, expr: 'slow > 0'}", name="upper")
    lower = group("{record: slow, expr: 'm'}", interval="5m", name="lower")
    found = looking(upper, lower, keep=("slow",))
    found.take(M, [0, 5 * MINUTE], [0, 1])
    assert told(found, 10 * MINUTE) == [(315, True, 1.0)]
    (piece,) = found.recorded()
    assert list(piece.times_ms) == [0, 300_000, 600_000]


def test_rules_that_read_one_another_in_a_circle_count_up() -> None:
    """The upper sees what the lower wrote a moment ago."""
    rules = group("{record: a, expr: 'b + 1 or m'}", "{record: b, expr: 'a * 1'}")
    found = looking(rules, keep=("a",), asked=("a",))
    found.take(labels("m", {}), [0], [0])
    assert list(found.until(4 * 15_000)) == []
    assert found.ask("a") == [(labels("a", {}), 4.0)]


def test_an_alert_that_waits_fires_when_it_was_there_for_so_long() -> None:
    found = looking(group("{alert: Low, expr: 'm < 1', for: 1m}"))
    found.take(M, [0, MINUTE, 90_000, 2 * MINUTE, 5 * MINUTE], [0, 1, 1, 0, 1])
    assert told(found, 6 * MINUTE) == [(180, True, 0.0), (300, False, 0.0)]


def test_a_rule_that_fails_writes_nothing_and_its_alert_stays() -> None:
    """Two series on the one side of a match: Prometheus refuses, and says so; so do we."""
    found = looking(group("{alert: A, expr: 'm * on () n'}", "{record: r, expr: 'm * on () n'}"), keep=("r",))
    found.take(M, [0, MINUTE, 2 * MINUTE], [1, 1, 1])
    found.take(labels("n", {"a": "1"}), [0, MINUTE, 2 * MINUTE], [1, 1, STALE])
    found.take(labels("n", {"a": "2"}), [MINUTE, 2 * MINUTE], [1, STALE])
    assert told(found, 3 * MINUTE) == [(0, True, 1.0), (120, False, 1.0)]
    assert {(each.rule, each.at_ms, each.moments) for each in found.failures()} == {("A", MINUTE, 4), ("r", MINUTE, 4)}
    (piece,) = found.recorded()
    assert list(piece.times_ms) == [0, 15_000, 30_000, 45_000, 120_000]


def test_what_nobody_keeps_cannot_be_asked_for() -> None:
    found = looking(group(LOW), asked=("m > 0",))
    found.take(M, [0], [1])
    assert list(found.until(0)) == []
    assert found.ask("m >= 0") == [(M, 1.0)]
    with pytest.raises(NotUnderstood, match="nobody keeps m for so long"):
        found.ask("max_over_time(m[1h])")


def test_the_first_sample_says_when_it_begins() -> None:
    found = Evaluation(reading.parsed(group("{alert: Always, expr: vector(1)}")))
    since_ms = 1_663_718_400_000
    found.take(M, [since_ms + 1], [0])
    assert told(found, since_ms + MINUTE) == [((since_ms + 15_000) // 1000, True, 1.0)]


def test_memory_stays_bounded_by_the_longest_window() -> None:
    found = looking(group(LOW, "{record: r, expr: 'max_over_time(m[5m])'}"), keep=("r",))
    sizes = []
    for hour in range(30):
        times = [hour * 60 * MINUTE + minute * MINUTE for minute in range(60)]
        found.take(M, times, [1.0] * 60)
        assert list(found.until(times[-1])) == []
        assert list(found.recorded())
        sizes.append(sum(source._values.size for name in ("m", "r") for source in found.sources(name)))  # type: ignore[attr-defined]
    assert max(sizes[10:]) <= max(sizes[:10])


def test_series_are_known_by_all_their_labels() -> None:
    other: Labels = labels("m", {"a": "y"})
    found = looking(group(LOW))
    found.take(M, [0], [0])
    found.take(other, [0], [2])
    assert [dict(change.labels)["a"] for change in found.until(0)] == ["x"]


def test_memory_of_before_can_be_given() -> None:
    """What a database holds of a recorded series is taken as a sample is; what the rule writes then comes after it."""
    rules = group("{record: r, expr: 'm < 1'}", "{alert: Was, expr: 'last_over_time(r[1h]) > 3'}")
    found = Evaluation(reading.parsed(rules), since_ms=60 * MINUTE)
    found.take(labels("r", {"a": "x"}), [50 * MINUTE], [5])
    found.take(M, [60 * MINUTE, 65 * MINUTE], [2, 0])
    assert told(found, 70 * MINUTE) == [(3600, True, 5.0), (3900, False, 5.0)]


CIRCLE = (
    "{record: age, expr: 'count_over_time(kept[10m])'}",
    '{record: one, expr: \'label_replace(kept, "a", "z", "", "")\'}',  # fails while two series are kept
    "{record: kept, expr: 'm == 1 or (kept unless on (a) (m == 2 or age > 25)) unless on (q) one > 9'}",
    "{alert: Kept, expr: 'kept', for: 1m}",
)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("both", [False, True])
def test_a_circle_lived_through_at_once_says_what_it_says_moment_by_moment(seed: int, both: bool) -> None:
    drawn, minutes = random.Random(seed), 80
    found = [looking(group(*CIRCLE), keep=("kept", "age", "one")) for _ in range(2)]
    for name in ("x", "y") if both else ("x",):
        times = [minute * MINUTE for minute in range(minutes) if drawn.random() < 0.8]
        values = [drawn.choice((0, 0, 0, 0, 0, 1, 2)) for _ in times]
        for each in found:
            each.take(labels("m", {"a": name}), times, values)
    whole, slow = found
    changes = list(whole.until(minutes * MINUTE))
    by_moment = [change for at_ms in range(0, minutes * MINUTE + 1, 15_000) for change in slow.until(at_ms)]
    assert sorted(map(repr, changes)) == sorted(map(repr, by_moment))
    assert _by_series(whole) == _by_series(slow)
    failed, also = (sum(each.moments for each in looked.failures()) for looked in found)
    assert failed == also
    assert (failed > 0) is both
    assert changes


def _by_series(found: Evaluation) -> dict[Labels, list[tuple[int, bytes]]]:
    pieces: dict[Labels, list[tuple[int, bytes]]] = {}
    for piece in found.recorded():
        said = zip(piece.times_ms.tolist(), (value.tobytes() for value in piece.values), strict=True)
        pieces.setdefault(piece.series, []).extend(said)
    return pieces
