"""To whom a file belongs that root writes for a daemon that is not root."""

from __future__ import annotations

import os
from pathlib import Path


def as_its_neighbours(path: Path, neighbour: Path) -> None:
    """What root writes for the hub belongs to whom the hub runs as: else it could not be read."""
    if os.geteuid() == 0:
        owner = neighbour.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
