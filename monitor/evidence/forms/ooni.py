"""Rounds as measurements in OONI's form: the envelope of df-000, a test of our own, keys of df-001, 002, 005 and 006.

Sources: github.com/ooni/spec, data-formats/df-000-base (0.2.0), df-001-httpt, df-002-dnst, df-005-tcpconnect,
df-006-tlshandshake, df-007-errors. No address of ours is in it, nor that of a resolver, nor the id of a vantage.
What has no place there (a knock, findings, a comparison) stands under `didban_walks`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from monitor import __version__
from monitor.evidence.lines import Box
from monitor.evidence.rounds import Walked
from monitor.evidence.window import rfc3339
from monitor.stored.ooni.words import OWN_PREFIX
from probes.facts import Observation, Walk
from probes.words import Failure, Step

TEST_NAME = "didban_walk"
TEST_VERSION = "0.1.0"
OWN_WORDS = frozenset({Failure.DNS_MALFORMED_REPLY, Failure.KNOCK_UNEXPECTED_REPLY})

Json = dict[str, object]


def measurement(box: Box, walked: Walked) -> Json:
    """One round. Times within it are seconds since `measurement_start_time`, as OONI's are."""
    began = _second(walked.started_ms)
    return {
        "annotations": {},
        "data_format_version": "0.2.0",
        "extensions": {"dnst": 0, "httpt": 0, "tcpconnect": 0, "tlshandshake": 0},
        "input": walked.target,
        "input_hashes": [],
        "measurement_start_time": began,
        "options": [],
        "probe_asn": box.network or "AS0",
        "probe_cc": box.country or "ZZ",
        "probe_ip": "127.0.0.1",
        "report_id": "",
        "software_name": "didban",
        "software_version": __version__,
        "test_helpers": {},
        "test_keys": _keys(walked),
        "test_name": TEST_NAME,
        "test_runtime": round(max(_ended_s(walk, walked.started_ms) for walk in walked.walks), 6),
        "test_start_time": began,
        "test_version": TEST_VERSION,
    }


def lines(box: Box, rounds: Iterable[Walked]) -> Iterator[bytes]:
    for each in rounds:
        yield json.dumps(measurement(box, each), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def word(failure: Failure | None) -> str | None:
    """As df-007 has it; our own two are said behind `unknown_failure`."""
    if failure is None:
        return None
    return f"{OWN_PREFIX}{failure.value}" if failure in OWN_WORDS else failure.value


def _second(at_ms: int) -> str:
    return rfc3339(at_ms, digits=0).replace("T", " ").removesuffix("Z")


def _ended_s(walk: Walk, start_ms: int) -> float:
    return (walk.started_ms - start_ms) / 1000 + sum(seen.took_s for seen in walk.steps)


def _keys(walked: Walked) -> Json:
    found: dict[str, list[object]] = {"queries": [], "tcp_connect": [], "tls_handshakes": [], "requests": []}
    own: list[Json] = []
    second_ms = walked.started_ms // 1000 * 1000
    for number, walk in enumerate(walked.walks, 1):
        t0 = (walk.started_ms - second_ms) / 1000
        own.append(_own(walk, t0, number))
        for seen in walk.steps:
            span = {"t0": round(t0, 6), "t": round(t0 + seen.took_s, 6), "transaction_id": number}
            for key, value in _standard(walk, seen):
                found[key].append({**value, **span})
            t0 += seen.took_s
    return {"agent": "agent", **found, "didban_target": walked.target, "didban_walks": own}


def _standard(walk: Walk, seen: Observation) -> Iterator[tuple[str, Json]]:
    match seen.step:
        case Step.RESOLVE:
            yield "queries", _query(walk, seen.answers, word(seen.failure))
            if seen.others is not None:  # a second answer to the same question
                yield "queries", _query(walk, seen.others, None)
        case Step.CONNECT:
            status = {"failure": word(seen.failure), "success": seen.failure is None}
            yield "tcp_connect", {"ip": walk.address, "port": walk.endpoint.port, "status": status}
        case Step.HANDSHAKE:
            yield "tls_handshakes", _handshake(walk, seen)
        case Step.FETCH:
            yield "requests", _request(walk, seen)


def _query(walk: Walk, answers: Iterable[str] | None, failure: str | None) -> Json:
    return {
        "answers": [_answer(each) for each in answers or ()],
        "engine": "unknown",  # the resolver is one people here get; which, is not said
        "failure": failure,
        "hostname": walk.endpoint.host,
        "query_type": "AAAA" if walk.endpoint.v6 else "A",
        "resolver_address": "",
        "resolver_hostname": None,
        "resolver_port": None,
    }


def _answer(address: str) -> Json:
    kind, key = ("AAAA", "ipv6") if ":" in address else ("A", "ipv4")
    return {"answer_type": kind, key: address, "ttl": None}


def _handshake(walk: Walk, seen: Observation) -> Json:
    return {
        "address": _host_port(walk),
        "cipher_suite": "",
        "failure": word(seen.failure),
        "negotiated_protocol": "",
        "no_tls_verify": False,
        "peer_certificates": [],  # of a certificate only issuer, hash and end are kept
        "server_name": walk.endpoint.host,
        "tags": [],
        "tls_version": "",
    }


def _request(walk: Walk, seen: Observation) -> Json:
    """The path that was asked for is not among the facts, nor is any body: the URL names the host alone."""
    secure = any(each.step is Step.HANDSHAKE for each in walk.steps)
    name = walk.endpoint.host or walk.address
    host = f"[{name}]" if ":" in name else name
    nothing: Json = {"body": "", "body_is_truncated": True, "headers": {}, "headers_list": []}
    tor = {"exit_ip": None, "exit_name": None, "is_tor": False}
    url = f"{'https' if secure else 'http'}://{host}:{walk.endpoint.port}/"
    return {
        "address": _host_port(walk),
        "failure": word(seen.failure),
        "request": {**nothing, "body_is_truncated": False, "method": "GET", "tor": tor, "url": url},
        "response": {**nothing, "code": seen.status or 0},
    }


def _host_port(walk: Walk) -> str:
    host = f"[{walk.address}]" if ":" in walk.address else walk.address
    return f"{host}:{walk.endpoint.port}" if host else ""


def _own(walk: Walk, t0: float, number: int) -> Json:
    steps = [
        {
            "step": seen.step.value,
            "took_s": seen.took_s,
            "failure": word(seen.failure),
            "findings": [finding.value for finding in seen.findings],
            "fingerprint": seen.fingerprint,
            "authenticated": seen.certificate is not None or (seen.step is Step.KNOCK and seen.failure is None),
        }
        for seen in walk.steps
    ]
    return {
        "endpoint": str(walk.endpoint),
        "address": walk.address,
        "reason": walk.reason.value,
        "cell": walk.cell.value if walk.cell else None,
        "booked": walk.booked,
        "t0": round(t0, 6),
        "transaction_id": number,
        "steps": steps,
    }
