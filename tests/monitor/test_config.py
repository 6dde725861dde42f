"""didban.yml is read strictly: every mistake is one line with file, line and key, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import load
from monitor.pace import Pace
from monitor.tools import tools
from probes.doors.yamlfile import read
from probes.words import Kind

GOOD = """\
vantage:
  id: v7f3a
  secret_file: vantage.secret
  country: IR
  network: AS197207
  access: mobile
  role: inside
services: [whatsapp, instagram, imo, canaries]
interval: 60s
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vantage.secret").write_bytes(bytes(32))
    return tmp_path


def mistakes_of(folder: Path, text: str) -> list[str]:
    path = folder / "didban.yml"
    path.write_text(text)
    _, mistakes = load(path)
    return [str(mistake).removeprefix(f"{folder}/") for mistake in mistakes]


def test_a_good_file_gives_a_config_with_units_in_its_names(folder: Path) -> None:
    path = folder / "didban.yml"
    path.write_text(GOOD)
    loaded, mistakes = load(path)
    assert mistakes == ()
    assert loaded is not None
    assert loaded.config.interval_s == 60
    assert loaded.config.bytes_per_day == 120_000_000
    assert loaded.config.as_vantage().network == "AS197207"
    assert {service.id for service in loaded.services} == {"whatsapp", "instagram", "imo", "canaries"}


def test_ten_mistakes_give_ten_lines(folder: Path) -> None:
    text = """\
vantage:
  id: Not A Word
  secret_file: gone.secret
  country: Iran
  network: 197207
  access: satellite
  role: inside
services: [whatsap]
interval: 60
limits: {concurency: 200, bytes_per_day: 5 apples}
storage: {path: /var/lib/didban, path: /tmp}
"""
    assert mistakes_of(folder, text) == [
        "didban.yml:2: vantage.id: must be a word of a-z, 0-9, - and _, not 'Not A Word'",
        "didban.yml:3: vantage.secret_file: gone.secret: no such file",
        "didban.yml:4: vantage.country: must be a country of ISO 3166-1 such as IR, not 'Iran'",
        "didban.yml:5: vantage.network: must be text (a number or true needs quotes), not 197207",
        "didban.yml:6: vantage.access: must be one of 'mobile', 'fixed', 'datacenter', not 'satellite'",
        "didban.yml:8: services[0]: is no shipped service and no file; did you mean whatsapp?",
        "didban.yml:9: interval: must be a duration such as 500ms, 10s, 5m, 2h or 7d, not 60",
        "didban.yml:10: limits.bytes_per_day: must be a size such as 500KB, 120MB or 1GB, not '5 apples'",
        "didban.yml:10: limits.concurency: unknown key; did you mean concurrency?",
        "didban.yml:11: storage.path: is given twice (first on line 11)",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (GOOD.replace("country: IR", "country: NO"), None),
        (
            GOOD.replace("60s", "30s"),
            "didban.yml:9: interval: must be 60s or longer: at most one round per target and minute",
        ),
        (GOOD + "timeout: 40s\n", "didban.yml:10: timeout: must be at most half of the interval"),
        (GOOD + "tls: {ca_file: lab.pem}\n", "didban.yml:10: tls.ca_file: lab.pem: no such file"),
        (
            GOOD + "ship: [{name: hub, remote_write: 'http://hub.example.org/api/v1/write'}]\n",
            "didban.yml:10: ship[0].remote_write: must be https: a password would cross in clear",
        ),
        (GOOD + "vantage: {}\n", "didban.yml:10: vantage: is given twice (first on line 1)"),
        (GOOD.replace("  role: inside\n", ""), "didban.yml:1: vantage.role: is missing"),
        ("interval: 60s\n", "didban.yml:1: vantage: is missing"),
        ("a: [", "didban.yml:1: is not YAML: did not find expected node content"),
        ("", "didban.yml:1: vantage: is missing"),
        (GOOD.replace("AS197207", "AS4294967295"), None),
        (
            GOOD.replace("AS197207", "AS4294967296"),
            "didban.yml:5: vantage.network: must be an autonomous system such as AS197207, not 'AS4294967296'",
        ),
        (GOOD + "ship:\n#  - name: hub\nlimits:\ndns: {isp: , trusted: }\nnotify:\n", None),
        (GOOD.replace("[whatsapp, instagram, imo, canaries]", ""), "didban.yml:8: services: must be a list, not null"),
        (GOOD.replace("[whatsapp, instagram, imo, canaries]", "[]"), "didban.yml:8: services: must not be empty"),
        (
            GOOD.replace("60s", ""),
            "didban.yml:9: interval: must be a duration such as 500ms, 10s, 5m, 2h or 7d, not null",
        ),
        (GOOD.replace("60s", "1h") + "timeout: 61s\n", "didban.yml:10: timeout: must be 60s or shorter"),
        (GOOD + "storage: {path: ''}\n", "didban.yml:10: storage.path: must not be empty"),
        (GOOD + "dns: {system: 192.0.2.53}\n", "didban.yml:10: dns.system: must be a list, not '192.0.2.53'"),
        (GOOD + "histograms: yes\n", "didban.yml:10: histograms: must be true or false, not 'yes'"),
        ("\x00", "didban.yml:1: is not YAML: unacceptable character #x0000: control characters are not allowed"),
    ],
)
def test_each_mistake_is_named(folder: Path, text: str, line: str | None) -> None:
    assert mistakes_of(folder, text) == ([line] if line else [])


