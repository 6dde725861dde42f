"""Whom a cut met, by whoever counted them; and what is seen from outside, which is never merged with what is inside."""

from __future__ import annotations

import contextlib
import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.report import page, sheets
from dashboards.report.model import Dossier, Form, Kind, Language, Sure
from monitor.cli.given import Told, given_by
from monitor.dossier.gather import Asked, gathered
from monitor.evidence.lines import boxes
from monitor.evidence.progress import Progress
from monitor.evidence.window import Window
from probes.doors.clock import SystemClock
from tests.monitor.dossier.small import HOUR_MS, MINUTES, country, inside
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS

WINDOW = Window(NOON_MS, NOON_MS + MINUTES * MINUTE_MS)
WEIGHTS = {"AS197207": (0.4321, "APNIC, 2026-10"), "AS1": (0.2, "somebody else")}
HUB = """listen: 127.0.0.1:9820
forward: {remote_write: "http://127.0.0.1:1/api/v1/write"}
"""
REGISTRY = """vantages: []
networks:
  - {country: IR, network: AS197207, operator: mci, weight: 0.43, source: "APNIC, 2026-10"}
  - {country: IR, network: AS44244, operator: irancell}
"""


@pytest.fixture(scope="module")
def spools(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return country(tmp_path_factory.mktemp("weighed"), [inside(n) for n in range(3)], cut=range(50, 65), landmarks=True)


def dossier(spools: list[Path], form: Form, weights: dict[str, tuple[float, str]]) -> Dossier:
    asked = Asked("IR", WINDOW, form, NOON_MS + 96 * HOUR_MS, "", weights)
    return gathered(asked, boxes(spools), Progress(SystemClock()), lambda box, head: [])


@pytest.fixture(scope="module", params=list(Form))
def found(spools: list[Path], request: pytest.FixtureRequest) -> Dossier:
    return dossier(spools, request.param, WEIGHTS)


def test_how_many_people_it_met_is_said_with_who_counted_them(found: Dossier) -> None:
    text = page.render(found, Language.EN)
    assert "About 43% of the people online in Iran use a network that was cut off (shares by APNIC, 2026-10)." in text
    assert "somebody else" not in text, "that network was not cut"
    persian = page.render(found, Language.FA)
    assert "نزدیک به ۴۳٪" in persian
    assert "APNIC, 2026-10" in persian


def test_where_nobody_counted_nothing_is_said(found: Dossier) -> None:
    bare = tuple(replace(each, weight=None, weight_by="") for each in found.networks)
    assert "people online" not in page.render(replace(found, networks=bare), Language.EN)
    calm = replace(found, events=tuple(each for each in found.events if each.kind is not Kind.SHUTDOWN))
    assert "people online" not in page.render(calm, Language.EN), "and nothing where nothing was cut"


def test_of_several_networks_one_of_which_nobody_counted_it_is_at_least_that(found: Dossier) -> None:
    cut = next(each for each in found.events if each.kind is Kind.SHUTDOWN)
    other = replace(found.networks[0], network="AS2", weight=None, weight_by="")
    two = replace(found, networks=(*found.networks, other), events=(*found.events, replace(cut, network="AS2")))
    assert "At least about 43% of the people online" in page.render(two, Language.EN)


def test_what_is_seen_from_outside_is_a_row_of_its_own(found: Dossier) -> None:
    (network,) = found.networks
    assert len(network.outside) == len(network.reach)
    assert set(network.reach) != set(network.outside)
    text = page.render(found, Language.EN)
    assert text.count("hosts inside it, asked from abroad<") == 2, "in the chart, and in the table beside it"
    assert "The two are never put together" in text
    rows = list(csv.DictReader(io.StringIO(sheets.files(found)["reach.csv"])))
    sources = {
        source: [float(r["reach_share"]) for r in rows if r["source"] == source] for source in ("inside", "landmarks")
    }
    assert max(sources["inside"]) == 1.0
    assert max(sources["landmarks"]) == 0.9
    assert all(sources.values())


def test_it_makes_a_cut_sure_that_both_sides_saw(found: Dossier) -> None:
    cut = next(each for each in found.events if each.kind is Kind.SHUTDOWN)
    if found.form is Form.SEALED:
        assert (cut.sure, cut.why_sure) == (Sure.HIGH, "landmarks")
        assert "landmarks seen from abroad agree" in page.render(found, Language.EN)


def test_without_landmarks_there_is_no_such_row(tmp_path: Path) -> None:
    found = dossier(country(tmp_path, [inside(1)]), Form.SEALED, {})
    assert found.networks[0].outside == ()
    assert "asked from abroad" not in page.render(found, Language.EN)


def test_weights_come_from_the_registry_of_the_hub(spools: list[Path], tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "hub.yml").write_text(HUB)
    (tmp_path / "registry.yml").write_text(REGISTRY)
    with contextlib.ExitStack() as stack:
        given = given_by(Told(tmp_path / "hub.yml", spools, (), None, None), "IR", WINDOW, stack)
    assert given.weights == {"AS197207": (0.43, "APNIC, 2026-10")}
    assert len(given.boxes) == 6
