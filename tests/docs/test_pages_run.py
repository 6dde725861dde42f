"""Every page of docs/ is run as written, in the laboratory: what is typed, what is written down, and what is then shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.docs import far_ends, reader
from tests.docs.ground import TIMES
from tests.docs.reader import NotRun
from tests.docs.walked import Ground
from tests.lab import enter, others
from tests.lab.lab import Lab, scratch

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

# a page goes on from where another has led; each of the others begins with nothing
IN_TURN = (
    ("quick-start.md",),
    ("hub.md", "vantage-inside.md", "two-lines-one-box.md", "what-can-be-said.md"),
    ("responder.md",),
    ("adding-a-service.md",),
    ("adding-a-protocol.md",),
    ("deploy.md",),
    ("containers.md",),
    ("scale.md",),
)
WITHOUT_A_STEP = {"README.md", "ethics.md", "threat-model.md", "worlds.md"}  # but forms to be filled in by hand
_NO_SUCH_LINE = "```diff\n+++ didban/probes/words.py\n no such line\n+another\n```\n"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with scratch() as folder, Lab(folder, times=TIMES) as running:
        others.protocols(running)
        far_ends.start(running)
        yield running


@pytest.mark.parametrize("names", IN_TURN, ids=lambda names: names[0])
def test_pages_are_run_as_written(lab: Lab, names: tuple[str, ...]) -> None:
    ground = Ground(lab)
    try:
        for name in names:
            ground.walk(reader.DOCS / name)
    finally:
        ground.end()
    print("\n".join(ground.not_run))


@pytest.mark.long
def test_pages_are_run_with_what_takes_minutes(lab: Lab, figure: Callable[[str, float], None]) -> None:
    grounds = [Ground(lab, long=True) for _ in IN_TURN]
    for ground, names in zip(grounds, IN_TURN, strict=True):
        try:
            for name in names:
                ground.walk(reader.DOCS / name)
        finally:
            ground.end()
    figure("pages", sum(len(names) for names in IN_TURN))
    figure("steps", sum(ground.steps for ground in grounds))
    figure("blocks not run", sum(len(ground.not_run) for ground in grounds))


def test_a_page_that_lies_would_be_found(lab: Lab) -> None:
    """By what is shown, by how it ends, by a file that is another."""
    ground = Ground(lab)
    try:
        for block in ("```sh\necho told\n```\n```text\ntold otherwise\n```\n", "```sh\nfalse\n```\n", _NO_SUCH_LINE):
            with pytest.raises(AssertionError, match=r"docs/page\.md:1 \(box\)"):
                ground.walk_text(block, "page.md")
    finally:
        ground.end()


def test_no_page_is_left_out() -> None:
    walked = {name for names in IN_TURN for name in names}
    assert {page.name for page in reader.pages()} - WITHOUT_A_STEP == walked
    for name in WITHOUT_A_STEP:
        assert all(isinstance(step, NotRun) for step in reader.read((reader.DOCS / name).read_text())), name
