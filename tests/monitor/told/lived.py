"""Worlds that the rules live through, and what `didban explain` says in them."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.explaining import boxes, table, weighed
from monitor.explaining.rows import Subject
from monitor.explaining.weighed import Explained
from tests.rules.asked import Lived
from tests.rules.peace import box, dark, landmarks, walled, world
from tests.rules.world import IRANCELL, MCI, RIGHTEL, World

SUBJECT = Subject("IR", MCI, "instagram")


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


QUIET = {
    "peace",
    "standing",
    "blocked, one control",
    "lost on one line",
    "one line silent, landmarks well",
    "one line walled",
}
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
    "walled": walled(world(), "m1", "m2", until=35),
    "walled, portals": walled(world(), "m1", "m2", by="captive_portal"),
    "one line walled": walled(world(), "m1"),
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
LONG = {
    "standing",
    "one line",
    "dark",
    "lost on one line",
    "blocked, one control",
    "silent, landmarks too",
    "walled, portals",
}
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
