"""A captured vantage can only lie about itself: whatever else it sends changes nothing, and is counted."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.home.remotewrite import STALE, TimeSeries, encode, labels, value
from monitor.hub import enrol, registry, settings
from monitor.hub.gateway import Bounds, Gateway, Refusal, Refused
from monitor.hub.registry import NetworkRow, Registry, Watch
from monitor.metrics import identity
from probes.facts import Vantage
from tests.monitor.facts import CONTROL, INSIDE

NOW_MS = 1_800_000_000_000
MINE = {key: text for key, text in identity(INSIDE).items() if text}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    fleet = {vantage.id: vantage for vantage in (INSIDE, CONTROL)}
    for vantage in fleet:
        (tmp_path / vantage).write_text(hashlib.sha256(f"secret of {vantage}".encode()).hexdigest() + "\n")
    (tmp_path / "v9").write_text(hashlib.sha256(b"left behind").hexdigest())
    known = Registry(fleet, frozenset(), (), (), ())
    return Gateway(tmp_path, known, Bounds(accepts_age_ms=7 * 86_400_000, most_series=3))


def batch(name: str = "didban_target_up", at_ms: int = NOW_MS, more: Mapping[str, str] | None = None) -> bytes:
    return encode([TimeSeries(labels(name, {"service": "imo", **(more or {})}), ((at_ms, value(1.0)),))])


def refused(gateway: Gateway, body: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        gateway.read("v1", body, NOW_MS)
    return caught.value.reason


# ---------------------------------------------------------------- who writes


def test_the_credential_says_who_it_is(gateway: Gateway) -> None:
    assert gateway.admit(basic("v1", "secret of v1")) == "v1"


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, Refused.UNAUTHORIZED),
        ("", Refused.UNAUTHORIZED),
        ("Bearer x", Refused.UNAUTHORIZED),
        ("Basic !!!", Refused.UNAUTHORIZED),
        (basic("v1", "secret of c1"), Refused.UNAUTHORIZED),
        (basic("v1", ""), Refused.UNAUTHORIZED),
        (basic("nobody", "x"), Refused.UNAUTHORIZED),
        (basic("../v1", "secret of v1"), Refused.UNAUTHORIZED),
        (basic("v9", "left behind"), Refused.UNKNOWN_VANTAGE),
    ],
)
def test_a_stranger_is_refused(gateway: Gateway, authorization: str | None, reason: Refused) -> None:
    with pytest.raises(Refusal) as caught:
        gateway.admit(authorization)
    assert caught.value.reason is reason


# ---------------------------------------------------------------- what is written


def test_identity_is_set_from_the_registry_and_never_from_the_wire(gateway: Gateway) -> None:
    (series,) = gateway.read("v1", batch(), NOW_MS)
    assert dict(series.labels) == {"__name__": "didban_target_up", "service": "imo", **MINE}
    assert gateway.read("v1", batch(more=MINE), NOW_MS) == [series]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (batch(more={"vantage": "c1"}), Refused.FOREIGN_IDENTITY),
        (batch(more={"country": "DE"}), Refused.FOREIGN_IDENTITY),
        (batch(more={"network": "AS1"}), Refused.FOREIGN_IDENTITY),
        (batch(more={"role": "control"}), Refused.FOREIGN_IDENTITY),
        (batch("up"), Refused.FOREIGN_NAME),
        (batch("ALERTS"), Refused.FOREIGN_NAME),
        (batch("didban:service_verdict"), Refused.FOREIGN_NAME),
        (batch("didban_vantage_expected"), Refused.FOREIGN_NAME),
        (batch("didban_vantage_paused"), Refused.FOREIGN_NAME),
        (batch("didban_network_weight_ratio"), Refused.FOREIGN_NAME),
        (batch(at_ms=NOW_MS + 120_001), Refused.FUTURE),
        (batch(at_ms=NOW_MS - 8 * 86_400_000), Refused.TOO_OLD),
        (batch(more={"target": "x" * 129}), Refused.BAD_LABEL),
        (batch(more={"bad-name": "x"}), Refused.BAD_LABEL),
        (batch(more={"target": "two\nlines"}), Refused.BAD_LABEL),
        (batch(more={"target": "web\u202egnp"}), Refused.BAD_LABEL),
        (batch(more={"target": "w\u0435b"}), Refused.BAD_LABEL),
        (batch(more={"target": "web\u2028"}), Refused.BAD_LABEL),
        (batch(more={"TARGET": "web"}), Refused.BAD_LABEL),
        (batch(more={"hub": "a"}), Refused.BAD_LABEL),
        (batch("didban_hub_queue_samples"), Refused.FOREIGN_NAME),
        (batch("didban_hub_quarantined_total"), Refused.FOREIGN_NAME),
        (batch("didban_hub_batches_total"), Refused.FOREIGN_NAME),
        (batch("DIDBAN_target_up"), Refused.FOREIGN_NAME),
        (batch(at_ms=-1), Refused.TOO_OLD),
        (batch(at_ms=-(2**63)), Refused.TOO_OLD),
        (batch(at_ms=2**63 - 1), Refused.FUTURE),
        (batch(more={"foo": "a second voice"}), Refused.BAD_LABEL),
        (batch("didban_connectivity_ratio"), Refused.BAD_LABEL),
        (batch('didban_"}\n{ x'), Refused.FOREIGN_NAME),
        (batch("didban_vantage_cohort"), Refused.FOREIGN_NAME),
        (
            encode([TimeSeries(labels("didban_heartbeat_timestamp_seconds", {}), ((NOW_MS, value(9e9)),))]),
            Refused.FUTURE,
        ),
        (
            encode([TimeSeries(labels("didban_heartbeat_timestamp_seconds", {}), ((NOW_MS, value(float("nan"))),))]),
            Refused.FUTURE,
        ),
        (batch()[:-7], Refused.MALFORMED),
        (b"", Refused.MALFORMED),
        (b"not snappy at all", Refused.MALFORMED),
    ],
)
def test_what_cannot_be_believed_changes_nothing(gateway: Gateway, body: bytes, reason: Refused) -> None:
    assert refused(gateway, body) == reason


def test_the_end_of_a_heartbeat_is_believed(gateway: Gateway) -> None:
    ended = TimeSeries(labels("didban_heartbeat_timestamp_seconds", {}), ((NOW_MS, value(STALE)),))
    assert gateway.read("v1", encode([ended]), NOW_MS)


def test_a_name_of_a_later_contract_brings_its_own_labels(gateway: Gateway) -> None:
    assert gateway.read("v1", batch("didban_of_tomorrow", more={"flavour": "new"}), NOW_MS)


def test_one_who_was_retired_while_the_body_was_on_its_way_is_refused(gateway: Gateway) -> None:
    gateway.registry = replace(gateway.registry, vantages={})
    assert refused(gateway, batch()) == Refused.UNKNOWN_VANTAGE


def test_one_bad_series_refuses_the_whole_batch(gateway: Gateway) -> None:
    good = TimeSeries(labels("didban_target_up", {}), ((NOW_MS, value(1.0)),))
    bad = TimeSeries(labels("up", {}), ((NOW_MS, value(1.0)),))
    assert refused(gateway, encode([good, bad])) == Refused.FOREIGN_NAME


def test_two_minutes_ahead_is_a_clock_and_more_is_not(gateway: Gateway) -> None:
    assert gateway.read("v1", batch(at_ms=NOW_MS + 120_000), NOW_MS)


def test_a_vantage_cannot_fill_the_database_with_series(gateway: Gateway) -> None:
    for number in range(3):
        gateway.read("v1", batch(more={"target": f"t{number}"}), NOW_MS)
    assert refused(gateway, batch(more={"target": "t3"})) == Refused.TOO_MANY_SERIES
    assert gateway.read("v1", batch(more={"target": "t0"}), NOW_MS), "what it wrote before it may go on writing"
    assert gateway.read("c1", batch(more={"target": "t3"}), NOW_MS), "and others are not hit"
    assert gateway.read("v1", batch(more={"target": "t3"}), NOW_MS + 3_600_000), "an hour later it counts anew"


def test_a_stranger_makes_no_labels(gateway: Gateway) -> None:
    gateway.count("v1", "taken")
    gateway.count("whoever-i-say-i-am", Refused.UNAUTHORIZED)
    gateway.count(None, Refused.UNAUTHORIZED)
    assert dict(gateway.batches) == {("v1", "taken"): 1, ("unknown", "unauthorized"): 2}


# ---------------------------------------------------------------- the registry


def test_the_registry_says_who_is_expected_and_whose_silence_is_agreed() -> None:
    paused = replace(INSIDE, id="v2", cohort="k2", region="IR-12", network="AS43358")
    networks = (NetworkRow(country="IR", network="AS197207", operator="mci", weight=0.4, source="test"),)
    known = Registry(
        {"v1": INSIDE, "v2": paused}, frozenset({"v2"}), networks, (Watch(country="IR"),), registry.shipped_services()
    )
    said = {
        (series.name, who.get("vantage", ""), series.values): number for series, who, number in known.statements(NOW_MS)
    }
    assert said[("didban_vantage_expected", "v1", ())] == 1
    assert said[("didban_vantage_paused", "v1", ())] == 0
    assert said[("didban_vantage_paused", "v2", ())] == 1
    assert said[("didban_vantage_cohort", "v2", ("k2",))] == 1
    assert said[("didban_network_weight_ratio", "", ("IR", "AS197207", "mci"))] == 0.4
    assert said[("didban_vantage_region", "v2", ("IR-12",))] == 1
    assert said[("didban_network_operator", "", ("IR", "AS197207", "mci"))] == 1, "the registry knows better"
    assert said[("didban_network_operator", "", ("IR", "AS43358", "MCI"))] == 1, "by name, where a box stands"
    assert ("didban_network_operator", "", ("IR", "AS44244", "Irancell")) not in said
    assert said[("didban_service_standing", "", ("IR", "telegram"))] == 1
    assert said[("didban_country_watch", "", ("IR",))] == 1
    assert said[("didban_country_utc_offset_seconds", "", ("IR",))] == 12_600
    assert said[("didban_service_info", "", ("whatsapp", "true"))] == 1
    assert ("didban_service_info", "", ("canaries", "false")) not in said


def test_a_weight_of_which_nobody_says_where_it_comes_from_is_a_mistake(hub: Path) -> None:
    rows = "networks:\n  - {country: NO, network: AS1, operator: a}\n  - {country: NO, network: AS2, operator: b, weight: 0.4}\n"
    (hub.parent / "registry.yml").write_text(rows)
    _, mistakes = settings.load(hub)
    assert [str(m).removeprefix(f"{hub.parent}/") for m in mistakes] == [
        "registry.yml:3: networks[1].weight: has no source: say where the figure comes from"
    ]


def test_tehran_changed_its_clocks_in_the_very_night() -> None:
    known = Registry({"v1": INSIDE}, frozenset(), (), (), ())

    def offset(at_ms: int) -> float:
        return next(number for series, _, number in known.statements(at_ms) if "utc_offset" in series.name)

    assert (offset(1_663_788_000_000), offset(1_663_789_600_000)) == (16_200, 12_600)  # 19:20 and 19:46 UTC


REGISTRY = "# ours: vantages: see the wiki\nvantages:\n  - {id: v1, country: IR, access: mobile, role: inside}\n"
HUB = """\
listen: 127.0.0.1:8443
forward: {remote_write: "http://127.0.0.1:9090/api/v1/write"}
"""


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "registry.yml").write_text(REGISTRY)
    path = tmp_path / "hub.yml"
    path.write_text(HUB)
    return path


def test_a_box_is_enrolled_with_one_row_and_a_hash(hub: Path) -> None:
    loaded, _ = settings.load(hub)
    assert loaded is not None
    row = {"id": "v2", "country": "IR", "network": "AS197207", "access": "mobile", "role": "inside", "cohort": ""}
    password = enrol.add(loaded, row)
    again, mistakes = settings.load(hub)
    assert again is not None, mistakes
    assert again.registry.vantages["v2"] == Vantage("v2", "IR", INSIDE.role, INSIDE.access, "AS197207")
    assert "v1" in again.registry.vantages
    credential = hub.parent / "credentials" / "v2"
    assert credential.stat().st_mode & 0o777 == 0o600
    assert password not in credential.read_text()
    gate = Gateway(hub.parent / "credentials", again.registry, Bounds(1, 1))
    assert gate.admit(basic("v2", password)) == "v2"
    with pytest.raises(ValueError, match="enrolled already"):
        enrol.add(again, row)


@pytest.mark.parametrize(
    "before",
    [
        REGISTRY,
        "vantages:\n",
        "vantages: []\n",
        "{vantages: []}\n",
        "vantages:\n- {id: v1, country: IR, access: mobile, role: inside}\nnetworks: []  # none yet\n",
        "watch: [IR]\nvantages:\n  - id: v1\n    country: IR\n    access: mobile\n    role: inside\n",
    ],
)
@pytest.mark.parametrize("id", ["v2", "12345678", "null", "true", "1e9"])
def test_whatever_the_registry_looks_like_a_box_can_be_enrolled(hub: Path, before: str, id: str) -> None:
    path = hub.parent / "registry.yml"
    path.write_text(before)
    loaded, mistakes = settings.load(hub)
    assert loaded is not None, mistakes
    enrol.add(loaded, {"id": id, "country": "NO", "access": "fixed", "role": "control", "cohort": "no"})
    again, mistakes = settings.load(hub)
    assert again is not None, mistakes
    assert again.registry.vantages[id].country == "NO"
    assert set(again.registry.vantages) == {*loaded.registry.vantages, id}
    assert all(comment in path.read_text() for comment in re.findall("#.*", before))


def test_what_would_spoil_the_registry_is_not_written(hub: Path) -> None:
    loaded, _ = settings.load(hub)
    assert loaded is not None
    before = (hub.parent / "registry.yml").read_text()
    row = {"id": "c1", "country": "IR", "access": "datacenter", "role": "control"}
    with pytest.raises(ValueError, match="a control in IR would share its blocks"):
        enrol.add(loaded, row)
    with pytest.raises(ValueError, match="must be a word"):
        enrol.add(loaded, {**row, "cohort": "A b"})
    assert (hub.parent / "registry.yml").read_text() == before
    assert sorted(path.name for path in hub.parent.iterdir()) == ["credentials", "hub.yml", "registry.yml"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HUB.replace("127.0.0.1:8443", "0.0.0.0:8443"),
         "hub.yml:1: tls: is missing: vantages send a password, and not in clear"),
        (HUB + "credentials: gone\n", "hub.yml:3: credentials: gone: no such folder"),
        (HUB.replace("http://127.0.0.1:9090", "http://db.example.org"),
         "hub.yml:2: forward.remote_write: must be https: a password would cross in clear"),
        (HUB + "tls: {cert_file: a.pem, key_file: b.pem}\n", "hub.yml:3: tls.cert_file: a.pem: no such file"),
        (HUB + "colour: red\n", "hub.yml:3: colour: unknown key"),
        (HUB.replace(":8443", ":70000"), "hub.yml:1: listen: must be HOST:PORT, not '127.0.0.1:70000'"),
        (HUB + "notify: {webhook: {url_file: gone}}\n", "hub.yml:3: notify.webhook.url_file: gone: no such file"),
        (HUB + "identity: certificate\n",
         "hub.yml:3: identity: needs tls.client_ca_file: whose certificates are believed?"),
        (HUB + "identity: face\n", "hub.yml:3: identity: must be one of 'password', 'certificate', 'both', not 'face'"),
        (HUB + "public: {url: http://hub.example.org/api/v1/write}\n",
         "hub.yml:3: public.url: must be https: a password would cross in clear"),
        (HUB + "public: {url: https://hub.example.org/api/v1/write, ca_file: gone}\n",
         "hub.yml:3: public.ca_file: gone: no such file"),
        (HUB + "tls: {cert_file: hub.yml, key_file: hub.yml, client_ca_file: registry.yml}\n",
         "hub.yml:3: tls.client_ca_file: registry.yml: there is no certificate in it"),
        (HUB + "storage: {path: q, max_size: lots}\n",
         "hub.yml:3: storage.max_size: must be a size such as 500KB, 120MB or 1GB, not 'lots'"),
        (HUB + "storage: {keep_free: 1GB}\n", "hub.yml:3: storage.keep_free: unknown key; did you mean keep?"),
        (HUB + "name: Two words\n", "hub.yml:3: name: must be a word of a-z, 0-9, - and _, not 'Two words'"),
        (HUB + "most_samples_per_minute: 5\n",
         "hub.yml:3: most_samples_per_minute: must be greater than or equal to 1000, not 5"),
        (HUB + "colour: red\nregistry: gone.yml\n", "gone.yml:1: cannot be read: no such file or directory"),
    ],
)  # fmt: skip
def test_each_mistake_of_a_hub_is_named(hub: Path, text: str, line: str) -> None:
    hub.write_text(text)
    _, mistakes = settings.load(hub)
    assert line in [str(mistake).removeprefix(f"{hub.parent}/") for mistake in mistakes]


def test_a_box_enrolled_twice_is_a_mistake_in_the_registry(hub: Path) -> None:
    row = "  - {id: v1, country: NO, access: fixed, role: inside}\n"
    network = "  - {country: NO, network: AS1, operator: a, weight: 0.6, source: a survey}\n"
    (hub.parent / "registry.yml").write_text(f"vantages:\n{row}{row}networks:\n{network}{network}")
    _, mistakes = settings.load(hub)
    assert [str(m).removeprefix(f"{hub.parent}/") for m in mistakes] == [
        "registry.yml:3: vantages[1].id: 'v1' is enrolled twice",
        "registry.yml:6: networks[1].network: AS1 has a row already",
        "registry.yml:6: networks[1].weight: the networks of NO carry more than all of its users",
    ]
