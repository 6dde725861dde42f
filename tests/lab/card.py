"""A small disk of its own: ext4 in a file, so that the kernel itself says full, and read-only, as a dying card makes it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_SECTOR_BYTES = 512


class Card:
    """Mounted at `folder/card` from the start."""

    def __init__(self, folder: Path, *, mb: int = 48) -> None:
        self.image, self.folder, self.device = folder / "card.img", folder / "card", ""
        self.folder.mkdir(parents=True)
        with self.image.open("wb") as file:
            file.truncate(mb * 2**20)
        # every process of the laboratory has mounts of its own (ip netns exec): what is taken out is taken out for all
        _do("mount", "--bind", str(folder), str(folder))
        _do("mount", "--make-shared", str(folder))
        _do("mkfs.ext4", "-q", "-m", "0", "-e", "remount-ro", str(self.image))
        self.put_in()

    @staticmethod
    def missing() -> str | None:
        """What keeps this machine from having one; None where it can."""
        tried = subprocess.run(["losetup", "--find"], capture_output=True, text=True, check=False)
        if tried.returncode:
            return f"no loop device is to be had: {tried.stderr.strip()}"
        return None if Path("/sys/fs/ext4").is_dir() else "the kernel has no ext4"

    def put_in(self) -> None:
        _do("mount", "-o", "loop", str(self.image), str(self.folder))
        said = _do("findmnt", "--noheadings", "--output", "SOURCE", str(self.folder))
        self.device = Path(said.strip()).name

    def fill(self) -> None:
        with (self.folder / "others").open("wb", buffering=0) as file:
            try:
                for size in (2**20, 4096, 1):
                    while True:
                        file.write(bytes(size))
            except OSError:
                os.fsync(file.fileno())

    def empty(self) -> None:
        (self.folder / "others").unlink()

    def fail(self) -> None:
        """The kernel finds the file system damaged, and lets nobody write to it any more."""
        Path(f"/sys/fs/ext4/{self.device}/trigger_fs_error").write_text("1")

    def mend(self) -> None:
        """As its keeper would: out, checked, in again, under a daemon that goes on."""
        _do("umount", "--lazy", str(self.folder))
        device = Path("/sys/fs/ext4") / self.device
        until = time.monotonic() + 10
        while device.exists():
            assert time.monotonic() < until, "the daemon holds on to a disk that was taken away"
            time.sleep(0.05)
        subprocess.run(["e2fsck", "-fy", str(self.image)], capture_output=True, check=False)
        self.put_in()

    def written_bytes(self) -> int:
        """All that ever reached the disk: data, journal and inodes."""
        os.sync()
        return int(Path(f"/sys/block/{self.device}/stat").read_text().split()[6]) * _SECTOR_BYTES

    @contextlib.contextmanager
    def pulled(self) -> Iterator[Path]:
        """What would be on it, had it been pulled out at this moment; mounted beside it, its journal replayed."""
        copy, folder = self.image.with_name("pulled.img"), self.folder.with_name("pulled")
        shutil.copyfile(self.image, copy)
        folder.mkdir(exist_ok=True)
        _do("mount", "-o", "loop", str(copy), str(folder))
        try:
            yield folder
        finally:
            _do("umount", str(folder))

    def throw_away(self) -> None:
        for each in (self.folder, self.folder.parent):
            subprocess.run(["umount", "--lazy", str(each)], capture_output=True, check=False)


def _do(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout
