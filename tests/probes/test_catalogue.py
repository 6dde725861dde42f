"""The shipped catalogue is data anyone may check: every row has its source, and the canaries are what canaries must be."""

from __future__ import annotations

import ipaddress
import re
import time
from pathlib import Path

import pytest

from probes import catalogue, known
from probes.facts import Service, Spoken, Target
from probes.kinds import TRAITS
from probes.words import Category, Kind, Peer, Protocol, Scope
from tests.probes import captured

SERVICES, MISTAKES = catalogue.load(catalogue.shipped(), beside=Path(), responder="vpn.example.org")
ALONE, _ = catalogue.load(catalogue.shipped(), beside=Path())  # without one
TARGETS = [target for service in SERVICES for target in service.targets]


def service(name: str) -> Service:
    return next(each for each in SERVICES if each.id == name)


def test_every_shipped_file_is_without_mistake() -> None:
    assert MISTAKES == ()
    assert [each.id for each in SERVICES] == catalogue.shipped(), "a file is called as the service in it"


@pytest.mark.parametrize("category", Category)
def test_every_category_of_general_license_d_2_has_a_service(category: Category) -> None:
    """Without a responder of one's own, too."""
    here = [each for each in ALONE if each.category == category]
    assert any(target.essential for each in here for target in each.targets)


def test_no_service_has_a_category_that_is_nowhere_said() -> None:
    assert {each.category for each in SERVICES} == {*Category, "canary", "infrastructure"}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_row_says_where_it_comes_from_and_how_far_ok_goes(target: Target) -> None:
    assert target.source
    assert target.checked, "when somebody last saw it work, or never"
    if target.scope is None:
        assert target.not_seen.get("en"), "what this target leaves out"
        assert target.not_seen.get("fa")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_text_holds_what_cannot_be_shown(target: Target) -> None:
    """A text folded with `>-` is one line, and nothing else: ruamel marks where it was folded."""
    for text in (*target.not_seen.values(), *target.options.values(), target.source):
        assert text.replace("\u200c", "").isprintable(), text


@pytest.mark.parametrize("each", SERVICES, ids=lambda each: each.id)
def test_every_service_has_a_name_in_both_languages(each: Service) -> None:
    assert set(each.title) >= {"en", "fa"}


def test_services_people_need_wake_people_and_others_do_not() -> None:
    assert {each.id for each in SERVICES if each.page} == {"whatsapp", "instagram", "imo", "telegram"}


def test_each_service_has_one_essential_target_or_says_why() -> None:
    essentials = {each.id: sum(target.essential for target in each.targets) for each in SERVICES}
    wanted = {"vpn": 2, "canaries": 0, "protocols": 0, "transfers": 0, "international": 0}
    assert {id: count for id, count in essentials.items() if count != 1} == wanted


def test_without_a_responder_of_ones_own_its_targets_are_left_out() -> None:
    (vpn,), _ = catalogue.load(["vpn"], beside=Path())
    assert not [target for target in vpn.targets if target.kind is Kind.OPENVPN]
    assert vpn.targets


def test_imo_says_that_its_message_path_is_not_seen() -> None:
    web = next(target for target in service("imo").targets if target.id == "web")
    assert web.depth == "web"
    assert "not that imo works" in web.not_seen["en"]


def test_a_page_that_is_asked_for_is_a_short_one_or_says_how_much_it_costs() -> None:
    long = [target.name for target in TARGETS if target.kind is Kind.HTTPS and "path" not in target.options]
    assert not [name for name in long if not name.startswith(("vpn/", "instagram/", "whatsapp/"))]


def test_what_speaks_no_tls_is_not_walked_by_tls() -> None:
    """Telegram's data centres: a handshake fails there when all is well. Signal's servers show a root of their own."""
    by_name = {target.name: target for target in TARGETS}
    assert by_name["telegram/chat"].kind is Kind.TELEGRAM
    assert by_name["signal/chat"].options["roots"] == "signal"


def test_telegram_is_asked_for_at_its_six_data_centres() -> None:
    chat = next(target for target in service("telegram").targets if target.id == "chat")
    assert len({endpoint.address for endpoint in chat.endpoints}) == 6
    assert {endpoint.port for endpoint in chat.endpoints} == {80, 443}


