"""Who guesses passwords makes nobody wait, learns no names, and gets no more than a little of one core."""

from __future__ import annotations

import asyncio
import base64
import time

import bcrypt
import pytest

from monitor.gate.passwords import Admits, Doorkeeper
from monitor.webconfig import WebConfig

_CHEAP = {"ana": bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def test_only_the_right_one_opens() -> None:
    keeper = Doorkeeper(_CHEAP)
    assert await keeper.admits(basic("ana", "right")) is Admits.YES
    for given in (None, "", "Basic", "Bearer x", basic("ana", ""), basic("ana", "ri\0ght"), basic("", "right")):
        assert await keeper.admits(given, given or "") is Admits.NO
    assert await Doorkeeper(None).admits(None) is Admits.YES


async def test_a_long_password_is_cut_where_bcrypt_cuts_it() -> None:
    keeper = Doorkeeper({"ana": bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()})
    assert await keeper.admits(basic("ana", "x" * 100)) is Admits.YES
    assert await keeper.admits(basic("ana", "x" * 71)) is Admits.NO


@pytest.mark.parametrize("user", ["ana", "nobody"])
async def test_who_guesses_is_soon_put_off_and_others_are_not(user: str) -> None:
    keeper = Doorkeeper(_CHEAP)
    said = [await keeper.admits(basic(user, f"guess {n}"), "192.0.2.1") for n in range(40)]
    assert said.count(Admits.NO) == 10
    assert said.count(Admits.LATER) == 30
    assert await keeper.admits(basic("ana", "right"), "192.0.2.2") is Admits.YES


async def test_from_many_addresses_there_are_no_more_guesses_in_all() -> None:
    keeper = Doorkeeper(_CHEAP)
    assert await keeper.admits(basic("ana", "right"), "192.0.2.1") is Admits.YES
    said = [await keeper.admits(basic("ana", f"guess {n}"), f"198.51.100.{n}") for n in range(100)]
    assert said.count(Admits.NO) == 30
    assert await keeper.admits(basic("ana", "right"), "192.0.2.1") is Admits.YES, "who was right once waits for nobody"


async def test_right_passwords_cost_no_guess() -> None:
    keeper = Doorkeeper({f"u{n}": bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode() for n in range(50)})
    for n in range(50):
        assert await keeper.admits(basic(f"u{n}", "right")) is Admits.YES


async def test_hashing_does_not_hold_the_loop_and_few_wait_for_it() -> None:
    keeper = Doorkeeper({"ana": bcrypt.hashpw(b"right", bcrypt.gensalt(11)).decode()})
    guesses = [asyncio.create_task(keeper.admits(basic("ana", f"{n}"), f"198.51.100.{n}")) for n in range(12)]
    longest_s, turns = 0.0, 0
    while not all(each.done() for each in guesses):
        began_s = time.monotonic()
        await asyncio.sleep(0.001)
        longest_s, turns = max(longest_s, time.monotonic() - began_s), turns + 1
    said = [each.result() for each in guesses]
    assert said.count(Admits.LATER) == 4, "eight wait, the others are told to come again"
    assert turns > 50, "the loop went on meanwhile"


async def test_a_name_that_is_none_takes_as_long_as_one_that_is() -> None:
    keeper = Doorkeeper({"ana": bcrypt.hashpw(b"right", bcrypt.gensalt(10)).decode()})

    async def takes_s(user: str) -> float:
        began_s = time.monotonic()
        assert await keeper.admits(basic(user, "wrong"), user) is Admits.NO
        return time.monotonic() - began_s

    known_s, unknown_s = [min([await takes_s(user) for _ in range(3)]) for user in ("ana", "nobody")]
    assert unknown_s > known_s / 4


@pytest.mark.parametrize(("cost", "taken"), [(4, True), (10, True), (14, True), (15, False), (31, False)])
def test_a_hash_that_takes_minutes_is_refused(cost: int, taken: bool) -> None:
    given = {"basic_auth_users": {"ana": f"$2y${cost:02d}$" + "." * 53}}
    if taken:
        assert WebConfig.model_validate(given).basic_auth_users
        return
    with pytest.raises(ValueError, match="must cost 4 to 14"):
        WebConfig.model_validate(given)
