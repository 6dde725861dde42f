"""How a world is read: strictly, every mistake at once with its line and key; what is short in a file is whole in a World."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.backtest.worlds import reading
from monitor.backtest.worlds.alerts import Severity
from monitor.backtest.worlds.beside import SCENARIOS
from monitor.backtest.worlds.words import At, How, Known, Precision, Set, Way, What
from monitor.backtest.worlds.world import Home, Passes, Span, World

GOOD = """\
scenario: mine
title: {en: A world}
set: held_out
sort: shutdown
source: our own notes
from: 2024-05-01T00:00Z
until: 2024-05-03T00:00Z
countries:
  - country: TR
    time_zone: Europe/Istanbul
    networks:
      - {network: AS1, operator: One, access: mobile, source: notes}
      - {network: AS2, operator: Two, access: fixed, source: notes}
    standing:
      - {service: imo, how: dns_forged, source: notes}
services: [whatsapp, imo]
not_walked: [skype]
watched: [TR]
lines:
  - {country: TR, network: AS1, count: 2, region: TR-06}
  - {country: TR, network: AS2, name: two, home: [foreign, {way: uplink, network: AS1}, satellite]}
controls:
  - {id: a, country: DE, network: AS11}
  - {id: b, country: FR, network: AS12}
  - {id: c, country: US, network: AS13}
landmarks:
  - {country: TR, network: AS2, kind: access, hosts: 3, falls: true, source: notes}
noise: [still]
causes:
  - id: evening
    from: 2024-05-01T18:00Z
    until: 2024-05-01T21:00Z
    repeats: {every: 1d, times: 1}
    precision: minute
    assumed: false
    source: notes
    where: {country: TR, networks: [AS1], regions: [TR-06]}
    path: foreign
    drops: [all]
    passes: {services: [imo], canaries: 0.1}
  - id: block
    from: 2024-05-01T12:00Z
    precision: day
    assumed: true
    source: notes (assumed)
    where: {country: TR}
    path: foreign
    drops:
      - {what: service, service: whatsapp, targets: [chat], how: throttle, factor: 3}
      - {what: service, service: skype, how: stall, bytes: 16KB}
expect:
  - {alert: NetworkSilent, labels: {country: TR, network: each}, severity: page, cause: evening, needs: {lines: 2}}
  - {alert: ShutdownOver, labels: {country: TR}, severity: info, cause: evening, at: end, spans: first}
  - {alert: ServiceBlocked, labels: {country: TR, network: each, service: whatsapp}, severity: ticket, cause: block, within: 2h}
allowed:
  - {alert: VantageSilent, why: boxes}
never:
  - {alert: ServiceDown, why: controls reach it}
