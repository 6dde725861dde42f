"""The shipped catalogue is data anyone may check: every row has its source, and the canaries are what canaries must be."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from probes import catalogue, known
from probes.facts import Service, Target
from probes.words import Kind, Scope

SERVICES, MISTAKES = catalogue.load(catalogue.shipped(), beside=Path(), responder="vpn.example.org")
TARGETS = [target for service in SERVICES for target in service.targets]


def service(name: str) -> Service:
    return next(each for each in SERVICES if each.id == name)


def test_every_shipped_file_is_without_mistake() -> None:
    assert MISTAKES == ()
    assert {each.id for each in SERVICES} == {"whatsapp", "instagram", "imo", "vpn", "canaries"}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_row_says_where_it_comes_from_and_how_far_ok_goes(target: Target) -> None:
    assert target.source
    if target.scope is None:
        assert target.not_seen.get("en"), "what this target leaves out"
        assert target.not_seen.get("fa")


@pytest.mark.parametrize("each", SERVICES, ids=lambda each: each.id)
def test_every_service_has_a_name_in_both_languages(each: Service) -> None:
    assert set(each.title) >= {"en", "fa"}


def test_services_people_need_wake_people_and_others_do_not() -> None:
    assert {each.id for each in SERVICES if each.page} == {"whatsapp", "instagram", "imo"}


def test_each_service_has_one_essential_target_or_says_why() -> None:
    essentials = {each.id: sum(target.essential for target in each.targets) for each in SERVICES}
    assert essentials == {"whatsapp": 1, "instagram": 1, "imo": 1, "vpn": 2, "canaries": 0}


def test_without_a_responder_of_ones_own_its_targets_are_left_out() -> None:
    (vpn,), _ = catalogue.load(["vpn"], beside=Path())
    assert not [target for target in vpn.targets if target.kind is Kind.OPENVPN]
    assert vpn.targets


def test_imo_says_that_its_message_path_is_not_seen() -> None:
    web = next(target for target in service("imo").targets if target.id == "web")
    assert web.depth == "web"
    assert "not that imo works" in web.not_seen["en"]


def test_international_canaries_are_many_and_spread() -> None:
    rows = [target for target in service("canaries").targets if target.scope is Scope.INTERNATIONAL]
    assert len(rows) >= 12
    assert len({target.at.network for target in rows if target.at}) >= 8
    assert len({target.at.country for target in rows if target.at}) >= 4
    for target in rows:
        (endpoint,) = target.endpoints
        assert endpoint.host
        assert ipaddress.ip_address(endpoint.address).is_global
        assert target.kind is Kind.TLS, "alive only when the far end authenticates itself"


def test_domestic_canaries_of_iran_are_three_or_more_and_most_outside_any_one_network() -> None:
    rows = [t for t in service("canaries").targets if t.scope is Scope.DOMESTIC and t.at and t.at.country == "IR"]
    networks = [target.at.network for target in rows if target.at]
    assert len(rows) >= 3
    assert all(len(rows) - networks.count(network) >= 2 for network in networks)


def test_a_domestic_canary_never_shares_an_address_with_a_watched_service() -> None:
    watched = {endpoint.host for target in TARGETS if target.scope is None for endpoint in target.endpoints}
    canaries = {endpoint.host for target in TARGETS if target.scope is not None for endpoint in target.endpoints}
    assert watched.isdisjoint(canaries)


def test_the_known_forgeries_of_iran_are_known() -> None:
    fingerprints = known.load()
    assert fingerprints.forged_answer("10.10.34.36") == "ir_10_10_34"
    assert fingerprints.forged_answer("d0::11") == "ir_v6_d0_11"
    assert fingerprints.forged_answer("157.240.1.1") is None
    assert fingerprints.forged_answer("216.239.38.120") is None, "safe search is no block"
    assert fingerprints.forged_answer("64:ff9b::1") is None, "DNS64 is no tampering"


def test_no_row_of_the_catalogue_is_read_as_a_forgery() -> None:
    fingerprints = known.load()
    addresses = [endpoint.address for target in TARGETS for endpoint in target.endpoints if endpoint.address]
    assert [each for each in addresses if fingerprints.forged_answer(each)] == []
