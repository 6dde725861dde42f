"""Doors that lead nowhere: a simulated box has no network, and whoever would knock at one is told so by a fault."""

from __future__ import annotations

from typing import NoReturn

from probes.fingerprint import Fingerprints
from probes.place import Tools
from probes.ports import Clock


class NoDoor(RuntimeError):
    """Something in a simulation wanted the network."""


class Nowhere:
    """Fills every port of the probes, and opens none."""

    async def resolve(self, *_: object, **__: object) -> NoReturn:
        raise NoDoor("resolve")

    async def ping(self, *_: object, **__: object) -> NoReturn:
        raise NoDoor("ping")

    async def connect(self, *_: object, **__: object) -> NoReturn:
        raise NoDoor("connect")

    async def handshake(self, *_: object, **__: object) -> NoReturn:
        raise NoDoor("handshake")

    async def fetch(self, *_: object, **__: object) -> NoReturn:
        raise NoDoor("fetch")

    async def upgrade(self, *_: object, **__: object) -> NoReturn:
        raise NoDoor("upgrade")

    async def take(self, *_: object, **__: object) -> NoReturn:
        raise NoDoor("take")


def tools(clock: Clock, timeout_s: float) -> Tools:
    """What a walk of a simulated box would be handed, if it were made."""
    none = Nowhere()
    return Tools(clock, none, none, none, none, Fingerprints(), timeout_s, lambda count: bytes(count))
