"""Destroys a file: renamed, overwritten once with random bytes, written through, taken out of its folder.

On a flash chip, a copy-on-write file system or a journal the old bytes may outlive that, out of every program's reach
but not of a laboratory's. Never touches what is no ordinary file.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

_CHUNK_BYTES = 1024 * 1024


def shred(path: Path) -> str | None:
    """None once it is gone, or was before; else what is left of it, and why. A link goes, and what it leads to."""
    try:
        if path.is_symlink():
            left = shred(path.resolve()) if path.exists() else None
            _unlink(path)
            return left
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        return _words(error)
    if not stat.S_ISREG(kind):
        return "is no ordinary file"
    with contextlib.suppress(OSError):
        path.chmod(0o600)
    path = _renamed(path)
    kept = _overwritten(path)
    try:
        _unlink(path)
    except OSError as error:
        return f"{kept or 'overwritten'}, but it stands there still: {_words(error)}"
    return f"{kept}; it was unlinked" if kept is not None else None


def _renamed(path: Path) -> Path:
    """Under a name that says nothing: a folder keeps old entries for long."""
    other = path.with_name(secrets.token_hex(max(8, len(path.name) // 2)))
    try:
        path.rename(other)
    except OSError:  # a folder that cannot be written: what is in the file goes all the same
        return path
    return other


def _overwritten(path: Path) -> str | None:
    """None, or why not."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        return f"not overwritten: {_words(error)}"
    try:
        left = os.fstat(handle).st_size
        while left > 0:
            left -= os.write(handle, secrets.token_bytes(min(left, _CHUNK_BYTES)))
        os.fsync(handle)
    except OSError as error:
        return f"not overwritten whole: {_words(error)}"
    finally:
        os.close(handle)
    return None


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # some file systems take no sync of a folder
        handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
