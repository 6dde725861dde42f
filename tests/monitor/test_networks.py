"""What nobody sees from outside is said, network by network; a landmark takes its own network off that list."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from monitor.begin.check import check
from monitor.hub.registry import shipped_services
from monitor.meaning import networks
from monitor.meaning.networks import NetworkKind
from probes.facts import Landmark, Service
from probes.words import LandmarkKind
from tests.monitor.facts import target

KNOWN, MISTAKES = networks.load()


def landmarks(country: str, network: str) -> tuple[Service, ...]:
    one = replace(target("landmarks/one"), about=Landmark(country, network, LandmarkKind.ACCESS))
    return (Service("landmarks", {"en": "Landmarks"}, "landmark", False, (one,)),)


def test_the_shipped_files_are_without_mistake_and_name_each_network_once() -> None:
    assert MISTAKES == ()
    assert len({each.network for each in KNOWN}) == len(KNOWN) > 20
    assert {"AS197207", "AS44244", "AS57218", "AS58224"} <= {
        each.network for each in KNOWN if each.kind is NetworkKind.ACCESS
    }


def test_what_is_said_to_stand_is_a_service_we_ship_and_of_a_country_we_know() -> None:
    shipped = {service.id for service in shipped_services()}
    assert {each.service for each in networks.standing()} <= shipped
    assert {(each.country, each.service) for each in networks.standing()} >= {("IR", "telegram"), ("IR", "youtube")}


def test_two_networks_of_one_operator_are_of_one_company() -> None:
    companies = {each.network: each.company for each in KNOWN}
    assert companies["AS197207"] == companies["AS43358"] == "MCI"
    assert companies["AS31549"] == companies["AS34369"] != companies["AS44244"]


def test_without_a_landmark_every_network_is_said_to_be_out_of_sight() -> None:
    (said,) = networks.unobservable(())
    assert all(f"{each.network} {each.operator}" in said for each in KNOWN)
    assert f"{len(KNOWN)} of {len(KNOWN)} networks of IR" in said


def test_a_landmark_takes_its_network_off_the_list() -> None:
    (said,) = networks.unobservable(landmarks("IR", "AS197207"))
    assert not re.search(r"\bAS197207\b", said)
    assert re.search(r"\bAS44244\b", said)


def test_of_a_country_we_have_no_list_for_that_is_said() -> None:
    assert list(networks.unobservable((), ["MM"])) == [
        "Nothing of MM is observable from outside: no landmark stands in it."
    ]
    assert list(networks.unobservable(landmarks("MM", "AS1"), ["MM"])) == []
    assert list(networks.unobservable(landmarks("MM", "AS1"))) == [], "and nothing of countries nobody asked for"


HUB = """\
listen: 127.0.0.1:9811
forward: {remote_write: "http://127.0.0.1:9090/api/v1/write"}
"""
REGISTRY = "vantages: [{id: v1, country: IR, network: AS197207, access: mobile, role: inside}]\n"


def test_check_config_says_it_of_the_countries_a_hub_watches(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "hub.yml").write_text(HUB)
    (tmp_path / "registry.yml").write_text(REGISTRY)
    news, mistakes = check(tmp_path / "hub.yml")
    assert mistakes == ()
    assert news.splitlines()[0] == "1 vantages"
    assert "Not observable from outside" in news
    (tmp_path / "registry.yml").write_text("vantages: []\n")
    assert check(tmp_path / "hub.yml") == ("0 vantages\nnotify: nobody is told", ())
