"""The relay: one message to one person for one step, whatever dies, and only who has the link takes it upon himself."""

from __future__ import annotations

import asyncio
import datetime
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from monitor.disk.file import InUse
from monitor.notify.settings import Notify, Pages
from monitor.relay import receipts, texts
from monitor.relay.alerts import key_of, read
from monitor.relay.outbox import Outbox, Recipient, State
from monitor.relay.relay import outbox_of
from monitor.relay.texts import compose
from probes.doors.clock import SystemClock
from tests.monitor.hub.hubs import until
from tests.monitor.told.people import People, listening, notify_of
from tests.monitor.told.relays import Living, living
from tests.monitor.told.webhooks import URL, alert, hook
from tests.probes.liars import closed_port

DAY_MS = 86_400_000


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


async def test_the_link_to_a_runbook_opens_a_page(there: Living) -> None:
    status, text = await there.page("GET", "/runbook/NetworkShutdown")
    assert (status, "<h1>NetworkShutdown</h1>" in text) == (200, True)
    assert (await there.page("GET", "/runbook/..%2f..%2fx"))[0] == 404


def test_a_message_is_one_wherever_it_is_made() -> None:
    assert key_of("ntfy Sara", "g", ["a/0", "b/0"]) == key_of("ntfy Sara", "g", ["b/0", "a/0"])
    assert key_of("ntfy Sara", "g", ["a/0"]) != key_of("ntfy Omid", "g", ["a/0"])
    assert texts.LOCK_SCREEN == 110
