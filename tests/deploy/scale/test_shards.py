"""Rules evaluated by country say what they say of all countries together: what a shard needs is its lines and all controls."""

from __future__ import annotations

import re

import pytest

from monitor import metrics
from monitor.home.remotewrite import Labels
from monitor.promql import reading
from monitor.promql.evaluation import Evaluation
from monitor.promql.needing import needs
from tests.deploy.scale.shipped import kept, yaml
from tests.rules import lived
from tests.rules.peace import box, dark, landmarks
from tests.rules.world import MCI, RULES, TCI, World

_MINUTES = 60
SHARDS = ("a", "b")
_HERE, _THERE = "IR", "RU"
RUSSIAN = ("AS8402", "AS12389")
Told = set[tuple[int, bool, Labels]]


def world() -> World:
    """Two countries, one in each shard: a cut here, a block there, a service that is down for everybody, one box silent."""
    made = World().services().say("didban_country_utc_offset_seconds", {0: 10800.0}, country=_THERE)
    for vantage, network in (("m1", MCI), ("m2", MCI), ("f1", TCI), ("f2", TCI)):
        made.line(vantage, network)
    for number, network in enumerate(RUSSIAN * 2):
        made.line(f"r{number}", network, country=_THERE)
    made.controls()
    landmarks(made, {0: 1.0, 20: 0.0, 45: 1.0})
    dark(made, "m1", "m2", since=20, until=45)
    for vantage in ("r0", "r2"):
        box(made, vantage).state("instagram", {0: "ok", 22: "broken", 50: "ok"})
    box(made, "f1").silent(25, 45)
    for each in made.boxes:
        each.state("imo", {0: "ok", 30: "broken"})
    for network in (MCI, TCI):
        made.say(
            "didban_network_weight_ratio", {0: 0.5}, country=_HERE, network=network, operator=f"operator {network}"
        )
    return made.quiet(_MINUTES)


def said(made: World, shard: str | None) -> Told:
    """Every change of an alert; as one Prometheus would, or as one shard of them."""
    rules = yaml(f"cluster/shard-{shard}.yml") if shard else []
    looking = Evaluation(reading.shipped(RULES), since_ms=0)
    for line in made.told_in():
        if kept(rules, _labels(line.series)):
            lived.take(looking, line)
    changes = [(each.at_ms, each.fires, each.labels) for each in looking.until(_MINUTES * 60_000)]
    assert looking.failures() == []
    return set(changes)


def _labels(series: str) -> dict[str, str]:
    name, _, rest = series.partition("{")
    return {"__name__": name, **dict(re.findall(r'(\w+)="([^"]*)"', rest))}


def test_shards_together_say_what_one_says_alone() -> None:
    made = world()
    whole = said(made, None)
    names = {dict(labels)["alertname"] for _, fires, labels in whole if fires}
    assert {"NetworkShutdown", "ServiceBlocked", "ServiceDown", "VantageSilent"} <= names, names
    parts = [said(made, shard) for shard in SHARDS]
    assert parts[0] | parts[1] == whole
    assert all(part < whole for part in parts), "each says a part of it"


def test_a_shard_without_controls_would_not_say_it() -> None:
    """What each must have is not there by chance."""
    made = world()
    made.boxes = [each for each in made.boxes if each.labels["role"] != "control"]
    names = {dict(labels)["alertname"] for _, fires, labels in said(made, "b") if fires}
    assert "ServiceBlocked" not in names


@pytest.mark.parametrize("shard", SHARDS)
def test_a_shard_is_spared_what_no_rule_reads_and_nothing_else(shard: str) -> None:
    read = {need.name for group in reading.shipped(RULES) for rule in group.rules for need in needs(rule.plan)}
    drops = yaml(f"cluster/shard-{shard}.yml")[1:]
    for name in sorted(metrics.NAMES_HOME | {family.name for family in metrics.FROM_THE_HUB}):
        passes = kept(drops, {"__name__": name})
        if name in metrics.NAMES_HOME:
            assert passes == (name in read), name
        else:
            assert passes, name


def test_every_country_is_in_one_shard_and_no_more() -> None:
    rules = [yaml(f"cluster/shard-{shard}.yml")[0] for shard in SHARDS]
    listed = [set(rule["regex"].rpartition("(")[2].rstrip(")").split("|")) for rule in rules]
    assert not listed[0] & listed[1]
    for labels in ({"role": "control", "country": "DE"}, {"service": "imo"}, {"hub": "a"}):
        assert all(kept([rule], labels) for rule in rules)
    assert [kept([rule], {"role": "inside", "country": _HERE}) for rule in rules] == [True, False]
    assert [kept([rule], {"country": _THERE}) for rule in rules] == [False, True]
