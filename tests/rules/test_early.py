"""Early warnings: protocols that no longer pass, and the worlds in which their silence means something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.monitor.test_rulefiles import names_in
from tests.rules.lines import Steps
from tests.rules.peace import ON_MCI, ON_TCI, SHUTDOWN, box, dark, world
from tests.rules.world import MCI, RULES, World, alert

BLOCKED_AT = 50
TOLD_AT = BLOCKED_AT + 21  # a control asks once in 15 minutes, a quarter more at most
ENCRYPTED_DNS = alert("EncryptedDNSBlocked", "info", **ON_MCI)
QUIC = alert("QUICBlocked", "info", **ON_MCI)
IPV6 = alert("IPv6Broken", "info", **ON_MCI)
VPN = alert("VPNBlocked", "ticket", **ON_MCI)
FAILS: Steps = {0: 1, BLOCKED_AT: 0}
PASSES: Steps = {0: 1}


def spoken(
    made: World, protocol: str, fails: tuple[str, ...] = (), steps: Steps = FAILS, peer: str = "public"
) -> World:
    """Everybody speaks it; from then on it fails at these."""
    for each in made.boxes:
        mine = steps if each.labels["vantage"] in fails else PASSES
        each.send("didban_protocol_up", mine, protocol=protocol, peer=peer)
    return made


@pytest.mark.parametrize(
    "stops",
    [
        {"doh": ENCRYPTED_DNS, "quic": QUIC, "ip6": IPV6, "openvpn_udp": VPN},
        {"dot": ENCRYPTED_DNS, "udp": QUIC, "wireguard": VPN},
        {"doq": ENCRYPTED_DNS, "openvpn_tcp": VPN},
        {"tor": VPN},
        {"ikev2": VPN},
    ],
    ids=" ".join,
)
def test_a_protocol_that_stops_to_pass_is_told_of(tmp_path: Path, stops: dict[str, dict[str, str]]) -> None:
    made = world()
    for protocol in stops:
        spoken(made, protocol, ("m1", "m2"))
    told = stops.values()
    made.quiet(BLOCKED_AT, BLOCKED_AT + 10, BLOCKED_AT + 19).told(TOLD_AT + 1, *told).told(130, *told)
    made.check(tmp_path)


def test_several_protocols_of_one_kind_are_one_message_with_the_earliest_onset(tmp_path: Path) -> None:
    made = spoken(world(), "doh", ("m1", "m2"))
    spoken(made, "dot", ("m1", "m2"), {0: 1, BLOCKED_AT - 10: 0})
    made.told(80, ENCRYPTED_DNS)
    made.text(80, "EncryptedDNSBlocked", {"severity": "info", "product": "didban", "family": "early", **ON_MCI}, {
        "summary": f"Encrypted DNS no longer passes on {MCI} (IR)",
        "summary_fa": f"دی‌ان‌اس رمزشده دیگر از شبکهٔ ⁨{MCI}⁩ (⁨IR⁩) رد نمی‌شود",
        "description": (
            f"doh, dot: no longer passes from {MCI} to hosts that do answer there by plain TLS over IPv4, passes to them "
            "from our controls, and passed from here within the last seven days. Consistent with a filter for "
            "encrypted DNS. It went before other measures more than once; mostly nothing follows."
        ),
        "onset": "1970-01-01 00:39 UTC (last passed)",
        "onset_local": "1970-01-01 04:09 in IR",
        "confidence": "medium: two or more lines agree",
        "lines": f"2 of ours in {MCI}",
        "not_known": "who filters and why; whether other resolvers answer; whether anything follows",
        "runbook_url": "http://127.0.0.1:9810/runbook/EncryptedDNSBlocked",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    })  # fmt: skip
    made.check(tmp_path)


def test_many_networks_of_a_country_have_one_alert_each(tmp_path: Path) -> None:
    made = spoken(world(), "quic", ("m1", "m2", "f1", "f2"))
    made.told(80, QUIC, alert("QUICBlocked", "info", **ON_TCI)).check(tmp_path)


# ---------------------------------------------------------------- what must not be told


def test_what_never_passed_here_is_no_news(tmp_path: Path) -> None:
    spoken(world(), "doh", ("m1", "m2"), {0: 0}).quiet(30, 80, 130).check(tmp_path)


def test_one_lucky_walk_is_no_memory_of_better_days(tmp_path: Path) -> None:
    spoken(world(), "doh", ("m1", "m2"), {0: 0, 30: 1, 45: 0}).quiet(46, 80, 130).check(tmp_path)


def test_a_walk_that_failed_once_is_no_block(tmp_path: Path) -> None:
    spoken(world(), "doh", ("m1", "m2"), {0: 1, 50: 0, 68: 1}).quiet(60, 69, 80, 130).check(tmp_path)


def test_a_blink_is_no_second_message(tmp_path: Path) -> None:
    made = spoken(world(), "doh", ("m1", "m2"), {0: 1, 50: 0, 90: 1, 105: 0, 150: 1})
    made.told(80, ENCRYPTED_DNS).told(100, ENCRYPTED_DNS).told(140, ENCRYPTED_DNS).quiet(175, 200)
    made.check(tmp_path)


@pytest.mark.parametrize("controls", [("c1", "c2", "c3"), ("c1", "c2")])
def test_a_host_that_controls_do_not_reach_by_it_either_is_no_block(tmp_path: Path, controls: tuple[str, ...]) -> None:
    """They ask it later than the lines inside: as late as a walk can be."""
    made = spoken(world(), "doh", ("m1", "m2"))
    spoken(made, "doh", controls, {0: 1, BLOCKED_AT + 18: 0})
    for vantage in ("m1", "m2"):
        box(made, vantage).send("didban_protocol_up", FAILS, protocol="doh", peer="public")
    made.quiet(60, 72, 80, 130).check(tmp_path)


def test_without_two_controls_that_speak_it_nobody_knows(tmp_path: Path) -> None:
    made = spoken(world(controls=False), "doh", ("m1", "m2"))
    made.control("c1", "AS1").send("didban_protocol_up", PASSES, protocol="doh", peer="public")
    made.quiet(72, 80, 130).check(tmp_path)


def test_a_protocol_that_passes_to_another_peer_passes(tmp_path: Path) -> None:
    """A responder of our own whose OpenVPN died, or is filtered alone."""
    made = spoken(world(), "openvpn_udp", ("m1", "m2"), peer="own")
    spoken(made, "openvpn_udp", peer="public").quiet(72, 80, 130).check(tmp_path)


def test_half_the_lines_are_no_network(tmp_path: Path) -> None:
    spoken(world(), "doh", ("m1",)).quiet(72, 80, 130).check(tmp_path)


def test_a_cut_network_has_no_early_warnings_neither_then_nor_when_it_is_back(tmp_path: Path) -> None:
    """What failed in the dark is stated as failing until it is walked again, a quarter of an hour after the light."""
    made = world()
    for protocol, peer in (("doh", "public"), ("quic", "public"), ("openvpn_udp", "own"), ("ip6", "public")):
        spoken(made, protocol, ("m1", "m2"), {0: 1, 60: 0, 138: 1}, peer=peer)
    dark(made, "m1", "m2", since=60, until=120)
    made.told(66, SHUTDOWN).told(100, SHUTDOWN).told(119, SHUTDOWN)
    made.told(145, alert("ShutdownOver", "info", **ON_MCI)).told(160, alert("ShutdownOver", "info", **ON_MCI))
    made.quiet(230).check(tmp_path)


def test_a_silent_network_has_no_early_warnings(tmp_path: Path) -> None:
    made = spoken(world(), "doh", ("m1", "m2"), {0: 1, 60: 0})
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(60)
    silent = alert("NetworkSilent", "page", **ON_MCI)
    made.told(70, silent).told(100, silent).told(130, silent).check(tmp_path)


def test_a_line_whose_own_cut_is_over_waits_until_it_has_asked_again(tmp_path: Path) -> None:
    """Its data bundle was empty for half an hour: nobody calls that network cut."""
    made = World().services()
    made.line("m1").send("didban_protocol_up", {0: 1, 60: 0, 107: 1}, protocol="doh", peer="public")
    box(made, "m1").reach({0: 1, 60: 0.1, 90: 1})
    made.line("f1", "AS58224").send("didban_protocol_up", PASSES, protocol="doh", peer="public")
    for each in made.controls():
        each.send("didban_protocol_up", PASSES, protocol="doh", peer="public")
    early = 'ALERTS{alertstate="firing", family="early"}'
    for minute in (70, 85, 95, 105, 115, 150):
        made.query(minute, early, {})
    made.check(tmp_path)


def test_what_was_blocked_before_a_cut_is_told_once_and_held_through_it(tmp_path: Path) -> None:
    made = spoken(world(), "doh", ("m1", "m2"))
    dark(made, "m1", "m2", since=90, until=150)
    made.told(80, ENCRYPTED_DNS).told(100, ENCRYPTED_DNS, SHUTDOWN).told(140, ENCRYPTED_DNS, SHUTDOWN)
    made.told(240, ENCRYPTED_DNS).check(tmp_path)


def test_a_backlog_warns_nobody(tmp_path: Path) -> None:
    """What a box saw while it could not report arrives with its own times: nothing of it is now."""
    made = spoken(world(), "doh", ("m1", "m2"), {0: 1, 50: 0, 100: 1})
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(51, 99)
    early = 'ALERTS{alertstate="firing", family="early"}'
    for minute in (75, 99, 101, 110, 125, 150):
        made.query(minute, early, {})
    made.check(tmp_path)


@pytest.mark.long
def test_after_a_week_it_is_standing(tmp_path: Path) -> None:
    made = spoken(world(), "doh", ("m1", "m2"))
    day = 24 * 60
    made.told(day, ENCRYPTED_DNS).told(6 * day, ENCRYPTED_DNS).quiet(7 * day + 120, 8 * day).check(tmp_path, "5m")


def test_no_early_rule_depends_on_itself_in_a_circle() -> None:
    """A replay goes rule by rule over the whole time: what a circle would need is not there yet."""
    reads = {rule["record"]: names_in(rule["expr"]) for name in ("early.yml", "own.yml") for rule in rules_of(name)}
    for record in reads:
        seen, ahead = set[str](), [record]
        while ahead:
            found = reads.get(ahead.pop(), set())
            assert record not in found
            ahead += found - seen
            seen |= found


def rules_of(name: str) -> list[dict[str, str]]:
    groups = YAML(typ="safe", pure=True).load((RULES / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "record" in rule]
