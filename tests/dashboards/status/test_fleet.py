"""The hub's page and the public one: every box, every alert in both languages; and of the public one, what is not in it."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from dashboards.palette import SEVERITIES as LOUD
from dashboards.status import fleet, public
from dashboards.status.fleetphrases import ALERTS, EXTENTS, SEVERITIES
from dashboards.status.tongue import LANGUAGES, Lang
from monitor.beside import rulefiles
from tests.dashboards.status import examples
from tests.dashboards.status.test_page import HOSTILE, PERSIAN


def test_every_alert_is_said_in_both_languages() -> None:
    text = "".join(path.read_text() for path in rulefiles.RULES.glob("*.yml"))
    assert set(ALERTS) == set(re.findall(r"- alert: (\w+)", text)) - {"Watchdog"}
    for table in (ALERTS, EXTENTS, SEVERITIES):
        assert all(english.isascii() and PERSIAN.search(persian) for english, persian in table.values())
    assert set(SEVERITIES) == set(LOUD)


def test_who_is_silent_is_the_first_sentence_and_who_is_paused_is_not_in_it() -> None:
    text = fleet.render(examples.fleet())
    said = re.search(r"role=status><p>(.*?)</p>", text)
    assert said is not None
    assert re.sub("<[^>]*>", "", said[1]) == "6 boxes are expected; 2 not heard for 3 minutes: v7f3a, v1c9e."
    told = examples.fleet()
    told["vantages"] = told["vantages"][2:]
    assert "4 boxes are expected, and all of them were heard" in fleet.render(told)
    assert "No box is enrolled yet." in fleet.render(told | {"vantages": []})


def test_an_incident_is_told_by_its_latest_loudest_step_and_every_step_stands_below() -> None:
    text = re.sub("<[^>]*>", "", fleet.render(examples.fleet()).partition("Open incidents")[2])
    places = [
        text.index(each)
        for each in ("Shutdown in the country IR", "Lines of a network fell silent", "in some networks")
    ]
    assert places == sorted(places)
    assert "Told: 6 of 6 messages delivered. First at 15:39. Nasrin has it." in text


@pytest.mark.parametrize(("incidents", "said"), [([], "Nothing fires."), (None, "What fires is not known.")])
def test_no_alarm_and_not_knowing_are_two_things(incidents: Any, said: str) -> None:
    assert said in fleet.render(examples.fleet() | {"incidents": incidents})


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whatever_a_box_or_a_note_is_called_it_runs_nowhere(lang: Lang) -> None:
    told = copy.deepcopy(examples.fleet())
    told["hub"] = told["trouble"] = told["asked"] = told["watched"][0] = HOSTILE
    told["vantages"][0] |= {
        "vantage": HOSTILE,
        "network": HOSTILE,
        "role": HOSTILE,
        "refused": {HOSTILE: 1},
        "waiting": 1,
    }
    told["incidents"][0] |= {"country": HOSTILE, "service": HOSTILE}
    told["incidents"][0]["steps"][0] |= {"alert": HOSTILE, "severity": HOSTILE, "network": HOSTILE, "extent": HOSTILE}
    told["incidents"][0]["told"]["taken_by"] = told["notes"][0]["text"] = told["notes"][0]["incident"] = HOSTILE
    text = fleet.render(told, lang)
    assert text.count("<script>") == 1
    assert "<img" not in text
    given = copy.deepcopy(examples.public())
    given["groups"][0] |= {"country": HOSTILE, "network": HOSTILE}
    given["groups"][0]["services"][0] |= {"service": HOSTILE, "title": {"en": HOSTILE}, "verdict": HOSTILE}
    assert "<script>" not in public.render(given, lang)
    assert "<img" not in public.render(given, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_fleet_of_a_hundred_boxes_fits_into_100_kb(lang: Lang) -> None:
    told = examples.fleet()
    told["vantages"] = [told["vantages"][0] | {"vantage": f"v{number}"} for number in range(100)]
    assert len(fleet.render(told, lang).encode()) < 100_000


def test_the_public_page_asks_for_nothing_and_renews_nothing() -> None:
    for lang in LANGUAGES:
        text = public.render(examples.public(), lang)
        assert "<script" not in text
        assert "data-every" not in text
        assert not re.search(r"https?://", text)
    assert "22:00 UTC" in re.sub("<[^>]*>", "", public.render(examples.public()))
    assert "nothing is shown" in public.render({"at": examples.NOW, "groups": []})
