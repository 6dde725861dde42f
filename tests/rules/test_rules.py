"""Every alert: the world in which it fires, the minute at which nothing may fire yet, and the world in which it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.world import IRANCELL, MCI, RIGHTEL, TCI, Box, World, alert

IR = {"country": "IR"}
ON_MCI = {**IR, "network": MCI}
ON_TCI = {**IR, "network": TCI}


def world(*, controls: bool = True) -> World:
    """Two lines on the mobile network, two on the fixed one, three controls, and all is well."""
    made = World().services()
    for vantage, network in (("m1", MCI), ("m2", MCI), ("f1", TCI), ("f2", TCI)):
        made.line(vantage, network)
    if controls:
        made.controls()
    return made


def box(made: World, vantage: str) -> Box:
    return next(each for each in made.boxes if each.labels["vantage"] == vantage)


def landmarks(made: World, steps: dict[int, float | None], network: str = MCI) -> World:
    for number in (1, 2, 3):
        box(made, f"c{number}").send(
            "didban_landmarks_ratio", steps, about_country="IR", about_network=network, kind="access"
        )
    return made


def test_in_peace_nobody_is_told_anything(tmp_path: Path) -> None:
    world().quiet(*range(0, 60, 5)).check(tmp_path)


# ---------------------------------------------------------------- ServiceBlocked


BLOCKED_MCI = alert("ServiceBlocked", "page", **ON_MCI, service="instagram")
BLOCKED_TCI = alert("ServiceBlocked", "page", **ON_TCI, service="instagram")


def test_a_service_that_fails_on_both_lines_of_a_network_is_blocked_there(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "insufficient", 21: "broken"})
    made.quiet(20, 21, 21.75).told(22.25, BLOCKED_MCI).told(40, BLOCKED_MCI)
    made.query(30, "didban:service_verdict:lines", {
        f'didban:service_verdict:lines{{country="IR", network="{MCI}", service="instagram", verdict="blocked"}}': 2,
        **{
            f'didban:service_verdict:lines{{country="IR", network="{network}", service="{service}", verdict="ok"}}': 2
            for network in (MCI, TCI) for service in ("whatsapp", "instagram", "imo")
            if (network, service) != (MCI, "instagram")
        },
    })  # fmt: skip
    made.check(tmp_path)


def test_one_line_without_proof_is_a_ticket_and_with_proof_a_page(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1").state("instagram", {0: "ok", 20: "broken"})
    made.line("f1", TCI).state("instagram", {0: "ok", 20: "interfered"}).send(
        "didban_target_finding", {0: None, 20: 1}, service="instagram", target="web", finding="forged_dns_answer"
    )
    made.controls()
    made.told(25, alert("ServiceBlocked", "ticket", **ON_MCI, service="instagram"), BLOCKED_TCI).check(tmp_path)


def test_two_boxes_of_one_home_are_one_line(tmp_path: Path) -> None:
    made = World().services()
    for vantage in ("m1", "m2"):
        home = made.line(vantage).state("instagram", {0: "ok", 20: "broken"})
        home.send("didban_vantage_cohort", {0: 1}, cohort="k2")
    made.controls()
    made.told(25, alert("ServiceBlocked", "ticket", **ON_MCI, service="instagram")).check(tmp_path)


def test_a_service_that_wakes_nobody_is_a_ticket(tmp_path: Path) -> None:
    made = world()
    made.say("didban_service_info", {0: 1.0}, service="vpn", page="false")
    for each in made.boxes:
        inside = each.labels["network"] == MCI
        each.state("vpn", {0: "ok", 20: "broken"} if inside else {0: "ok"})
    made.told(25, alert("ServiceBlocked", "ticket", **ON_MCI, service="vpn")).check(tmp_path)


def test_what_never_worked_here_is_standing_and_pages_nobody(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "broken"})
    made.quiet(5, 30, 60, 119).check(tmp_path, "1m")


def test_a_failure_on_a_line_that_does_not_reach_abroad_is_not_about_the_service(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken"}).reach({0: 1.0, 20: 0.6})
    made.quiet(25, 40).check(tmp_path)


def test_without_a_control_nobody_knows(tmp_path: Path) -> None:
    made = world(controls=False)
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken"})
    made.quiet(25, 40)
    made.query(30, f'didban:service_verdict{{network="{MCI}", service="instagram"}}', {
        f'didban:service_verdict{{country="IR", network="{MCI}", service="instagram", verdict="unknown"}}': 1
    })  # fmt: skip
    made.check(tmp_path)


def test_half_the_lines_are_mixed_and_page_nobody(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").state("instagram", {0: "ok", 20: "broken"})
    made.quiet(25, 40)
    made.query(30, f'didban:service_verdict{{network="{MCI}", service="instagram"}}', {
        f'didban:service_verdict{{country="IR", network="{MCI}", service="instagram", verdict="mixed"}}': 1
    })  # fmt: skip
    made.check(tmp_path)


def test_a_blink_is_no_second_block(tmp_path: Path) -> None:
    """One good round in the middle of a block neither ends it nor announces it anew."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken", 35: "ok", 37: "broken"})
    made.told(30, BLOCKED_MCI).told(36, BLOCKED_MCI).told(40, BLOCKED_MCI).check(tmp_path)


