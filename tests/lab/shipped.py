"""The shipped service files as boxes of the laboratory read them: what only the real far ends hold is the laboratory's.

Nothing else in them is changed: WhatsApp's root key, the identities of Tor's authorities, and Signal's own root.
"""

from __future__ import annotations

import re
from pathlib import Path

from probes import catalogue

_FOLDER = "shipped"


def write(folder: Path, *, root_key: str, fingerprint: str) -> tuple[str, ...]:
    """What a didban.yml in a folder below that one asks for to have them all.

    Args:
        root_key: of the chat's servers here (tests/lab/whatsapp_web.py).
        fingerprint: of the one relay that stands for all authorities (tests/lab/apart.py).
    """
    ours = {
        "whatsapp": re.sub(r"root_key: [0-9a-f]{64}", f"root_key: {root_key}", _text("whatsapp")),
        "tor": re.sub(r"\b[0-9A-F]{40}\b", fingerprint, _text("tor")),
        "signal": re.sub(r" *options: \{roots: signal\}\n|roots: signal, ", "", _text("signal")),
    }
    (folder / _FOLDER).mkdir(exist_ok=True)
    for name, text in ours.items():
        assert text != _text(name), f"{name}.yml no longer has what is to be changed"
        (folder / _FOLDER / f"{name}.yml").write_text(text)
    return tuple(f"../{_FOLDER}/{name}.yml" if name in ours else name for name in catalogue.shipped())


def _text(name: str) -> str:
    return (catalogue.SHIPPED / f"{name}.yml").read_text()


def name(asked: str) -> str:
    """The service that is asked for so in a didban.yml."""
    return Path(asked).stem if "/" in asked else asked
