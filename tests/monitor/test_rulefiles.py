"""The shipped rules hang together: links, runbooks, names, durations; and the laboratory's copy is the same, faster."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from monitor import metrics
from monitor.beside.rulefiles import RULES, RUNBOOK, scaled, write_rules
from monitor.hub import render
from monitor.notify.settings import Notify, Pages, Smtp, Webhook

FILES = sorted(RULES.glob("*.yml"))
ALERTS = {
    "CountryShutdown", "NetworkShutdown", "NetworkOutage", "NetworkSilent", "ServiceBlocked", "ServiceUnblocked",
    "ServiceDown", "VantageSilent", "VantageCutOff", "ShutdownOver", "DidbanBlind", "CatalogueOld", "Watchdog",
    "CountryOutage", "CountrySilent", "RegionalShutdown", "RegionalOrPartialDegradation", "RecurringCurfew",
    "ServiceThrottled", "InternationalThrottled", "VPNBlocked", "DNSTampering", "EncryptedDNSBlocked", "QUICBlocked",
    "IPv6Broken", "ProviderRefusal", "DidbanAlertingBroken", "DidbanStale", "DidbanClockWrong", "DidbanSpoolFilling",
    "DidbanShipQuarantine",
    "DidbanDrill",
}  # fmt: skip
SEVERITIES = {
    "CountryShutdown": {"page"}, "NetworkShutdown": {"page", "ticket"}, "NetworkOutage": {"page"},
    "NetworkSilent": {"page", "ticket"}, "ServiceBlocked": {"page", "ticket"}, "ServiceUnblocked": {"info"},
    "ServiceDown": {"info"}, "VantageSilent": {"ticket"}, "VantageCutOff": {"ticket"}, "ShutdownOver": {"info"},
    "DidbanBlind": {"page"}, "CatalogueOld": {"ticket"}, "Watchdog": {"none"},
    "CountryOutage": {"page"}, "CountrySilent": {"page"}, "RegionalShutdown": {"ticket"},
    "RegionalOrPartialDegradation": {"ticket"}, "RecurringCurfew": {"ticket"},
    "ServiceThrottled": {"ticket"}, "InternationalThrottled": {"ticket"}, "VPNBlocked": {"ticket"},
    "DNSTampering": {"ticket"}, "EncryptedDNSBlocked": {"info"}, "QUICBlocked": {"info"}, "IPv6Broken": {"info"},
    "ProviderRefusal": {"info"}, "DidbanAlertingBroken": {"page"}, "DidbanStale": {"ticket"},
    "DidbanClockWrong": {"ticket"}, "DidbanSpoolFilling": {"ticket"}, "DidbanShipQuarantine": {"ticket"},
    "DidbanDrill": {"page"},
}  # fmt: skip


def rules() -> list[dict[str, Any]]:
    found = []
    for path in FILES:
        document = YAML(typ="safe", pure=True).load(path.read_text())
        found += [rule for group in document["groups"] for rule in group["rules"]]
    return found


RECORDS = [rule for rule in rules() if "record" in rule]
TOLD = [rule for rule in rules() if "alert" in rule]


def names_in(expr: str) -> set[str]:
    return set(re.findall(r"(?<![\w:\"$])(didban[\w:]+)", re.sub(r"#.*", "", expr)))


def test_promtool_takes_them() -> None:
    done = subprocess.run(["promtool", "check", "rules", *FILES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_vmalert_takes_them() -> None:
    """It has fewer words for texts than Prometheus: no `toTime`."""
    if shutil.which("vmalert") is None:
        pytest.skip("vmalert is not installed")
    done = subprocess.run(
        ["vmalert", "-dryRun", *(f"-rule={path}" for path in FILES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_rule_reads_itself_by_way_of_others_but_for_the_level_before_a_cut() -> None:
    """A cycle could grow, and a replay would not see it. The level of a network stands still while it is cut."""
    reads = {name: set[str]() for name in (rule["record"] for rule in RECORDS)}
    for rule in RECORDS:
        reads[rule["record"]] |= names_in(rule["expr"]) & reads.keys()
    reads["didban:network_reach:ratio_5m"] -= {"didban:network_shutdown:timestamp"}
    reads["didban:network_reach:median_7d"] -= {"didban:network_shutdown:timestamp"}
    while loose := [name for name, others in reads.items() if not others]:
        for name in loose:
            del reads[name]
        for others in reads.values():
            others -= set(loose)
    assert not reads, f"a cycle among {sorted(reads)}"


def test_every_alert_has_its_severity_and_labels_fixed_at_birth() -> None:
    assert {rule["alert"] for rule in TOLD} == ALERTS
    for rule in TOLD:
        assert set(rule["labels"]) == {"severity", "product", "family"}
        assert rule["labels"]["product"] == "didban"
        assert rule["labels"]["family"] in {"shutdown", "service", "early", "own"}
    found = {name: {rule["labels"]["severity"] for rule in TOLD if rule["alert"] == name} for name in ALERTS}
    assert found == SEVERITIES


OF_THE_HUB = {"LateLook", "Taken", "WeeklyDigest"}  # alerts no rule sends


def test_every_alert_has_a_runbook_page_and_no_page_is_left_over() -> None:
    assert {path.stem for path in RUNBOOK.glob("*.md")} == ALERTS | OF_THE_HUB
    for rule in TOLD:
        assert rule["annotations"]["runbook_url"].endswith(f"/{rule['alert']}")
    for path in RUNBOOK.glob("*.md"):
        text = path.read_text()
        assert text.startswith(f"# {path.stem}\n")
        assert "**What it means.**" in text
        assert "**Confirm it by hand.**" in text
        assert "**Whom to tell.**" in text


@pytest.mark.parametrize("rule", TOLD, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_every_alert_says_what_it_must(rule: dict[str, Any]) -> None:
    texts = rule["annotations"]
    assert {"summary", "summary_fa", "description", "runbook_url", "dashboard_url"} <= set(texts)
    if rule["alert"] != "Watchdog":
        assert {"confidence", "lines", "not_known"} <= set(texts)
    assert "ordered" not in " ".join(texts.values()), "no text names an actor"
    assert re.search("[؀-ۿ]", texts["summary_fa"]), "Persian"
    for latin in re.findall(r"\{\{ \$labels\.\w+ \}\}", texts["summary_fa"]):
        assert f"⁨{latin}⁩" in texts["summary_fa"], "Latin words in Persian stand in bidi isolates"


def test_no_rule_has_hidden_state() -> None:
    for rule in rules():
        assert "for" not in rule
        assert "keep_firing_for" not in rule
        assert rule.get("record") not in names_in(rule["expr"]), "a rule that reads itself fails on replay"


def test_every_name_a_rule_reads_exists() -> None:
    written = {rule["record"] for rule in RECORDS}
    sent = {family.name for family in metrics.FAMILIES}
    for rule in rules():
        unknown = names_in(rule["expr"]) - written - sent
        assert not unknown, f"{rule.get('record') or rule['alert']} reads {unknown}"


def test_above_the_first_level_no_rule_names_a_raw_series_but_the_silence_expression() -> None:
    raw = {rule["record"] for rule in RECORDS if any(not name.startswith("didban:") for name in names_in(rule["expr"]))}
    first_level = {name for name in raw if name.startswith("didban:vantage_")}
    facts = {
        "didban:service_info:max", "didban:network_weight:ratio", "didban:country_watch:max",
        "didban:country_utc_offset:seconds", "didban:network_operator:said", "didban:service_standing:listed",
        "didban:hub_waits:timestamp", "didban:hub_quarantined:total", "didban:hub_relay_waiting:count",
        "didban:hub_relay_lost:count",
    }  # fmt: skip
    assert raw == first_level | facts
    for rule in TOLD:
        assert all(name.startswith("didban:") for name in names_in(rule["expr"]))


def test_ranges_over_shipped_series_are_five_minutes_at_most() -> None:
    """A backlog that lands must page nobody."""
    minutes = {"s": 1 / 60, "m": 1, "h": 60, "d": 1440}
    for rule in rules():
        found = re.findall(r"(didban[\w:]+)(?:\{[^}]*\})?\[([0-9]+)([smhd])(?:1s)?\]", rule["expr"])
        assert len(found) == len(re.findall(r"didban[\w:]+(?:\{[^}]*\})?\[", rule["expr"])), "each is read"
        for name, number, unit in found:
            assert ":" in name or int(number) * minutes[unit] <= 5, f"{name}[{number}{unit}]"


def test_no_range_of_hours_ends_where_a_sample_may_lie() -> None:
    """Prometheus 2 takes the sample that lies just there, Prometheus 3 does not: an alert would come a turn apart."""
    for path in FILES:
        ends = re.findall(r"\[([0-9]+)([smh])\]", path.read_text())
        assert all(unit == "h" and int(number) >= 6 for number, unit in ends), f"{path.name}: {ends}"


def test_seconds_say_their_duration_beside_them() -> None:
    """A bare number of seconds would not be divided in the laboratory."""
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    for path in FILES:
        for number, duration, unit in re.findall(r"\b([0-9]+) # ([0-9]+)([smhd])$", path.read_text(), re.MULTILINE):
            assert int(number) == int(duration) * seconds[unit]
    for rule in rules():
        bare = re.findall(r"(?:<|>|>=|<=|-|\+)\s*([0-9]{3,})\b(?! # )", rule["expr"])
        assert not bare, f"{rule.get('record') or rule['alert']}: {bare}"


# ---------------------------------------------------------------- the laboratory's copy


def test_once_is_the_shipped_file_byte_for_byte(tmp_path: Path) -> None:
    write_rules(tmp_path)
    for path in FILES:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "faster"),
    [
        ("interval: 15s", "interval: 500ms"),
        ("x[3m] offset 1m", "x[6s] offset 2s"),
        ("x[3m1s]", "x[6033ms]"),
        ("y > 600 # 10m\n", "y > 20 # 20s\n"),
        ("time() - z < 4500 # 75m\n", "time() - z < 150 # 150s\n"),
        ("timestamp_14d[15m]", "timestamp_14d[30s]"),
        ("[14d]", "[40320s]"),
        ("[1h]", "[120s]"),
        ("AS197207 30 % 2006-01-02 15:04", "AS197207 30 % 2006-01-02 15:04"),
        ("group_wait: 10s", "group_wait: 333ms"),
        ("0.5m", "0.5m"),
    ],
)
def test_thirty_times_faster_divides_every_duration_and_nothing_else(text: str, faster: str) -> None:
    assert scaled(text, 30) == faster


def test_the_faster_rules_are_rules(tmp_path: Path) -> None:
    write_rules(tmp_path, times=30, pages=Pages(url="https://hub.example.org/"))
    done = subprocess.run(
        ["promtool", "check", "rules", *tmp_path.glob("*.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "runbook_url: https://hub.example.org/runbook/NetworkShutdown" in (tmp_path / "didban.yml").read_text()


# ---------------------------------------------------------------- Alertmanager


def test_the_rendered_alertmanager_is_whole_and_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("http://127.0.0.1:9999/hook?token=s3cret\n")
    (tmp_path / "password").write_text("s3cret\n")
    mail = {"to": ("a@example.org", "b@example.org"), "from": "d@example.org", "smarthost": "mail.example.org:587",
            "username": "d", "password_file": "password"}  # fmt: skip
    notify = Notify(email=Smtp.model_validate(mail), webhook=Webhook(url_file="url"), watchdog=Webhook(url_file="url"))
    render.write(notify, tmp_path, tmp_path / "out")
    written = tmp_path / "out" / "alertmanager.yml"
    assert written.stat().st_mode & 0o777 == 0o600
    done = subprocess.run(["amtool", "check-config", written], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_with_nobody_to_tell_it_is_still_a_configuration(tmp_path: Path) -> None:
    render.write(Notify(), tmp_path, tmp_path / "out", times=30)
    done = subprocess.run(
        ["amtool", "check-config", tmp_path / "out" / "alertmanager.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
