"""Signed catalogues for the tests, small and fast: one service, one key."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from monitor.renewal import shelf, signed
from monitor.renewal.signed import Content, Rotation

NOW_MS = 1_795_000_000_000  # in November 2026
KEY, OTHER, THIRD = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2, 3))
PUBLIC, OTHER_PUBLIC, THIRD_PUBLIC = map(signed.public_of, (KEY, OTHER, THIRD))
VERSION = shelf.SHIPPED_VERSION + 10

SERVICE = """
service: {id}
title: {{en: A}}
category: {category}
targets:
  - {{id: web, kind: tls, depth: web, hosts: [www.example.com], essential: true, source: test}}
{more}"""


def service(id: str = "imo", more: str = "", category: str = "messaging") -> str:
    return SERVICE.format(id=id, more=f"  - {more}\n" if more else "", category=category)


def packed(
    version: int = VERSION,
    files: dict[str, str] | None = None,
    *,
    key: str = KEY,
    made: str = "2026-11-01",
    expires: str = "2027-05-01",
    rotations: Sequence[Rotation] = (),
) -> bytes:
    files = {"services/imo.yml": service()} if files is None else files
    return signed.pack(Content(version, made, expires, files, tuple(rotations)), key)


def install(data: bytes, folder: Path, *keys: str) -> shelf.Renewed:
    return shelf.install(data, folder, keys or (PUBLIC,), NOW_MS)
