"""What comes as a signed catalogue, by a stranger's key or behind a key that was pinned, and what stands on its shelf."""

from __future__ import annotations

import base64
import json
import shutil
import zlib
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from monitor.renewal import shelf, signed
from monitor.renewal.shelf import Refused
from monitor.renewal.signed import MAGIC, NotOurs
from tests.fuzz.target import Target, folder
from tests.monitor.renewal.catalogues import KEY, NOW_MS, PUBLIC, install, packed

_SIGNER = Ed25519PrivateKey.from_private_bytes(base64.b64decode(KEY))
_MODULES = ("monitor/renewal/signed.py", "monitor/renewal/shelf.py")


def _believed(text: bytes) -> object:
    """Whoever has the key may still say anything: what it says is read behind its signature."""
    body = zlib.compress(text, 1)
    data = MAGIC + _SIGNER.public_key().public_bytes_raw() + _SIGNER.sign(MAGIC + body) + body
    place = folder() / "catalogue"
    shutil.rmtree(place, ignore_errors=True)
    return shelf.install(data, place, [PUBLIC], NOW_MS)


def _number_on_the_shelf(data: bytes) -> object:
    """What a dying card gave back as something else."""
    place = _shelf()
    (place / "current").write_bytes(data)
    shelf.standing(place, [PUBLIC])
    return install(packed(shelf.SHIPPED_VERSION + 20), place)


def _mark_on_the_shelf(data: bytes) -> object:
    place = _shelf()
    (place / "mark.json").write_bytes(data)
    return install(packed(shelf.SHIPPED_VERSION + 20), place)


def _shelf() -> Path:
    place = folder() / "shelf"
    shutil.rmtree(place, ignore_errors=True)
    install(packed(), place)
    return place


def _texts() -> Iterable[bytes]:
    text = zlib.decompress(packed()[len(MAGIC) + 96 :])
    said = json.loads(text)
    by_nobody = [{"keys": [PUBLIC], "by": PUBLIC, "signature": "AAAA"}] * 40
    return [text, json.dumps({**said, "rotations": by_nobody}).encode(), b"[" * 3000]


TARGETS = (
    Target("catalogue-signed", lambda data: signed.unpack(data, [PUBLIC]), _MODULES, (NotOurs,), lambda: [packed()]),
    Target("catalogue-believed", _believed, _MODULES, (Refused,), _texts, slow=True),
    Target("catalogue-number", _number_on_the_shelf, _MODULES, (Refused,), lambda: [b"202611220010\n"], slow=True),
    Target("catalogue-mark", _mark_on_the_shelf, _MODULES, (Refused,), lambda: [b'{"version":202611220010,"rotations":[]}'], slow=True),
)  # fmt: skip
