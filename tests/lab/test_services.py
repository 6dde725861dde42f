"""Every shipped service through every world: one round of walks, and what a single vantage says of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from monitor.judge import State
from probes import catalogue
from probes.words import Finding
from tests.lab import enter, services, world
from tests.lab.lab import Lab, scratch
from tests.lab.one_world import World
from tests.lab.services import Said
from tests.lab.worlds import NOTHING, WORLDS

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

TABLE = Path(__file__).parents[2] / "results" / "services.md"

# what is not reached on a good line of the laboratory, and why; everything else must be
UNSERVED = {
    "vpn/responder-tls": "the operator's own responder has no certificate of its own here",
    "transfers/instagram": "the same responder serves no transfers here",
    "transfers/instagram-media": "as above",
    "transfers/whatsapp-media": "as above",
    "transfers/youtube-video": "as above",
}

# one of each kind of far end, and of each kind of world
EIGHT = ("whatsapp", "telegram", "tor", "signal", "encrypted-dns", "protocols", "instagram", "imo")
SIX = ("nothing", "dns_known_forgery", "reset_by_name", "udp_drop", "provider_cloudflare_1009", "captive_portal")


def walked(worlds: Sequence[World], asked: Sequence[str] = ()) -> list[Said]:
    with scratch() as folder, Lab(folder) as lab:
        return services.walk(lab, worlds, asked)


def not_reached(said: Sequence[Said]) -> dict[str, str]:
    return {str(t["target"]): str(t["failure"]) for each in said for t in each.targets if t["state"] != State.OK}


def unlucky(said: Sequence[Said]) -> list[tuple[str, str]]:
    """Targets of services to which nothing is done there, and which were not reached all the same."""
    untouched = [each for each in said if not each.touched]
    return [(each.world.name, target) for each in untouched for target in not_reached([each]) if target not in UNSERVED]


def falsely(said: Sequence[Said]) -> list[tuple[str, str]]:
    return [(each.world.name, target) for each in said for target in each.false]


def test_a_false_accusation_would_be_seen() -> None:
    """Of a service nothing is done to, of one to which something else is done, and in a world that is merely bad."""

    def says(name: str, service: str, state: State, *findings: Finding) -> bool:
        target = {"target": f"{service}/web", "state": state, "findings": findings, "consistent_with": []}
        return bool(Said(there[name], service, (target,)).false)

    there = {each.name: each for each in WORLDS}
    assert not says("dns_known_forgery", "instagram", State.INTERFERED, Finding.FORGED_DNS_ANSWER)
    assert says("dns_known_forgery", "imo", State.INSUFFICIENT, Finding.FORGED_DNS_ANSWER)
    assert says("dns_known_forgery", "instagram", State.REFUSED)
    assert says("dns_known_forgery", "instagram", State.INSUFFICIENT, Finding.INJECTED_RESET)
    assert says("loss_40", "instagram", State.INTERFERED)
    assert says("captive_portal", "wikipedia", State.INSUFFICIENT, Finding.BLOCK_PAGE)
    assert not says("captive_portal", "wikipedia", State.INSUFFICIENT, Finding.CAPTIVE_PORTAL)
    assert not says("provider_legal", "instagram", State.REFUSED, Finding.PROVIDER_REFUSAL)
    assert says("provider_legal", "imo", State.REFUSED, Finding.PROVIDER_REFUSAL)


def test_eight_services_in_six_worlds() -> None:
    said = walked([each for each in WORLDS if each.name in SIX], EIGHT)
    assert len(said) == len(EIGHT) * len(SIX)
    assert falsely(said) == [], services.table(said)
    state = {(each.world.name, each.service): each.state for each in said}
    assert {state["nothing", service] for service in EIGHT} == {State.OK}
    behind = {service: state["captive_portal", service] for service in EIGHT}
    assert behind.pop("whatsapp") is State.OK, "its chat stands at a port as well that no portal takes"
    assert set(behind.values()) == {State.INSUFFICIENT}
    assert state["provider_cloudflare_1009", "instagram"] is State.REFUSED
    found = {(each.world.name, each.service): each.found for each in said if each.touched}
    assert found["dns_known_forgery", "instagram"] == {Finding.FORGED_DNS_ANSWER}
    assert found["provider_cloudflare_1009", "instagram"] == {Finding.PROVIDER_REFUSAL}
    assert unlucky(said) == [], "what is done to one service is not done to the others"


@pytest.mark.long
def test_every_service_in_every_world(figure: Callable[[str, float], None]) -> None:
    said = [*walked([w for w in WORLDS if w.needs != "down"]), *walked([w for w in WORLDS if w.needs == "down"])]
    table, causes = services.table(said), [each for each in said if each.touched and each.world.finding is not None]
    good = [each for each in said if each.world.name == NOTHING.name]
    counted = Counter(each.cause for each in causes)
    figures = {
        "services": len({each.service for each in said}),
        "services_left_out_for_want_of_a_key": len(catalogue.shipped()) - len({each.service for each in said}),
        "worlds": len({each.world.name for each in said}),
        "pairs_walked": len(said),
        "false_accusations": len(falsely(said)),
        "suggestions_that_would_be_false": sum(bool(each.unfounded) for each in said),
        "services_ok_in_nothing": sum(each.state is State.OK for each in good),
        "targets_not_reached_though_nothing_is_done_to_them": len(unlucky(said)),
        "pairs_with_a_cause": len(causes),
        **{f"pairs_with_a_cause_{word.replace(' ', '_')}": count for word, count in sorted(counted.items())},
    }
    for name, value in figures.items():
        figure(name, value)
    if "DIDBAN_FIGURES" in os.environ:
        summed = "\n".join(f"- {name.replace('_', ' ')}: {value}" for name, value in figures.items())
        TABLE.write_text(f"# Every service in every world\n\n{summed}\n\n{table}", encoding="utf-8")
    assert falsely(said) == [], table
    assert [(each.world.name, each.service) for each in said if each.unfounded] == [], table
    assert len(said) == len(world.services()) * len(WORLDS)
    assert set(not_reached(good)) <= set(UNSERVED), not_reached(good)
