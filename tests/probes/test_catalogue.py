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
    assert {each.id for each in SERVICES} == {"whatsapp", "instagram", "imo", "vpn", "canaries", "transfers"}


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
    assert essentials == {"whatsapp": 1, "instagram": 1, "imo": 1, "vpn": 2, "canaries": 0, "transfers": 0}


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


# ---------------------------------------------------------------- service files of others

HEAD = "service: x\ntitle: {en: X}\ncategory: test\ntargets:\n"
ROW = "  - {id: a, kind: KIND, depth: web, source: test, MORE}\n"


def mistakes(folder: Path, text: str) -> list[str]:
    path = folder / "x.yml"
    path.write_text(text)
    return [str(each).removeprefix(f"{folder}/") for each in catalogue.load_file(path)[1]]


@pytest.mark.parametrize(
    ("kind", "more", "line"),
    [
        ("carrier_pigeon", "hosts: [a.example]",
         "x.yml:5: targets[0].kind: must be one of 'dns', 'tcp', 'tls', 'http', 'https', 'openvpn', 'whatsapp', 'transfer', not 'carrier_pigeon'"),
        ("tls", "hosts: [a.example], ports: [70000]",
         "x.yml:5: targets[0].ports[0]: must be less than or equal to 65535, not 70000"),
        ("https", "hosts: [a.example], options: {path: '/a b'}",
         "x.yml:5: targets[0].options: path must be a text that begins with / and holds no space, and nothing beyond ASCII unescaped"),
        ("https", "hosts: [a.example], options: {path: /سلام}",
         "x.yml:5: targets[0].options: path must be a text that begins with / and holds no space, and nothing beyond ASCII unescaped"),
        ("https", "hosts: [a.example], options: {pth: /a}", "x.yml:5: targets[0].options: 'pth' is no option of kind https"),
        ("tcp", "hosts: [a.example, a.example], ports: [1]", "x.yml:5: targets[0].hosts: names one twice"),
        ("tls", "hosts: [a.example], transport: udp", "x.yml:5: targets[0].transport: kind tls is not spoken over udp"),
        ("whatsapp", "hosts: [a.example], options: {root_key: abc}",
         "x.yml:5: targets[0].options: root_key must be 64 hexadecimal digits"),
        ("dns", "hosts: [a.example], transport: tcp", "x.yml:5: targets[0].transport: kind dns is not spoken over tcp"),
        ("tcp", "addresses: [192.168.1.1], ports: [1], about: {country: IR, network: AS1, kind: access}",
         "x.yml:5: targets[0].addresses: a landmark stands at public addresses of single hosts, never in a house"),
        ("tls", "hosts: [a.example], at: {country: NO!, network: AS1}",
         "x.yml:5: targets[0].at.country: must be a country of ISO 3166-1 such as IR, not 'NO!'"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_line(tmp_path: Path, kind: str, more: str, line: str) -> None:
    assert mistakes(tmp_path, HEAD + ROW.replace("KIND", kind).replace("MORE", more)) == [line]


def test_norway_is_a_country_and_never_false(tmp_path: Path) -> None:
    row = ROW.replace("KIND", "tls").replace("MORE", "hosts: [a.example], at: {country: NO, network: AS1}")
    assert mistakes(tmp_path, HEAD + row) == []


@pytest.mark.parametrize("depth", [500, 5_000])
def test_a_file_that_is_all_brackets_is_one_mistake(tmp_path: Path, depth: int) -> None:
    (line,) = mistakes(tmp_path, "a: " + "[" * depth + "]" * depth)
    assert line.startswith("x.yml:1: ")


def test_a_service_asked_for_twice_is_a_mistake(tmp_path: Path) -> None:
    for name in ("x.yml", "y.yml"):
        (tmp_path / name).write_text(HEAD + ROW.replace("KIND", "tls").replace("MORE", "hosts: [a.example]"))
    _, found = catalogue.load(["./x.yml", "./y.yml"], beside=tmp_path)
    assert [str(each) for each in found] == ["./y.yml:1: is 'x', which is asked for already"]
    _, found = catalogue.load(["imo", "x" * 300 + "/", "imo"], beside=tmp_path)
    assert len(found) == 2