@pytest.mark.parametrize(
    ("also", "shipped", "line"),
    [
        ("didban_walks_total", {"didban_walks_total"}, None),
        (
            "didban_schedule_lateness_seconds",
            {f"didban_schedule_lateness_seconds_{suffix}" for suffix in ("bucket", "sum", "count")},
            None,
        ),
        ("didban_walk_total", set(), "must be a series of /metrics; did you mean didban_walks_total?"),
        ("up", set(), "must be a series of /metrics"),
    ],
)
def test_what_is_shipped_beyond_the_home_set_is_named_as_metrics_are(
    folder: Path, also: str, shipped: set[str], line: str | None
) -> None:
    text = f"{GOOD}ship: [{{name: hub, remote_write: 'https://h.example/w', also: [{also}]}}]\n"
    assert mistakes_of(folder, text) == ([f"didban.yml:10: ship[0].also[0]: {line}"] if line else [])
    loaded, _ = load(folder / "didban.yml")
    assert (loaded.config.ship[0].series_beyond if loaded else set()) == shipped


@pytest.mark.parametrize(
    ("tls", "line"),
    [
        ("cert_file: , key_file: ", None),
        ("cert_file: own.pem, key_file: own.key", None),
        ("cert_file: both.pem", None),
        ("cert_file: own.pem, key_file: gone", ".key_file: gone: no such file"),
        ("cert_file: own.pem, key_file: other.key", ".cert_file: own.pem: its key is not that of the certificate"),
        (
            "cert_file: own.pem",
            ".cert_file: own.pem: there is no certificate in it, or no key without a passphrase in it",
        ),
        (
            "cert_file: vantage.secret, key_file: own.key",
            ".cert_file: vantage.secret: there is no certificate in it, or no key without a passphrase in key_file",
        ),
        ("cert_file: folder, key_file: own.key", ".cert_file: folder: is a folder"),
        ("key_file: own.key", ": key_file means nothing without cert_file"),
    ],
)
def test_a_certificate_that_cannot_be_shown_is_no_surprise_at_work(folder: Path, tls: str, line: str | None) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    own, other = authority.issue_cert("a.example"), authority.issue_cert("b.example")
    own.cert_chain_pems[0].write_to_path(folder / "own.pem")
    own.private_key_pem.write_to_path(folder / "own.key")
    own.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    other.private_key_pem.write_to_path(folder / "other.key")
    (folder / "folder").mkdir()
    text = f"{GOOD}ship: [{{name: hub, remote_write: 'https://h.example/w', tls: {{{tls}}}}}]\n"
    assert mistakes_of(folder, text) == ([f"didban.yml:10: ship[0].tls{line}"] if line else [])


RESPONDER_KEY = "A" * 43 + "="


@pytest.mark.parametrize(
    ("given", "address", "port", "line"),
    [
        ("witness.example.org", "", 443, None),
        ("203.0.113.7", "203.0.113.7", 443, None),
        ("{name: witness.example.org, address: 203.0.113.7, port: 8443}", "203.0.113.7", 8443, None),
        (f"{{name: w.example.org, key: {RESPONDER_KEY}, token_file: token, ways: [direct]}}", "", 443, None),
        (f"{{name: w.example.org, key: {RESPONDER_KEY}}}", "", 443, "responder: key and token_file go together"),
        ("{name: w.example.org, token_file: token}", "", 443, "responder: key and token_file go together"),
        (f"{{name: w.example.org, key: {RESPONDER_KEY}, token_file: gone}}", "", 443,
         "responder.token_file: gone: no such file"),
        (f"{{name: w.example.org, key: {RESPONDER_KEY}, token_file: blank}}", "", 443,
         "responder.token_file: blank: is empty"),
        ("{name: w.example.org, key: abc, token_file: token}", "", 443, "responder.key: must be the responder's public key"),
        ("{address: 203.0.113.7}", "", 443, "responder.name: is missing"),
        ("{name: w.example.org, address: here}", "", 443, "responder.address: must be an IP address"),
    ],
)  # fmt: skip
def test_a_responder_is_a_name_or_all_that_is_known_of_it(
    folder: Path, given: str, address: str, port: int, line: str | None
) -> None:
    (folder / "token").write_text("secret\n")
    (folder / "blank").write_text("\n")
    text = GOOD.replace("canaries]", "canaries, vpn]") + f"responder: {given}\n"
    found = mistakes_of(folder, text)
    if line is not None:
        assert len(found) == 1, found
        assert line in found[0]
        return
    loaded, _ = load(folder / "didban.yml")
    assert loaded is not None
    assert loaded.config.responder is not None
    at = loaded.config.responder.endpoint
    assert (at.address, at.port) == (address, port)
    own = [t for s in loaded.services for t in s.targets if t.name == "vpn/responder-tls"]
    assert [(e.host, e.address) for e in own[0].endpoints] == [(at.host, address)]


