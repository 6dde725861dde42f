"""What the relay says: titles for a lock screen, bodies in two languages, runbooks on a phone, the week."""

from __future__ import annotations

import datetime
import json
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from monitor.home.querying import Far
from monitor.notify.settings import Digest, Pages
from monitor.relay import digest, leaflet
from monitor.relay.digest import Week
from monitor.relay.texts import LOCK_SCREEN, compose, cut
from monitor.settings import ClientTls
from tests.monitor.told.webhooks import alert, decoded

DAY_MS = 86_400_000


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
