"""Services that are slowed, names that are answered falsely, services that refuse a country; and what only looks so."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.home.remotewrite import STALE, labels
from monitor.promql import reading
from monitor.promql.evaluation import Evaluation
from tests.rules.lines import Steps
from tests.rules.peace import ON_MCI, SHUTDOWN, box, dark, world
from tests.rules.world import MCI, RULES, TCI, World, alert

IR = {"country": "IR"}
SLOWED = alert("ServiceThrottled", "ticket", **ON_MCI, service="instagram")
ABROAD = alert("InternationalThrottled", "ticket", **ON_MCI)
TAMPERED = alert("DNSTampering", "ticket", **ON_MCI)
REFUSED = alert("ProviderRefusal", "info", **IR, service="slack")


def fetched(made: World, ratio: Steps, target: str = "instagram", service: str = "transfers") -> World:
    """In pairs, on both lines of the mobile network; on the fixed one all is well."""
    for vantage in ("m1", "m2", "f1", "f2"):
        mine = ratio if vantage.startswith("m") else {0: 1.0}
        box(made, vantage).send("didban_transfer_ratio", mine, service=service, target=target)
    return made


# ---------------------------------------------------------------- ServiceThrottled


def test_a_name_that_is_three_times_slower_for_half_an_hour_is_throttled(tmp_path: Path) -> None:
    made = fetched(world(), {0: 1.0, 90: 4.0})
    made.quiet(90, 100, 104).told(108, SLOWED).told(180, SLOWED)
    made.text(180, "ServiceThrottled", {"severity": "ticket", "product": "didban", "family": "service", **ON_MCI,
                                        "service": "instagram"}, {
        "summary": f"instagram is slowed on {MCI} (IR)",
        "summary_fa": f"سرعت ⁨instagram⁩ روی شبکهٔ ⁨{MCI}⁩ (⁨IR⁩) کم شده است",
        "description": (
            f"Fetched in pairs on {MCI}, the same bytes come at least three times slower under the name of instagram than "
            "under another, in the middle of half an hour and against this network's own week, or stand still after some "
            "16 KB; our controls see no such thing. Consistent with throttling of this service between these lines and "
            "abroad."
        ),
        "onset": "1970-01-01 01:44 UTC (last at its usual speed)",
        "onset_local": "1970-01-01 05:14 in IR",
        "confidence": "low: slower in the middle of half an hour; no proof",
        "lines": f"2 of ours in {MCI}",
        "not_known": "who slows it and why; what is done to this service's own addresses, where only its name is measured",
        "runbook_url": "http://127.0.0.1:9810/runbook/ServiceThrottled",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    })  # fmt: skip
    made.check(tmp_path)


@pytest.mark.parametrize("finding", ["throttled_by_name", "stalled_transfer"])
def test_proof_by_the_pairs_tells_at_once_and_until_it_is_gone(tmp_path: Path, finding: str) -> None:
    made = fetched(world(), {0: 1.0})
    box(made, "m1").send(
        "didban_target_finding", {0: None, 90: 1, 120: None}, service="transfers", target="instagram", finding=finding
    )
    made.quiet(90).told(93, SLOWED).told(140, SLOWED).quiet(160).check(tmp_path)


def test_a_row_of_the_service_itself_is_about_that_service(tmp_path: Path) -> None:
    made = fetched(world(), {0: 1.0, 90: 4.0}, target="media", service="instagram")
    made.quiet(100).told(110, SLOWED).check(tmp_path)


def test_what_is_far_and_always_was_is_not_throttled(tmp_path: Path) -> None:
    made = fetched(world(), {0: 4.0, 90: 5.0})
    fetched(made, {0: 4.0, 90: 6.0}, target="ubuntu", service="international")
    made.quiet(60, 110, 180).check(tmp_path)


def test_what_was_slow_before_we_came_is_standing(tmp_path: Path) -> None:
    fetched(world(), {0: 6.0}).quiet(60, 110, 180).check(tmp_path)


def test_one_slow_pair_is_no_throttle(tmp_path: Path) -> None:
    """Until two more come, beside which it is no median any more."""
    fetched(world(), {0: 1.0, 90: 5.0, 102: 1.2}).quiet(95, 101, 110, 180).check(tmp_path)


def test_a_host_that_controls_find_slow_too_is_not_throttled(tmp_path: Path) -> None:
    made = fetched(world(), {0: 1.0, 90: 4.0})
    box(made, "c1").send("didban_transfer_ratio", {0: 1.0, 90: 4.5}, service="transfers", target="instagram")
    made.quiet(110, 180).check(tmp_path)


def test_what_is_slow_on_a_line_that_hardly_reaches_abroad_says_nothing(tmp_path: Path) -> None:
    made = fetched(world(), {0: 1.0, 90: 6.0})
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 90: 0.6})
    made.quiet(110, 180).check(tmp_path)


# ---------------------------------------------------------------- InternationalThrottled


def test_everything_abroad_against_its_own_week_is_throttled(tmp_path: Path) -> None:
    made = fetched(world(), {0: 2.0, 90: 8.0}, target="ubuntu", service="international")
    fetched(made, {0: 1.5, 90: 5.0}, target="cran", service="international")
    made.quiet(90, 104).told(110, ABROAD).told(180, ABROAD)
    made.text(180, "InternationalThrottled", {"severity": "ticket", "product": "didban", "family": "early", **ON_MCI}, {
        "summary": f"What lies abroad is slowed on {MCI} (IR)",
        "summary_fa": f"سرعت اینترنت خارج روی شبکهٔ ⁨{MCI}⁩ (⁨IR⁩) کم شده است",
        "description": (
            f"On {MCI} what lies abroad comes 8.0 times slower than what lies in IR, in the middle of half an hour; in this "
            "network's own week it was 2.0 times, for distance alone slows. Consistent with throttling of foreign traffic; "
            "a crowded link abroad looks the same."
        ),
        "onset": "1970-01-01 01:44 UTC (last at its usual speed)",
        "onset_local": "1970-01-01 05:14 in IR",
        "confidence": "low: one ratio cannot tell a throttle from a crowded link",
        "lines": f"2 of ours in {MCI}",
        "not_known": "why; distance, a crowded link, a broken cable and a throttle look alike in one ratio",
        "runbook_url": "http://127.0.0.1:9810/runbook/InternationalThrottled",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    })  # fmt: skip
    made.check(tmp_path)


def test_one_slow_mirror_of_two_is_a_mirror(tmp_path: Path) -> None:
    made = fetched(world(), {0: 2.0, 90: 8.0}, target="ubuntu", service="international")
    fetched(made, {0: 1.5}, target="cran", service="international").quiet(110, 180).check(tmp_path)


# ---------------------------------------------------------------- DNSTampering


def named(made: World, *vantages: str, since: int = 40, until: int = 10_000, target: str = "web") -> World:
    """Everybody reaches it until then; on these lines its name is then answered falsely."""
    for each in made.boxes:
        lied = each.labels["vantage"] in vantages
        up: Steps = {0: 1, since: 0, until: 1} if lied else {0: 1}
        each.send("didban_target_up", up, service="instagram", target=target)
        if lied:
            labels = {"service": "instagram", "target": target, "finding": "forged_dns_answer"}
            each.send("didban_target_finding", {0: None, since: 1, until: None}, **labels)
    return made


def test_forged_answers_for_a_name_that_was_answered_truly_are_told(tmp_path: Path) -> None:
    made = named(world(), "m1", "m2", since=40, until=120)
    made.quiet(40, 41).told(44, TAMPERED).told(119, TAMPERED).told(140, TAMPERED).quiet(160)
    made.text(60, "DNSTampering", {"severity": "ticket", "product": "didban", "family": "early", **ON_MCI}, {
        "summary": f"Names are answered falsely on {MCI} (IR)",
        "summary_fa": f"پاسخ‌های ساختگی دی‌ان‌اس در شبکهٔ ⁨{MCI}⁩ (⁨IR⁩)",
        "description": (
            f"On lines of ours in {MCI} the names of instagram/web are answered with addresses that do not prove themselves, "
            "or twice and differently; they were answered truly within the last 14 days. Consistent with forged DNS answers "
            "between these lines and abroad, by a resolver or on the way."
        ),
        "onset": "1970-01-01 00:39 UTC (last answered truly)",
        "onset_local": "1970-01-01 04:09 in IR",
        "confidence": "high: forged answers were seen on two or more lines",
        "lines": f"2 of ours in {MCI}",
        "not_known": (
            "who forges and why; whether people who use another resolver are met too; names that we do not ask for"
        ),
        "runbook_url": "http://127.0.0.1:9810/runbook/DNSTampering",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    })  # fmt: skip
    made.check(tmp_path)


def test_one_line_with_a_forged_answer_is_enough_for_a_ticket(tmp_path: Path) -> None:
    named(world(), "m1").quiet(41).told(44, TAMPERED).check(tmp_path)


@pytest.mark.parametrize(("ticks_s", "forged"), [((645, 660), [720]), ((600, 660), [660, 720]), ((660,), [])])
def test_one_walk_told_twice_within_a_quarter_of_a_minute_is_no_proof_yet(
    ticks_s: tuple[int, ...], forged: list[int]
) -> None:
    """A tick that came early and the regular one after it say the same of the same walk."""
    name = "didban:vantage_dns_forged:max"
    looking, given = Evaluation(reading.shipped(RULES), asked=[name], since_ms=0), {"vantage": "m1", "target": "web"}
    times_ms = [1000 * each for each in ticks_s]
    looking.take(
        labels("didban_target_finding", {**given, "finding": "forged_dns_answer"}), times_ms, [1.0] * len(ticks_s)
    )
    found = []
    for at_s in (600, 660, 720):
        list(looking.until(1000 * at_s))
        found += [at_s] if looking.ask(name) else []
    assert found == forged


def test_names_that_were_forged_before_we_came_are_standing(tmp_path: Path) -> None:
    named(world(), "m1", "m2", since=0).quiet(10, 44, 120).check(tmp_path)


def test_a_name_that_fails_without_a_lie_is_not_tampered_with(tmp_path: Path) -> None:
    made = named(world())
    box(made, "m1").send("didban_target_up", {0: 1, 40: 0}, service="instagram", target="web")
    labels = {"service": "instagram", "target": "web", "finding": "local_sinkhole"}
    box(made, "m1").send("didban_target_finding", {0: None, 40: 1}, **labels)
    made.quiet(44, 120).check(tmp_path)


def test_what_resolvers_of_a_cut_network_say_is_no_tampering(tmp_path: Path) -> None:
    made = dark(named(world(), "m1", "m2", since=62, until=132), "m1", "m2", since=60, until=120)
    made.told(70, SHUTDOWN).told(110, SHUTDOWN)
    early = 'ALERTS{alertstate="firing", family="early"}'
    for minute in (122, 130, 139, 150):
        made.query(minute, early, {})
    made.check(tmp_path)


# ---------------------------------------------------------------- ProviderRefusal


def slack(made: World, here: Steps, controls: int = 3, answer: str = "403", there: str = "2xx") -> World:
    """Inside it is reached and answers so; outside that many controls are served. An answer that is another now is ended."""
    for each in made.boxes:
        inside = each.labels["role"] == "inside"
        served = inside or int(each.labels["vantage"][1:]) <= controls
        each.state("slack", {0: "ok"})
        since = min(minute for minute, on in here.items() if on) if any(here.values()) else 10_000
        until = max((minute for minute, on in here.items() if not on and minute > since), default=10_000)
        if inside:
            each.send(
                "didban_target_answer", {0: 1, since: STALE, until: 1}, service="slack", target="web", answer="2xx"
            )
            each.send(
                "didban_target_answer", {0: None, since: 1, until: STALE}, service="slack", target="web", answer=answer
            )
        else:
            each.send("didban_target_answer", {0: 1}, service="slack", target="web", answer=there if served else answer)
    return made


VERDICT = "didban:service_verdict"


def said(network: str, verdict: str) -> str:
    return f'{VERDICT}{{country="IR", network="{network}", service="slack", verdict="{verdict}"}}'


@pytest.mark.parametrize("answer", ["403", "404"])
def test_403_here_and_2xx_at_two_controls_is_a_refusal(tmp_path: Path, answer: str) -> None:
    made = slack(world(), {0: 0, 40: 1, 90: 0}, controls=2, answer=answer)
    made.quiet(40, 44).told(47, REFUSED).told(89, REFUSED).told(140, REFUSED).quiet(165)
    for minute, verdict in ((30, "ok"), (60, "refused"), (120, "ok")):
        made.query(minute, f'{VERDICT}{{network="{TCI}", service="slack"}}', {said(TCI, verdict): 1})
    made.check(tmp_path)


def test_what_the_refusal_says(tmp_path: Path) -> None:
    made = slack(world(), {0: 0, 40: 1})
    made.text(60, "ProviderRefusal", {"severity": "info", "product": "didban", "family": "service", **IR,
                                      "service": "slack"}, {
        "summary": "slack refuses IR",
        "summary_fa": "⁨slack⁩ به کاربران ⁨IR⁩ سرویس نمی‌دهد",
        "description": (
            "The real slack answers lines of ours in IR, and will not serve them (an explicit refusal, 451, or 403 and 404 "
            "where two networks of controls are served); our controls outside are served. That is no block on the way. Why "
            "is not visible: sanctions, a court or state, a licence, rules against abuse. A 451 claims a law, and does not "
            "say whose."
        ),
        "onset": "1970-01-01 00:39 UTC (last served)",
        "onset_local": "1970-01-01 04:09 in IR",
        "confidence": "medium: 403 or 404 here, 2xx or 3xx at two networks of controls",
        "lines": "4 of ours in IR",
        "not_known": "why it refuses; whether people with an account, or another address, are served",
        "runbook_url": "http://127.0.0.1:9810/runbook/ProviderRefusal",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    }).check(tmp_path)  # fmt: skip


@pytest.mark.parametrize(("controls", "there"), [(1, "2xx"), (3, "429"), (3, "403"), (3, "challenge")])
def test_403_alone_may_mean_anything(tmp_path: Path, controls: int, there: str) -> None:
    made = slack(world(), {0: 0, 40: 1}, controls=controls, there=there).quiet(47, 90)
    made.query(60, f'{VERDICT}{{network="{TCI}", service="slack"}}', {said(TCI, "ok"): 1}).check(tmp_path)


@pytest.mark.parametrize(
    ("elsewhere", "refused_min"),
    [
        ({each: 1.0 for each in range(21)}, []),
        ({**{each: 1.0 for each in range(11)}, 11: STALE}, list(range(11, 21))),
        ({each: 1.0 for each in range(11)}, list(range(16, 21))),
    ],
    ids=["while it is served", "as soon as that is ended", "when nobody has said it for five minutes"],
)
def test_a_box_that_is_served_elsewhere_by_the_same_service_is_not_refused(
    elsewhere: dict[int, float], refused_min: list[int]
) -> None:
    """A box that is started anew marks no end of what it said before."""
    name, answers = "didban:vantage_service_refuses:max", "didban_target_answer"
    looking = Evaluation(reading.shipped(RULES), asked=[name], since_ms=0)
    always = dict.fromkeys(range(21), 1.0)
    inside = {"vantage": "m1", "role": "inside", "network": MCI, "service": "slack"}
    said = [
        (inside | {"target": "web", "answer": "403"}, always),
        (inside | {"target": "api", "answer": "2xx"}, elsewhere),
    ]
    for number in (1, 2):
        control = {"vantage": f"c{number}", "role": "control", "network": f"AS{number}", "service": "slack"}
        said.append((control | {"target": "web", "answer": "2xx"}, always))
    for given, steps in said:
        looking.take(labels(answers, given), [60_000 * minute for minute in steps], list(steps.values()))
    found = []
    for minute in range(1, 21):
        list(looking.until(60_000 * minute))
        found += [minute] if looking.ask(name) else []
    assert found == refused_min


def test_what_fails_and_is_answered_403_beside_fails(tmp_path: Path) -> None:
    """A block of one part outranks a refusal of another: no line says both."""
    made = slack(world(), {0: 0, 40: 1})
    for each in made.boxes:
        each.state("slack", {0: "ok", 40: "broken"} if each.labels["network"] == TCI else {0: "ok"})
    made.query(60, f'{VERDICT}{{network="{TCI}", service="slack"}}', {said(TCI, "blocked"): 1})
    made.query(60, f'{VERDICT}{{network="{MCI}", service="slack"}}', {said(MCI, "refused"): 1}).check(tmp_path)


def test_rate_limits_and_questions_are_no_refusal(tmp_path: Path) -> None:
    slack(world(), {0: 0, 40: 1}, answer="429").quiet(47, 90).check(tmp_path)


def test_an_explicit_refusal_needs_no_controls_answer_but_that_it_works_there(tmp_path: Path) -> None:
    made = world()
    for each in made.boxes:
        inside = each.labels["role"] == "inside"
        each.state("slack", {0: "ok", 40: "refused"} if inside else {0: "ok"})
    made.quiet(40, 44).told(47, REFUSED).told(120, REFUSED).check(tmp_path)


def test_a_service_that_refuses_our_controls_too_refuses_no_country(tmp_path: Path) -> None:
    made = world()
    for each in made.boxes:
        each.state("slack", {0: "ok", 40: "refused"})
    made.quiet(47, 90).check(tmp_path)


def test_one_network_of_two_is_no_country(tmp_path: Path) -> None:
    made = world()
    for each in made.boxes:
        each.state("slack", {0: "ok", 40: "refused"} if each.labels["network"] == TCI else {0: "ok"})
    made.quiet(47, 90).check(tmp_path)


def test_what_refused_before_we_came_is_standing(tmp_path: Path) -> None:
    slack(world(), {0: 1}).quiet(20, 47, 120).check(tmp_path)
