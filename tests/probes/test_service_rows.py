"""What a service file of one's own may say, as people write YAML: a code is a number, one thing needs no list."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.begin.check import check
from probes.catalogue import load_file
from probes.facts import Target

HEAD = "service: mine\ntitle: {en: Mine}\ncategory: messaging\ntargets:\n"


def written(folder: Path, row: str) -> Path:
    path = folder / "mine.yml"
    path.write_text(f"{HEAD}  - {{id: a, depth: web, source: me, {row}}}\n")
    return path


def target_of(folder: Path, row: str) -> Target:
    service, mistakes = load_file(written(folder, row))
    assert mistakes == ()
    assert service is not None
    return service.targets[0]


@pytest.mark.parametrize(
    ("expect", "taken"),
    [
        ("any", ("any",)),
        ("2xx", ("2xx",)),
        ("200", ("200",)),
        ("[200]", ("200",)),
        ("[2xx, 301, '404']", ("2xx", "301", "404")),
    ],
)
def test_what_is_expected_is_one_word_or_several(tmp_path: Path, expect: str, taken: tuple[str, ...]) -> None:
    assert target_of(tmp_path, f"kind: https, hosts: [a.example], expect: {expect}").expect == taken


@pytest.mark.parametrize(
    ("expect", "what"),
    [
        ("[]", "must not be empty: give any where every answer will do"),
        ("[2xx, 600]", "must be a status such as 204, a class such as 2xx, or any, not '600'"),
        ("true", "must be a status such as 204, a class such as 2xx, or any, not true"),
        ("{a: b}", "must be a status such as 204, a class such as 2xx, or any, not a mapping"),
    ],
)
def test_what_nothing_can_answer_is_not_expected(tmp_path: Path, expect: str, what: str) -> None:
    _, (mistake,) = load_file(written(tmp_path, f"kind: https, hosts: [a.example], expect: {expect}"))
    assert str(mistake) == f"{tmp_path}/mine.yml:5: targets[0].expect: {what}"


def test_a_number_among_options_is_the_text_of_it(tmp_path: Path) -> None:
    target = target_of(tmp_path, "kind: transfer, hosts: [a.example], options: {path: /x, bytes: 65536}")
    assert target.options == {"path": "/x", "bytes": "65536"}


@pytest.mark.parametrize("ip", ["", ", ip: 6"])
def test_a_literal_address_says_itself_which_ip_it_is_of(tmp_path: Path, ip: str) -> None:
    target = target_of(tmp_path, f'kind: tcp, ports: [7], addresses: ["2001:db8::1"]{ip}')
    assert [(each.address, each.v6) for each in target.endpoints] == [("2001:db8::1", True)]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("addresses: [192.0.2.1], ip: 6", "ip is 6, and they are of the other kind"),
        ('addresses: ["2001:db8::1"], ip: 4', "ip is 4, and they are of the other kind"),
        ('addresses: [192.0.2.1, "2001:db8::1"]', "are IPv4 and IPv6: give each kind a target of its own"),
    ],
)
def test_a_target_is_of_one_ip(tmp_path: Path, row: str, what: str) -> None:
    _, (mistake,) = load_file(written(tmp_path, f"kind: tcp, ports: [7], {row}"))
    assert str(mistake) == f"{tmp_path}/mine.yml:5: targets[0].addresses: {what}"


def test_a_service_file_that_forgot_its_name_is_still_checked_as_one(tmp_path: Path) -> None:
    path = written(tmp_path, "kind: tls, hosts: [a.example]")
    path.write_text(path.read_text().replace("service: mine\n", ""))
    assert [str(each) for each in check(path)[1]] == [f"{path}:1: service: is missing"]
