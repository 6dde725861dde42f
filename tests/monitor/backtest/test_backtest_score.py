"""What counts as found, late, false, or not to be seen: on messages made by hand."""

from __future__ import annotations

import dataclasses

from monitor.backtest.told.messages import Message
from monitor.backtest.told.score import score
from monitor.backtest.told.summary import summed
from monitor.backtest.worlds.alerts import Severity
from monitor.backtest.worlds.expected import Allowed, Expect, Needs
from monitor.backtest.worlds.noise import Away, Noise
from monitor.backtest.worlds.shuffle import moved
from monitor.backtest.worlds.words import Path, Precision, What
from monitor.backtest.worlds.world import Cause, Drop, Span, Where
from tests.monitor.backtest.backtests import LASTS_MS, MCI, empty, line

MINUTE_MS = 60_000
ONSET_MS, END_MS = 60 * MINUTE_MS, 120 * MINUTE_MS
CUT = Cause(
    "cut", (Span(ONSET_MS, END_MS),), Precision.MINUTE, Precision.MINUTE, False, "test",
    Where(country="IR", networks=(MCI,)), Path.FOREIGN, (Drop(What.ALL),),
)  # fmt: skip
SILENT = Expect(
    "NetworkSilent", {"country": "IR", "network": MCI}, Severity.PAGE, ONSET_MS, END_MS, Precision.MINUTE, False, "cut",
    needs=Needs(lines=2),
)  # fmt: skip
TWO = (line("v1"), line("v2"))
OTHER = "AS44244"


def message(minute: float, alert: str, severity: str = "page", **labels: str) -> Message:
    whole = {"alertname": alert, "severity": severity, "product": "didban", "family": "shutdown", **labels}
    one = tuple(sorted(whole.items()))
    return Message(int(minute * MINUTE_MS), "pages", (), (one,), (one,))


def test_the_delay_is_from_the_onset_to_the_message() -> None:
    told = [message(64, "NetworkSilent", country="IR", network=MCI)]
    done = score(empty([CUT], [SILENT], lines=TWO), told, [])
    assert [each.delay_s for each in done.found] == [240.0]
    assert done.false == ()


def test_what_came_before_its_onset_is_false_and_what_came_after_its_end_is_missed() -> None:
    early = score(empty([CUT], [SILENT], lines=TWO), [message(30, "NetworkSilent", country="IR", network=MCI)], [])
    assert early.found[0].fired_ms is None
    assert [each.alert for each in early.false] == ["NetworkSilent"]
    late = score(empty([CUT], [SILENT], lines=TWO), [message(125, "NetworkSilent", country="IR", network=MCI)], [])
    assert late.found[0].fired_ms is None
    assert late.false == ()


def test_a_ticket_is_no_page() -> None:
    told = [message(64, "NetworkSilent", "ticket", country="IR", network=MCI)]
    done = score(empty([CUT], [SILENT], lines=TWO), told, [])
    assert done.found[0].fired_ms is None


def test_what_no_line_of_ours_could_see_is_not_missed() -> None:
    done = score(empty([CUT], [SILENT], lines=TWO[:1]), [], [])
    assert done.found[0].unobservable == "lines: 1"
    assert summed([done]).recall.n == 0
    assert summed([done]).unobservable == 1


def test_a_box_that_noise_took_off_its_shelf_at_the_onset_is_no_witness() -> None:
    gone = Noise("gone", "", away=(Away(per_week=5_000, for_s=3_600, farewell=0.0, source="test"),))
    lines = (TWO[0], dataclasses.replace(TWO[1], noise=(gone,)))
    assert score(empty([CUT], [SILENT], lines=lines), [], []).found[0].unobservable == "lines: 1"


def test_two_boxes_of_one_home_are_one_line() -> None:
    together = [dataclasses.replace(each, cohort="k") for each in TWO]
    assert score(empty([CUT], [SILENT], lines=together), [], []).found[0].unobservable == "lines: 1"


def test_an_assumed_time_is_found_or_missed_and_never_a_delay() -> None:
    assumed = dataclasses.replace(SILENT, assumed=True)
    done = score(empty([CUT], [assumed], lines=TWO), [message(64, "NetworkSilent", country="IR", network=MCI)], [])
    assert done.found[0].fired_ms is not None
    assert summed([done]).delays_s == ()


def test_what_is_allowed_is_neither_right_nor_false() -> None:
    allowed = Allowed("VantageSilent", {}, Severity.TICKET, "a box is a box")
    told = [message(64, "VantageSilent", "ticket", country="IR", vantage="v1"), message(65, "DidbanBlind")]
    done = score(empty([CUT], [SILENT], [allowed], TWO), told, [])
    assert [each.alert for each in done.false] == ["DidbanBlind"]
    assert done.right == 0


def test_what_a_world_must_never_be_called_is_of_the_wrong_class() -> None:
    never = Allowed("NetworkOutage", {}, None, "home lived on")
    world = dataclasses.replace(empty([CUT], [SILENT], lines=TWO), never=(never,))
    done = score(world, [message(64, "NetworkOutage", country="IR", network=MCI)], [])
    assert summed([done]).wrong_class == 1
    assert done.false[0].during == "cut"


def test_a_cause_that_is_moved_stands_elsewhere_in_the_same_world() -> None:
    (elsewhere,) = moved(empty([CUT])).causes
    assert elsewhere.spans != CUT.spans
    assert all(0 <= each.from_ms < each.until_ms <= LASTS_MS for each in elsewhere.spans)


def test_what_a_world_must_never_be_called_counts_as_a_ticket_as_well() -> None:
    never = Allowed("ServiceBlocked", {}, None, "nobody blocks anything")
    world = dataclasses.replace(empty([CUT], [SILENT], lines=TWO), never=(never,))
    done = score(world, [message(64, "ServiceBlocked", "ticket", country="IR", network=MCI)], [])
    assert [each.wrong_class for each in done.false] == [True]


def test_what_is_never_a_page_may_be_a_ticket() -> None:
    never = Allowed("NetworkOutage", {}, Severity.PAGE, "home lived on")
    world = dataclasses.replace(empty([CUT], [SILENT], lines=TWO), never=(never,))
    done = score(world, [message(64, "NetworkOutage", "ticket", country="IR", network=MCI)], [])
    assert (done.false, [each.alert for each in done.beside]) == ((), ["NetworkOutage"])


def test_a_page_that_is_told_anew_is_right_once() -> None:
    told = [message(minute, "NetworkSilent", country="IR", network=MCI) for minute in (64, 80)]
    done = score(empty([CUT], [SILENT], lines=TWO), told, [])
    assert (done.right, done.again) == (1, 1)
    assert summed([done]).precision.n == 1


def test_a_ticket_is_neither_a_right_page_nor_a_false_one() -> None:
    told = [message(64, "NetworkSilent", "ticket", country="IR", network=MCI)]
    assert summed([score(empty([CUT], [SILENT], lines=TWO), told, [])]).precision.n == 0


def test_operators_are_counted_in_the_country_also_for_a_row_of_one_network() -> None:
    both = (line("v1"), line("v2"), line("v3", OTHER))
    wide = dataclasses.replace(CUT, where=Where(country="IR"))
    alone = dataclasses.replace(SILENT, needs=Needs(lines=2, operators_silent_at_most=1))
    assert score(empty([wide], [alone], lines=both), [], []).found[0].unobservable == "operators without a way out: 2"
    assert score(empty([wide], [alone], lines=TWO), [], []).found[0].unobservable is None