def test_a_service_file_of_ones_own_reports_its_own_lines(folder: Path) -> None:
    (folder / "mine.yml").write_text(
        "service: mine\ntitle: {en: Mine}\ncategory: messaging\ntargets:\n"
        "  - {id: a, kind: gopher, depth: web, hosts: [a.example], source: me}\n"
        "  - {id: b, kind: tcp, depth: web, hosts: [b.example], ports: [70000], source: me}\n"
        "  - {id: c, kind: tls, depth: web, hosts: [c.example], hosts: [], source: me, at: {country: NO, network: AS1}}\n"
        "  - {id: d, kind: tcp, depth: web, hosts: [d.example], source: me}\n"
        "  - {id: d, kind: tls, depth: web, source: me}\n"
    )
    assert mistakes_of(folder, GOOD.replace("imo", "./mine.yml")) == [
        f"mine.yml:5: targets[0].kind: must be one of {str([kind.value for kind in Kind])[1:-1]}, not 'gopher'",
        "mine.yml:6: targets[1].ports[0]: must be less than or equal to 65535, not 70000",
        "mine.yml:7: targets[2].hosts: is given twice (first on line 7)",
        "mine.yml:8: targets[3].ports: kind tcp has no default port",
        "mine.yml:9: targets[4]: needs hosts or addresses",
        "mine.yml:9: targets[4].id: 'd' is the id of an earlier target",
    ]


def test_an_alias_bomb_is_one_line(tmp_path: Path) -> None:
    layers = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    path = tmp_path / "bomb.yml"
    path.write_text("a0: &a0 [x]\n" + "\n".join(layers))
    assert [mistake.what for mistake in read(path).mistakes] == [
        "unfolds into too much: too deep, or aliases of aliases"
    ]


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    assert [str(m) for m in load(tmp_path / "none.yml")[1]] == [
        f"{tmp_path}/none.yml:1: cannot be read: no such file or directory"
    ]


def test_lists_of_fingerprints_are_read_for_the_country_of_the_box(folder: Path) -> None:
    head = "name,scope,other_names,location_found,pattern_type,pattern,confidence_no_fp,expected_countries,source,exp_url,notes\n"
    (folder / "dns.csv").write_text(
        head + "a,nat,,dns,full,198.51.100.7,5,IR,x,,\nb,nat,,dns,full,198.51.100.8,5,TR,x,,\n"
    )
    (folder / "didban.yml").write_text(GOOD + "fingerprints: [dns.csv]\n")
    loaded, mistakes = load(folder / "didban.yml")
    assert mistakes == ()
    assert loaded is not None
    (found,) = loaded.fingerprints
    assert [row.id for row in found.fingerprints.forged] == ["a"]
    known = tools(loaded, Pace.of(loaded.config)).fingerprints
    assert known.forged_answer("198.51.100.7") == "a"
    assert known.forged_answer("10.10.34.36") == "ir_10_10_34", "ours stay, and stand first"


@pytest.mark.parametrize(
    ("named", "text", "line"),
    [
        ("gone.csv", None, "didban.yml:10: fingerprints[0]: gone.csv: no such file"),
        ("mine.yml", "marks: 5\n", "mine.yml:1: marks: must be a list, not 5"),
        ("mine.csv", "a,b\n", "mine.csv:1: is no blocking-fingerprints list: it has no column confidence_no_fp,"),
        ("x" * 300, None, f"didban.yml:10: fingerprints[0]: {'x' * 300}: no such file"),
    ],
)
def test_a_file_of_fingerprints_that_is_none_refuses_the_configuration(
    folder: Path, named: str, text: str | None, line: str
) -> None:
    if text is not None:
        (folder / named).write_text(text)
    (found,) = mistakes_of(folder, GOOD + f"fingerprints: [{named}]\n")
    assert found.startswith(line)


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode(errors="replace")))
def test_no_file_makes_the_reader_raise(data: bytes) -> None:
    path = Path("/dev/shm/didban-test-config.yml")
    path.write_bytes(data)
    loaded, mistakes = load(path)
    assert loaded is None
    assert mistakes
