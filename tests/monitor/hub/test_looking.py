"""The late look: what a backlog shows is written once and told once; what was told live, or was nothing, is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from monitor.hub.looking import notice
from monitor.hub.looking.again import Again, Incident, Samples, groups, read_names, remembered
from monitor.hub.looking.marks import Landed, Marks, Told
from monitor.notify.settings import Pages
from tests.monitor.hub.late import MINUTE, stated
from tests.rules.peace import box, dark, world
from tests.rules.world import MCI, World

SHUTDOWN = {"alert": "NetworkShutdown", "country": "IR", "network": MCI}


# ---------------------------------------------------------------- living through it again


def lived(
    made: World, minutes: int = 120, base_ms: int = 1_800_000_000_000, memory: Sequence[Samples] = ()
) -> list[Incident]:
    again = Again(base_ms, memory=memory)
    for hour_ms in range(base_ms, base_ms + minutes * MINUTE, 60 * MINUTE):
        part = [each for each in stated(made, minutes, base_ms) if hour_ms < each[1] <= hour_ms + 60 * MINUTE]
        again.live([(labels, [at_ms], [value]) for labels, at_ms, value in part], hour_ms + 60 * MINUTE)
    return again.incidents("IR")


def test_a_cut_that_nobody_could_report_has_its_onset_and_its_end() -> None:
    (found,) = [each for each in lived(dark(world(), "m1", "m2", since=20, until=50)) if each.severity == "page"]
    assert dict(found.labels) == SHUTDOWN
    base_ms = 1_800_000_000_000
    assert base_ms + 19 * MINUTE <= found.onset_ms <= base_ms + 20 * MINUTE
    assert base_ms + 64 * MINUTE <= found.ended_ms <= base_ms + 67 * MINUTE, "well for a quarter of an hour"
    assert found.over


def test_in_peace_there_was_nothing() -> None:
    assert lived(world()) == []


def test_what_lasts_beyond_the_end_is_not_said_to_be_over() -> None:
    (found,) = lived(dark(world(), "m1", "m2", since=20))
    assert not found.over
    assert found.ended_ms == 1_800_000_000_000 + 120 * MINUTE


def test_a_ticket_that_became_a_page_is_one_incident() -> None:
    made = dark(dark(world(), "m1", since=20, until=60), "m2", since=30, until=60)
    box(made, "m2").silent(19, 31)
    found = [each for each in lived(made) if dict(each.labels)["alert"] == "NetworkShutdown"]
    assert [each.severity for each in found] == ["page"]


def blocked_since_before() -> World:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "broken"})
    return made


def test_what_worked_before_is_known_by_what_the_rules_had_recorded() -> None:
    """Without memory a block that is older than what is lived through looks as if it had always been there."""
    assert lived(blocked_since_before(), 60) == []
    place = {"country": "IR", "network": MCI, "service": "instagram"}
    name = "didban:service_works:timestamp_14d"
    assert name in remembered()
    base_ms = 1_800_000_000_000
    memory = [(tuple(sorted({"__name__": name, **place}.items())), [base_ms], [base_ms / 1000 - 3 * 86_400])]
    (found,) = lived(blocked_since_before(), 60, base_ms, memory)
    assert dict(found.labels) == {"alert": "ServiceBlocked", **place}
    assert found.fired_ms <= base_ms + 10 * MINUTE


def test_only_what_is_read_for_its_last_word_is_taken_from_memory() -> None:
    """A count over what was given and what is written would be of two series."""
    found = remembered()
    assert {"didban:vantage_well:timestamp_kept", "didban:network_cut:timestamp_long"} <= found.keys()
    assert not {"didban:vantage_well:timestamp_5m", "didban:network_reach:ratio_5m"} & found.keys()
    assert found["didban:network_cut:timestamp_long"] == 6 * 60 * MINUTE
    assert {name: every_ms // 30 for name, every_ms in found.items()} == remembered(30)


def test_every_shipped_rule_is_understood_at_every_speed() -> None:
    assert len(groups()) == len(groups(30)) >= 3
    assert "didban_connectivity_ratio" in read_names()
    assert "didban_step_duration_seconds" not in read_names(), "what no rule reads is not asked for"


# ---------------------------------------------------------------- what it must not forget


def test_marks_outlive_the_process_and_grow_together(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "look.json")
    marks.landed("IR", 1000, 2000, 10_000)
    marks.landed("IR", 500, 1500, 11_000)
    assert Marks(tmp_path / "look.json").pending == {"IR": Landed(500, 2000, 10_000, 11_000)}
    assert (tmp_path / "look.json").stat().st_mode & 0o777 == 0o600


def test_what_lands_while_it_looks_is_looked_at_anew(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "look.json")
    marks.landed("IR", 1000, 2000, 10_000)
    looked_at = dataclasses_free(marks.pending["IR"])
    marks.landed("IR", 3000, 4000, 12_000)
    marks.looked("IR", looked_at, [], None)
    assert "IR" in marks.pending
    marks.looked("IR", marks.pending["IR"], [Told("x", 1000, 2000)], None)
    assert Marks(tmp_path / "look.json").pending == {}
    assert marks.was_told("x", 1900, 5000, 0)
    assert not marks.was_told("x", 3000, 5000, 0)
    assert not marks.was_told("y", 1000, 2000, 0)


def dataclasses_free(landed: Landed) -> Landed:
    return Landed(landed.since_ms, landed.until_ms, landed.first_ms, landed.last_ms)


def test_half_a_file_of_marks_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "look.json").write_bytes(b'{"pending":{"IR"')
    assert Marks(tmp_path / "look.json").pending == {}


# ---------------------------------------------------------------- the words


def incident(alert: str, network: str = "", *, onset: int = 0, ended: int = 60, severity: str = "page") -> Incident:
    named = (("alert", alert), ("country", "IR"), *((("network", network),) if network else ()))
    at_ms = 1_663_774_260_000  # 2022-09-21T15:31Z
    return Incident(named, severity, at_ms + onset * MINUTE, at_ms + onset * MINUTE, at_ms + ended * MINUTE, True)


def test_a_parent_speaks_for_its_children_in_the_notice_too() -> None:
    found = [
        incident("CountryShutdown"),
        incident("NetworkShutdown", MCI),
        incident("NetworkShutdown", "AS1", onset=90, ended=99),
    ]
    assert [each.key for each in notice.parents_of(found)] == ["CountryShutdown IR", "NetworkShutdown IR AS1"]


def test_the_notice_says_what_when_and_that_the_evidence_was_not_there() -> None:
    said = notice.notice(
        "IR",
        [incident("NetworkShutdown", MCI)],
        Landed(1_663_774_260_000, 1_663_777_860_000, 0, 1_664_000_000_000),
        Pages(),
    )
    texts = said.annotations
    assert said.labels == {
        "alertname": "LateLook",
        "severity": "info",
        "product": "didban",
        "family": "shutdown",
        "country": "IR",
    }
    assert "2022-09-21 15:31 to 2022-09-21 16:31 UTC (began 2022-09-21 20:01 in IR)" in texts["description"]
    assert "which was not there at the time" in texts["description"]
    assert f"⁨{MCI}⁩" in texts["summary_fa"]
    assert "ordered" not in " ".join(texts.values())


def test_of_many_incidents_the_notice_counts_those_it_does_not_write_out() -> None:
    many = [incident("NetworkShutdown", f"AS{n}") for n in range(1, 31)]
    said = notice.notice("IR", many, Landed(0, 0, 0, 0), Pages()).annotations["description"]
    assert "And 18 more" in said


def test_the_links_of_the_notice_lead_where_people_can_go_also_in_a_mail_that_no_relay_writes() -> None:
    pages = Pages(url="https://hub.example.org", dashboard="https://grafana.example.org/d")
    texts = notice.notice("IR", [incident("NetworkShutdown", MCI)], Landed(1, 2, 1, 2), pages).annotations
    assert texts["runbook_url"] == "https://hub.example.org/runbook/LateLook"
    assert texts["dashboard_url"] == "https://grafana.example.org/d/didban-incident?var-country=IR&from=1&to=2"
