"""The dossier that is shipped as an example: marked as what it is, small, and its commitments hold."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from monitor.evidence.proof import verify
from tests.dashboards.report.example import FOLDER

PAGES = [f"{form}.{language}.html" for form in ("sealed", "public") for language in ("en", "fa")]
EVIDENCE = FOLDER / "evidence"


def page(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def records() -> dict[tuple[str, int], tuple[str, str]]:
    """Of the evidence: box and id of each record, its commitment by its salt and bytes, and the head of its link."""
    found = {}
    for box in (each for each in EVIDENCE.iterdir() if each.is_dir()):
        heads = {row["number"]: row["head"] for row in map(json.loads, (box / "chain.jsonl").read_text().splitlines())}
        for line in (box / "walks.jsonl").read_bytes().splitlines():
            row, at = json.loads(line), line.index(b'"walk":') + len(b'"walk":')
            made = hashlib.sha256(bytes.fromhex(row["salt"]) + line[at:-1]).hexdigest()
            found[(box.name, row["id"])] = (made, heads[row["link"]])
    return found


def test_its_commitments_hold() -> None:
    say: list[str] = []
    assert verify.check(EVIDENCE, say) == []
    assert any("walks open their commitments" in each for each in say)


def test_every_record_beside_it_opens_a_commitment_the_page_names() -> None:
    whole, opened = page("sealed.en.html"), records()
    assert len(opened) >= 9
    named = [each for each in opened if opened[each][0] in whole]
    assert len(named) >= 6, "the first record of each exhibit of that hour"
    assert {opened[each][1] for each in named} <= set(re.findall("[0-9a-f]{64}", whole)), "and the head of its link"


def test_a_record_that_was_changed_is_found(tmp_path: Path) -> None:
    """The check above can fail."""
    for each in EVIDENCE.rglob("*"):
        if each.is_file():
            copy = tmp_path / each.relative_to(EVIDENCE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(each.read_bytes())
    (walks := next(tmp_path.rglob("walks.jsonl"))).write_bytes(
        walks.read_bytes().replace(b'"resolve"', b'"connect"', 1)
    )
    assert any("is not what link" in each for each in verify.check(tmp_path, []))


@pytest.mark.parametrize("name", PAGES)
def test_it_is_marked_as_a_simulation_wherever_it_is_looked_at(name: str) -> None:
    word = {"en": "IN SIMULATION", "fa": "شبیه‌سازی"}[name.split(".")[1]]
    text = page(name)
    assert f"<strong>{word}.</strong>" in text, "on the screen"
    assert re.search(f'@top-center{{content:"{word} ', text), "and at the head of every printed page"
    assert (FOLDER / "events.csv").read_text().splitlines()[0].endswith("in_simulation_of")


@pytest.mark.parametrize("name", PAGES)
def test_it_is_small_and_asks_for_nothing(name: str) -> None:
    text = page(name)
    assert len(text.encode()) < 600_000
    assert "<script" not in text
    assert not re.search(r"""(?:src|href)=["']?[^"'#]""", text), "nothing but links within itself"
    assert "url(" not in text


def test_the_public_form_names_no_box_of_the_sealed_one() -> None:
    boxes = {each.name for each in EVIDENCE.iterdir() if each.is_dir()} | set(
        re.findall(r">(v[0-9a-f]{4})<", page("sealed.en.html"))
    )
    assert len(boxes) >= 10
    for name in ("public.en.html", "public.fa.html", "events.csv", "reach.csv", "services.csv"):
        assert not [each for each in boxes if each in page(name)], name


def test_the_two_forms_rest_on_the_same_records() -> None:
    roots = {name: re.findall(r'<p><code dir="ltr">([0-9a-f]{64})</code></p>', page(name)) for name in PAGES}
    assert len({tuple(found) for found in roots.values()}) == 1, roots
    assert len(roots["sealed.en.html"]) == 1


def test_what_is_beside_the_page_stays_small() -> None:
    assert sum(each.stat().st_size for each in EVIDENCE.rglob("*") if each.is_file()) < 300_000
    assert all(each.stat().st_size < 200_000 for each in FOLDER.glob("*.png"))
