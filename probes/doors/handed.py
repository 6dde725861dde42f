"""Where a file stands that a configuration names: what systemd handed us (LoadCredential=) goes before the disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def at(folder: Path, name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The file `name`, which is relative to `folder`, or the credential of that name, where there is one.

    A credential's name holds no `/`: `secrets/hub.password` is `secrets_hub.password`, which is what
    `LoadCredential=secrets:/etc/didban/secrets` makes of that very file (systemd.exec(5)). Who gave an absolute name
    meant that file.
    """
    handed = environ.get("CREDENTIALS_DIRECTORY", "")
    if handed and not name.startswith(("/", ".")) and "\0" not in name:
        credential = Path(handed) / name.replace("/", "_")
        if credential.is_file():
            return credential
    return folder / name
