"""What lies in an export, said in `manifest.json`, and the sums `sha256sum -c` verifies. Only its owner reads it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from monitor.evidence.proof.verify import MANIFEST, SUMS, sha256, sums

Json = Mapping[str, object]


class Folder:
    """An export that is being written: 0700, its files 0600, none of them over another."""

    def __init__(self, path: Path) -> None:
        """Raises OSError: it cannot be made, or something lies in it already."""
        self.path = path
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(path.iterdir()):
            raise FileExistsError(17, "is not empty; an export begins in a folder of its own", str(path))
        path.chmod(0o700)

    def within(self, name: str) -> Path:
        """A folder in it."""
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    def create(self, name: str) -> BinaryIO:
        self.within(str(Path(name).parent))
        return os.fdopen(os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def write(self, name: str, content: bytes) -> None:
        with self.create(name) as file:
            file.write(content)

    def write_lines(self, name: str, lines: Iterable[bytes]) -> int:
        """How many."""
        count = 0
        with self.create(name) as file:
            for line in lines:
                file.write(line)
                count += 1
        return count

    def finish(self, about: Json) -> None:
        """Writes the manifest over everything else, and the sums over that too."""
        files = [
            {
                "path": path.relative_to(self.path).as_posix(),
                "bytes": path.stat().st_size,
                "sha256": sha256(path.open("rb")),
            }
            for path in sorted(self.path.rglob("*"))
            if path.is_file()
        ]
        self.write(MANIFEST, msgspec.json.format(msgspec.json.encode({**about, "files": files}), indent=2) + b"\n")
        self.write(SUMS, sums(self.path).encode())
