"""`didban explain`: its rows are held to the rules, and what it says of a world is what the rules made of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console

from monitor import metrics
from monitor.explaining import boxes, inwords, muted, receipts, table, weighed
from monitor.explaining.answer import Answer
from monitor.explaining.page import page
from monitor.explaining.receipts import Receipt
from monitor.explaining.rows import Condition, Needs, Subject
from monitor.explaining.table import TABLE
from monitor.explaining.weighed import Explained, judge
from monitor.home.querying import Unanswered
from monitor.home.vectors import Found
from tests.monitor.hub.hubs import until
from tests.monitor.test_rulefiles import RECORDS, TOLD
from tests.monitor.told.people import listening
from tests.monitor.told.relays import living
from tests.monitor.told.webhooks import alert
from tests.rules.asked import STEP_MS, Lived
from tests.rules.peace import box, dark, landmarks, world
from tests.rules.test_early import spoken
from tests.rules.test_slowed import fetched, named, slack
from tests.rules.world import IRANCELL, MCI, RIGHTEL, TCI, World

RECORDED = {rule["record"] for rule in RECORDS}
EXPLAINED = {rule["alert"] for rule in TOLD if rule["labels"]["family"] in ("shutdown", "service", "early")}
NAMES = re.compile(r"\bdidban[:_][a-z0-9_:]+")
SUBJECT = Subject("IR", MCI, "instagram")


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


# ---------------------------------------------------------------- in worlds the rules live through


def blocked() -> World:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "insufficient", 21: "broken"})
    return made


def blocked_with_one_control() -> World:
    made = blocked()
    for control in ("c2", "c3"):
        box(made, control).reach({0: 0.5})
    return made


def down() -> World:
    made = blocked()
    for control in ("c1", "c2", "c3"):
        box(made, control).state("instagram", {0: "ok", 20: "broken"})
    return made


def standing() -> World:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "broken"})
    return made


def on_one_line() -> World:
    made = world()
    box(made, "m1").state("instagram", {0: "ok", 20: "broken"})
    box(made, "m2").silent(0).expected = {0: None}
    return made


def everything_dark() -> World:
    made = world()
    for network in (RIGHTEL, IRANCELL):
        for number in (1, 2):
            made.line(f"{network}-{number}", network)
    for each in made.boxes:
        if each.labels["role"] == "inside":
            each.reach({0: 1.0, 20: 0.0})
    return made


def everything_lost() -> World:
    made = everything_dark()
    for each in made.boxes:
        if each.labels["role"] == "inside":
            each.reach({0: 1.0, 20: 0.0}, "domestic")
    return made


def a_region_dark() -> World:
    made = world()
    for vantage in ("m3", "m4"):
        made.line(vantage, MCI)
    for vantage, region in (("m1", "IR-12"), ("m2", "IR-12"), ("m3", "IR-23"), ("m4", "IR-23")):
        box(made, vantage).send("didban_vantage_region", {0: 1.0}, region=region)
    return dark(made, "m1", "m2", until=40)


def reached_in_part() -> World:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.4})
    return made


QUIET = {"peace", "standing", "blocked, one control", "lost on one line", "one line silent, landmarks well"}
WORLDS = {
    "peace": world(),
    "blocked": blocked(),
    "blocked, one control": blocked_with_one_control(),
    "down": down(),
    "standing": standing(),
    "one line": on_one_line(),
    "dark": dark(world(), "m1", "m2", until=35),
    "lost": dark(world(), "m1", "m2", domestic=0.0),
    "lost on one line": dark(world(), "m1", domestic=0.0),
    "silent": landmarks(blocked(), {0: 1.0}),
    "silent, landmarks too": landmarks(world(), {0: 1.0, 20: 0.0}),
    "one line silent, landmarks well": landmarks(on_one_line(), {0: 1.0}),
    "all of it": everything_dark(),
    "all of it lost": everything_lost(),
    "all of it silent": world(),
    "a region": a_region_dark(),
    "in part": reached_in_part(),
}
for name, vantages in (
    ("silent", ("m1", "m2")),
    ("silent, landmarks too", ("m1", "m2")),
    ("all of it silent", ("m1", "m2", "f1", "f2")),
    ("one line silent, landmarks well", ("m1",)),
):
    for vantage in vantages:
        box(WORLDS[name], vantage).silent(20)
box(WORLDS["one line silent, landmarks well"], "m1").state("instagram", {0: "ok"})
LONG = {"standing", "one line", "dark", "lost on one line", "blocked, one control", "silent, landmarks too"}
COUNTRIES = {"all of it": "CountryShutdown", "all of it lost": "CountryOutage", "all of it silent": "CountrySilent"}


def lived(made: World, minutes: int, *subjects: Subject) -> Lived:
    return Lived(made, minutes, [subject.query(query) for subject in subjects for query in queries_of(subject)])


def queries_of(subject: Subject) -> Iterable[str]:
    for each in table.of(subject):
        for condition in each.conditions():
            yield condition.query
            if isinstance(condition.needed, str):
                yield condition.needed
    yield from (*boxes.QUERIES.values(), boxes.EXPECTED)


async def explained(there: Lived, subject: Subject = SUBJECT) -> dict[str, Explained]:
    found = [await weighed.explain(each, subject, there.ask) for each in table.of(subject)]
    return {each.explanation.alert: each for each in found}


async def agreed(there: Lived, *subjects: Subject) -> set[str]:
    """What fires now. All of a way met means that it fires; what fires is held, or one way of it is met in full."""
    firing = set[str]()
    for each in [each for subject in subjects for each in (await explained(there, subject)).values()]:
        alert, met = each.explanation.alert, [way.name for way in each.begins if way.met]
        assert bool(each.firing) or not met, (
            f"{alert} at {there.at_ms / 60_000} min: {met} is met, and it does not fire"
        )
        if each.firing:
            held = bool(each.holds) and all(one.met for one in each.holds)
            assert held or met, f"{alert} at {there.at_ms / 60_000} min fires, and nothing says why"
            page = {one.labels["severity"] for one in each.firing} == {"page"}
            assert not each.page or any(way.met for way in each.page) == page, f"{alert}: a page?"
            firing.add(alert)
    return firing


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in WORLDS]
)
async def test_what_is_said_agrees_with_the_rules_at_every_moment(name: str) -> None:
    there, before = lived(WORLDS[name], 45, SUBJECT, Subject("IR")), set[str]()
    for at_ms in range(18 * 60_000, 45 * 60_000, 7 * STEP_MS):
        there.until(at_ms)
        before |= await agreed(there, SUBJECT, Subject("IR"))
    assert (not before) == (name in QUIET), before
    assert COUNTRIES.get(name, "CountrySilent") in before or name not in COUNTRIES, before
    assert ("RegionalShutdown" in before) == (name == "a region"), before
    assert ("RegionalOrPartialDegradation" in before) == (name == "in part"), before


async def test_what_is_said_of_early_warnings_agrees_with_the_rules() -> None:
    """All of them in one world; some end in it."""
    made = spoken(spoken(world(), "doh", ("m1", "m2")), "quic", ("m1", "m2"), {0: 1, 50: 0, 100: 1})
    spoken(spoken(made, "ip6", ("m1", "m2")), "wireguard", ("m1",))
    slack(named(made, "m1", "m2"), {0: 0, 40: 1, 90: 0})
    fetched(fetched(made, {0: 1.0, 90: 4.0}), {0: 1.0, 90: 5.0}, target="ubuntu", service="international")
    network, service = Subject("IR", MCI), Subject("IR", MCI, "slack")
    there, before = lived(made, 125, SUBJECT, service, network), set[str]()
    for at_ms in range(41 * 60_000, 125 * 60_000, 13 * STEP_MS):
        there.until(at_ms)
        before |= await agreed(there, SUBJECT, service, network)
    early = {"EncryptedDNSBlocked", "QUICBlocked", "IPv6Broken", "DNSTampering", "ProviderRefusal"}
    assert before == early | {"ServiceThrottled", "InternationalThrottled"}, "on one line of two no VPN is blocked"
    ((_, said),) = [(each, one) for each, one in (await explained(there, network)).items() if each == "VPNBlocked"]
    assert "share of the lines" in inwords.verdict(said, ())


# ---------------------------------------------------------------- the one condition in the way


async def in_the_way(name: str, alert: str, minute: int = 30) -> str:
    there = lived(WORLDS[name], minute + 1, SUBJECT)
    there.until(minute * 60_000)
    found = (await explained(there))[alert]
    assert not found.firing
    return f"{inwords.verdict(found, ())}. {inwords.why(found)}"


async def test_without_a_second_control_that_is_what_is_said_to_be_missing() -> None:
    said = await in_the_way("blocked, one control", "ServiceBlocked")
    assert "networks abroad in which a healthy control says anything of it: 1, needed: at least 2" in said
    assert "nobody can tell a block from an outage" in said


async def test_what_never_worked_is_said_to_be_standing() -> None:
    assert "standing, and no news" in await in_the_way("standing", "ServiceBlocked")


async def test_a_block_in_a_network_that_is_cut_is_said_to_be_the_cut() -> None:
    assert "no service is blocked: all of them are cut off" in await in_the_way("dark", "ServiceBlocked")


async def test_an_outage_of_its_own_is_said_to_be_one() -> None:
    assert "see ServiceDown" in await in_the_way("down", "ServiceBlocked")


async def test_a_network_that_is_well_says_how_much_it_reaches() -> None:
    assert "100%, needed: under 30%" in await in_the_way("peace", "NetworkShutdown")


def test_what_is_not_there_meets_only_what_asks_for_absence() -> None:
    met = {needs for needs in Needs if judge(Condition("x", "x", needs, 1.0), [], 1.0).met}
    assert met == {Needs.NOT_THERE, Needs.NOT_MORE}
    one = [Found({}, 1.0)]
    assert {needs for needs in Needs if judge(Condition("x", "x", needs, 1.0), one, 1.0).met} == {
        Needs.AT_LEAST,
        Needs.NOT_MORE,
        Needs.THERE,
    }
    assert not judge(Condition("x", "x", Needs.LESS, "y"), one, None).met, "a threshold nobody knows is not met"


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
