"""The word by which Alertmanager and the relay know one another: random, in a file of its own, made once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from monitor.disk.owner import as_its_neighbours

_LEAST = 16


def token(path: Path) -> str:
    """What stands in it; made where there is none, by whoever comes first.

    Raises:
        OSError: it cannot be read or made, or is too short to be a secret.
    """
    made = path.with_name(f".{path.name}.{os.getpid()}")
    if not path.exists():
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        as_its_neighbours(made, path.parent)  # root renders what another runs
        try:
            os.link(made, path)  # whole or not at all, and never over another's
        except FileExistsError:
            pass
        finally:
            made.unlink()
    found = path.read_text(encoding="utf-8").strip()
    if len(found) < _LEAST:
        raise OSError(f"{path}: holds no token of {_LEAST} characters or more")
    return found
