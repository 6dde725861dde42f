"""`didban explain`: its rows are held to the rules, and it says who counts, who was told, and by whom."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from monitor import metrics
from monitor.explaining import boxes, inwords, muted, receipts
from monitor.explaining.answer import Answer
from monitor.explaining.page import page
from monitor.explaining.receipts import Receipt
from monitor.explaining.rows import Subject
from monitor.explaining.table import TABLE
from monitor.home.querying import Unanswered
from tests.monitor.hub.hubs import until
from tests.monitor.test_rulefiles import RECORDS, TOLD
from tests.monitor.told.lived import SUBJECT, WORLDS, blocked, explained, lived
from tests.monitor.told.people import listening
from tests.monitor.told.relays import living
from tests.monitor.told.webhooks import alert
from tests.rules.peace import box
from tests.rules.world import MCI, TCI

RECORDED = {rule["record"] for rule in RECORDS}
EXPLAINED = {rule["alert"] for rule in TOLD if rule["labels"]["family"] in ("shutdown", "service", "early")}
NAMES = re.compile(r"\bdidban[:_][a-z0-9_:]+")


def queries() -> Iterable[str]:
    for each in TABLE:
        for condition in each.conditions():
            yield condition.query
            if isinstance(condition.needed, str):
                yield condition.needed
    yield from (*boxes.QUERIES.values(), boxes.EXPECTED)


def test_every_series_an_explanation_names_is_recorded_by_a_rule() -> None:
    raw = {family.name for family in metrics.FAMILIES}
    named = {name for query in queries() for name in NAMES.findall(query)}
    assert len(named) > 30
    assert named <= RECORDED | raw, named - RECORDED - raw


def test_every_alert_of_a_shutdown_or_a_service_has_an_explanation() -> None:
    assert {each.alert for each in TABLE} >= EXPLAINED, "a row is missing in monitor/explaining"
    assert {each.alert for each in TABLE} <= {rule["alert"] for rule in TOLD}, "of an alert nobody sends any more"


def test_an_alert_of_two_severities_says_what_makes_a_page_of_it() -> None:
    for each in TABLE:
        severities = {rule["labels"]["severity"] for rule in TOLD if rule["alert"] == each.alert}
        assert bool(each.page) == (severities == {"page", "ticket"}), each.alert


def test_every_question_is_promql(tmp_path: Path) -> None:
    asked = sorted({SUBJECT.query(query) for query in queries()})
    rules = [{"record": f"x{number}", "expr": query} for number, query in enumerate(asked)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "x", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True, check=False
    )
    assert f"{len(rules)} rules found" in done.stdout, done.stderr


# ---------------------------------------------------------------- who was left out, who speaks for whom


async def test_each_box_that_does_not_count_says_why() -> None:
    made = blocked()
    box(made, "c3").reach({0: 0.5})
    box(made, "m2").reach({0: 1.0, 20: 0.0}, "gateway")
    for vantage, why in (("m3", "silent"), ("m4", "stops"), ("m5", "paused")):
        made.line(vantage, MCI)
        if why == "paused":
            made.say("didban_vantage_paused", {0: 1.0}, vantage=vantage, country="IR", network=MCI, role="inside")
        else:
            box(made, vantage).silent(15)
    stopping = box(made, "m4").labels
    made.say("didban_vantage_stopping", {14: 1.0, 15: None}, **stopping)
    there = lived(made, 30, SUBJECT)
    there.until(30 * 60_000)
    found = {each.vantage: each for each in await boxes.boxes(SUBJECT, there.ask)}
    assert set(found) == {"m1", "m2", "m3", "m4", "m5", "c1", "c2", "c3"}, "the fixed network is another one"
    assert (found["m1"].left_out, found["m1"].state, found["c1"].left_out) == ("", "broken", "")
    assert "gateway is dead" in found["m2"].left_out
    assert "silent" in found["m3"].left_out
    assert "stops" in found["m4"].left_out
    assert "paused" in found["m5"].left_out
    assert "too little itself to be a witness" in found["c3"].left_out
    alone = {each.vantage for each in await boxes.boxes(Subject("IR", MCI), there.ask)}
    assert alone == {"m1", "m2", "m3", "m4", "m5"}, "controls say nothing of a network"


def test_the_shipped_inhibition_is_what_mutes() -> None:
    rules = muted.shipped()
    country = {"alertname": "CountryShutdown", "country": "IR", "extent": "total"}
    network = {"alertname": "NetworkShutdown", "country": "IR", "network": MCI}
    service = {"alertname": "ServiceBlocked", "country": "IR", "network": MCI, "service": "imo"}
    elsewhere = service | {"network": TCI}
    assert list(muted.parents(network, [country, service], rules)) == [country]
    assert list(muted.parents(service, [country, network], rules)) == [network]
    assert list(muted.parents(elsewhere, [country, network], rules)) == [], "a block on a network that lives"
    assert list(muted.parents(country, [country, network], rules)) == []


TOLD_BY_RELAY = (
    Receipt(1_663_774_370_000, "ntfy", "Sara", "page", "instagram blocked", "delivered", 1_663_774_380_000, "Sara",
            1_663_774_500_000, [{"alertname": "ServiceBlocked", "country": "IR", "network": MCI}]),
)  # fmt: skip


async def test_whom_a_real_relay_told_is_read_from_its_book(tmp_path: Path) -> None:
    hub = tmp_path / "hub.yml"
    hub.write_text("notify: {relay: {token_file: relay.token}}\n")
    assert receipts.beside(hub) is None, "no token was made: there is no relay"
    async with listening() as people, living(tmp_path, people) as relay:
        assert await relay.hand(alert(), alert("ServiceBlocked", service="imo")) == 200
        await until(lambda: people.told["ntfy"] and people.told["signal"] and people.told["matrix"])
        assert (await relay.page("POST", relay.link()))[0] == 200, "Omid has it"
        book = receipts.beside(hub, relay.notify.relay.listen)
        assert book is not None
        found = await receipts.receipts(book, {"country": "IR", "network": MCI}, 0, 2**62)
        assert not isinstance(found, Unanswered)
        assert {(each.person, each.way) for each in found} == {
            ("Sara", "ntfy"),
            ("Omid", "signal"),
            ("on call", "matrix"),
        }
        assert all(each.is_told and each.severity == "page" for each in found)
        assert {each.taken_by for each in found} == {"Omid"}
        assert await receipts.receipts(book, {"country": "UG"}, 0, 2**62) == ()
        assert await receipts.receipts(book, {}, 0, 1) == (), "before that nobody was told"
        words = inwords.receipt(next(each for each in found if each.person == "Sara"))
        assert "Sara by ntfy: delivered: PAGE" in words
        assert "Omid has it since" in words
        (tmp_path / "word").write_text("guess\n")
        said = await receipts.receipts(receipts.relay(book.url, tmp_path / "word"), {}, 1, 2)
        assert said == Unanswered("it says 401")


async def test_the_page_fits_eighty_columns_and_begins_with_what_fires() -> None:
    there = lived(WORLDS["blocked"], 30, SUBJECT)
    there.until(30 * 60_000)
    alerts = tuple((await explained(there)).values())
    answer = Answer(SUBJECT, 1_663_774_260_000, alerts, tuple(await boxes.boxes(SUBJECT, there.ask)),
                    {each.explanation.alert: () for each in alerts}, None, TOLD_BY_RELAY)  # fmt: skip
    console = Console(width=80, highlight=False)
    with console.capture() as captured:
        console.print(page(answer))
    shown = captured.get()
    assert max(map(len, shown.splitlines())) <= 80
    words = " ".join(shown.split())
    assert words.startswith(f"IR/{MCI}/instagram 2022-09-21 15:31:00 UTC (20:01 in IR) ServiceBlocked fires as page")
    assert (
        "NetworkShutdown: hosts abroad that our lines there reach (their median, at its highest in 3 minutes): 100%, needed: under 30%."
        in words
    )
    assert len(shown.splitlines()) < 60
    assert (
        "21 Sep 15:33:00 UTC: Sara by ntfy: delivered: instagram blocked; Sara has it since 21 Sep 15:35:00 UTC"
        in words
    )
    told = inwords.as_json(answer)
    (first, *_) = told["alerts"]
    assert json.loads(json.dumps(told)) == told
    assert {each["alert"]: bool(each["firing"]) for each in told["alerts"]}["ServiceBlocked"]
    assert first["begins"][0]["conditions"][0].keys() == {
        "asks", "query", "value", "test", "needed", "met", "otherwise",
    }  # fmt: skip
    assert told["boxes"][0] == {
        **{"vantage": "m1", "role": "inside", "network": MCI, "line": "m1", "reach": 1.0, "state": "broken"},
        **{"heard": told["boxes"][0]["heard"], "proof": False, "counted": True, "left_out": None},
    }