# ---------------------------------------------------------------- ServiceUnblocked


def test_a_block_that_ends_is_told_after_two_hours_for_an_hour(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken", 60: "ok"})
    unblocked = alert("ServiceUnblocked", "info", **ON_MCI, service="instagram")
    made.told(40, BLOCKED_MCI).quiet(67, 120, 177).told(182, unblocked).told(238, unblocked).quiet(242, 299)
    made.check(tmp_path, "1m")


def test_a_service_that_flickers_is_not_unblocked(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken", 60: "ok", 150: "insufficient", 152: "ok"})
    made.quiet(120, 182, 200).check(tmp_path, "1m")


# ---------------------------------------------------------------- ServiceDown


DOWN = alert("ServiceDown", "info", service="whatsapp")


def test_a_service_that_fails_at_controls_too_is_down_and_not_blocked(tmp_path: Path) -> None:
    made = world()
    for each in made.boxes:
        each.state("whatsapp", {0: "ok", 20: "insufficient", 21: "broken"})
    made.quiet(20, 21, 21.75).told(23, DOWN).told(40, DOWN).check(tmp_path)


def test_an_outage_that_inside_lines_notice_first_is_never_called_a_block(tmp_path: Path) -> None:
    """The worst case of chance: inside lines are sure at once, controls come last."""
    made = world()
    for each in made.boxes:
        control = each.labels["role"] == "control"
        each.state("whatsapp", {0: "ok", 21: "insufficient", 22: "broken"} if control else {0: "ok", 20: "broken"})
    made.quiet(20, 21, 22).told(24, DOWN).told(40, DOWN).check(tmp_path)


def test_an_outage_that_controls_leave_first_is_never_called_a_block(tmp_path: Path) -> None:
    made = world()
    for each in made.boxes:
        inside = each.labels["role"] == "inside"
        each.state("whatsapp", {0: "ok", 20: "broken", (43 if inside else 40): "ok"})
    made.told(39, DOWN).quiet(42, 44, 59).check(tmp_path)


@pytest.mark.parametrize(("failing", "down"), [(1, False), (2, True), (3, True)])
def test_two_thirds_of_three_networks_make_it_down(tmp_path: Path, failing: int, down: bool) -> None:
    made = world()
    for number in range(1, failing + 1):
        box(made, f"c{number}").state("whatsapp", {0: "ok", 20: "broken"})
    made.told(25, *([DOWN] if down else [])).check(tmp_path)


def test_three_controls_in_one_network_are_one_witness(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1")
    for number in (1, 2, 3):
        made.control(f"c{number}", "AS1").state("whatsapp", {0: "ok", 20: "broken"})
    made.quiet(25).check(tmp_path)


def test_of_two_controls_both_must_fail(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1")
    made.control("c1", "AS1").state("whatsapp", {0: "ok", 20: "broken"})
    made.control("c2", "AS2").state("whatsapp", {0: "ok", 30: "broken"})
    made.quiet(29).told(33, DOWN).check(tmp_path)


def test_a_control_cut_off_itself_is_no_witness(tmp_path: Path) -> None:
    made = world()
    for number in (1, 2):
        box(made, f"c{number}").state("whatsapp", {0: "ok", 20: "cut_off"}).reach({0: 1.0, 20: 0.0})
    made.told(23, *(alert("VantageCutOff", "ticket", country="DE", network=f"AS{n}", vantage=f"c{n}") for n in (1, 2)))
    made.check(tmp_path)


# ---------------------------------------------------------------- NetworkShutdown


SHUTDOWN = alert("NetworkShutdown", "page", **ON_MCI)
SILENT = alert("NetworkSilent", "page", **ON_MCI)
OVER = alert("ShutdownOver", "info", **ON_MCI)


def dark(made: World, *vantages: str, since: int = 20, until: int = 10_000, domestic: float = 1.0) -> World:
    """These lines report by another way that nothing abroad answers."""
    for vantage in vantages:
        each = box(made, vantage).reach({0: 1.0, since: 0.0, until: 1.0})
        each.reach({0: 1.0, since: domestic, until: 1.0}, "domestic")
        for service in ("whatsapp", "instagram", "imo"):
            each.state(service, {0: "ok", since: "cut_off", until: "ok"})
    return made


def test_nothing_abroad_while_the_country_answers_is_a_shutdown(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2").quiet(20, 22).told(23.25, SHUTDOWN).told(40, SHUTDOWN)
    made.query(30, f'didban:network_cut:timestamp{{network="{MCI}"}}', {
        f'didban:network_cut:timestamp{{country="IR", kind="shutdown", network="{MCI}"}}': 19 * 60
    })  # fmt: skip
    made.query(30, f'count by (verdict) (didban:service_verdict{{network="{MCI}"}})', {'{verdict="cut_off"}': 3})
    made.query(30, "didban:network_reach:ratio", {
        f'didban:network_reach:ratio{{country="IR", network="{MCI}", source="inside"}}': 0,
        f'didban:network_reach:ratio{{country="IR", network="{TCI}", source="inside"}}': 1,
    })  # fmt: skip
    made.check(tmp_path)


def test_one_line_alone_is_a_ticket_for_an_empty_bundle_looks_the_same(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1")
    made.line("f1", TCI)
    made.controls()
    dark(made, "m1").told(25, alert("NetworkShutdown", "ticket", **ON_MCI)).check(tmp_path)


def test_one_line_and_silent_landmarks_are_a_page(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1")
    made.controls()
    landmarks(dark(made, "m1"), {0: 1.0, 20: 0.0}).told(25, SHUTDOWN).check(tmp_path)


def test_a_line_whose_gateway_is_dead_says_nothing_of_the_network(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2", domestic=0.0)
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.0}, "gateway")
    cut_off = [alert("VantageCutOff", "ticket", **ON_MCI, vantage=vantage) for vantage in ("m1", "m2")]
    made.told(30, *cut_off).check(tmp_path)


def test_silence_of_two_lines_and_of_landmarks_is_a_shutdown(tmp_path: Path) -> None:
    made = landmarks(world(), {0: 1.0, 22: 0.0})
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(20)
    made.quiet(20, 22, 23).told(26, SHUTDOWN).told(40, SHUTDOWN, SILENT).check(tmp_path)


def test_a_shutdown_holds_through_a_spike_and_is_over_only_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    """Sanandaj, 19 September 2022: to zero at 16:30, a spike from 17:15 to 17:25, back at 19:25."""
    made = world()
    spike = {0: 1.0, 20: 0.0, 65: 1.0, 75: 0.0, 195: 1.0}
    for vantage in ("m1", "m2"):
        box(made, vantage).reach(spike)
    made.told(60, SHUTDOWN).told(70, SHUTDOWN).told(80, SHUTDOWN).told(200, SHUTDOWN).told(209, SHUTDOWN)
    made.told(211, OVER).check(tmp_path, "1m")


def test_over_is_said_once_for_an_hour(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2", until=60)
    made.told(40, SHUTDOWN).told(74, SHUTDOWN).told(76, OVER).told(133, OVER).quiet(138, 179).check(tmp_path, "1m")


def test_over_needs_four_of_five_of_those_who_were_there_before(tmp_path: Path) -> None:
    """One of two lines comes back, the other stays silent: not over."""
    made = landmarks(world(), {0: 1.0, 22: 0.0, 60: 1.0})
    box(made, "m1").silent(20, 60)
    box(made, "m2").silent(20)
    made.told(40, SHUTDOWN, SILENT).told(100, SHUTDOWN).told(119, SHUTDOWN).check(tmp_path, "1m")


def test_a_second_shutdown_is_news_again(tmp_path: Path) -> None:
    """A curfew: every evening anew."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.0, 60: 1.0, 150: 0.0, 200: 1.0})
    made.told(30, SHUTDOWN).told(76, OVER).quiet(145).told(154, SHUTDOWN).told(216, OVER).check(tmp_path, "1m")


def test_a_block_told_before_a_cut_is_not_told_again_after_it(tmp_path: Path) -> None:
    """It holds (muted by its parent) through the dark: Alertmanager sees no new alert when the light is back."""
    made = world()
    for vantage in ("m1", "m2"):
        each = box(made, vantage)
        each.state("instagram", {0: "ok", 10: "broken", 30: "cut_off", 60: "insufficient", 63: "broken"})
        each.reach({0: 1.0, 30: 0.0, 60: 1.0})
    made.told(25, BLOCKED_MCI).told(40, BLOCKED_MCI, SHUTDOWN).told(62, BLOCKED_MCI, SHUTDOWN)
    made.told(80, BLOCKED_MCI, OVER).check(tmp_path)


def test_a_block_that_ended_in_the_dark_ends_before_its_parent_does(tmp_path: Path) -> None:
    """Else Alertmanager would tell it anew in the minutes between the two."""
    made = world()
    for vantage in ("m1", "m2"):
        each = box(made, vantage)
        each.state("instagram", {0: "ok", 10: "broken", 30: "cut_off", 60: "ok"})
        each.reach({0: 1.0, 30: 0.0, 60: 1.0})
    made.told(25, BLOCKED_MCI).told(59, BLOCKED_MCI, SHUTDOWN).told(68, SHUTDOWN).told(80, OVER).check(tmp_path)


def test_a_block_on_a_living_network_is_told_while_another_is_cut(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2")
    for vantage in ("f1", "f2"):
        box(made, vantage).state("instagram", {0: "ok", 30: "broken"})
    made.told(40, SHUTDOWN, BLOCKED_TCI).check(tmp_path)


# ---------------------------------------------------------------- NetworkOutage


def test_domestic_dead_too_is_an_outage(tmp_path: Path) -> None:
    outage = alert("NetworkOutage", "page", **ON_MCI)
    dark(world(), "m1", "m2", domestic=0.0).quiet(22).told(25, outage).told(40, outage).check(tmp_path)


def test_domestic_dead_on_one_line_alone_is_that_line(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1")
    made.controls()
    dark(made, "m1", domestic=0.0).told(25, alert("VantageCutOff", "ticket", **ON_MCI, vantage="m1")).check(tmp_path)


# ---------------------------------------------------------------- NetworkSilent, VantageSilent


def test_two_lines_that_fall_silent_together_are_a_network(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").silent(20)
    box(made, "m2").silent(21)
    made.quiet(23, 24).told(26, SILENT).told(40, SILENT).check(tmp_path)


def test_one_unplugged_box_is_a_box(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").silent(20)
    made.quiet(24, 29).told(31, alert("VantageSilent", "ticket", **ON_MCI, vantage="m1")).check(tmp_path)


def test_a_box_that_died_long_before_is_no_second_witness(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").silent(20)
    box(made, "m2").silent(80)
    dead = alert("VantageSilent", "ticket", **ON_MCI, vantage="m1")
    made.told(70, dead).told(90, alert("NetworkSilent", "ticket", **ON_MCI), dead).check(tmp_path, "1m")


def test_a_single_line_that_falls_silent_is_a_ticket_and_under_watch_a_page(tmp_path: Path) -> None:
    for watched in (False, True):
        made = World().services()
        made.line("m1").silent(20)
        made.line("f1", TCI)
        made.controls()
        if watched:
            made.say("didban_country_watch", {0: 1.0}, country="IR")
        folder = tmp_path / str(watched)
        folder.mkdir()
        made.told(26, alert("NetworkSilent", "page" if watched else "ticket", **ON_MCI)).check(folder)


def test_a_single_line_whose_network_is_seen_well_from_outside_is_a_box(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1").silent(20)
    made.line("f1", TCI)
    made.controls()
    landmarks(made, {0: 1.0}).quiet(29).told(31, alert("VantageSilent", "ticket", **ON_MCI, vantage="m1")).check(
        tmp_path
    )


def test_a_last_word_is_no_silence(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).send("didban_vantage_stopping", {0: None, 20: 1.0, 21: None}).silent(21)
    made.quiet(25, 40, 119).check(tmp_path, "1m")


def test_a_box_that_came_back_after_its_last_word_and_died_is_silent(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").send("didban_vantage_stopping", {0: None, 20: 1.0, 21: None}).silent(21, 40).silent(60)
    made.quiet(55).told(75, alert("VantageSilent", "ticket", **ON_MCI, vantage="m1")).check(tmp_path, "1m")


def test_an_agreed_pause_is_no_silence(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        each = box(made, vantage).silent(20)
        made.say("didban_vantage_paused", {0: 1.0}, **each.labels)
    made.quiet(30, 59).check(tmp_path)


def test_a_box_enrolled_and_never_heard_is_silent(tmp_path: Path) -> None:
    made = world()
    made.line("m3").silent(0)
    made.quiet(9).told(15, alert("VantageSilent", "ticket", **ON_MCI, vantage="m3")).check(tmp_path)


def test_when_the_hub_was_deaf_nobody_was_silent(tmp_path: Path) -> None:
    """Nothing arrives from anybody for eight minutes, then boxes are heard again one by one."""
    made = world()
    for number, each in enumerate(made.boxes):
        each.silent(20, 28 + number % 2)
    made.quiet(*[20 + quarter / 4 for quarter in range(48)]).check(tmp_path)


# ---------------------------------------------------------------- VantageCutOff


def test_one_box_that_reaches_nothing_while_its_network_is_well_is_a_box(tmp_path: Path) -> None:
    made = dark(world(), "m1")
    made.quiet(22).told(25, alert("VantageCutOff", "ticket", **ON_MCI, vantage="m1")).check(tmp_path)


def test_a_box_of_a_network_that_is_cut_is_not_told_apart(tmp_path: Path) -> None:
    dark(world(), "m1", "m2").told(30, SHUTDOWN).check(tmp_path)


def test_lines_that_come_back_with_the_darkness_still_in_their_mouths_are_no_news(tmp_path: Path) -> None:
    """What they saw in silence arrives late; their first tick still says zero."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(20, 40).reach({0: 1.0, 20: 0.0, 41: 1.0})
    made.told(39, SILENT).quiet(*[40 + quarter / 4 for quarter in range(4, 30)]).check(tmp_path)


# ---------------------------------------------------------------- CountryShutdown


def country(*, weights: bool) -> World:
    made = World().services()
    networks = {MCI: ("mci", 0.4), TCI: ("tci", 0.3), IRANCELL: ("irancell", 0.2), RIGHTEL: ("rightel", 0.1)}
    for number, (network, (operator, weight)) in enumerate(networks.items()):
        made.line(f"a{number}", network)
        made.line(f"b{number}", network)
        if weights:
            made.say("didban_network_weight_ratio", {0: weight}, country="IR", network=network, operator=operator)
    made.controls()
    return made


def of_country(extent: str) -> dict[str, str]:
    return alert("CountryShutdown", "page", country="IR", extent=extent)


def cut(network: str) -> dict[str, str]:
    return alert("NetworkShutdown", "page", country="IR", network=network)


def test_each_step_of_a_national_shutdown_is_told(tmp_path: Path) -> None:
    made = country(weights=True)
    dark(made, "a0", "b0", since=20)
    dark(made, "a1", "b1", since=40)
    dark(made, "a2", "b2", "a3", "b3", since=60)
    made.told(30, cut(MCI))
    made.told(50, cut(MCI), cut(TCI), of_country("networks"), of_country("majority"))
    everything = [cut(network) for network in (MCI, TCI, IRANCELL, RIGHTEL)]
    made.told(70, *everything, *(of_country(extent) for extent in ("networks", "majority", "total")))
    made.check(tmp_path, "1m")


def test_a_parent_holds_until_its_last_child_is_over(tmp_path: Path) -> None:
    made = country(weights=True)
    dark(made, "a0", "b0", until=60)
    dark(made, "a1", "b1", until=120)
    made.told(50, cut(MCI), cut(TCI), of_country("networks"), of_country("majority"))
    over = [alert("ShutdownOver", "info", country="IR", network=network) for network in (MCI, TCI)]
    made.told(110, cut(TCI), over[0], of_country("networks"), of_country("majority"))
    made.told(140, over[1]).check(tmp_path, "1m")


def test_without_weights_three_operators_make_a_country(tmp_path: Path) -> None:
    made = country(weights=False)
    dark(made, "a0", "b0", "a1", "b1", since=20)
    dark(made, "a2", "b2", since=40)
    made.told(30, cut(MCI), cut(TCI))
    made.told(50, cut(MCI), cut(TCI), cut(IRANCELL), of_country("networks"), of_country("majority")).check(
        tmp_path, "1m"
    )


def test_one_operator_with_two_networks_is_no_country(tmp_path: Path) -> None:
    made = world()
    for network in (MCI, TCI):
        made.say("didban_network_weight_ratio", {0: 0.4}, country="IR", network=network, operator="one")
    dark(made, "m1", "m2", "f1", "f2").told(30, cut(MCI), cut(TCI)).check(tmp_path)


# ---------------------------------------------------------------- DidbanBlind, Watchdog


def test_fewer_than_two_controls_for_ten_minutes_are_blindness(tmp_path: Path) -> None:
    made = world()
    for number in (1, 2):
        box(made, f"c{number}").silent(20)
    blind = alert("DidbanBlind", "page")
    gone = [alert("VantageSilent", "ticket", country="DE", network=f"AS{n}", vantage=f"c{n}") for n in (1, 2)]
    made.quiet(29).told(31, *gone).told(35, blind, *gone).check(tmp_path)


def test_a_lone_control_is_not_blind_for_being_alone(tmp_path: Path) -> None:
    made = World().services()
    made.control("c1", "AS1")
    made.quiet(5, 30, 59).check(tmp_path)


def test_a_country_from_which_nobody_delivers_is_dark_to_us(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2", "f1", "f2"):
        box(made, vantage).silent(20)
    silent = [SILENT, alert("NetworkSilent", "page", **ON_TCI)]
    made.told(29, *silent).told(35, alert("DidbanBlind", "page", country="IR"), *silent).check(tmp_path)


def test_the_watchdog_always_fires(tmp_path: Path) -> None:
    made = World()
    made.query(0, 'ALERTS{alertname="Watchdog"}', {
        'ALERTS{alertname="Watchdog", alertstate="firing", family="own", product="didban", severity="none"}': 1
    })  # fmt: skip
    made.check(tmp_path)
