"""What no signature can bring into a box: each rule, and that the shipped catalogue keeps them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.renewal import allowed, shelf
from monitor.renewal.shelf import Refused
from probes import catalogue, known
from tests.monitor.renewal.catalogues import VERSION, install, packed, service


def refused(folder: Path, text: str, name: str = "imo") -> str:
    with pytest.raises(Refused) as why:
        install(packed(files={f"services/{name}.yml": text}), folder)
    assert not (folder / "current").exists()
    return " ".join(each.what for each in why.value.mistakes)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (
            "{id: a, kind: wireguard, depth: protocol, hosts: [vpn.example.com], options: {public_key: x}, source: t}",
            "",
        ),
        ("{id: a, kind: ikev2, depth: endpoint, hosts: [vpn.example.com], source: t}", "rises no higher"),
        ("{id: a, kind: tls, depth: web, hosts: [www.example.com], tier: 2, source: t}", "rises no higher"),
        ("{id: a, kind: tls, depth: web, addresses: [192.168.1.1], source: t}", "no public address"),
        ("{id: a, kind: tls, depth: web, addresses: [127.0.0.1], source: t}", "no public address"),
        ("{id: a, kind: tls, depth: web, addresses: [169.254.169.254], source: t}", "no public address"),
        ("{id: a, kind: tls, depth: web, addresses: ['fd00::1'], ip: 6, source: t}", "no public address"),
        ("{id: a, kind: tls, depth: web, hosts: [10.0.0.1], source: t}", "no public address"),
        ("{id: a, kind: tls, depth: web, hosts: [router], source: t}", "never asked"),
        ("{id: a, kind: tls, depth: web, hosts: [nas.local], source: t}", "never asked"),
        ("{id: a, kind: tls, depth: web, hosts: [www.ministry.gov.ir], source: t}", "never asked"),
        ("{id: a, kind: tls, depth: web, hosts: [www.army.mil], source: t}", "never asked"),
        (
            "{id: a, kind: tls, depth: web, hosts: ["
            + ", ".join(f"h{n}.example.com" for n in range(9))
            + "], sample: 9, source: t}",
            "a scan is no measurement",
        ),
        (
            "{id: a, kind: tls, depth: web, addresses: [8.8.8.8], source: t, "
            "about: {country: IR, network: AS197207, kind: access}}",
            "looks at nobody from outside",
        ),
    ],
)
def test_a_service_that_people_agreed_to_stays_what_it_was(tmp_path: Path, more: str, why: str) -> None:
    assert why in refused(tmp_path / "catalogue", service(more=more))


def test_a_port_scan_is_refused(tmp_path: Path) -> None:
    ports = ", ".join(str(port) for port in range(1, 66))
    more = f"{{id: a, kind: tls, depth: web, hosts: [h.example.com], ports: [{ports}], source: t}}"
    assert "a scan is no measurement" in refused(tmp_path / "catalogue", service(more=more))


def test_a_thousand_targets_are_refused(tmp_path: Path) -> None:
    rows = "".join(
        f"  - {{id: t{n}, kind: tls, depth: web, hosts: [h{n}.example.com], source: t}}\n" for n in range(41)
    )
    assert "are more than 40" in refused(tmp_path / "catalogue", service() + rows)


def test_a_category_does_not_change_and_a_file_is_called_as_its_service(tmp_path: Path) -> None:
    assert "stays that" in refused(tmp_path / "catalogue", service(category="vpn"))
    assert "must be 'imo'" in refused(tmp_path / "catalogue", service("other"))


def test_a_file_of_this_machine_is_never_named(tmp_path: Path) -> None:
    (tmp_path / "didban.yml").write_text("")
    more = (
        "{id: a, kind: openvpn, depth: protocol, hosts: [v.example.com], transport: tcp, source: t, "
        "options: {tls_auth_file: /etc/didban/secrets/key}}"
    )
    assert "cannot be read" in refused(tmp_path / "catalogue", service("fresh", more=more), "fresh")
    key = tmp_path / "static.key"
    key.write_text(
        "-----BEGIN OpenVPN Static key V1-----\n" + f"{'0' * 32}\n" * 16 + "-----END OpenVPN Static key V1-----"
    )
    said = refused(
        tmp_path / "catalogue", service("fresh", more=more.replace("/etc/didban/secrets/key", str(key))), "fresh"
    )
    assert "names a file of this machine" in said


def test_a_book_of_addresses_holds_public_ones(tmp_path: Path) -> None:
    text = service() + "book: {www.example.com: [10.10.34.36]}\n"
    assert "no public address" in refused(tmp_path / "catalogue", text)


def test_a_renewed_service_is_no_stepping_stone_to_a_higher_tier(tmp_path: Path) -> None:
    """A new name may begin at any tier: nobody walks it before somebody named it. From then on it stays there."""
    folder = tmp_path / "catalogue"
    install(packed(files={"services/fresh.yml": service("fresh")}), folder)
    more = "{id: a, kind: ikev2, depth: endpoint, hosts: [vpn.example.com], source: t}"
    with pytest.raises(Refused):
        install(packed(VERSION + 1, {"services/fresh.yml": service("fresh", more)}), folder)
    install(packed(VERSION + 1, {"services/other.yml": service("other", more)}), folder)


def test_what_is_shipped_keeps_every_rule(tmp_path: Path) -> None:
    (tmp_path / "services").symlink_to(catalogue.SHIPPED)
    (tmp_path / "fingerprints").symlink_to(known.FOLDER)
    services, _ = catalogue.load(catalogue.shipped(), beside=Path(), responder="responder.example")
    assert list(allowed.mistakes(tmp_path, {each.id: each for each in services})) == []
    assert len(list(catalogue.SHIPPED.glob("*.yml"))) + 3 <= allowed.MOST_FILES
    assert shelf.SHIPPED_VERSION > 0
