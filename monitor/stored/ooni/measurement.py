"""Judges one measurement of OONI Probe: translates it into facts of ours, then lets the rows decide."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from monitor.judge import State
from monitor.stored.ooni import apps, didban, web
from monitor.stored.ooni.keys import Keys, Measurement
from monitor.stored.ooni.walks import that_speak
from monitor.stored.verdict import Evidence, Verdict, rule_for, where_it_broke
from probes.facts import Walk
from probes.fingerprint import Fingerprints

_READ = ("web_connectivity", *apps.PARTS, didban.NAME)


def is_one(value: Mapping[str, object]) -> bool:
    return "test_name" in value and ("test_keys" in value or "report_id" in value)


def judged(file: Path, line: int, value: Mapping[str, object], known: Fingerprints) -> Verdict:
    """A verdict also on what cannot be read: it says so."""
    try:
        measurement = msgspec.convert(value, Measurement)
    except msgspec.ValidationError as error:
        why = f"it is no measurement of OONI Probe that can be read: {error}"
        return Verdict(str(file), line, "", State.INSUFFICIENT, "unreadable", why)
    about = _about(measurement)
    if measurement.test_name not in _READ:
        why = f"this test of OONI Probe is not read; those that are: {', '.join(_READ)}"
        return Verdict(str(file), line, about, State.INSUFFICIENT, "unread_test", why)
    found = _evidence(measurement, measurement.test_keys or Keys(), known)
    if found is None:
        return Verdict(str(file), line, about, State.INSUFFICIENT, "unreadable", "its input is no address of a page")
    evidence, walks = found
    rule = rule_for(evidence)
    broke_at, failure = where_it_broke(that_speak(walks)) if not evidence.reached else ((), None)
    findings = tuple(dict.fromkeys(finding for walk in walks for seen in walk.steps for finding in seen.findings))
    return Verdict(str(file), line, about, rule.state, rule.id, rule.why, broke_at, failure, findings, tuple(walks))


def _evidence(measurement: Measurement, keys: Keys, known: Fingerprints) -> tuple[Evidence, list[Walk]] | None:
    if measurement.test_name == didban.NAME:
        return didban.read(measurement, keys.didban_walks or ())
    if (parts := apps.PARTS.get(measurement.test_name)) is not None:
        return apps.read(measurement, keys, known, parts)
    return web.read(measurement, keys, known)


def _about(measurement: Measurement) -> str:
    """`https://example.org/ (web_connectivity, IR AS197207, 2022-09-22 12:00:00 UTC)`."""
    given = measurement.input if isinstance(measurement.input, str) else ""
    where = " ".join(filter(None, (measurement.probe_cc, measurement.probe_asn)))
    at = f"{measurement.measurement_start_time} UTC" if measurement.measurement_start_time else ""
    if not given:
        return f"{measurement.test_name} ({', '.join(filter(None, (where, at)))})"
    return f"{given} ({', '.join(filter(None, (measurement.test_name, where, at)))})"
