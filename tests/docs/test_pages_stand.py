"""Every page is found from the index, and every link, command, option, metric, alert and file on a page is real."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from monitor import metrics
from monitor.__main__ import ROOMS, app
from tests.docs import reader
from tests.docs.reader import DOCS, NotRun

ROOT = DOCS.parent
PAGES = reader.pages()
INDEX = DOCS / "README.md"
LONGEST_LINES = 165

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_ALERT = re.compile(r"`((?:[A-Z][a-z]+|VPN|DNS|QUIC|IPv6)(?:[A-Z][A-Za-z]+)+)`")
_METRIC = re.compile(r"\bdidban_[a-z_]+\b")
_COMMAND = re.compile(r"\bdidban ([a-z][a-z-]+)(?: --config\.file[= ]\S*hub\.yml)?( [a-z]+)?([^\n`|]*)")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z.-]+)")
_TEST = re.compile(r"tests/[\w./]*\w")
_FILE = re.compile(r"`((?:probes|monitor|tests|deploy|dashboards|results)/[\w./-]+)`")


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@functools.cache
def commands() -> dict[str, set[str]]:
    """Every command by its words, and its options."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    context = typer.Context(root)
    found: dict[str, set[str]] = {}
    for name in ROOMS:
        command = root.get_command(context, name)
        found[name] = options(command)
        inner = command.commands if isinstance(command, TyperGroup) else {}
        found |= {f"{name} {word}": options(each) | found[name] for word, each in inner.items()}
    return found


def options(command: Any) -> set[str]:
    return {word for each in command.params for word in (*each.opts, *each.secondary_opts)} | {"--help"}


def alerts() -> set[str]:
    return {path.stem for path in (ROOT / "monitor" / "runbook").glob("*.md")}


def typed(text: str) -> Iterator[tuple[str, str]]:
    """Each `didban WORD ...` in what is code, and the rest of its line."""
    for code in _CODE.findall(text.replace("\\\n", " ")):
        for word, second, rest in _COMMAND.findall(code):
            is_group = any(name.startswith(f"{word} ") for name in commands())
            yield (word + second if is_group else word), (rest if is_group else second + rest).partition("#")[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_short_and_the_index_leads_to_it(page: Path) -> None:
    assert len(page.read_text().splitlines()) <= LONGEST_LINES
    assert page == INDEX or f"({page.name})" in INDEX.read_text()


def test_the_front_door_leads_to_the_index() -> None:
    assert "(docs/README.md)" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text()):
        name, _, anchor = link.partition("#")
        if "://" in link:
            continue
        to = (page.parent / name).resolve() if name else page
        assert to.exists(), link
        assert not anchor or anchor in anchors(to), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_on_a_page_is_one(page: Path) -> None:
    known = commands()
    for word, rest in typed(page.read_text()):
        assert word in known, f"didban {word}"
        unknown = set(_OPTION.findall(rest)) - known[word]
        assert not unknown, f"didban {word} {unknown}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_metric_alert_and_file_on_a_page_is_one(page: Path) -> None:
    text = page.read_text()
    named = {family.name for family in metrics.FAMILIES}
    for metric in _METRIC.findall(text):
        assert metric in named, metric
    assert set(_ALERT.findall(text)) <= alerts()
    for file in _FILE.findall(text):
        assert (ROOT / file).exists(), file


def test_what_no_machine_has_run_is_little_and_says_why() -> None:
    """Little of what no other test types: a reason that names a test names one that is there."""
    left_out: list[str] = []
    for page in PAGES:
        for step in reader.read(page.read_text()):
            if isinstance(step, NotRun):
                reason = step.marks["not run"]
                elsewhere = _TEST.findall(reason)
                assert all((ROOT / each).exists() for each in elsewhere), f"{page.name}:{step.line}: {reason}"
                left_out += [] if elsewhere else [f"{page.name}:{step.line}: {reason}"]
    assert len(left_out) <= 5, "\n".join(left_out)
    assert all(each.rpartition(": ")[2] for each in left_out)


def test_a_word_that_is_none_would_be_seen() -> None:
    known = commands()
    (word, rest), = typed("`didban sing --loudly`")  # fmt: skip
    assert word not in known
    assert set(_OPTION.findall(rest)) == {"--loudly"}
    assert "--loudly" not in known["hub add"]
    assert [each for each, _ in typed("`didban hub --config.file=hub.yml sing v1`")] == ["hub sing"]
    assert "hub sing" not in known
    assert set(_ALERT.findall("`NetworkShutdow` is none")) - alerts()
