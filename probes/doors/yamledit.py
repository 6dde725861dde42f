"""Changes a YAML file as a hand would: a few letters at one place, every other letter left, by ruamel's marks.

ruamel's own round trip moves what it does not understand: a comment between two rows broke the second (0.18).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_PLAIN = re.compile(r"(?!(?:null|true|false)$)[a-z][a-z0-9_-]*|[A-Z]{2}|AS[0-9]+", re.IGNORECASE)


class NoSuchRow(ValueError):
    """The list has no such row."""


def appended(text: str, key: str, row: Mapping[str, str]) -> str:
    """`text` with one more row in the list under `key`, which is made where there is none."""
    root = YAML(typ="rt", pure=True).compose(text)
    item = _flow(row)
    listed = _child(root, key)
    if root is None or not isinstance(root, MappingNode):
        return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{key}:\n  - {item}\n"
    match listed:
        case None if root.flow_style:
            comma = ", " if root.value else ""
            return _put(text, root.end_mark.index - 1, f"{comma}{key}: [{item}]")
        case None:
            return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{key}:\n  - {item}\n"
        case SequenceNode() if listed.flow_style:
            return _put(text, listed.end_mark.index - 1, f"{', ' if listed.value else ''}{item}")
        case SequenceNode():
            return _put(text, _line_end(text, _end(listed)), f"\n{' ' * listed.start_mark.column}- {item}")
        case ScalarNode() if not listed.value:
            return _put(text, _line_end(text, _key(root, key).end_mark.index), f"\n  - {item}")
        case _:
            return text[: listed.start_mark.index] + f"[{item}]" + text[_end(listed) :]


def changed(text: str, key: str, where: tuple[str, str], values: Mapping[str, str | bool]) -> str:
    """`text` with `values` in the rows under `key` in which `where` stands; a row that is one word is `where`'s.

    Raises:
        NoSuchRow: there is none.
    """
    name, wanted = where
    found = False
    for setting, value in values.items():
        shown = str(value).lower() if isinstance(value, bool) else _scalar(value)
        places = _rows(text, key, name, wanted)
        found = found or bool(places)
        for node in reversed(places):  # from the last on: marks before it stay true
            text = _set(text, node, name, setting, shown)
    if not found:
        raise NoSuchRow(wanted)
    return text


def _rows(text: str, key: str, name: str, wanted: str) -> list[Node]:
    listed = _child(YAML(typ="rt", pure=True).compose(text), key)
    rows = listed.value if isinstance(listed, SequenceNode) else []
    return [row for row in rows if _word(row if isinstance(row, ScalarNode) else _child(row, name)) == wanted]


def _set(text: str, row: Node, name: str, setting: str, shown: str) -> str:
    if isinstance(row, ScalarNode):
        item = f"{{{name}: {_scalar(str(row.value))}, {setting}: {shown}}}"
        return text[: row.start_mark.index] + item + text[row.end_mark.index :]
    there = _child(row, setting)
    if there is not None:
        return text[: there.start_mark.index] + shown + text[_end(there) :]
    if _is_flow(row):
        return _put(text, row.end_mark.index - 1, f", {setting}: {shown}")
    first = row.value[0][1]
    return _put(text, _line_end(text, _end(first)), f"\n{' ' * row.start_mark.column}{setting}: {shown}")


def _child(node: Node | None, key: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _key(node: MappingNode, key: str) -> Node:
    found: Node = next(name for name, _ in node.value if name.value == key)
    return found


def _word(node: Node | None) -> str | None:
    return str(node.value) if isinstance(node, ScalarNode) else None


def _end(node: Node) -> int:
    """Where its last letter stands; the mark of a block stands behind the comments that follow it."""
    if isinstance(node, ScalarNode) or _is_flow(node) or not node.value:
        found: int = node.end_mark.index
        return found
    last = node.value[-1]
    return _end(last[1] if isinstance(node, MappingNode) else last)


def _is_flow(node: Node) -> bool:
    return isinstance(node, MappingNode | SequenceNode) and bool(node.flow_style)


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return found if found >= 0 else len(text)


def _put(text: str, at: int, more: str) -> str:
    return text[:at] + more + text[at:]


def _flow(row: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {_scalar(text)}" for key, text in row.items()) + "}"


def _scalar(text: str) -> str:
    """Quoted unless it is a word nobody takes for something else."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
