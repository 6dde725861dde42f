"""Rounds in OONI's form: field names and types of the spec, none of our addresses, and judged for what they are.

The shapes are written down from github.com/ooni/spec, data-formats: df-000-base 0.2.0, df-001-httpt, df-002-dnst,
df-005-tcpconnect, df-006-tlshandshake, df-007-errors (read 2026-11-22).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.evidence.forms import ooni
from monitor.evidence.lines import boxes
from monitor.evidence.rounds import Walked, rounds
from monitor.judge import State
from monitor.keeping.records import encode
from monitor.stored import reading
from monitor.stored.committed import Record
from monitor.stored.ooni.words import failure_of
from probes import known
from probes.facts import Observation, Walk
from probes.words import Failure, Finding, Step
from tests.monitor.evidence.boxes import NOON_MS, NOW_MS, box
from tests.monitor.evidence.evenings import evening, exported, taken
from tests.monitor.facts import INSIDE, endpoint, walk
from tests.monitor.facts import rounds as one_round

KNOWN = known.load()
TEXT, NUMBER, MAYBE = str, (int, float), (str, type(None))

BASE: Mapping[str, Any] = {
    "annotations": dict, "data_format_version": TEXT, "extensions": dict, "input": MAYBE, "input_hashes": list,
    "measurement_start_time": TEXT, "options": list, "probe_asn": TEXT, "probe_cc": TEXT, "probe_ip": TEXT,
    "report_id": TEXT, "software_name": TEXT, "software_version": TEXT, "test_helpers": dict, "test_keys": dict,
    "test_name": TEXT, "test_runtime": NUMBER, "test_start_time": TEXT, "test_version": TEXT,
}  # fmt: skip
SPAN = {"t0": NUMBER, "t": NUMBER, "transaction_id": int}
QUERY = {
    "answers": list, "engine": TEXT, "failure": MAYBE, "hostname": TEXT, "query_type": TEXT, "resolver_address": TEXT,
    "resolver_hostname": type(None), "resolver_port": type(None), **SPAN,
}  # fmt: skip
TCP = {"ip": TEXT, "port": int, "status": dict, **SPAN}
TLS = {
    "address": TEXT, "cipher_suite": TEXT, "failure": MAYBE, "negotiated_protocol": TEXT, "no_tls_verify": bool,
    "peer_certificates": list, "server_name": TEXT, "tags": list, "tls_version": TEXT, **SPAN,
}  # fmt: skip
HTTP = {"address": TEXT, "failure": MAYBE, "request": dict, "response": dict, **SPAN}
MESSAGE = {"body": TEXT, "body_is_truncated": bool, "headers": dict, "headers_list": list}
REQUEST, RESPONSE = {**MESSAGE, "method": TEXT, "tor": dict, "url": TEXT}, {**MESSAGE, "code": int}


def fits(value: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
    assert set(value) == set(shape)
    for key, kind in shape.items():
        assert isinstance(value[key], kind), key
        assert kind is bool or not isinstance(value[key], bool), key


def check(found: Mapping[str, Any]) -> None:
    """Against the spec, field by field."""
    fits(found, BASE)
    assert found["data_format_version"] == "0.2.0"
    assert found["probe_ip"] == "127.0.0.1"
    assert found["report_id"] == ""
    assert found["probe_asn"].removeprefix("AS").isdigit()
    assert len(found["measurement_start_time"]) == len("2026-11-16 12:00:00")
    keys = found["test_keys"]
    for query in keys["queries"]:
        fits(query, QUERY)
        for answer in query["answers"]:
            key = {"A": "ipv4", "AAAA": "ipv6"}[answer["answer_type"]]
            fits(answer, {"answer_type": TEXT, key: TEXT, "ttl": type(None)})
    for tcp in keys["tcp_connect"]:
        fits(tcp, TCP)
        fits(tcp["status"], {"failure": MAYBE, "success": bool})
        assert tcp["status"]["success"] is (tcp["status"]["failure"] is None)
    for tls in keys["tls_handshakes"]:
        fits(tls, TLS)
    for each in keys["requests"]:
        fits(each, HTTP)
        fits(each["request"], REQUEST)
        fits(each["response"], RESPONSE)
        fits(each["request"]["tor"], {"exit_ip": type(None), "exit_name": type(None), "is_tor": bool})
    for each in (*keys["queries"], *keys["tcp_connect"], *keys["tls_handshakes"], *keys["requests"]):
        assert 0 <= each["t0"] <= each["t"]
        said = each["status"]["failure"] if "status" in each else each["failure"]
        assert said is None or said.startswith("unknown_failure") or said in {word.value for word in Failure}
        assert said not in {word.value for word in ooni.OWN_WORDS}


def measured(tmp_path: Path, *walks: Walk) -> dict[str, Any]:
    """One round as it would be exported, through JSON."""
    (found,) = boxes([box(tmp_path / "spool", INSIDE, [one_round(*walks)])])
    (walked,) = rounds(found.kept.records(0, 2 * NOW_MS))
    value: dict[str, Any] = json.loads(json.dumps(ooni.measurement(found, walked)))
    found.kept.close()
    check(value)
    return value


def judged(tmp_path: Path, *measurements: Mapping[str, Any]) -> list[tuple[State, str]]:
    file = tmp_path / "ooni.jsonl"
    file.write_text("\n".join(map(json.dumps, measurements)))
    return [(found.state, found.rule_id) for found in reading.judged(file, KNOWN)]


def test_an_evening_is_as_many_measurements_as_it_had_rounds(tmp_path: Path) -> None:
    out = taken(tmp_path, "ooni")
    found = [json.loads(line) for line in (out / "v1" / "ooni.jsonl").read_text().splitlines()]
    assert len(found) == len(evening())
    for each in found:
        check(each)
    assert {each["probe_asn"] for each in found} == {"AS197207"}
    assert {each["probe_cc"] for each in found} == {"IR"}
    assert "v1" not in (out / "v1" / "ooni.jsonl").read_text()


def test_nothing_in_it_is_called_what_it_is_not(tmp_path: Path) -> None:
    out = taken(tmp_path, "ooni")
    found = list(reading.judged(out / "v1" / "ooni.jsonl", KNOWN))
    assert len(found) == len(evening())
    assert {str(each.state) for each in found} == {"ok", "insufficient"}
    assert {each.rule_id for each in found} == {"reached", "lie_alone"}


def test_a_knock_that_failed_behind_an_open_door_is_no_ok(tmp_path: Path) -> None:
    seen = walk(to="whatsapp/chat", step=Step.CONNECT, started_ms=NOON_MS)
    steps = (*seen.steps, Observation(Step.KNOCK, 0.1, Failure.KNOCK_UNEXPECTED_REPLY))
    found = measured(tmp_path, replace(seen, steps=steps))
    assert found["test_keys"]["didban_walks"][0]["steps"][-1]["failure"] == (
        "unknown_failure: didban.knock_unexpected_reply"
    )
    assert judged(tmp_path, found) == [(State.INSUFFICIENT, "no_control")]


def test_a_second_answer_is_a_second_query(tmp_path: Path) -> None:
    seen = walk(step=Step.RESOLVE, started_ms=NOON_MS)
    told = replace(seen.steps[0], answers=("10.10.34.36",), others=("157.240.1.1", "2a03:2880::1"))
    found = measured(tmp_path, replace(seen, steps=(replace(told, findings=(Finding.INJECTED_DNS_ANSWER,)),)))
    answers = [[each.get("ipv4", each.get("ipv6")) for each in q["answers"]] for q in found["test_keys"]["queries"]]
    assert answers == [["10.10.34.36"], ["157.240.1.1", "2a03:2880::1"]]


def test_a_page_says_its_host_and_no_path(tmp_path: Path) -> None:
    found = measured(tmp_path, walk(at=endpoint(1, "www.instagram.com"), started_ms=NOON_MS + 250))
    (request,) = found["test_keys"]["requests"]
    assert request["request"]["url"] == "https://www.instagram.com:443/"
    assert found["measurement_start_time"] == "2026-11-16 12:00:00"
    assert found["test_keys"]["queries"][0]["t0"] == 0.25


@pytest.mark.parametrize("word", sorted(Failure))
def test_every_failure_comes_back_as_it_was(word: Failure) -> None:
    assert failure_of(ooni.word(word)) is word


def test_targets_of_ones_own_are_left_out(tmp_path: Path) -> None:
    """A bridge's address in a measurement is a bridge that is blocked tomorrow."""
    mine = one_round(walk(to="mine/bridge", address="203.0.113.9", started_ms=NOON_MS))
    spool = box(tmp_path / "own", INSIDE, [mine, *evening()])
    done = exported(
        "--sealed", "--since", "2026-11-16", "--format", "ooni", "--out", tmp_path / "out",
        "--storage.path", spool, "--config.file", tmp_path / "none.yml",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "v1: 1 rounds are of targets no catalogue of ours names: in walks.jsonl alone." in done.output
    assert "203.0.113.9" not in (tmp_path / "out" / "v1" / "ooni.jsonl").read_text()
    assert "203.0.113.9" in (tmp_path / "out" / "v1" / "walks.jsonl").read_text()


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a/a", "b/b"]), st.integers(0, 40)), max_size=12))
def test_no_walk_is_lost_between_rounds(story: list[tuple[int, str, int]]) -> None:
    walks = [walk(to=target, started_ms=at * 30_000) for _, target, at in story]
    records = [
        Record(id, each.started_ms, each.target, number, encode(each))
        for id, (each, (number, _, _)) in enumerate(zip(walks, story, strict=True), 1)
    ]
    found: list[Walked] = list(rounds(records))
    assert [each for walked in found for each in walked.walks] == walks
    assert all(len({each.target for each in walked.walks}) == 1 for walked in found)
