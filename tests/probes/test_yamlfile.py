"""What libyaml's events are built into is what YAML 1.2 says: ruamel, which reads it in Python, is asked beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from probes.doors import yamlfile
from probes.doors.yamlfile import Document, read

_ROOT = Path(__file__).parents[2]
_SHIPPED = sorted(path for room in ("probes", "monitor", "deploy") for path in (_ROOT / room).rglob("*.yml"))
_PLAIN = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=12)
_WORDS = st.one_of(_PLAIN, st.sampled_from(["NO", "on", "1e3", "0o7", "12:30", "2026-11-22", "~", "=", "<<", "a # b"]))
_VALUES = st.recursive(
    st.one_of(_WORDS, st.integers(-(10**17), 10**17), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_WORDS, inner, max_size=4)),
    max_leaves=12,
)


@pytest.fixture(params=["libyaml", "where libyaml is not to be had"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "libyaml":
        monkeypatch.setattr(yamlfile, "_PARSER", yaml.SafeLoader)


def as_ruamel_has_it(text: str) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    """Values by the core schema, lines by ruamel's tree."""
    lines: dict[tuple[str | int, ...], int] = {}

    def value(node: Any, here: tuple[str | int, ...]) -> Any:
        lines.setdefault(here, node.start_mark.line + 1)
        if node.id == "mapping":
            for key, _ in node.value:
                lines[(*here, key.value)] = key.start_mark.line + 1
            return {key.value: value(each, (*here, key.value)) for key, each in node.value}
        if node.id == "sequence":
            return [value(each, (*here, number)) for number, each in enumerate(node.value)]
        quoted = node.style is not None
        return (
            node.value.replace("\a", "") if quoted else yamlfile._scalar(yaml.ScalarEvent(None, None, (), node.value))
        )

    root = YAML(typ="safe", pure=True).compose(text)
    return (value(root, ()), lines) if root is not None else (None, {})


def written(folder: Path, text: str) -> Document:
    path = folder / "some.yml"
    path.write_text(text, encoding="utf-8")
    return read(path)


@pytest.mark.parametrize("path", _SHIPPED, ids=lambda path: path.name)
def test_every_file_we_ship_is_read_as_ruamel_reads_it(path: Path) -> None:
    found = read(path)
    assert not found.mistakes
    assert (found.value, found.lines) == as_ruamel_has_it(path.read_text(encoding="utf-8"))


@settings(deadline=None)  # ruamel is slow
@given(value=_VALUES, flow=st.sampled_from([True, False, None]))
@example(value={"a": ["x: y", "#", "'", "\u200c", ""]}, flow=True)
def test_whatever_is_written_is_read_as_ruamel_reads_it(
    tmp_path_factory: pytest.TempPathFactory, value: object, flow: bool | None
) -> None:
    text = yaml.dump(value, default_flow_style=flow, allow_unicode=True)
    found = written(tmp_path_factory.getbasetemp(), text)
    assert (found.value, dict(found.lines), found.mistakes) == (*as_ruamel_has_it(text), ())


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("country: NO", {"country": "NO"}),
        ("[yes, off, on, y, 0x1f, 0o7, 1_000, 12:30:45, 2026-11-22, .inf]", None),
        ("{a: true, b: False, c: ~, d: , e: 07, f: -1.5e3}", {"a": True, "b": False, "c": None, "d": None, "e": 7, "f": -1500.0}),
        ("{NO: 1, 1: a, true: b, 'x y': c}", {"NO": 1, "1": "a", "true": "b", "x y": "c"}),
        ("a: 'true'\nb: \"5\"\nc: |\n  5\n", {"a": "true", "b": "5", "c": "5\n"}),
        ("a: >-\n  one\n  two\n\n  three\n", {"a": "one two\nthree"}),
        ("a: &x {b: 1}\nc: *x\nd: [*x]", {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}]}),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
        ("&x a: 1\nb: *x", {"a": 1, "b": "a"}),
        ("a: !!str 5\n", {"a": 5}),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
        ("", None),
        ("# nothing\n", None),
    ],
)  # fmt: skip
def test_a_scalar_means_what_the_core_schema_says(tmp_path: Path, text: str, value: object) -> None:
    found = written(tmp_path, text)
    assert not found.mistakes
    words = ["yes", "off", "on", "y", "0x1f", "0o7", "1_000", "12:30:45", "2026-11-22", ".inf"]
    assert found.value == (words if text.startswith("[yes") else value)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", ["3: a: is given twice (first on line 1)"]),
        ("a: {b: 1,\n b: 2}\nc: 1\nc: 2", ["2: a.b: is given twice (first on line 1)", "4: c: is given twice (first on line 3)"]),
        ("a: 1\na: &x 2\nb: *x", ["2: a: is given twice (first on line 1)"]),
        ("a:\n  ? [b]\n  : 1", ["2: a: a key must be a word"]),
        ("a: 1\n---\nb: 2", ["2: is not YAML: but found another document"]),
        ("a: 1\nb: *x", ["2: is not YAML: found undefined alias 'x'"]),
        ("a: &x [*x]", ["1: unfolds into too much: too deep, or aliases of aliases"]),
        ("[" * 5000 + "]" * 5000, ["1: unfolds into too much: too deep, or aliases of aliases"]),
        ("a: b: c", ["1: is not YAML: mapping values are not allowed"]),
        ("a: 1\n\tb: 2", ["2: is not YAML: found"]),
    ],
)  # fmt: skip
def test_each_mistake_is_on_its_line(tmp_path: Path, text: str, said: list[str]) -> None:
    found = [str(each).rpartition("some.yml:")[2] for each in written(tmp_path, text).mistakes]
    assert [each[: len(wanted)] for each, wanted in zip(found, said, strict=True)] == said


def test_an_alias_has_the_lines_of_what_it_stands_for(tmp_path: Path) -> None:
    found = written(tmp_path, "a: &x\n  b:\n    - 1\n    - 2\nc: *x\n")
    assert found.lines[("c",)] == 5
    assert found.lines[("c", "b", 1)] == 4


def test_what_is_shared_by_aliases_counts_each_time(tmp_path: Path) -> None:
    many = "a: &a [" + "1," * 900 + "]\n"
    assert not written(tmp_path, many + "b: [" + "*a," * 100 + "]").mistakes
    assert written(tmp_path, many + "b: [" + "*a," * 120 + "]").mistakes
    assert json.dumps(written(tmp_path, many + "b: *a").value)
