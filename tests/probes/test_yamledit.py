"""A file changed at one place is the same file everywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.doors import yamledit, yamlfile
from probes.doors.yamlfile import Value

BLOCKS = """\
# ours
rows:
  # the first
  - {id: a, n: 1}  # a's own
  # the second
  - id: b  # b's own
    n: 2
    # still b
  # the third

  - c
other: x # kept
"""


def value(text: str, folder: Path) -> Value:
    path = folder / "x.yml"
    path.write_text(text)
    document = yamlfile.read(path)
    assert document.mistakes == ()
    return document.value


def lost(before: str, after: str) -> list[str]:
    """Lines that are no longer there as they were."""
    left = after.splitlines()
    return [line for line in before.splitlines() if line not in left]


@pytest.mark.parametrize(
    ("id", "changed_line"),
    [("a", "  - {id: a, n: 1}  # a's own"), ("b", None), ("c", "  - c")],
)
def test_a_value_is_set_and_nothing_else_moves(tmp_path: Path, id: str, changed_line: str | None) -> None:
    after = yamledit.changed(BLOCKS, "rows", ("id", id), {"paused": True})
    assert lost(BLOCKS, after) == ([changed_line] if changed_line else [])
    found = value(after, tmp_path)
    assert isinstance(found, dict)
    rows = found["rows"]
    assert isinstance(rows, list)
    assert [row.get("id") for row in rows if isinstance(row, dict) and row.get("paused")] == [id]
    again = yamledit.changed(after, "rows", ("id", id), {"paused": False})
    assert again == after.replace("paused: true", "paused: false")


@pytest.mark.parametrize(
    "before",
    [
        BLOCKS,
        "",
        "other: x",
        "rows:\n",
        "rows:  # none yet\nother: x\n",
        "rows: []\n",
        "rows: [a]  # few\n",
        "rows: null\n",
        "{rows: []}\n",
        "{other: x}\n",
        "rows:\n- a\n- {id: b}\n\n# the end\n",
        "rows:\n  - id: b\n    more: [1, 2]\n    # b's last words\nother: x\n",
        "rows:\n  - a",
    ],
)
@given(
    text=st.sampled_from(
        ["x", "null", "true", "NO", "1e9", "0123", 'quo"ted', "a: b", "# no", "é", "AS1", "IR", "~", "-"]
    )
)
def test_a_row_more_is_the_last_and_nothing_else_moves(
    tmp_path_factory: pytest.TempPathFactory, before: str, text: str
) -> None:
    folder = tmp_path_factory.mktemp("x")
    was = value(before, folder) or {}
    after = yamledit.appended(before, "rows", {"id": text})
    now = value(after, folder)
    assert isinstance(was, dict)
    assert isinstance(now, dict)
    rows = was.get("rows") or []
    assert isinstance(rows, list)
    assert now["rows"] == [*rows, {"id": text}]
    assert {**now, "rows": 0} == {**was, "rows": 0}
    assert len(lost(before, after)) <= 1


def test_what_is_not_there_is_not_changed() -> None:
    with pytest.raises(yamledit.NoSuchRow):
        yamledit.changed(BLOCKS, "rows", ("id", "d"), {"paused": True})
    with pytest.raises(yamledit.NoSuchRow):
        yamledit.changed("", "rows", ("id", "d"), {"paused": True})