"""
MISTAKES = [
    ("scenario: mine", "scenario: yours", 1, "scenario", "must be the name of its file, 'mine'"),
    ("scenario: mine", "scenari: mine", 1, "scenari", "unknown key; did you mean scenario?"),
    ("scenario: mine\n", "", 1, "scenario", "is missing"),
    ("title: {en: A world}", "title: {fa: x}", 2, "title.en", "is missing"),
    ("set: held_out", "set: secret", 3, "set", "must be one of 'tuned', 'held_out', not 'secret'"),
    ("sort: shutdown", "sort: shutdown\nsort: quiet", 5, "sort", "is given twice (first on line 4)"),
    ("source: our own notes", "source: ''", 5, "source", "must not be empty"),
    ("from: 2024-05-01T00:00Z\nuntil", "from: 2024-05-01T00:00+03:30\nuntil", 6, "from", "must be a minute of UTC such as 2022-09-21T15:30Z, not '2024-05-01T00:00+03:30'"),
    ("from: 2024-05-01T00:00Z\nuntil", "from: 2024-05-01 00:00\nuntil", 6, "from", "must be a minute of UTC such as 2022-09-21T15:30Z, not '2024-05-01 00:00'"),
    ("until: 2024-05-03T00:00Z", "until: 2024-02-31T00:00Z", 7, "until", "must be a minute of UTC such as 2022-09-21T15:30Z, not '2024-02-31T00:00Z'"),
    ("until: 2024-05-03T00:00Z", "until: 2024-04-03T00:00Z", 7, "until", "is not after from"),
    ("  - country: TR\n", "  - country: NO\n", 20, "lines[0].country", "TR is no country of this world"),
    ("  - country: TR\n", "  - country: Turkey\n", 9, "countries[0].country", "must be a country of ISO 3166-1 such as IR, not 'Turkey'"),
    ("    time_zone: Europe/Istanbul", "    time_zone: Istanbul", 10, "countries[0].time_zone", "must be a time zone such as Asia/Tehran, not 'Istanbul'"),
    ("    time_zone: Europe/Istanbul\n", "", 9, "countries[0].time_zone", "is missing"),
    ("network: AS2, operator: Two", "network: AS1, operator: Two", 13, "countries[0].networks[1].network", "'AS1' is given twice"),
    ("network: AS1, operator: One", "network: 1, operator: One", 12, "countries[0].networks[0].network", "must be text (a number or true needs quotes), not 1"),
    ("access: mobile, source: notes", "access: mobile, source: notes, weight_ratio: 0.4", 12, "countries[0].networks[0]", "weight_ratio and weight_source go together"),
    ("access: mobile", "access: satellite", 12, "countries[0].networks[0].access", "must be one of 'mobile', 'fixed', 'datacenter', not 'satellite'"),
    ("{service: imo, how: dns_forged", "{service: imo, how: evil", 15, "countries[0].standing[0].how[0]", "must be one of"),
    ("{service: imo, how: dns_forged", "{service: x, how: dns_forged", 15, "countries[0].standing[0].service", "'x' is neither in services nor in not_walked"),
    ("services: [whatsapp, imo]", "services: [whatsap, imo]", 16, "services[0]", "is no shipped service and no file"),
    ("services: [whatsapp, imo]", "services: [whatsapp, imo, imo]", 16, "services[2]", "'imo' is asked for already"),
    ("not_walked: [skype]", "not_walked: [skype, imo]", 17, "not_walked[1]", "'imo' is walked: it stands under services"),
    ("watched: [TR]", "watched: [IR]", 18, "watched[0]", "'IR' is no country of this world"),
    ("network: AS1, count: 2", "network: AS9, count: 2", 20, "lines[0].network", "AS9 is no network of TR here"),
    ("network: AS1, count: 2", "count: 2", 20, "lines[0].access", "is missing: a line without a network says what kind of line it is"),
    ("network: AS1, count: 2", "network: AS1, count: 0", 20, "lines[0].count", "must be greater than or equal to 1, not 0"),
    ("region: TR-06}", "region: IR-06}", 20, "lines[0].region", "is not in TR"),
    ("{way: uplink, network: AS1}", "{way: uplink}", 21, "lines[1].home[1]", "an uplink names the network it crosses, and no other way does"),
    ("{way: uplink, network: AS1}", "{way: uplink, network: AS9}", 21, "lines[1].home[1].network", "AS9 is no network of TR here"),
    ("satellite]}", "pigeon]}", 21, "lines[1].home[2].way", "must be one of"),
    ("name: two, ", "name: two, noise: [loud], ", 21, "lines[1].noise[0]", "'loud' is no profile of noise"),
    ("{id: a, country: DE", "{id: a, country: TR", 23, "controls[0].country", "a control stands outside every country of this world"),
    ("{id: a,", "{id: b,", 24, "controls[1].id", "'b' is given twice"),
    ("  - {id: c, country: US, network: AS13}\n", "", 22, "controls", "three or more, in three or more networks"),
    ("country: US, network: AS13", "country: US, network: AS12", 22, "controls", "three or more, in three or more networks"),
    ("network: AS2, kind: access", "network: AS7, kind: access", 27, "landmarks[0].network", "is no network of TR here"),
    ("noise: [still]", "noise: [quite]", 28, "noise[0]", "'quite' is no profile of noise"),
    ("id: block", "id: evening", 41, "causes[1].id", "'evening' is given twice"),
    ("from: 2024-05-01T18:00Z", "from: 2024-04-01T18:00Z", 31, "causes[0].from", "lies outside from and until of the world"),
    ("from: 2024-05-01T12:00Z", "from: 2025-05-01T12:00Z", 42, "causes[1].from", "lies outside from and until of the world"),
    ("until: 2024-05-01T21:00Z", "until: 2024-05-01T17:00Z", 32, "causes[0].until", "is not after from"),
    ("    until: 2024-05-01T21:00Z\n", "", 30, "causes[0].until", "is missing: what has no end cannot repeat"),
    ("every: 1d, times: 1", "every: 1h, times: 1", 33, "causes[0].repeats", "begins again before it is over"),
    ("every: 1d, times: 1", "every: 1d", 33, "causes[0].repeats", "needs `at`, or `every` and `times`"),
    ("every: 1d, times: 1", "every: daily, times: 1", 33, "causes[0].repeats.every", "must be a duration such as"),
    ("precision: minute", "precision: second", 34, "causes[0].precision", "must be one of"),
    ("    assumed: false\n", "", 30, "causes[0].assumed", "is missing"),
    ("    assumed: false\n    source: notes\n", "    assumed: false\n", 30, "causes[0].source", "is missing"),
    ("networks: [AS1], regions", "networks: [AS3], regions", 37, "causes[0].where.networks[0]", "AS3 is no network of TR"),
    ("regions: [TR-06]}", "regions: [TR-31]}", 37, "causes[0].where.regions[0]", "no line stands in TR-31"),
    ("regions: [TR-06]}", "lines: [as1-3]}", 37, "causes[0].where.lines[0]", "there is no line 'as1-3'"),
    ("regions: [TR-06]}", "controls: [z]}", 37, "causes[0].where.controls[0]", "there is no control 'z'"),
    ("where: {country: TR}\n", "where: {country: IR}\n", 46, "causes[1].where.country", "IR is no country of this world"),
    ("    where: {country: TR}\n", "", 41, "causes[1].where", "is missing: only the far end and the hub are everybody's"),
    ("path: foreign\n    drops: [all]", "path: sea\n    drops: [all]", 38, "causes[0].path", "must be one of"),
    ("drops: [all]", "drops: [most]", 39, "causes[0].drops[0].what", "must be one of"),
    ("drops: [all]", "drops: []", 39, "causes[0].drops", "must not be empty"),
    ("drops: [all]", "drops: [dark]", 39, "causes[0].drops[0].what", "dark cannot stand on foreign, where there is all, "),
    ("drops: [all]", "drops: [{what: all, share: 0}]", 39, "causes[0].drops[0].share", "must be greater than 0, not 0"),
    ("drops: [all]", "drops: [delay]", 39, "causes[0].drops[0].delay", "is missing"),
    ("drops: [all]", "drops: [{what: all, how: dns_forged}]", 39, "causes[0].drops[0].how", "goes with no all"),
    ("drops: [all]", "drops: [{what: all, service: imo}]", 39, "causes[0].drops[0].service", "goes with no all"),
    ("services: [imo], canaries", "services: [x], canaries", 40, "causes[0].passes.services[0]", "'x' is neither in services nor in not_walked"),
    ("canaries: 0.1", "canaries: 1.1", 40, "causes[0].passes.canaries", "must be less than or equal to 1, not 1.1"),
    ("targets: [chat]", "targets: [chats]", 49, "causes[1].drops[0].targets[0]", "whatsapp has no target 'chats', but chat, "),
    ("how: throttle, factor: 3", "how: throttle", 49, "causes[1].drops[0].factor", "is missing"),
    ("how: throttle, factor: 3", "how: dns_forged, factor: 3", 49, "causes[1].drops[0].factor", "goes with no dns_forged"),
    ("how: throttle, factor: 3", "how: outage", 49, "causes[1].drops[0].how", "outage cannot stand on foreign"),
    ("how: throttle, factor: 3", "how: throttle, factor: 1", 49, "causes[1].drops[0].factor", "must be greater than 1, not 1"),
    ("what: service, service: whatsapp, ", "what: service, ", 49, "causes[1].drops[0].service", "is missing"),
    ("bytes: 16KB", "bytes: 16", 50, "causes[1].drops[1].bytes", "must be a size such as"),
    ("alert: NetworkSilent", "alert: NetworkSlient", 52, "expect[0].alert", "'NetworkSlient' is no alert"),
    ("severity: page", "severity: info", 52, "expect[0].severity", "NetworkSilent is page, ticket, never info"),
    ("labels: {country: TR, network: each}, severity: page", "labels: {country: TR}, severity: page", 52, "expect[0].labels.network", "is missing: NetworkSilent always has it"),
    ("labels: {country: TR, network: each}, severity: page", "labels: {country: TR, network: each, service: imo}, severity: page", 52, "expect[0].labels.service", "NetworkSilent has no such label"),
    ("labels: {country: TR, network: each}, severity: page", "labels: {country: TR, network: AS7}, severity: page", 52, "expect[0].labels.network", "AS7 is no network of this world"),
    ("labels: {country: TR, network: each}, severity: page", "labels: {country: IR, network: each}, severity: page", 52, "expect[0].labels.country", "IR is no country of this world"),
    ("severity: page, cause: evening", "severity: page, cause: night", 52, "expect[0].cause", "there is no cause 'night'"),
    ("severity: page, cause: evening", "severity: page, onset: 2024-05-01T22:00Z, cause: evening", 52, "expect[0].onset", "'evening' does not stand at that time"),
    ("needs: {lines: 2}", "needs: {boxes: 2}", 52, "expect[0].needs.boxes", "unknown key"),
    ("at: end, spans: first", "at: dawn, spans: first", 53, "expect[1].at", "must be one of"),
    ("at: end, spans: first", "at: end, spans: last", 53, "expect[1].spans", "must be one of"),
    ("at: end, spans: first", "at: end, onset: 2024-05-01T19:00Z", 53, "expect[1].onset", "goes with no `at: end`"),
    ("service: whatsapp}, severity", "service: skype}, severity", 54, "expect[2].labels.service", "'skype' is not walked"),
    ("{alert: VantageSilent, why", "{alert: VantageSilent, labels: {vantage: z-1}, why", 56, "allowed[0].labels.vantage", "there is no line 'z-1'"),
    ("{alert: VantageSilent, why: boxes}", "{alert: VantageSilent}", 56, "allowed[0].why", "is missing"),
    ("{alert: ServiceDown, why", "{alert: Doom, why", 58, "never[0].alert", "'Doom' is no alert"),
]  # fmt: skip


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yml"
    path.write_text(text)
    return path


def good(folder: Path) -> World:
    found, mistakes = reading.load(write(folder, GOOD))
    assert found is not None, "\n".join(map(str, mistakes))
    return found


@pytest.mark.parametrize(("old", "new", "line", "key", "what"), MISTAKES, ids=lambda value: str(value)[:60])
def test_a_bad_world_is_refused_with_the_line_and_the_key(
    tmp_path: Path, old: str, new: str, line: int, key: str, what: str
) -> None:
    assert GOOD.count(old) >= 1
    found, mistakes = reading.load(write(tmp_path, GOOD.replace(old, new, 1)))
    assert found is None
    told = [(each.line, each.key) for each in mistakes if each.what.startswith(what)]
    assert (line, key) in told, "\n".join(map(str, mistakes))


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """One of shape, one of a name, one of a time, one of an alert: none hides another."""
    text = GOOD
    for old, new in (
        ("set: held_out", "set: secret"),
        ("noise: [still]", "noise: [quite]"),
        ("until: 2024-05-01T21:00Z", "until: 2024-05-01T17:00Z"),
        ("alert: NetworkSilent", "alert: Doom"),
    ):
        text = text.replace(old, new, 1)
    found, mistakes = reading.load(write(tmp_path, text))
    assert found is None
    assert [each.key for each in mistakes] == ["set", "noise[0]", "causes[0].until", "expect[0].alert"]


def test_a_row_that_cannot_be_read_has_no_echo(tmp_path: Path) -> None:
    """A cause with a misspelt key is one mistake: that an expectation names it is none."""
    _, mistakes = reading.load(write(tmp_path, GOOD.replace("path: foreign", "paht: foreign", 1)))
    assert [(each.key, each.what) for each in mistakes] == [
        ("causes[0].path", "is missing"),
        ("causes[0].paht", "unknown key; did you mean path?"),
    ]


def test_a_country_that_is_not_shipped_gives_its_networks(tmp_path: Path) -> None:
    text = re.sub(r"countries:.*?services:", "countries: [AQ]\nservices:", GOOD, flags=re.S)
    _, mistakes = reading.load(write(tmp_path, text))
    assert "nothing is shipped of AQ: give its networks" in [each.what for each in mistakes]


def test_no_file_and_no_yaml_are_mistakes_too(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yml", write(tmp_path, "a: [")):
        found, mistakes = reading.load(path)
        assert found is None
        assert mistakes


def test_what_is_short_in_the_file_is_whole_in_the_world(tmp_path: Path) -> None:
    found = good(tmp_path)
    assert found.set is Set.HELD_OUT
    assert [each.id for each in found.lines] == ["as1-1", "as1-2", "two-1"]
    assert found.lines[0].home == (Home(Way.FOREIGN, "AS1"),)
    assert found.lines[2].home == (Home(Way.FOREIGN, "AS2"), Home(Way.UPLINK, "AS1"), Home(Way.SATELLITE))
    evening, block = found.causes
    hour_ms = 3_600_000
    assert evening.spans == (
        Span(found.from_ms + 18 * hour_ms, found.from_ms + 21 * hour_ms),
        Span(found.from_ms + 42 * hour_ms, found.from_ms + 45 * hour_ms),
    )
    assert block.spans == (Span(found.from_ms + 12 * hour_ms, found.until_ms),)
    assert evening.passes == Passes(("imo",), 0.1)
    assert [(each.what, each.service, each.how, each.factor, each.stall_bytes) for each in block.drops] == [
        (What.SERVICE, "whatsapp", How.THROTTLE, 3.0, 0),
        (What.SERVICE, "skype", How.STALL, 1.0, 16_000),
    ]
    assert found.country("TR").standing[0].hows == (How.DNS_FORGED,)
    assert found.network("AS2").operator == "Two"


def test_one_row_stands_for_each_span_and_each_network(tmp_path: Path) -> None:
    found = good(tmp_path)
    silent = [each for each in found.expect if each.alert == "NetworkSilent"]
    evening = found.cause("evening")
    assert [each.onset_ms for each in silent] == [each.from_ms for each in evening.spans]
    assert {each.labels["network"] for each in silent} == {"AS1"}
    assert all(each.timed and each.severity is Severity.PAGE and each.known is Known.LIVE for each in silent)
    (over,) = [each for each in found.expect if each.alert == "ShutdownOver"]
    assert (over.at, over.onset_ms) == (At.END, evening.spans[0].until_ms)
    blocked = [each for each in found.expect if each.alert == "ServiceBlocked"]
    assert [each.labels["network"] for each in blocked] == ["AS1", "AS2"]
    assert all(each.precision is Precision.DAY and not each.timed for each in blocked)
    assert {each.until_ms - each.onset_ms for each in blocked} == {2 * 3_600_000}


def test_without_controls_of_its_own_a_world_has_three_in_three_networks(tmp_path: Path) -> None:
    text = re.sub(r"controls:\n.*?landmarks:", "landmarks:", GOOD, flags=re.S)
    found, mistakes = reading.load(write(tmp_path, text))
    assert found is not None, mistakes
    assert len({each.network for each in found.controls}) == 3


def test_the_example_of_the_writers_page_is_a_world(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (SCENARIOS / "README.md").read_text(), re.S)
    found, mistakes = reading.load(write(tmp_path, example))
    assert found is not None, "\n".join(map(str, mistakes))


def test_a_world_is_found_by_its_name_or_by_its_path(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert reading.locate(str(path)) == path
    assert reading.locate("iran-2022-09") == SCENARIOS / "iran-2022-09.yml"
    assert reading.locate("nowhere") is None


def test_lines_of_one_network_count_on(tmp_path: Path) -> None:
    found, mistakes = reading.load(write(tmp_path, GOOD.replace("name: two, ", "name: as1, ", 1)))
    assert found is not None, mistakes
    assert [each.id for each in found.lines] == ["as1-1", "as1-2", "as1-3"]
