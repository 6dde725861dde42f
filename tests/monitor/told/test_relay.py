"""The relay: one message to one person for one step, whatever dies, and only who has the link takes it upon himself."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import re
import sqlite3
import subprocess
import unicodedata
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from monitor.disk.file import InUse
from monitor.home.querying import Far
from monitor.notify.settings import Digest, Notify, Pages
from monitor.relay import digest, leaflet, receipts, texts
from monitor.relay.alerts import Alert, key_of, read
from monitor.relay.digest import Week
from monitor.relay.outbox import Outbox, Recipient, State
from monitor.relay.relay import Relay, outbox_of
from monitor.relay.texts import LOCK_SCREEN, compose, cut
from monitor.settings import ClientTls
from probes.doors.clock import SystemClock
from tests.monitor.hub.hubs import until
from tests.monitor.told.people import People, listening, notify_of
from tests.probes.liars import closed_port

URL = "https://hub.example.org"
DAY_MS = 86_400_000


def alert(
    name: str = "NetworkShutdown", *, severity: str = "page", start: str = "2026-11-22T10:00:00Z", **more: str
) -> dict[str, Any]:
    labels = {
        "alertname": name,
        "severity": severity,
        "product": "didban",
        "family": "shutdown",
        "country": "IR",
        "network": "AS197207",
        **more,
    }
    annotations = {
        "summary": f"{labels['network']} (IR): cut off from abroad",
        "summary_fa": "شبکهٔ \u2068AS197207\u2069 (\u2068IR\u2069) از خارج از کشور قطع است",
        "onset": "2026-11-22 09:58 UTC",
        "onset_local": "2026-11-22 13:28 in IR",
        "confidence": "medium: two or more witnesses agree",
        "not_known": "who did it and why",
        "description": "On 2 lines of ours in AS197207 nothing abroad answers.",
        "runbook_url": "http://127.0.0.1:9810/runbook/NetworkShutdown",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-overview",
    }
    fingerprint = key_of("", "", [json.dumps(labels, sort_keys=True)])[:16]
    return {
        "status": "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": start,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": fingerprint,
    }


def hook(*alerts: dict[str, Any], receiver: str = "pages") -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{country="IR"}',
        "receiver": receiver,
        "status": "firing",
        "truncatedAlerts": 0,
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": list(alerts),
    }


def decoded(*alerts: dict[str, Any]) -> list[Alert]:
    return read(json.dumps(hook(*alerts)).encode()).alerts


class Living:
    """A relay in this process, and the people it tells."""

    def __init__(self, relay: Relay, notify: Notify, people: People, folder: Path) -> None:
        self.relay, self.people, self.folder, self.notify = relay, people, folder, notify
        self.url = f"http://{notify.relay.listen}"
        self.token = (folder / "relay.token").read_text().strip()

    async def hand(self, *alerts: dict[str, Any], receiver: str = "pages", token: str = "") -> int:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/alertmanager", json=hook(*alerts, receiver=receiver), headers=headers) as answer,
        ):
            return answer.status

    async def page(self, method: str, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.request(method, self.url + path) as answer:
            return answer.status, await answer.text()

    def link(self) -> str:
        """The path of the link that Omid got last."""
        return str(re.findall(f"{URL}(/have/\\S+)", self.people.told["signal"][-1]["message"])[-1])


@contextlib.asynccontextmanager
async def living(folder: Path, people: People, **more: Any) -> AsyncIterator[Living]:
    given = notify_of(
        folder,
        people,
        **{
            "relay": {"listen": f"127.0.0.1:{closed_port()}", "alertmanagers": ["http://127.0.0.1:1"]},
            "pages": {"url": URL},
            **more,
        },
    )
    notify = Notify.model_validate_json(json.dumps(given))
    relay = Relay(notify, folder, outbox_of(notify, folder, "relay"), clock=SystemClock(), time_scale=30)
    await relay.open()
    try:
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(each) for each in relay.work()]
            try:
                yield Living(relay, notify, people, folder)
            finally:
                for each in working:
                    each.cancel()
    finally:
        await relay.close()


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with listening() as found:
        yield found
        assert found.wrong == []


@pytest.fixture
async def there(tmp_path: Path, people: People) -> AsyncIterator[Living]:
    async with living(tmp_path, people) as found:
        yield found


def counts(people: People) -> tuple[int, int, int]:
    return len(people.told["ntfy"]), len(people.told["signal"]), len(people.told["matrix"])


def all_told(people: People, each: int = 1) -> Callable[[], bool]:
    return lambda: min(counts(people)) >= each


# ---------------------------------------------------------------- one message


async def test_each_person_is_told_once_by_their_way_in_the_shape_it_wants(there: Living, people: People) -> None:
    assert await there.hand(alert()) == 200
    await until(all_told(people))
    assert people.told["ntfy"][0]["title"] == "PAGE AS197207 (IR): cut off from abroad"
    assert people.told["ntfy"][0]["priority"] == 5
    assert people.told["signal"][0]["recipients"] == ["+491709876543"]
    for text in (people.told["signal"][0]["message"], people.told["matrix"][0]["body"]):
        assert text.startswith("PAGE AS197207 (IR): cut off from abroad\n")
        for said in (
            "Since 2026-11-22 09:58 UTC · 2026-11-22 13:28 in IR",
            "Sure: medium",
            f"Do: {URL}/runbook/NetworkShutdown",
            "I have it: ",
        ):
            assert said in text
    assert await there.hand(alert()) == 200, "the other Alertmanager"
    assert await there.hand(alert(), alert(network="AS44244")) == 200, "and then the group grew"
    await until(all_told(people, 2))
    assert counts(people) == (2, 2, 2)
    assert "AS44244" in people.told["ntfy"][1]["title"]
    assert "AS197207 (IR)" not in people.told["ntfy"][1]["title"], "only what is new"


async def test_what_comes_without_the_token_or_is_no_webhook_is_refused(there: Living, people: People) -> None:
    assert await there.hand(alert(), token="guess") == 401
    async with aiohttp.ClientSession() as session:
        for body in (b"", b"{}", b'{"receiver": "pages", "groupKey": 1, "alerts": []}'):
            async with session.post(
                f"{there.url}/alertmanager", data=body, headers={"Authorization": f"Bearer {there.token}"}
            ) as answer:
                assert answer.status == 400
    for path in ("/api/v1/receipts", "/relay/told"):
        assert (await there.page("GET", path))[0] == 401
    assert counts(people) == (0, 0, 0)


async def test_who_is_not_there_is_told_later_and_asked_for_patience_is_given(there: Living, people: People) -> None:
    people.answers = {
        "ntfy": [(503, {}), (429, {"Retry-After": "9"})],
        "signal": [(301, {"Location": f"{people.url}/v2/send"}), (400, {})],
        "matrix": [(500, {})],
    }
    assert await there.hand(alert()) == 200
    await until(lambda: all(each.done_ms for each in receipts.of(outbox_of(there.notify, there.folder, "relay"))))
    found = {each.way: each for each in receipts.of(outbox_of(there.notify, there.folder, "relay"))}
    assert (found["ntfy"].tries, found["ntfy"].receipt, found["ntfy"].state) == (3, "n1", State.DELIVERED)
    assert (found["ntfy"].done_ms or 0) - found["ntfy"].asked_ms >= 300, "nine seconds, thirty times faster"
    assert (found["matrix"].receipt, found["matrix"].tries) == ("$e0", 2)
    assert (found["signal"].state, found["signal"].why) == (State.REFUSED, "status 400")
    assert people.told["signal"] == [], "behind a redirect stands a login page"


async def test_what_alertmanager_was_thanked_for_is_told_by_the_next_process(tmp_path: Path, people: People) -> None:
    """Killed between thanks and telling, and again between telling and writing that down."""
    given = notify_of(tmp_path, people, pages={"url": URL})
    notify = Notify.model_validate_json(json.dumps(given))
    box = Outbox(outbox_of(notify, tmp_path, "relay"), now_ms=SystemClock().now_ms, repeat_ms=DAY_MS)
    await box.open()
    to = [Recipient("matrix", "on call"), Recipient("ntfy", "Sara"), Recipient("signal", "Omid")]
    assert (
        await box.take(read(json.dumps(hook(alert())).encode()), to, lambda alerts: compose(alerts, notify.pages)) == 3
    )
    await box.close()
    async with living(tmp_path, people):
        await until(all_told(people))
    with sqlite3.connect(outbox_of(notify, tmp_path, "relay")) as db:
        db.execute("UPDATE messages SET state = 'waiting', due_ms = 0")  # as if it had died before it knew
    db.close()
    async with living(tmp_path, people):
        await until(all_told(people, 1))
        await until(lambda: len(people.told["signal"]) == 2)
        await until(lambda: len(people.told["ntfy"]) == 2)
    assert len(people.told["matrix"]) == 1, "one txnId, one event"
    first, second = people.told["ntfy"]
    assert first["sequence_id"] == second["sequence_id"], "one notification, replaced"
    # Signal knows no such key: it is the one way by which a kill at that moment says it twice


async def test_what_lasts_is_told_again_after_a_day_and_not_before(tmp_path: Path) -> None:
    now = [1_800_000_000_000]
    box = Outbox(tmp_path / "outbox.db", now_ms=lambda: now[0], repeat_ms=DAY_MS)
    await box.open()
    start = datetime.datetime.fromtimestamp(now[0] / 1000 - 10, datetime.UTC).isoformat()
    payload, to = read(json.dumps(hook(alert(start=start))).encode()), [Recipient("ntfy", "Sara")]
    made = []
    for later_ms in (0, 30_000, DAY_MS - 60_000, DAY_MS, DAY_MS + 30_000):
        now[0] = 1_800_000_000_000 + later_ms
        made.append(await box.take(payload, to, lambda alerts: compose(alerts, Pages())))
    await box.close()
    assert made == [1, 0, 0, 1, 0]


async def test_a_resolved_alert_is_never_told(there: Living, people: People) -> None:
    assert await there.hand(alert() | {"status": "resolved"}) == 200
    assert receipts.of(outbox_of(there.notify, there.folder, "relay")) == []


async def test_two_relays_of_two_hubs_tell_each_person_once(tmp_path: Path, people: People) -> None:
    ports = closed_port(), closed_port()

    def named(mine: int) -> dict[str, Any]:
        other = {"name": "ab"[1 - mine], "url": f"http://127.0.0.1:{ports[1 - mine]}"}
        return {
            "listen": f"127.0.0.1:{ports[mine]}",
            "name": "ab"[mine],
            "peers": [other],
            "alertmanagers": ["http://127.0.0.1:1"],
        }

    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "relay.token").write_text("a token both relays know\n")
    async with living(tmp_path / "a", people, relay=named(0)) as a, living(tmp_path / "b", people, relay=named(1)) as b:
        for step in range(1, 4):
            both = alert(extent=f"step{step}")
            assert list(await asyncio.gather(a.hand(both), b.hand(both))) == [200, 200]
            await until(lambda step=step: min(counts(people)) >= step)  # type: ignore[misc]
        await until(
            lambda: all(
                each.state != "waiting"
                for hub in (a, b)
                for each in receipts.of(outbox_of(hub.notify, hub.folder, "relay"))
            )
        )
    assert counts(people) == (3, 3, 3)


async def test_the_other_relay_being_away_keeps_nobody_from_being_told(tmp_path: Path, people: People) -> None:
    alone = {"listen": f"127.0.0.1:{closed_port()}", "peers": [{"name": "b", "url": "http://127.0.0.1:1"}]}
    async with living(tmp_path, people, relay=alone) as there:
        assert await there.hand(alert()) == 200
        await until(all_told(people))


async def test_an_outbox_is_one_relays_and_a_damaged_one_is_set_aside(tmp_path: Path) -> None:
    box, other = (Outbox(tmp_path / "outbox.db", now_ms=lambda: 1, repeat_ms=DAY_MS) for _ in range(2))
    await box.open()
    with pytest.raises(InUse):
        await other.open()
    await other.close()
    await box.close()
    (tmp_path / "outbox.db").write_bytes(b"no database" * 1000)
    again = Outbox(tmp_path / "outbox.db", now_ms=lambda: 2, repeat_ms=DAY_MS)
    await again.open()
    payload, to = read(json.dumps(hook(alert())).encode()), [Recipient("ntfy", "Sara")]
    assert await again.take(payload, to, lambda alerts: compose(alerts, Pages())) == 1
    await again.close()
    assert (tmp_path / "outbox-damaged-2.db").exists()


# ---------------------------------------------------------------- "I have it"


async def test_opening_the_link_takes_nothing_and_the_button_takes_it_once(there: Living, people: People) -> None:
    await there.hand(alert())
    await until(all_told(people))
    path = there.link()
    for _ in range(2):  # a preview, and the person
        status, text = await there.page("GET", path)
        assert status == 200
        assert "<button>" in text
        assert "<script" not in text
    assert "AS197207 (IR): cut off from abroad" in text
    for hidden in ("On 2 lines", "fingerprint", there.token, "Omid"):
        assert hidden not in text, "nothing but the summary"
    status, text = await there.page("POST", path)
    assert (status, "Omid, you have it" in text) == (200, True)
    status, text = await there.page("POST", path)
    assert "Omid has it, since" in text
    assert "<button>" not in text
    found = receipts.of(outbox_of(there.notify, there.folder, "relay"), labels={"network": "AS197207"})
    assert {each.taken_by for each in found} == {"Omid"}
    assert receipts.of(outbox_of(there.notify, there.folder, "relay"), labels={"network": "AS1"}) == []


async def test_a_link_is_not_to_be_guessed_nor_read_from_the_disk(there: Living, people: People) -> None:
    await there.hand(alert())
    await until(all_told(people))
    token = there.link().removeprefix("/have/")
    on_disk = b"".join(path.read_bytes() for path in (there.folder / "relay").iterdir())
    assert token.encode() not in on_disk
    assert len(token) >= 32
    for wrong in (token[:-1], token + "x", "x", "%00"):
        assert (await there.page("GET", f"/have/{wrong}"))[0] == 404
        assert (await there.page("POST", f"/have/{wrong}"))[0] == 404
    answers = [await there.page("GET", "/have/guess") for _ in range(130)]
    assert answers[-1][0] == 429
    assert (await there.page("GET", f"/have/{token}"))[0] == 200, "who guesses keeps nobody away"


async def test_what_is_no_ones_to_take_has_no_link(there: Living, people: People) -> None:
    await there.hand(alert("ShutdownOver", severity="info"))
    await until(all_told(people))
    assert "I have it" not in people.told["signal"][0]["message"]
    assert "actions" not in people.told["ntfy"][0]


# ---------------------------------------------------------------- texts


def long_alert() -> dict[str, Any]:
    made = alert(service="whatsapp")
    made["annotations"] = {key: f"{value} " + "«& <long> ⁨x⁩ " * 80 for key, value in made["annotations"].items()}
    return made


def test_a_lock_screen_shows_what_and_where() -> None:
    for alerts in ([alert()], [alert(), alert(network="AS44244")], [long_alert()] * 9):
        title = compose(decoded(*alerts), Pages()).title
        assert len(title) <= LOCK_SCREEN
        assert title.startswith("PAGE AS")
        assert "cut off from abroad" in title


def test_no_message_is_longer_than_its_way_takes() -> None:
    text = compose(decoded(*[{**long_alert(), "fingerprint": str(n)} for n in range(40)]), Pages())
    assert len(text.body.encode()) <= 3_610, "ntfy makes a file of more than 4,096 bytes"
    assert len(text.title) + len(text.body) < 4_096
    assert len(compose(decoded(alert()), Pages()).title) <= 160, "a short message"


def test_latin_words_in_persian_stand_in_isolates_and_none_is_left_open() -> None:
    for made in (alert(), long_alert()):
        for line in compose(decoded(made), Pages()).body.split("\n"):
            depth = 0
            for letter in line:
                depth += letter in "\u2066\u2067\u2068"
                depth -= letter == "\u2069"
                assert depth >= 0
                if made == alert() and line.startswith("\u2067") and unicodedata.bidirectional(letter) == "L":
                    assert depth == 2, "a Latin letter in an isolate of its own"
            assert depth == 0, repr(line)
    body = compose(decoded(alert()), Pages()).body
    assert "\u2067فوری: شبکهٔ \u2068AS197207\u2069" in body
    assert "از \u20682026-11-22 09:58 UTC\u2069؛ اطمینان: متوسط" in body


def test_a_text_is_cut_with_a_sign_and_between_letters() -> None:
    assert cut("short  text", 20) == "short text"
    assert cut("x" * 30, 10) == "x" * 9 + "…"
    assert len(cut("a \u2068bbbbbbbbbbbbbbbb\u2069", 12)) <= 12


def test_a_runbook_is_readable_on_a_phone() -> None:
    page = leaflet.of_markdown(
        "# Title\n\n**What.** It `is` <b>.\n\n**Do.**\n- one\n  more\n- https://ioda.example/x now\n"
    )
    assert "<h1>Title</h1>" in page
    assert "<strong>What.</strong> It <code>is</code> &lt;b&gt;." in page
    assert "<ul><li>one more</li>" in page
    assert '<a href="https://ioda.example/x"' in page


async def test_the_link_to_a_runbook_opens_a_page(there: Living) -> None:
    status, text = await there.page("GET", "/runbook/NetworkShutdown")
    assert (status, "<h1>NetworkShutdown</h1>" in text) == (200, True)
    assert (await there.page("GET", "/runbook/..%2f..%2fx"))[0] == 404


# ---------------------------------------------------------------- the week


def row(value: float, **labels: str) -> Any:
    return msgspec.convert({"metric": labels, "value": [0.0, str(value)]}, digest._Row)


def week(**more: Any) -> Week:
    place = {"country": "IR", "network": "AS197207", "role": "inside"}
    rows = {name: [] for name in digest._QUERIES} | {
        "expected": [row(1, vantage="v1", **place), row(1, vantage="v2", **place)],
        "live": [row(0.999, vantage="v1"), row(0.98, vantage="v2")],
        "ticks": [row(10080, vantage="v1"), row(9900, vantage="v2")],
    }
    return Week(rows | more)


def test_all_is_well_only_when_it_is() -> None:
    first, rest = digest.told(week(), 0)
    assert first == "All is well: 2 boxes delivered, nothing standing"
    assert "- v1 IR/AS197207: 100%, 10080 ticks" in rest
    standing = [row(1, country="IR", network="AS197207", service="telegram", verdict="blocked")]
    assert digest.told(week(standing=standing), 0)[0] == "All is well: 2 boxes delivered, 1 standing"
    for flaw in (
        {"pending": [row(5000, vantage="v1")]},
        {"silent": [row(1000, vantage="v2")]},
        {"refused": [row(3, vantage="v1")]},
        {"aside": [row(3, reason="refused")]},
        {"live": [row(0.5, vantage="v1")]},
    ):
        assert not digest.told(week(**flaw), 0)[0].startswith("All is well"), flaw
    assert not digest.told(week(), 1)[0].startswith("All is well"), "messages that reached nobody"
    assert "v2 IR/AS197207: paused" in digest.told(week(paused=[row(1, vantage="v2")]), 0)[1]
    assert "nothing is known" in digest.told(Week(unanswered="the database did not answer"), 0)[0]


def test_promtool_takes_every_question_of_the_week(tmp_path: Path) -> None:
    rules = [{"record": f"week:{name}", "expr": query} for name, query in digest._QUERIES.items()]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "week", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_the_week_is_asked_of_the_database_and_its_silence_is_said() -> None:
    asked: list[str] = []

    async def query(request: web.Request) -> web.Response:
        """prometheus.io/docs/prometheus/latest/querying/api: an instant vector."""
        asked.append(request.query["query"])
        labels = {"vantage": "v1", "country": "DE", "role": "control"}
        found = (
            [{"metric": labels, "value": [1_700_000_000.781, "1"]}]
            if asked[-1] in [digest._QUERIES[name] for name in ("expected", "live", "ticks")]
            else []
        )
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": found}})

    app = web.Application()
    app.add_routes([web.get("/api/v1/query", query)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    far = Far.of(f"http://127.0.0.1:{runner.addresses[0][1]}", None, ClientTls(), Path())
    assert digest.told(await digest.asked(far), 0)[0] == "All is well: 1 box delivered, nothing standing"
    assert asked == list(digest._QUERIES.values())
    await runner.cleanup()
    assert "did not answer" in (await digest.asked(far)).unanswered
    assert "forward.query" in (await digest.asked(None)).unanswered


def test_the_week_ends_by_the_clock_of_the_place() -> None:
    wanted = Digest(day="saturday", at="09:00", zone="Asia/Tehran")
    friday = int(datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC).timestamp() * 1000)
    at_ms, name = digest.due_ms(wanted, friday)
    assert datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).isoformat() == "2026-11-21T05:30:00+00:00"
    assert name == "2026-W47"


def test_a_message_is_one_wherever_it_is_made() -> None:
    assert key_of("ntfy Sara", "g", ["a/0", "b/0"]) == key_of("ntfy Sara", "g", ["b/0", "a/0"])
    assert key_of("ntfy Sara", "g", ["a/0"]) != key_of("ntfy Omid", "g", ["a/0"])
    assert texts.LOCK_SCREEN == 110