_NEVER_PROBED = re.compile(r"bank|pay(pal|ment|ir)|shaparak|\.gov(\.|$)|\.mil(\.|$)|health|hospital|police|army|sepah")


def test_no_host_is_a_bank_a_payment_a_government_a_hospital_or_an_army() -> None:
    hosts = {endpoint.host for target in TARGETS for endpoint in target.endpoints}
    assert len(hosts) > 100
    assert not [host for host in hosts if _NEVER_PROBED.search(host)]


def test_no_host_is_watched_as_two_services() -> None:
    """One name that breaks is one thing that broke."""
    seen: dict[str, str] = {}
    for target in TARGETS:
        for host in {endpoint.host for endpoint in target.endpoints if endpoint.host} - {"vpn.example.org"}:
            assert seen.setdefault(host, target.service) == target.service, host


def test_what_abroad_is_compared_with_is_at_home_and_nobody_who_is_watched() -> None:
    rows = service("international").targets
    assert {row.options["home"] for row in rows} == {"IR"}
    asked = {endpoint.host for target in TARGETS for endpoint in target.endpoints}
    at_home = {row.options["neutral"].partition("/")[0] for row in rows}
    assert asked.isdisjoint(at_home)
    assert len(at_home) >= 2, "one mirror that is slow is not the country"
    assert not [host for host in at_home if _NEVER_PROBED.search(host)]
    assert all(row.endpoints[0].host not in at_home for row in rows)


