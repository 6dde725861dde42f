"""Somebody who wants to find the household has the public form, and all the time in the world. Nothing of it helps."""

from __future__ import annotations

import base64
import csv
import html
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pypdfium2
import pytest

from dashboards.report import page, sheets, written
from dashboards.report.model import Dossier, Form, Language
from monitor.dossier.gather import Asked, gathered
from monitor.evidence.lines import boxes
from monitor.evidence.progress import Progress
from monitor.evidence.window import Window
from probes.doors.clock import SystemClock
from probes.facts import Round, Vantage
from tests.monitor.dossier.small import HOUR_MS, MINUTES, control, country, inside
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS, box
from tests.monitor.facts import rounds, walk

LONG_AFTER_MS = NOON_MS + 96 * HOUR_MS
COHORT, OWN, ALONE = "k2lalehpark", "instagram/teahouse", "AS58224"
ADDRESS = "203.0.113.77"


def spools(folder: Path, lines: int = 3) -> list[Path]:
    """Some lines of one network, one of which shares a home with nobody, and a single line of another network."""
    some = [replace(inside(number), region="IR-12") for number in range(lines)]
    found = country(folder, [*some, inside(9, ALONE)])
    teahouse = replace(inside(8), cohort=COHORT)
    return [*found, box(folder / "teahouse-of-maryam", teahouse, list(_own(teahouse)), closed_ms=None)]


def _own(vantage: Vantage) -> Iterator[Round]:
    """A box that walks a target of its keeper's own."""
    for minute in range(MINUTES):
        yield rounds(walk(to=OWN, address=ADDRESS, started_ms=NOON_MS + minute * MINUTE_MS + 4_321), number=minute)


def public(folders: list[Path], *, from_min: int = 0, until_min: int = MINUTES, at_ms: int = LONG_AFTER_MS) -> Dossier:
    window = Window(NOON_MS + from_min * MINUTE_MS + 61_000, NOON_MS + until_min * MINUTE_MS)
    kept = boxes(folders)
    found = gathered(Asked("IR", window, Form.PUBLIC, at_ms), kept, Progress(SystemClock()), lambda box, head: [])
    for each in kept:
        each.kept.close()
    return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    return public(spools(tmp_path_factory.mktemp("spools") / "home-of-maryam"))


@pytest.fixture(scope="module", params=list(Language))
def files(shown: Dossier, request: pytest.FixtureRequest) -> dict[str, bytes]:
    """All of it in one language, and the words of the PDF as a reader copies them."""
    found = dict(written.files(shown, request.param, paper=True))
    document = pypdfium2.PdfDocument(found["dossier.pdf"])
    text = "".join(document[number].get_textpage().get_text_range() for number in range(len(document)))
    return {**found, "dossier.pdf as text": text.encode()}


def _written_as(word: str) -> Iterator[bytes]:
    """Whatever way a word may have slipped in."""
    plain = word.encode()
    yield from (plain, plain.upper(), plain.lower(), word.encode("utf-16-le"), word.encode("utf-16-be"))
    yield from (plain.hex().encode(), quote(word, safe="").encode(), html.escape(word).encode())
    for skipped in range(3):  # base64 of a text it stands in, wherever in it
        yield base64.b64encode(b"\0" * skipped + plain)[4:-4] if len(plain) > 8 else plain


def test_no_name_no_address_and_no_path_is_in_any_file(files: dict[str, bytes], tmp_path: Path) -> None:
    planted = [f"v7e5{number}" for number in range(10)] + [f"c9d{number}" for number in range(3)]
    planted += [
        COHORT,
        "teahouse",
        "maryam",
        ADDRESS,
        "157.240.1.1",
        "h1.example",
        "IR-12",
        "mobile",
        "spool.db",
        "/tmp",
    ]
    for name, content in files.items():
        for word in planted:
            for form in _written_as(word):
                if len(form) > 3:
                    assert form not in content, f"{word} is in {name}"


