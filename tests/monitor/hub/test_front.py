"""The hub's page at `/` is for a person on its own machine; what may be published names no box and counts nobody."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from monitor.home.vectors import Found
from monitor.hub import notes, publishing
from monitor.hub.overview import incidents, told
from monitor.relay.alerts import read
from monitor.relay.outbox import Outbox, Recipient, State
from monitor.relay.texts import Text
from tests.monitor.hub.hubs import REGISTRY, SECOND, Database, Hub, batch, enrolled


class Asked(Database):
    """Answers PromQL too: `knows` maps a piece of a query to rows of (labels, value)."""

    knows: dict[str, list[tuple[dict[str, str], float]]]
    queries: list[str]

    async def start(self) -> None:
        self.knows, self.queries = {}, []
        await super().start()
        assert self.runner is not None
        app = web.Application()
        app.add_routes([web.get("/api/v1/query", self.query), web.post("/api/v1/query", self.query)])
        self.asked = web.AppRunner(app, shutdown_timeout=0.1)
        await self.asked.setup()
        site = web.TCPSite(self.asked, "127.0.0.1", 0)
        await site.start()
        self.query_port = self.asked.addresses[0][1]

    async def query(self, request: web.Request) -> web.Response:
        self.queries.append(query := request.query["query"])
        rows = next((rows for piece, rows in self.knows.items() if piece in query), [])
        at_s = float(request.query["time"])
        result = [{"metric": labels, "value": [at_s, str(value)]} for labels, value in rows]
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": result}})

    async def stop(self) -> None:
        await self.asked.cleanup()
        await super().stop()


@pytest.fixture
async def database() -> AsyncIterator[Asked]:
    made = Asked()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def hub(tmp_path: Path, database: Asked) -> AsyncIterator[Hub]:
    (tmp_path / "registry.yml").write_text(REGISTRY + SECOND)
    enrolled(tmp_path, "v1", "v2")
    made = Hub(tmp_path, database)
    query = f"http://127.0.0.1:{database.query_port}"
    made.file.write_text(made.file.read_text().replace('/write"}', f'/write", query: "{query}"}}'))
    await made.start()
    yield made
    await made.kill()


ALERT = {"product": "didban", "alertname": "NetworkShutdown", "severity": "page", "family": "shutdown", "country": "IR", "network": "AS197207"}  # fmt: skip


async def test_the_fleet_is_shown_with_what_fires_and_what_was_noted(hub: Hub, database: Asked) -> None:
    now_s = time.time()
    database.knows = {
        "ALERTS_FOR_STATE": [({"__name__": "ALERTS_FOR_STATE", **ALERT}, now_s - 600)],
        "ALERTS{": [({"__name__": "ALERTS", "alertstate": "firing", **ALERT}, 1.0)],
        "drill": [({"vantage": "v1"}, now_s - 7 * 86_400)],
        "[1d]": [({"vantage": "v1"}, 1400.0)],
    }
    notes.add(hub.folder / "notes.jsonl", notes.Note(int(now_s * 1000), "IR/AS197207", "Heard by telephone <too>."))
    assert await hub.write(batch()) == 204
    status, text = await hub.page("/")
    assert status == 200
    for said in ("Shutdown of a network", "AS197207", "1,400 ticks", "7 d ago", "Heard by telephone &lt;too&gt;."):
        assert said in text, said
    assert "2 boxes are expected; 1 not heard" in text
    asked = len(database.queries)
    _, persian = await hub.page("/?lang=fa")
    assert "قطع اینترنت یک شبکه" in persian
    assert len(database.queries) == asked, "however many look, the database is asked once in ten seconds"


STRANGE = (
    {"X-Forwarded-For": "203.0.113.7"},
    {"Forwarded": "for=203.0.113.7"},
    {"Host": "hub.example.org"},
    {"Host": "127.0.0.1.evil.example:8443"},
    {"Host": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example"},
)


async def test_nobody_from_outside_learns_who_the_boxes_are(hub: Hub) -> None:
    """A proxy that hands on strangers, and a page of a stranger in a browser on this machine (DNS rebinding)."""
    for headers in STRANGE:
        for path in ("/", "/?lang=fa", "/api/v1/status", "/metrics"):
            status, text = await hub.page(path, **headers)
            assert status == 404
            assert "v1" not in text
    async with aiohttp.ClientSession() as session, session.get(hub.url + "/") as answer:
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "Server" not in answer.headers
    for host in ("localhost:4711", f"127.0.0.1:{hub.port}", "[::1]:1"):
        assert (await hub.page("/", Host=host))[0] == 200, "as through a tunnel"


async def test_a_database_that_is_away_takes_no_page_away(hub: Hub, database: Asked) -> None:
    await database.asked.cleanup()
    status, text = await hub.page("/")
    assert status == 200
    assert "What fires is not known." in text
    assert "Not asked: " in text


def _found(value: float = 1.0, **labels: str) -> Found:
    return Found(labels, value)


def test_what_belongs_together_is_one_incident_and_its_steps_stand_in_their_order() -> None:
    firing = [
        _found(alertname="CountryShutdown", severity="page", family="shutdown", country="IR", extent="networks", alertstate="firing"),
        _found(alertname="NetworkShutdown", severity="page", family="shutdown", country="IR", network="AS1", alertstate="firing"),
        _found(alertname="ServiceBlocked", severity="ticket", family="service", country="IR", service="imo", alertstate="firing"),
    ]  # fmt: skip
    since = [Found({key: each for key, each in row.labels.items() if key != "alertstate"}, at_s) for row, at_s in zip(firing, (300, 200, 100), strict=True)]  # fmt: skip
    found = incidents(firing, since)
    assert [(each["family"], [step["alert"] for step in each["steps"]]) for each in found] == [
        ("shutdown", ["NetworkShutdown", "CountryShutdown"]),
        ("service", ["ServiceBlocked"]),
    ]
    assert found[0]["steps"][0]["since"] == "1970-01-01T00:03:20Z"
    assert incidents(firing[:1], [])[0]["steps"][0]["since"] is None


async def test_who_was_told_and_who_has_it_is_what_the_relays_book_says(tmp_path: Path) -> None:
    now_ms = 1_800_000_000_000
    box = Outbox(tmp_path / "outbox.db", now_ms=lambda: now_ms, repeat_ms=86_400_000)
    await box.open()
    sara = Recipient("ntfy", "Sara")
    for name, service in (("NetworkShutdown", ""), ("ServiceBlocked", "imo")):
        labels = {**ALERT, "alertname": name, "service": service}
        given = {
            "labels": labels,
            "annotations": {},
            "startsAt": "2027-01-15T08:00:00Z",
            "fingerprint": name,
            "status": "firing",
        }
        payload = read(json.dumps({"receiver": "r", "groupKey": name, "alerts": [given]}).encode())
        assert await box.take(payload, [sara, Recipient("signal", "Omid")], lambda alerts: Text("t", "b")) == 2
    message, _ = await box.next_for(sara)
    assert message is not None
    await box.settle(message, State.DELIVERED)
    await box.desk.do(
        lambda db: db.execute("UPDATE incidents SET taken_by = 'Sara' WHERE id = ?", (message.incident,)).close()
    )
    step = {"alert": "NetworkShutdown", "since_ms": now_ms - 60_000}
    found = await told(box.desk, {"country": "IR", "service": "", "steps": [step]}, now_ms)
    assert found == {"messages": 2, "delivered": 1, "first": "2027-01-15T08:00:00Z", "taken_by": "Sara"}
    later = await told(
        box.desk, {"country": "IR", "service": "imo", "steps": [step | {"alert": "ServiceBlocked"}]}, now_ms
    )
    assert later == {"messages": 2, "delivered": 0, "first": None, "taken_by": None}
    await box.close()


# ---------------------------------------------------------------- what anybody may know


def _lines(country: str, network: str, service: str, **verdicts: int) -> list[Found]:
    return [_found(n, country=country, network=network, service=service, verdict=each) for each, n in verdicts.items()]


TITLES = {"imo": {"en": "imo"}, "instagram": {"en": "Instagram"}}


def test_a_network_with_three_lines_stands_alone_and_fewer_stand_together() -> None:
    rows = [
        *_lines("IR", "AS1", "imo", blocked=3),
        *_lines("IR", "AS2", "imo", ok=2),
        *_lines("IR", "AS3", "imo", blocked=1),
        *_lines("TM", "AS9", "imo", blocked=2),
    ]
    public = publishing.of_day([rows], TITLES, 0)
    assert [(each["country"], each["network"], each["lines"]) for each in public["groups"]] == [
        ("IR", "", 3),
        ("IR", "AS1", 3),
    ]
    assert [each["services"][0]["verdict"] for each in public["groups"]] == ["ok", "blocked"]
    assert "TM" not in json.dumps(public), "two lines are not told of, not even that they are there"


def test_every_hour_is_made_safe_by_itself() -> None:
    two, three = _lines("IR", "AS1", "imo", cut_off=2), _lines("IR", "AS1", "imo", ok=3)
    public = publishing.of_day([two, three, two, three], TITLES, 0)
    assert public["groups"][0]["services"][0]["hours"] == [None, "ok", None, "ok"]


ROWS = st.lists(
    st.builds(
        lambda network, service, verdict, n: _lines("IR", network, service, **{verdict: n})[0],
        st.sampled_from(["AS1", "AS2", "AS3"]),
        st.sampled_from(sorted(TITLES)),
        st.sampled_from(["ok", "blocked", "cut_off"]),
        st.integers(1, 4),
    ),
    max_size=12,
)


@given(ROWS)
def test_whatever_lines_say_no_group_rests_on_fewer_than_three(rows: list[Found]) -> None:
    behind: Counter[tuple[str, str]] = Counter()
    for row in rows:
        behind[(row.labels["network"], row.labels["service"])] += round(row.value)
    groups = publishing.of_day([rows], TITLES, 0)["groups"]
    alone = {each["network"] for each in groups} - {""}
    assert len({each["network"] for each in groups}) == len(groups)
    for group in groups:
        assert group["lines"] in (3, 5, 10, 30), "a band, never the count"
        members = {group["network"]} if group["network"] else {"AS1", "AS2", "AS3"} - alone
        for service in group["services"]:
            assert sum(behind[(network, service["service"])] for network in members) >= 3


def test_what_is_told_is_late_and_of_a_round_moment() -> None:
    assert publishing.moment_ms(1_663_781_199_999, 86_400) % 600_000 == 0
    assert 1_663_781_199_999 - publishing.moment_ms(1_663_781_199_999, 86_400) >= 86_400_000


async def test_the_public_page_is_written_as_files_that_name_no_box(hub: Hub, database: Asked, tmp_path: Path) -> None:
    labels = {"country": "IR", "network": "AS197207", "service": "whatsapp"}
    database.knows = {"didban:service_verdict:lines": [({**labels, "verdict": "blocked"}, 4.0)]}
    status, said = await _publish(hub, "--out", str(tmp_path / "out"))
    assert (status, "1 groups" in said) == (0, True), said
    files = {each.name: each.read_text() for each in (tmp_path / "out").iterdir()}
    assert set(files) == {"index.html", "fa.html", "status.json"}
    assert "WhatsApp" in files["index.html"]
    assert "واتس‌اپ" in files["fa.html"]
    for text in files.values():
        assert "v1" not in text
        assert "v2" not in text
    published: dict[str, Any] = json.loads(files["status.json"])
    assert published["groups"][0]["lines"] == 3, "four lines are three or more"
    assert len(database.queries) >= 24
    assert (await _publish(hub, "--out", str(tmp_path / "out"), "--delay=30m"))[0] == 2
    await database.asked.cleanup()
    assert (await _publish(hub, "--out", str(tmp_path / "out")))[0] == 3
    assert json.loads((tmp_path / "out" / "status.json").read_text()) == published, "what was published stays"


async def _publish(hub: Hub, *more: str) -> tuple[int | None, str]:
    command = [sys.executable, "-m", "monitor", "hub", "publish", f"--config.file={hub.file}", *more]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()
