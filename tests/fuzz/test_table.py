"""Nobody reads what a stranger wrote without standing in the table (tests/fuzz/table.py)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.own import OUR_OWN
from tests.fuzz.table import TABLE
from tests.fuzz.target import Target

ROOT = Path(__file__).parents[2]
_SOURCES = sorted(path for package in ("probes", "monitor", "deploy") for path in (ROOT / package).rglob("*.py"))
# what bytes become something else by
_READS = {
    *(
        "from_json",
        "from_msgpack",
        "inflated",
        "loads",
        "from_wire",
        "unpack",
        "unpack_from",
        "iter_unpack",
        "decompress",
    ),
    *("decompress_raw", "fromisoformat", "strptime", "urlsplit", "b64decode", "fromhex", "decode", "fit", "compose"),
    *(
        "load_der_x509_certificate",
        "load_pem_x509_certificates",
        "load_pem_x509_certificate",
        "decode_timestamp_response",
    ),
    *("load_pem_public_key", "load_pem_private_key", "GzipFile", "reader", "receive_data", "cert_time_to_seconds"),
}


def reads(source: str) -> Iterator[str]:
    """The calls in it that make something of bytes or of text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            of_bytes = called == "from_bytes" and ast.unparse(node.func) == "int.from_bytes"
            if called in _READS or of_bytes:
                yield called


def test_every_module_that_reads_stands_in_the_table() -> None:
    listed = {module for target in TABLE.values() for module in target.modules}
    readers = {str(path.relative_to(ROOT)) for path in _SOURCES if any(reads(path.read_text()))}
    assert not readers - listed - set(OUR_OWN), "a reader: into tests/fuzz, or into tests/fuzz/own.py with the reason"
    assert not set(OUR_OWN) & listed, "it is fuzzed, and so needs no reason not to be"


def test_a_reader_that_is_new_is_seen() -> None:
    assert list(reads("import json\njson.loads(b'')")) == ["loads"]
    assert list(reads("int.from_bytes(data[:2], 'big')")) == ["from_bytes"]
    assert not list(reads("'a'.encode()"))


@pytest.mark.parametrize("path", [*sorted({m for t in TABLE.values() for m in t.modules}), *OUR_OWN])
def test_what_the_table_names_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


def test_an_exception_that_nobody_allowed_flies() -> None:
    """The check itself can fail: a reader with a bug is found."""

    def falls(data: bytes) -> int:
        return data[0]

    with pytest.raises(IndexError):
        Target("falls", falls, ()).run(b"")
    Target("falls", falls, (), (IndexError,)).run(b"")