def test_a_name_would_be_found_if_it_were_there(files: dict[str, bytes]) -> None:
    """The search above can fail."""
    assert any(form in files["dossier.html"] for form in _written_as("AS197207"))
    assert b"AS197207" in files["dossier.pdf as text"]


def test_no_time_is_finer_than_ten_minutes(files: dict[str, bytes]) -> None:
    digits = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
    for name, content in files.items():
        if name.endswith(("png", "pdf")):
            continue
        clocks = re.findall(r"(?<![0-9])[0-2][0-9]:([0-5][0-9])(?::([0-5][0-9]))?", content.decode().translate(digits))
        assert clocks or name.startswith("service-"), name
        assert {(int(minute) % 10, int(second or 0)) for minute, second in clocks} <= {(0, 0)}, name


def test_no_milliseconds_and_no_long_numbers(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        if not name.endswith(("png", "pdf")):
            assert not re.search(rb"(?<![0-9a-f.])1[67][0-9]{8,11}(?![0-9a-f])", content), name


def test_no_count_is_below_three(shown: Dossier) -> None:
    counts = [shown.counts.lines, shown.counts.controls, shown.counts.control_networks, shown.counts.networks]
    counts += [each.lines for each in shown.networks] + [each.lines for each in shown.events]
    counts += [each.controls for each in shown.events] + [f.lines for p in shown.proofs for f in p.found]
    assert set(counts) <= {None, 3}
    assert (shown.counts.boxes, shown.counts.walks, shown.counts.hours_without) == (None, None, None)
    rows = list(csv.DictReader(io.StringIO(sheets.files(shown)["events.csv"])))
    assert rows
    assert {row[key] for row in rows for key in ("lines", "control_networks")} <= {"", "3 or more"}


def test_that_a_network_has_one_line_or_two_is_not_said(tmp_path: Path) -> None:
    one = public(country(tmp_path / "one", [*map(inside, range(3)), inside(9, ALONE)]))
    two = public(country(tmp_path / "two", [*map(inside, range(3)), inside(9, ALONE), inside(8, ALONE)]))
    blind = [replace(each, evidence=one.evidence) for each in (one, two)]
    assert page.render(blind[0], Language.EN) == page.render(blind[1], Language.EN)


def test_that_a_fourth_line_came_is_not_said(tmp_path: Path) -> None:
    three = public(country(tmp_path / "three", map(inside, range(3))))
    four = public(country(tmp_path / "four", map(inside, range(4))))
    assert sheets.files(three) == sheets.files(four)


def test_what_one_line_saw_today_is_not_said(tmp_path: Path) -> None:
    found = public(country(tmp_path, [inside(1)]), at_ms=NOON_MS + 2 * HOUR_MS)
    assert not found.events
    assert not any(value is not None for each in found.networks for value in each.reach)
    assert not any(verdict for each in found.services for strip in each.strips for verdict in strip.verdicts)


def test_two_reports_of_shifted_windows_say_the_same_of_what_both_show(tmp_path: Path) -> None:
    """Nothing is won by asking again and again, ten minutes on each time."""
    folders = spools(tmp_path)
    cells: dict[tuple[str, ...], set[str]] = {}
    for shift in (0, 10, 20):
        made = sheets.files(public(folders, from_min=shift, until_min=60 + shift))
        for name in ("reach.csv", "services.csv"):
            for row in csv.reader(io.StringIO(made[name])):
                cells.setdefault((name, *row[:-1]), set()).add(row[-1])
    assert len(cells) > 20
    assert {key for key, values in cells.items() if len(values) > 1} == set()


def test_no_box_is_told_by_the_commitment(shown: Dossier) -> None:
    assert shown.evidence.heads == ()
    assert re.fullmatch("[0-9a-f]{64}", shown.evidence.root)
    assert shown.written_ms % (24 * HOUR_MS) == 0, "when it was written is a day"
    assert control(0).id not in page.render(shown, Language.FA)