def test_no_landmark_is_shipped_that_nobody_could_vouch_for() -> None:
    """Each would have to stand at an address known to be in the network it speaks for: no list we may use has one."""
    assert not [target.name for target in TARGETS if target.about is not None]


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
         f"x.yml:5: targets[0].kind: must be one of {str([kind.value for kind in Kind])[1:-1]}, not 'carrier_pigeon'"),
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
        ("telegram", "hosts: [a.example]",
         "x.yml:5: targets[0].options: fingerprints is missing: fingerprints of RSA keys, 16 hexadecimal digits each, with commas between"),
        ("telegram", "hosts: [a.example], options: {fingerprints: 'd09d1d85de64fd85,'}",
         "x.yml:5: targets[0].options: fingerprints must be fingerprints of RSA keys, 16 hexadecimal digits each, with commas between"),
        ("openvpn", "hosts: [a.example], options: {key_direction: '1'}",
         "x.yml:5: targets[0].options: key_direction means nothing without tls_auth_file"),
        ("openvpn", "hosts: [a.example], options: {tls_auth_file: a, tls_crypt_file: b}",
         "x.yml:5: targets[0].options: tls_crypt_file cannot stand beside tls_auth_file"),
        ("wireguard", "hosts: [a.example], transport: tcp, options: {public_key: 7HJRsUuVb0UvgqVXNUZCnsKZmbcBqXo3LbHlrWyFiXs=, private_key_file: k}",
         "x.yml:5: targets[0].transport: kind wireguard is not spoken over tcp"),
        ("wireguard", "hosts: [a.example], options: {public_key: abc, private_key_file: k}",
         "x.yml:5: targets[0].options: public_key must be the responder's public key, in base64"),
        ("shadowsocks", "hosts: [a.example], ports: [8388], options: {cipher: rc4-md5, key_file: k, through: www.example.org}",
         "x.yml:5: targets[0].options: cipher must be one of aes-128-gcm, aes-256-gcm, chacha20-ietf-poly1305"),
        ("vmess", "hosts: [a.example], ports: [10086], options: {through: www.example.org}",
         "x.yml:5: targets[0].options: id_file is missing: the user's id, a UUID"),
        ("obfs4", "hosts: [a.example], ports: [443]",
         "x.yml:5: targets[0].options: cert_file is missing: the cert= of a bridge line"),
        ("dns", "hosts: [a.example], transport: tcp", "x.yml:5: targets[0].transport: kind dns is not spoken over tcp"),
        ("tcp", "addresses: [192.168.1.1], ports: [1], about: {country: IR, network: AS1, kind: access}",
         "x.yml:5: targets[0].addresses: a landmark stands at public addresses of single hosts, never in a house; a name may move elsewhere"),
        ("tcp", "hosts: [a.example], ports: [1], about: {country: IR, network: AS1, kind: access}",
         "x.yml:5: targets[0].addresses: a landmark stands at public addresses of single hosts, never in a house; a name may move elsewhere"),
        ("tls", "hosts: [a.example], checked: 2026-02-30",
         "x.yml:5: targets[0].checked: must be a date such as 2026-08-14, a month, a year (\"2026\"), or never, not '2026-02-30'"),
        ("tls", "hosts: [a.example], checked: soon",
         "x.yml:5: targets[0].checked: must be a date such as 2026-08-14, a month, a year (\"2026\"), or never, not 'soon'"),
        ("tls", "hosts: [a.example], at: {country: NO!, network: AS1}",
         "x.yml:5: targets[0].at.country: must be a country of ISO 3166-1 such as IR, not 'NO!'"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_line(tmp_path: Path, kind: str, more: str, line: str) -> None:
    assert mistakes(tmp_path, HEAD + ROW.replace("KIND", kind).replace("MORE", more)) == [line]


def test_a_category_is_spelt_as_everybody_spells_it(tmp_path: Path) -> None:
    row = ROW.replace("KIND", "tls").replace("MORE", "hosts: [a.example]")
    assert mistakes(tmp_path, HEAD.replace("category: test", "category: video_conference") + row) == [
        "x.yml:3: category: is not quite a word of General License D-2; did you mean video_conferencing?"
    ]
    assert mistakes(tmp_path, HEAD.replace("category: test", "category: landmark") + row) == []


def test_norway_is_a_country_and_never_false(tmp_path: Path) -> None:
    row = ROW.replace("KIND", "tls").replace("MORE", "hosts: [a.example], at: {country: NO, network: AS1}")
    assert mistakes(tmp_path, HEAD + row) == []


@pytest.mark.parametrize("when", ["2026-08-14", "2026-08", '"2019"', "never"])
def test_when_a_row_was_last_seen_to_work_is_said_as_exactly_as_is_known(tmp_path: Path, when: str) -> None:
    assert (
        mistakes(tmp_path, HEAD + ROW.replace("KIND", "tls").replace("MORE", f"hosts: [a.example], checked: {when}"))
        == []
    )


@pytest.mark.parametrize("depth", [500, 2_000])
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


SPEAKS = """  - {id: plain, kind: tls, depth: endpoint, hosts: [a.example], source: test}
  - {id: six, kind: tls, depth: endpoint, ip: 6, hosts: [a.example], source: test,
     protocol: {name: ip6, peer: public, beside: BESIDE}}
"""


def test_a_target_may_speak_for_a_protocol_beside_one_that_shows_its_host_alive(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text(HEAD + SPEAKS.replace("BESIDE", "plain"))
    read, wrong = catalogue.load_file(path)
    assert wrong == ()
    assert read is not None
    six = read.targets[1]
    assert (six.spoken, six.endpoints[0].v6) == (Spoken(Protocol.IP6, Peer.PUBLIC, "plain"), True)
    assert read.targets[0].endpoints[0].v6 is False


@pytest.mark.parametrize("beside", ["six", "nobody"])
def test_what_stands_beside_is_plain_tls_over_ipv4(tmp_path: Path, beside: str) -> None:
    (line,) = mistakes(tmp_path, HEAD + SPEAKS.replace("BESIDE", beside))
    assert line == f"x.yml:7: targets[1].protocol: beside: {beside!r} is no target of kind tls here"


def test_a_service_may_bring_the_addresses_its_controls_saw(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    book = "book: {a.example: [157.240.1.60, '2a03:2880::1']}\n"
    path.write_text(book + HEAD + ROW.replace("KIND", "tls").replace("MORE", "hosts: [a.example]"))
    read, wrong = catalogue.load_file(path)
    assert wrong == ()
    assert read is not None
    assert read.book == {"a.example": ("157.240.1.60", "2a03:2880::1")}
    said = mistakes(tmp_path, book.replace("157.240.1.60", "somewhere") + HEAD)
    assert any("must be an IP address, not 'somewhere'" in line for line in said)


# ---------------------------------------------------------------- keys, which stand in files of their own

KEY = "8HJRsUuVb0UvgqVXNUZCnsKZmbcBqXo3LbHlrWyFiXs="
OPENVPN = ROW.replace("KIND", "openvpn")


@pytest.mark.parametrize(
    ("option", "name"), [("tls_auth_file", "static"), ("tls_crypt_file", "static"), ("tls_crypt_v2_file", "v2")]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_key_as_openvpn_writes_it_is_taken_and_never_shown(
    tmp_path: Path, option: str, name: str, newline: str
) -> None:
    key = captured.text(name) + "\n"
    (tmp_path / "my.key").write_text(key, newline=newline)
    row = OPENVPN.replace("MORE", f"hosts: [a.example], options: {{{option}: my.key}}")
    (tmp_path / "x.yml").write_text(HEAD + row)
    found, wrong = catalogue.load_file(tmp_path / "x.yml")
    assert found is not None, wrong
    assert found.targets[0].secrets[option].splitlines() == key.strip().splitlines()
    assert key.splitlines()[-2] not in repr(found)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "the file cannot be read"),
        ("schlüssel", "the file cannot be read"),
        ("", "the file must hold a private key (wg genkey)"),
        (KEY[:-1], "the file must hold a private key (wg genkey)"),
        (KEY + "\n" + KEY, "the file must hold a private key (wg genkey)"),
    ],
    ids=["is not there", "is not ASCII", "is empty", "is cut short", "holds two"],
)
def test_a_key_file_that_holds_no_key_is_one_mistake_and_is_never_repeated(
    tmp_path: Path, content: str | None, what: str
) -> None:
    if content is not None:
        (tmp_path / "my.key").write_text(content)
    row = ROW.replace("KIND", "wireguard")
    row = row.replace("MORE", f"hosts: [a.example], options: {{public_key: {KEY}, private_key_file: my.key}}")
    assert mistakes(tmp_path, HEAD + row) == [f"x.yml:5: targets[0].options: private_key_file: {what}"]


@pytest.mark.parametrize(
    "piece", ["#\n", "# \t", "\n", "-----BEGIN OpenVPN Static key V1-----\n", "0" * 32 + "\n", "A" * 64 + " "]
)
def test_no_key_file_takes_long_to_refuse(piece: str) -> None:
    text = (piece * 20_000)[: 16 * 1024]
    began_s = time.process_time()
    for kind in TRAITS:
        for option in TRAITS[kind].options.values():
            if option.in_file:
                for start in ("", "-----BEGIN OpenVPN tls-crypt-v2 client key-----\n"):
                    assert not re.fullmatch(option.form, start + text)
    assert time.process_time() - began_s < 0.5


def test_the_example_of_a_file_of_ones_own_is_without_mistake(tmp_path: Path) -> None:
    """It stands in vpn.yml as a remark; whoever copies it writes down keys and nothing else."""
    shipped = (catalogue.SHIPPED / "vpn.yml").read_text()
    example = "\n".join(line[4:] for line in shipped.splitlines() if line.startswith("#   "))
    (tmp_path / "my-vpn.yml").write_text(example.replace("the server's, as `wg show` prints it", KEY))
    for name, key in (
        ("wireguard.key", KEY), ("wireguard.psk", KEY), ("tc.key", captured.text("static")), ("shadowsocks.password", "x"),
        ("vmess.id", "b831381d-6324-4d53-ad4f-8cda48b30811"),
        ("obfs4.cert", captured.text("obfs4 cert")),
    ):  # fmt: skip
        (tmp_path / name).write_text(key + "\n")
    found, wrong = catalogue.load_file(tmp_path / "my-vpn.yml", responder="vpn.example.org")
    assert found is not None, wrong
    assert [target.id for target in found.targets] == [
        "wireguard",
        "openvpn-tls-crypt",
        "ikev2",
        "shadowsocks",
        "trojan",
        "vmess",
        "obfs4",
    ]
