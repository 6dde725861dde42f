"""Where the carriers lie, the tools that read them, and a room with nothing but loopback in which to try them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"


def tool(name: str) -> str:
    """A program of the `deploy` extra, or of Debian. None of these tests may pass because its tool is not there."""
    found = shutil.which(name)
    assert found, f"{name} is not there: run `make deployed`"
    return found


def run(*command: str | Path, folder: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**_environ(), **environ}
    )


def _environ() -> dict[str, str]:
    return {key: text for key, text in os.environ.items() if not key.startswith("PYTHON")}


def alone(script: str, *, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """A shell script as root of namespaces that lead nowhere; whatever it starts ends with it, and so do its mounts."""
    rooms = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    begin = "ip link set lo up\nmount --make-rprivate /\n"
    return subprocess.run(
        [*rooms, "sh", "-euc", begin + script], capture_output=True, text=True, check=False, timeout=seconds
    )


def read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def read_all(text: str) -> list[Any]:
    return [each for each in YAML(typ="safe", pure=True).load_all(text) if each is not None]
