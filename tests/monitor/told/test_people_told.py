"""From Alertmanager to the phones: two real Alertmanagers in a cluster, a real mail server, the relay, and stand-ins.

Alerts are posted as Prometheus posts them: to both, renewed, with an end that lapses when nobody renews it. Fifteen times faster.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from monitor.hub import render
from monitor.notify.settings import DAYS, Notify
from monitor.relay import receipts
from monitor.relay.relay import Relay, outbox_of
from probes.doors.clock import SystemClock
from tests.monitor.hub.hubs import Hub, enrolled, until
from tests.monitor.told.people import Alertmanager, People, listening, notify_of
from tests.monitor.told.relays import Living
from tests.monitor.told.webhooks import alert
from tests.probes.liars import closed_port

needs_alertmanager = pytest.mark.skipif(
    shutil.which("prometheus-alertmanager") is None and shutil.which("alertmanager") is None,
    reason="alertmanager is not installed",
)
TIMES = 15  # a group interval of two seconds
RELAY_TIMES = 90  # what the relay waits for is waited for by nobody else: an end that lasts is ten seconds
LASTS_S = 4.0  # Prometheus renews after a quarter of it


def stamp(ahead_s: float = 0) -> str:
    return datetime.datetime.fromtimestamp(time.time() + ahead_s, datetime.UTC).isoformat()


class Prometheus:
    """What it does to Alertmanager: every alert that fires is posted again and again; one that ends, with its end."""

    def __init__(self, alertmanagers: Iterable[Alertmanager]) -> None:
        self.alertmanagers = list(alertmanagers)
        self.firing: dict[str, dict[str, Any]] = {}

    async def renew(self) -> None:
        while True:
            await self.post([made | {"endsAt": stamp(LASTS_S)} for made in self.firing.values()])
            await asyncio.sleep(LASTS_S / 4)

    async def post(self, alerts: list[dict[str, Any]]) -> None:
        if alerts:
            assert [await each.post(alerts) for each in self.alertmanagers] == [200] * len(self.alertmanagers)

    async def fire(self, *alerts: dict[str, Any]) -> None:
        for made in alerts:
            posted = {"labels": made["labels"], "annotations": made["annotations"], "startsAt": stamp()}
            self.firing[made["fingerprint"]] = posted
        await self.post([self.firing[made["fingerprint"]] | {"endsAt": stamp(LASTS_S)} for made in alerts])

    async def end(self, *alerts: dict[str, Any]) -> None:
        await self.post([self.firing.pop(made["fingerprint"]) | {"endsAt": stamp()} for made in alerts])


def told(people: People) -> dict[str, int]:
    return {way: len(messages) for way, messages in people.told.items()}


def said(people: People) -> list[str]:
    """Every word that reached anybody."""
    return [json.dumps(each, ensure_ascii=False) for messages in people.told.values() for each in messages]


async def quiet(people: People, for_s: float = 4.5) -> dict[str, int]:
    """After two group intervals and more in which nothing came, what was told."""
    before, since = told(people), time.monotonic()
    while time.monotonic() - since < for_s:
        await asyncio.sleep(0.1)
        if told(people) != before:
            before, since = told(people), time.monotonic()
    return before


@contextlib.asynccontextmanager
async def everything(folder: Path, people: People, **more: Any) -> AsyncIterator[tuple[Prometheus, Living]]:
    first = Alertmanager(folder / "am1", folder / "out" / "alertmanager.yml")
    second = Alertmanager(folder / "am2", folder / "out" / "alertmanager.yml", peers=[first])
    relay_at = {"listen": f"127.0.0.1:{closed_port()}", "alertmanagers": [first.url, second.url]}
    given = notify_of(folder, people, relay=relay_at, pages={"url": "https://hub.example.org"}, **more)
    notify = Notify.model_validate_json(json.dumps(given))
    render.write(notify, folder, folder / "out", times=TIMES)
    relay = Relay(notify, folder, outbox_of(notify, folder, "relay"), clock=SystemClock(), time_scale=RELAY_TIMES)
    await relay.open()
    prometheus = Prometheus([first, second])
    try:
        await asyncio.gather(first.start(), second.start())
        for each in (first, second):
            for _ in range(200):
                if len((await each.get("/api/v2/status"))["cluster"].get("peers", [])) == 2:
                    break
                await asyncio.sleep(0.05)
            else:
                raise AssertionError("the two never met")
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(each) for each in (*relay.work(tasks.create_task), prometheus.renew())]
            try:
                yield prometheus, Living(relay, notify, people, folder)
            finally:
                for task in working:
                    task.cancel()
    finally:
        await first.stop()
        await second.stop()
        await relay.close()


@needs_alertmanager
async def test_a_national_shutdown_is_one_message_a_step_and_its_end_is_said_by_one_alert(tmp_path: Path) -> None:
    async with listening() as people, everything(tmp_path, people) as (prometheus, _):
        one, two = alert(), alert(network="AS44244")
        silent = alert("NetworkSilent", network="AS58224")
        country = {step: alert("CountryShutdown", network="", extent=step) for step in ("networks", "majority")}
        for each in country.values():
            del each["labels"]["network"]
            each["annotations"] |= {
                "summary": f"IR: networks of several operators cut off ({each['labels']['extent']})"
            }
        steps: list[dict[str, int]] = []
        blocked = alert("ServiceBlocked", service="whatsapp", family="service")
        for fire in ([one], [country["networks"], two, silent], [blocked], [country["majority"]]):
            await prometheus.fire(*fire)
            steps.append(await quiet(people))
        everywhere = [{way: n for way in ("email", "telegram", "ntfy", "signal", "matrix")} for n in (1, 2, 2, 3)]
        assert [{way: count for way, count in step.items() if way != "pagerduty"} for step in steps] == everywhere
        assert people.told["ntfy"][1]["title"] == "PAGE IR: networks of several operators cut off (networks)"
        assert not any("AS44244" in words or "AS58224" in words or "whatsapp" in words for words in said(people)), (
            "muted"
        )
        # recovery: a parent holds until its last child is over, whichever that is; the rules see to that
        for child in (two, blocked, silent, one):
            await prometheus.end(child)
            await asyncio.sleep(0.3)
        await prometheus.end(*country.values())
        assert {**await quiet(people), "pagerduty": 0} == {**steps[-1], "pagerduty": 0}, "recovery pages nobody"
        assert people.wrong == []


@needs_alertmanager
async def test_a_dead_prometheus_says_nothing_that_sounds_like_over(tmp_path: Path) -> None:
    async with listening() as people, everything(tmp_path, people) as (prometheus, _):
        await prometheus.fire(alert())
        before = await quiet(people)
        assert before["email"] == before["telegram"] == before["signal"] == 1
        prometheus.firing.clear()  # killed: it neither renews nor ends
        for _ in range(200):
            if not await prometheus.alertmanagers[0].get("/api/v2/alerts"):
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("it never lapsed")
        after = await quiet(people)
        assert {**after, "pagerduty": 1} == {**before, "pagerduty": 1}
        assert [each["event_action"] for each in people.told["pagerduty"]] == ["trigger", "resolve"], (
            "the price of PagerDuty"
        )


@needs_alertmanager
async def test_who_has_it_is_told_to_the_others_and_repeats_fall_silent_while_it_lasts(tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    window = {"from": stamp(-60), "until": stamp(3600), "match": {"vantage": "v9"}, "why": "a new card"}
    digest = {"day": DAYS[now.weekday()], "at": now.strftime("%H:%M"), "zone": "UTC"}
    async with (
        listening() as people,
        everything(tmp_path, people, maintenance=[window], digest=digest) as (prometheus, relay),
    ):
        manager = prometheus.alertmanagers[1]
        await until(lambda: any("nothing is known of it" in words for words in said(people)), 30)
        weekly = await quiet(people)
        assert weekly == {"ntfy": 1, "signal": 1, "matrix": 1, "telegram": 1, "email": 1, "pagerduty": 0}, (
            "the week, by every way"
        )
        shutdown = alert()
        await prometheus.fire(shutdown, alert("VantageSilent", severity="ticket", vantage="v9", family="own"))
        first = await quiet(people)
        assert first == {**{way: 2 for way in ("ntfy", "signal", "matrix", "telegram", "email")}, "pagerduty": 1}, (
            "and no ticket of v9"
        )
        status, text = await relay.page("POST", relay.link())
        assert (status, "you have it" in text) == (200, True)
        await until(lambda: any("Omid has it" in str(each["text"]) for each in people.told["telegram"]), 20)
        said_of = {each["labels"]["alertname"]: each["annotations"] for each in await manager.get("/api/v2/alerts")}
        for name in ("Taken", "WeeklyDigest"):
            assert said_of[name]["runbook_url"] == f"{relay.notify.pages.url}/runbook/{name}", "where a phone can go"
        after = await quiet(people)
        assert after == {**{way: 3 for way in ("ntfy", "matrix", "telegram", "email")}, "signal": 2, "pagerduty": 1}
        assert people.told["ntfy"][-1]["title"].startswith("Omid has it: PAGE AS197207 (IR)")
        silences = [each for each in await manager.get("/api/v2/silences") if each["createdBy"] == "Omid"]
        assert [each["status"]["state"] for each in silences] == ["active"], "the other Alertmanager heard of it"
        assert {(m["name"], m["value"]) for m in silences[0]["matchers"]} == set(shutdown["labels"].items())
        told_to = receipts.of(outbox_of(relay.notify, relay.folder, "relay"), labels={"alertname": "NetworkShutdown"})
        assert {(each.way, each.person, each.state, each.taken_by) for each in told_to} == {
            ("ntfy", "Sara", "delivered", "Omid"), ("signal", "Omid", "delivered", "Omid"), ("matrix", "on call", "delivered", "Omid"),
        }  # fmt: skip
        await prometheus.end(shutdown)

        async def lifted() -> bool:
            found = [each for each in await manager.get("/api/v2/silences") if each["createdBy"] == "Omid"]
            return bool(found[0]["status"]["state"] == "expired")

        end = time.monotonic() + 60
        while not await lifted():
            assert time.monotonic() < end, "a silence that outlives its shutdown mutes the next"
            await asyncio.sleep(0.3)
        assert people.wrong == []


@needs_alertmanager
async def test_telegram_takes_the_longest_message_there_can_be(tmp_path: Path) -> None:
    """The stand-in refuses what is longer than 4,096 characters, has a tag it does not know, or leaves one open."""
    async with listening() as people, everything(tmp_path, people) as (prometheus, _):
        many = [alert(network=f"AS{number}") for number in range(1, 13)]
        for made in many:
            made["annotations"] = {
                key: f"{text} " + 'a & b <c> "d" ' * 60 if "url" not in key else text
                for key, text in made["annotations"].items()
            }
        await prometheus.fire(*many)
        await quiet(people)
        assert [each["text"].count("<b>") for each in people.told["telegram"]] == [4]
        assert "and 8 more" in people.told["telegram"][0]["text"]
        assert len(people.told["ntfy"]) == 1
        assert people.wrong == []


async def test_a_hub_that_is_killed_tells_the_rest_when_it_is_back(tmp_path: Path) -> None:
    """The hub itself as a process: the relay in it, its pages on the door without a password."""
    enrolled(tmp_path, "v1")
    (tmp_path / "registry.yml").write_text("vantages:\n  - {id: v1, country: DE, access: fixed, role: control}\n")
    async with listening() as people:
        people.answers = {way: [(503, {})] * 100 for way in ("ntfy", "signal", "matrix")}
        relay_at = {"listen": f"127.0.0.1:{closed_port()}", "alertmanagers": ["http://127.0.0.1:1"]}
        given = notify_of(tmp_path, people, relay=relay_at, pages={"url": "https://hub.example.org"})
        hub = Hub(tmp_path, people, extra=[f"notify: {json.dumps(given)}"])
        await hub.start()
        notify = Notify.model_validate_json(json.dumps(given))
        living = Living.__new__(Living)
        living.people, living.folder, living.notify = people, tmp_path, notify
        living.url, living.token = f"http://{notify.relay.listen}", (tmp_path / "relay.token").read_text().strip()
        assert await living.hand(alert()) == 200
        await until(lambda: people.asked > 3)
        await hub.kill()
        people.answers = {}
        assert told(people)["signal"] == 0
        await hub.start()
        await until(lambda: min(told(people)[way] for way in ("ntfy", "signal", "matrix")) == 1)
        status, text = await hub.page(living.link())
        assert (status, "<button>" in text) == (200, True), "through the hub's own door"
        assert (await hub.page("/runbook/ServiceBlocked"))[0] == 200
        assert (await hub.page("/api/v1/receipts"))[0] == 404, "receipts are for loopback"
        assert (await hub.page("/relay/told"))[0] == 401
        log = await hub.stop()
        for secret in (living.token, "far-token", "didban-topic", "+49170", living.link().removeprefix("/have/")):
            assert secret not in log
    assert people.wrong in ([], ["POST /write"] * len(people.wrong))
