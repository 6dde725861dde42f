"""A terminal on one machine of the laboratory: types a block, answers what it is asked, and says what was shown."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ROWS, _COLUMNS = 50, 80  # as wide as what the pages show
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
_PROMPT = re.compile(r": $")  # the space comes once letters are no longer shown
_POLL_S = 0.05

# what a terminal remembers from one block to the next: where one stands, and what was exported
_BLOCK = """\
touch {folder}/.env && . {folder}/.env && cd "$(cat {folder}/.cwd)"
remember() {{ code=$?; pwd >{folder}/.cwd; export -p >{folder}/.env; exit $code; }}
{trap}set -e
{text}"""


@dataclass
class Running:
    """What was typed and has not ended, with all that it has shown so far."""

    child: subprocess.Popen[bytes]
    handle: int
    said: str = ""
    answers: list[str] = field(default_factory=list)
    answered: int = 0

    def listen(self, patience_s: float) -> bool:
        """Takes in what is shown, and answers what is asked; False once nothing more will come."""
        if not select.select([self.handle], [], [], patience_s)[0]:
            return True
        try:
            data = os.read(self.handle, 65536)
        except OSError:  # the last that held the other end has gone
            return False
        self.said += _ESCAPES.sub("", data.decode(errors="replace")).replace("\r\n", "\n")
        if self.answers and len(self.said) > self.answered and _PROMPT.search(self.said):
            self.answered = len(self.said) + 2  # a line that is not shown ends all the same
            os.write(self.handle, f"{self.answers.pop(0)}\n".encode())
        return bool(data)

    def interrupt(self, patience_s: float = 20) -> int:
        """Ctrl-C; the exit code of what ended by it."""
        os.write(self.handle, b"\x03")
        return self.ended(patience_s)

    def ended(self, patience_s: float) -> int:
        until = time.monotonic() + patience_s
        while self.listen(_POLL_S) and time.monotonic() < until:
            pass
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.child.wait(timeout=max(0.1, until - time.monotonic()))
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        raise TimeoutError(f"did not end within {patience_s:g} s; it had shown:\n{self.said}")


@contextlib.contextmanager
def _line() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    try:
        yield ours, theirs
    finally:
        os.close(theirs)


def typed(
    folder: Path, before: Sequence[str], text: str, answers: Sequence[str] = (), *, stays: bool = False
) -> Running:
    """Types a block of shell.

    Args:
        folder: what the terminal remembers things in.
        before: what leads to the machine.
        stays: its terminal is taken by it, and the next block is typed in another.
    """
    handle, name = tempfile.mkstemp(prefix=".block-", dir=folder)  # its own: a shell reads on while it runs
    os.close(handle)
    script = Path(name)
    script.write_text(_BLOCK.format(folder=folder, text=text, trap="" if stays else "trap remember EXIT\n"))
    with _line() as (ours, theirs):
        child = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *before, "bash", str(script)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
    return Running(child, ours, answers=list(answers))
