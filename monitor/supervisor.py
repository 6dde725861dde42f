"""What systemd is told of us: ready, alive, stopping (sd_notify(3)). Where nobody asked for it, nothing is sent."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass

from monitor.logs import Log

_log = Log()


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Whoever started us.

    Attributes:
        address: of its datagram socket; empty: it listens to nothing.
        patience_s: within this time it wants to hear of us, else it ends us; 0: it does not watch.
    """

    address: str = ""
    patience_s: float = 0.0

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> Supervisor:
        """What it left in the environment, and takes it out: what we start in turn must not speak for us."""
        address = environ.pop("NOTIFY_SOCKET", "")
        patience_us, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        watches = patience_us.isdecimal() and pid in ("", str(os.getpid()))
        return cls(address, int(patience_us) / 1e6 if watches and address else 0.0)

    def ready(self) -> None:
        self._say("READY=1")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    async def watch(self, alive: Callable[[], bool]) -> None:
        """Twice within its patience, as sd_watchdog_enabled(3) asks, as long as `alive` says so; for ever.

        It speaks from the loop that does the work: a loop that is stuck says nothing, and neither does one whose work
        has stopped.
        """
        while self.patience_s:
            if alive():
                self._say("WATCHDOG=1")
            else:
                _log.error("work_has_stopped", ended_within_s=self.patience_s)
            await asyncio.sleep(self.patience_s / 2)

    def _say(self, word: str) -> None:
        """One datagram. That nobody takes it is for the one who listens to notice, not for us to die of."""
        if not self.address:
            return
        name = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as wire:
                wire.setblocking(False)
                wire.sendto(word.encode(), name)
        except OSError as error:
            _log.warning("supervisor_does_not_listen", word=word, why=error.strerror)


NOBODY = Supervisor()
