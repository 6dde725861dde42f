"""Who is told by which way: what `notify:` may say, what Alertmanager is given, and where every alert goes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from ruamel.yaml import YAML

from monitor import config
from monitor.backtest.told.messages import Routing
from monitor.beside import stack, up
from monitor.beside.rulefiles import DASHBOARD_URL, NOTIFY, RUNBOOK_URL, relinked
from monitor.hub import render
from monitor.notify import enough
from monitor.notify.settings import Notify, Pages
from monitor.notify.token import token
from monitor.promql.reading import duration_ms
from tests.monitor.hub.hubs import die_with_parent
from tests.monitor.told.people import People, notify_of

# of the contract, "Rules and alerts": which severities an alert may have
CONTRACT = {
    "CountryShutdown": "page", "NetworkShutdown": "page ticket", "NetworkOutage": "page", "CountryOutage": "page",
    "NetworkSilent": "ticket page", "CountrySilent": "page", "ServiceBlocked": "page ticket", "ServiceUnblocked": "info",
    "ServiceThrottled": "ticket", "InternationalThrottled": "ticket", "VPNBlocked": "ticket", "DNSTampering": "ticket",
    "EncryptedDNSBlocked": "info", "QUICBlocked": "info", "IPv6Broken": "info", "ProviderRefusal": "info",
    "ServiceDown": "info", "RegionalShutdown": "ticket", "RegionalOrPartialDegradation": "ticket",
    "RecurringCurfew": "ticket", "VantageSilent": "ticket", "VantageCutOff": "ticket", "ShutdownOver": "info",
    "DidbanBlind": "page", "DidbanAlertingBroken": "page", "DidbanStale": "ticket", "DidbanClockWrong": "ticket",
    "DidbanSpoolFilling": "ticket", "DidbanShipQuarantine": "ticket", "CatalogueOld": "ticket", "Watchdog": "none",
}  # fmt: skip
# of the contract, "Inhibition, complete", parent by parent
MUTES = {
    ("CountryShutdown", ("country",)): {"NetworkShutdown", "NetworkSilent", "CountrySilent"},
    ("CountrySilent", ("country",)): {"NetworkSilent"},
    ("CountryOutage", ("country",)): {"NetworkOutage", "NetworkSilent", "CountrySilent"},
    ("NetworkShutdown", ("country", "network")): {"NetworkSilent", "ServiceBlocked", "ServiceThrottled", "VPNBlocked"},
    ("NetworkOutage", ("country", "network")): {"NetworkSilent", "ServiceBlocked", "ServiceThrottled", "VPNBlocked"},
    ("ServiceDown", ("service",)): {"ServiceBlocked", "ServiceThrottled"},
}
WAYS = ("email", "telegram", "pagerduty", "ntfy", "signal", "matrix")


def template() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load((NOTIFY / "alertmanager.yml").read_text())
    return found


def notify(folder: Path, *ways: str, **more: Any) -> Notify:
    whole = notify_of(folder, People(port=9, smtp_port=25))
    given = {name: whole[name] for name in ways} | more
    return Notify.model_validate_json(json.dumps(given))


def rendered(made: Notify, folder: Path, name: str = "out") -> Path:
    render.write(made, folder, folder / name)
    return folder / name / "alertmanager.yml"


def amtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["amtool", *map(str, arguments)], capture_output=True, text=True, check=False)


# ---------------------------------------------------------------- what Alertmanager is given


def test_the_inhibition_is_the_contracts_and_complete() -> None:
    def who(matchers: list[str]) -> set[str]:
        return set(matchers[0].partition('"')[2].rstrip('"').split("|"))

    found: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for rule in template()["inhibit_rules"]:
        for parent in who(rule["source_matchers"]):
            found.setdefault((parent, tuple(rule["equal"])), set()).update(who(rule["target_matchers"]))
    assert found == MUTES
    route = template()["route"]
    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == ("10s", "30s", "24h")
    assert route["group_by"] == ["product", "country", "family", "service"]


def test_a_cut_that_lasts_for_months_is_said_again_once_a_week_and_is_not_forgotten_meanwhile(tmp_path: Path) -> None:
    """A group that Alertmanager forgets (after its retention, five days unless told otherwise) is told as if it were new."""
    routing = Routing.read(rendered(notify(tmp_path, *WAYS), tmp_path))
    page = {"severity": "page", "product": "didban", "country": "IR"}
    week_ms, day_ms = 7 * 86_400_000, 86_400_000
    assert routing.root.of({**page, "alertname": "NetworkShutdown", "family": "shutdown"}).repeat_ms == week_ms
    for family, name in (("service", "ServiceBlocked"), ("own", "DidbanBlind")):
        assert routing.root.of({**page, "alertname": name, "family": family}).repeat_ms == day_ms
    command = stack.alertmanager_command("alertmanager", tmp_path, tmp_path, "127.0.0.1:9093")
    retention = next(each for each in command if each.startswith("--data.retention=")).partition("=")[2]
    assert duration_ms(retention) > 2 * week_ms


def test_every_alert_of_every_severity_reaches_whom_it_should(tmp_path: Path) -> None:
    written = rendered(notify(tmp_path, *WAYS), tmp_path)
    for name, severities in CONTRACT.items():
        for severity in severities.split():
            wanted = (
                "watchdog"
                if name == "Watchdog"
                else "pages"
                if severity == "page" or name == "ShutdownOver"
                else "tickets"
            )
            labels = (f"alertname={name}", f"severity={severity}", "product=didban", "country=IR")
            done = amtool(
                "config", "routes", "test", f"--config.file={written}", f"--verify.receivers={wanted}", *labels
            )
            assert done.returncode == 0, f"{name} {severity}: {done.stdout}{done.stderr}"
    for word in ("Taken", "WeeklyDigest", "LateLook"):
        done = amtool(
            "config",
            "routes",
            "test",
            f"--config.file={written}",
            "--verify.receivers=news",
            f"alertname={word}",
            "severity=info",
        )
        assert done.returncode == 0, done.stdout


def test_amtool_takes_every_combination_of_ways(tmp_path: Path) -> None:
    """One more or less: each alone, each left out, all, none; with others for tickets, and quiet hours."""
    chosen = [*itertools.combinations(WAYS, 1), *itertools.combinations(WAYS, len(WAYS) - 1), WAYS, ()]
    written = []
    for number, ways in enumerate(chosen):
        more: dict[str, Any] = (
            {"quiet": {"from": "22:00", "until": "07:00", "zone": "Asia/Tehran"}} if number % 2 else {}
        )
        if number % 3 == 0:
            more["tickets"] = {"email": notify_of(tmp_path, People(port=9, smtp_port=25))["email"]}
        written.append(rendered(notify(tmp_path, *ways, **more), tmp_path, f"out{number}"))
    done = amtool("check-config", *written)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") >= len(chosen)


def test_only_pagerduty_hears_of_an_end_and_nobody_follows_a_redirect(tmp_path: Path) -> None:
    written = rendered(notify(tmp_path, *WAYS, watchdog={"url_file": "ntfy.url"}), tmp_path)
    assert written.stat().st_mode & 0o777 == 0o600
    whole = YAML(typ="safe", pure=True).load(written.read_text())
    assert whole["global"]["http_config"] == {"follow_redirects": False}
    for receiver in whole["receivers"]:
        for kind, rows in receiver.items():
            for row in rows if kind.endswith("_configs") else ():
                assert row["send_resolved"] is (kind == "pagerduty_configs"), kind
                assert row.get("http_config", whole["global"]["http_config"])["follow_redirects"] is False


def test_tickets_wake_nobody_and_go_to_others_where_these_are_named(tmp_path: Path) -> None:
    def receivers(made: Notify) -> dict[str, dict[str, Any]]:
        return {
            each["name"]: each
            for each in YAML(typ="safe", pure=True).load(rendered(made, tmp_path).read_text())["receivers"]
        }

    same = receivers(notify(tmp_path, *WAYS))
    assert "pagerduty_configs" in same["pages"]
    assert "pagerduty_configs" not in same["tickets"], "what wakes people is for pages"
    assert same["tickets"]["telegram_configs"][0]["disable_notifications"] is True
    others = {"email": {"to": ["desk@example.org"], "from": "d@example.org", "smarthost": "127.0.0.1:25"}}
    apart = receivers(notify(tmp_path, *WAYS, tickets=others))
    assert set(apart["tickets"]) == {"name", "email_configs"}
    assert apart["tickets"]["email_configs"][0]["to"] == "desk@example.org"


def test_the_night_is_the_night_of_the_place_and_split_at_midnight(tmp_path: Path) -> None:
    """Alertmanager 0.25 knows zones in time intervals, if not in templates: nothing to render when clocks change."""
    made = notify(tmp_path, "email", quiet={"from": "22:00", "until": "07:00", "zone": "Asia/Tehran"})
    whole = YAML(typ="safe", pure=True).load(rendered(made, tmp_path).read_text())
    (quiet,) = whole["time_intervals"]
    times = [{"start_time": "22:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "07:00"}]
    assert quiet == {"name": "quiet", "time_intervals": [{"times": times, "location": "Asia/Tehran"}]}
    muted = [route for route in whole["route"]["routes"] if "mute_time_intervals" in route]
    assert [route["receiver"] for route in muted] == ["tickets"], "a page never waits"


def test_the_relays_token_is_made_once_and_short_ones_are_refused(tmp_path: Path) -> None:
    made = token(tmp_path / "relay.token")
    assert token(tmp_path / "relay.token") == made
    assert (tmp_path / "relay.token").stat().st_mode & 0o777 == 0o600
    (tmp_path / "poor").write_text("x")
    with pytest.raises(OSError, match="no token"):
        token(tmp_path / "poor")
    assert made in rendered(notify(tmp_path, "ntfy"), tmp_path).read_text()


# ---------------------------------------------------------------- what `notify:` may say


@pytest.mark.parametrize(
    ("given", "key", "what"),
    [
        ({"telegram": {"token_file": "gone", "chat": -1}}, "notify.telegram.token_file", "no such file"),
        ({"telegram": {"token_file": "t", "chat": "@us"}}, "notify.telegram.chat", "must be a whole number"),
        ({"signal": {"url": "http://example.org", "from": "+491701234567", "to": [{"name": "S", "number": "+4917"}]}}, "notify.signal.url", "must be https"),
        ({"signal": {"url": "http://127.0.0.1", "from": "0170", "to": []}}, "notify.signal.from", "telephone number"),
        ({"matrix": {"url": "https://m.example", "token_file": "t", "rooms": [{"name": "x", "room": "#a:b"}]}}, "notify.matrix.rooms[0].room", "room id"),
        ({"quiet": {"from": "22:00", "until": "7:00", "zone": "Asia/Tehran"}}, "notify.quiet.until", "time of day"),
        ({"quiet": {"from": "22:00", "until": "07:00", "zone": "Tehran"}}, "notify.quiet.zone", "time zone"),
        ({"maintenance": [{"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z", "match": {"vantage": "v1"}, "why": "card"}]}, "notify.maintenance[0]", "within 14 days"),
        ({"maintenance": [{"from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "match": {}, "why": "card"}]}, "notify.maintenance[0].match", "nothing silences everything"),
        ({"relay": {"listen": "0.0.0.0:9811"}}, "notify.relay.listen", "loopback"),
        ({"ntfy": [{"name": "Sara", "url_file": "empty"}]}, "notify.ntfy[0].url_file", "no http(s) address"),
        ({"tickets": {"emial": {}}}, "notify.tickets.emial", "did you mean email?"),
        ({"ntfy": [{"name": "Sara", "url_file": "t"}], "tickets": {"ntfy": [{"name": "Sara", "url_file": "empty"}]}}, "notify", "two different ones named 'Sara'"),
    ],
)  # fmt: skip
def test_a_mistake_is_explained_where_it_stands(tmp_path: Path, given: dict[str, Any], key: str, what: str) -> None:
    (tmp_path / "secret").write_bytes(bytes(32))
    (tmp_path / "t").write_text("token")
    (tmp_path / "empty").write_text("\n")
    vantage = {"id": "v1", "secret_file": "secret", "country": "IR", "role": "inside", "access": "mobile"}
    (tmp_path / "didban.yml").write_text(json.dumps({"vantage": vantage, "notify": given}))
    _, mistakes = config.load(tmp_path / "didban.yml")
    assert any(each.key == key and what in each.what for each in mistakes), [str(each) for each in mistakes]


@pytest.mark.parametrize(
    ("ways", "what"),
    [
        ((), "nobody is told"),
        (("email",), "only way"),
        (("ntfy", "matrix"), "all leave through the relay"),
        (("telegram", "signal"), "goes through a service that is watched"),
    ],
)
def test_ways_that_are_not_enough_are_said_to_be(tmp_path: Path, ways: tuple[str, ...], what: str) -> None:
    assert any(what in line for line in enough.notices(notify(tmp_path, *ways), {"telegram", "signal", "whatsapp"}))


def test_two_ways_that_do_not_fall_together_are_enough(tmp_path: Path) -> None:
    made = notify(
        tmp_path, "email", "ntfy", watchdog={"url_file": "ntfy.url"}, pages={"url": "https://hub.example.org"}
    )
    assert list(enough.notices(made, {"telegram", "signal"})) == []
    assert (
        list(enough.notices(notify(tmp_path, "telegram", "email", watchdog={"url_file": "ntfy.url"}), {"telegram"}))
        == []
    )


def test_links_lead_where_the_reader_can_go_and_without_addresses_nothing_changes() -> None:
    text = f"{RUNBOOK_URL}/NetworkShutdown {DASHBOARD_URL}/didban-overview"
    assert relinked(text, Pages()) == text
    pages = Pages(url="https://hub.example.org/", dashboard="https://grafana.example.org/d/")
    assert (
        relinked(text, pages)
        == "https://hub.example.org/runbook/NetworkShutdown https://grafana.example.org/d/didban-overview"
    )


# ---------------------------------------------------------------- `didban up`


async def test_a_machine_that_is_its_own_hub_runs_the_relay_beside_alertmanager(tmp_path: Path) -> None:
    """The very command that `didban up` starts: it listens where Alertmanager is told, and ends well."""
    (tmp_path / "secret").write_bytes(bytes(32))
    vantage = {"id": "v1", "secret_file": "secret", "country": "IR", "role": "inside", "access": "mobile"}
    told = {name: notify_of(tmp_path, People(port=9, smtp_port=25))[name] for name in ("email", "ntfy")}
    (tmp_path / "didban.yml").write_text(json.dumps({"vantage": vantage, "notify": told}))
    loaded, _ = config.load(tmp_path / "didban.yml")
    assert loaded is not None
    stack = up.prepare(loaded, up.Options(tmp_path / "didban.yml", tmp_path / "state"), lambda line: None)
    if "relay" not in stack.ports:
        pytest.skip("prometheus or alertmanager is not installed")
    (child,) = (each for each in stack.children if each.name == "the relay")
    at = f"127.0.0.1:{stack.ports['relay']}"
    assert f"http://{at}/alertmanager" in (tmp_path / "state" / "up" / "alertmanager.yml").read_text()
    process = await asyncio.create_subprocess_exec(*child.command, preexec_fn=die_with_parent)
    try:
        async with aiohttp.ClientSession() as session:
            for _ in range(1200):
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://{at}/-/healthy") as answer:
                        assert answer.status == 200
                        break
                await asyncio.sleep(0.05)
            else:
                raise AssertionError("it never listened")
        process.terminate()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
