"""Basic authentication against bcrypt hashes, at a price that whoever guesses cannot make us pay."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto

import bcrypt

from monitor.gate.buckets import Buckets
from monitor.home.credentials import read_basic

_BCRYPT_BYTES = 72  # bcrypt looks at no more, and its library refuses it
_WAITING = 8
_OF_ONE, _OF_ALL = 10.0, 30.0  # wrong passwords a minute


class Admits(Enum):
    """`LATER`: too many wrong ones, or too many at once; nobody looked whether this one is right."""

    YES = auto()
    NO = auto()
    LATER = auto()


class Doorkeeper:
    """One hash at a time, in a thread of its own: the loop never waits, and no more than one core works.

    Who was right once is not hashed again, and waits for nobody who guesses. A name that is none costs as much time as
    one that is: how long it took tells no names.
    """

    def __init__(self, users: Mapping[str, str] | None) -> None:
        self._users = users or {}
        like = next(iter(self._users.values()), "")
        self._nobody = like[:29] + "." * 31  # costs what theirs cost, and is nobody's
        self._seen: set[bytes] = set()
        self._hand = ThreadPoolExecutor(1, "bcrypt")
        self._waiting = 0
        self._of_one, self._of_all = Buckets(_OF_ONE, _OF_ONE), Buckets(_OF_ALL, _OF_ALL)

    async def admits(self, authorization: str | None, address: str = "?") -> Admits:
        if not self._users:
            return Admits.YES
        if authorization is None:
            return Admits.NO
        user, password = read_basic(authorization)
        hashed = self._users.get(user) if "\0" not in password else None
        mark = hashlib.sha256(f"{user}\0{password}\0{hashed}".encode()).digest()
        if mark in self._seen:
            return Admits.YES
        if self._waiting >= _WAITING or min(self._of_one.left(address), self._of_all.left("")) < 1:
            return Admits.LATER
        self._guessed(address, 1)
        right = await self._matches(password, hashed or self._nobody)
        if not right or hashed is None:
            return Admits.NO
        self._guessed(address, -1)
        self._seen.add(mark)
        return Admits.YES

    async def _matches(self, password: str, hashed: str) -> bool:
        given = password.replace("\0", "").encode()[:_BCRYPT_BYTES]
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._hand, bcrypt.checkpw, given, hashed.encode())
        finally:
            self._waiting -= 1

    def _guessed(self, address: str, count: int) -> None:
        self._of_one.take(address, count)
        self._of_all.take("", count)
