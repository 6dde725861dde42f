"""What a box believes of controls: as long as it may, and what is dead everywhere is unknown here, and said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dashboards.status.page import render
from monitor import config, metrics
from monitor.begin.check import check
from monitor.engine import Crew, Engine
from monitor.judge import State
from monitor.keeping import seal
from monitor.meaning.outside import Trust, trust, without_the_dead
from monitor.metrics import Series
from monitor.pace import Pace
from monitor.settings import Config
from monitor.spool import Spool
from monitor.telling.status import status
from probes.doors.clock import SystemClock
from probes.facts import Service, Target
from probes.seen import Looks, Name, Seen, Sight, words
from probes.seenfile import written
from tests.monitor.facts import CONTROL, INSIDE, canary, target

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NOW_MS = 1_795_305_600_000
PACE = Pace(interval_s=60, timeout_s=10, keep_s=1, heartbeat_s=60)


def dead(*targets: Target, at_ms: int = NOW_MS, controls: int = 2, count: int | None = None) -> Seen:
    """A book in which the first `count` endpoints of these targets are dead."""
    looks = {t.name: {words(e): Looks(0, 2) for e in t.endpoints[:count]} for t in targets}
    return Seen(at_ms, controls, endpoints=looks)


@pytest.mark.parametrize(
    ("age_days", "expected"),
    [
        (0, Trust(issuers=True, dead=True)),
        (7, Trust(issuers=True, dead=True)),
        (8, Trust(issuers=True)),
        (30, Trust(issuers=True)),
        (31, Trust()),
        (-1, Trust()),
    ],
)
def test_a_book_is_believed_as_long_as_what_it_says_holds(age_days: int, expected: Trust) -> None:
    book = Seen(NOW_MS - age_days * DAY_MS, 2)
    assert trust(book, INSIDE, NOW_MS, PACE) == expected
    assert trust(book, CONTROL, NOW_MS, PACE) == Trust(), "a control looks for itself"
    assert trust(replace(book, controls=1), INSIDE, NOW_MS, PACE) == Trust(), "one witness may be wrong itself"
    assert trust(None, INSIDE, NOW_MS, PACE) == Trust()


def quarantined(one: Target, book: Seen, *, counts: bool = True) -> Target:
    service = Service("instagram", {"en": "Instagram"}, "social_media", True, (one,))
    ((found,),) = (each.targets for each in without_the_dead((service,), book, Trust(dead=counts)))
    return found


def test_what_is_dead_is_not_walked_and_the_rest_speaks_for_the_target() -> None:
    of = replace(target(endpoints=3, at_least=3), sample=3)
    left = quarantined(of, dead(of, count=1))
    assert (left.endpoints, left.quarantined) == (of.endpoints[1:], of.endpoints[:1])
    assert (left.at_least, left.sample) == (2, 2), "all of them are all that are left"
    assert quarantined(of, dead(of, count=1), counts=False) is of
    assert quarantined(of, dead(target("whatsapp/web"), count=1)) is of


def test_a_canary_has_its_own_way_of_being_set_aside() -> None:
    one = canary("ripe")
    assert quarantined(one, dead(one)) is one


# ---------------------------------------------------------------- a box, its configuration, its pages

_SERVICE = """service: app
title: {en: App}
category: test
targets:
  - {id: chat, kind: https, depth: web, hosts: [a.example, b.example], essential: true, source: test}
  - {id: web, kind: https, depth: web, hosts: [c.example], essential: true, source: test}
"""


def configured(folder: Path, book: Seen) -> config.Loaded:
    (folder / "secret").write_bytes(bytes(32))
    (folder / "app.yml").write_text(_SERVICE)
    (folder / "book.yml").write_text(written(book))
    (folder / "didban.yml").write_text(
        "vantage: {id: v1, secret_file: secret, country: IR, network: AS1, access: mobile, role: inside}\n"
        f"services: [./app.yml]\nbook: book.yml\nstorage: {{seal_to: {seal.public_of(seal.new_key())}}}\n"
    )
    loaded, mistakes = config.load(folder / "didban.yml")
    assert loaded is not None, mistakes
    return loaded


@dataclass(frozen=True, slots=True)
class Later:
    """A clock that stands some days ahead."""

    days: int

    def now_ms(self) -> int:
        return SystemClock().now_ms() + self.days * DAY_MS

    def elapsed_s(self) -> float:
        return SystemClock().elapsed_s()

    def boot_ms(self) -> int:
        return SystemClock().boot_ms()


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    made = Spool(tmp_path / "state")
    await made.open()
    yield made
    await made.close()


def app(folder: Path) -> tuple[Target, ...]:
    (folder / "secret").write_bytes(bytes(32))
    return configured(folder, Seen(0, 1)).services[0].targets


async def built(folder: Path, spool: Spool, book: Seen) -> Engine:
    async with asyncio.TaskGroup() as tasks:
        return Engine.build(configured(folder, book), 1, spool, Crew(tasks.create_task))


async def test_a_target_of_which_nothing_is_left_is_unknown_and_said_so_loudly(tmp_path: Path, spool: Spool) -> None:
    now_ms = SystemClock().now_ms()
    engine = await built(tmp_path, spool, dead(*app(tmp_path), at_ms=now_ms - HOUR_MS))
    assert engine.rounds.errands == (), "nothing of it is walked"
    engine.view.beat(now_ms)
    stated = dict(engine.view.samples(now_ms))
    assert stated[Series(metrics.TARGET_STATE, ("app", "chat", "insufficient"))] == 1
    assert stated[Series(metrics.SERVICE_STATE, ("app", "insufficient"))] == 1
    assert not any(series.family is metrics.TARGET_UP for series in stated)
    shown = status(engine.view, now_ms, notices=list(engine.notices(now_ms)))
    chat = shown["services"][0]["targets"][0]
    assert (chat["state"], chat["rule_id"]) == ("insufficient", "quarantined")
    assert chat["quarantined"] == ["a.example:443/tcp", "b.example:443/tcp"]
    assert "dead at control points: a.example:443/tcp, b.example:443/tcp" in render(shown)
    assert shown["notices"] == [
        "app/chat is unknown: no control point has reached anything of it for a day (a.example:443/tcp, b.example:443/tcp).",
        "app/web is unknown: no control point has reached anything of it for a day (c.example:443/tcp).",
    ]


async def test_what_is_left_of_a_service_speaks_for_it(tmp_path: Path, spool: Spool) -> None:
    chat, web = app(tmp_path)
    now_ms = SystemClock().now_ms()
    engine = await built(tmp_path, spool, dead(web, at_ms=now_ms))
    assert [errand.name for errand in engine.rounds.errands] == ["app/chat"]
    engine.view.standings["app/chat"].judgement = replace(
        engine.view.standings["app/web"].judgement, state=State.OK, rule_id="reached"
    )
    assert engine.view.service_state(engine.view.services[0]) is State.OK
    engine = await built(tmp_path, spool, dead(chat, at_ms=now_ms, count=1))
    assert list(engine.notices(now_ms)) == [
        "Not walked, as no control point has reached it for a day: a.example:443/tcp of app/chat."
    ]


async def test_the_book_gives_addresses_and_issuers_until_it_is_too_old(tmp_path: Path, spool: Spool) -> None:
    now_ms = SystemClock().now_ms()
    sight = Sight(2, now_ms)
    name = Name(2, now_ms, {"157.240.1.174": sight}, {"DigiCert Inc": sight})
    engine = await built(tmp_path, spool, Seen(now_ms, 2, {"app": {"a.example": name}}))
    assert engine.tools.book("a.example", False) == ("157.240.1.174",)
    issuers = engine.view.book.issuers
    issuers.recall({"a.example": {"nobody knows ca": [now_ms - DAY_MS, now_ms]}})
    assert engine.tools.unexpected("a.example", "Nobody Knows CA")
    assert not engine.outlived
    engine.tools = replace(engine.tools, clock=Later(8))
    assert engine.outlived, "endpoints that were dead are to be walked again"
    engine.view.around.time.settle(now_ms, SystemClock().boot_ms())
    assert not engine.outlived, "the clock was set, and it is no later than before: nothing is walked at once again"
    await engine.remember(spool)
    again = await built(tmp_path, spool, Seen(now_ms, 2, {"app": {"a.example": name}}))
    await again.recall(spool)
    assert again.tools.unexpected("a.example", "Nobody Knows CA"), "a restart forgets nothing of it"
    old = Seen(now_ms - 31 * DAY_MS, 2, {"app": {"a.example": name}})
    aged = await built(tmp_path, spool, old)
    await aged.recall(spool)
    assert not aged.tools.unexpected("a.example", "Nobody Knows CA")
    assert aged.tools.book("a.example", False) == ("157.240.1.174",)
    (notice,) = aged.notices(now_ms)
    assert "by it nothing is said of who signs certificates" in notice


@pytest.mark.parametrize(
    ("age_days", "controls", "said"),
    [
        (0, 3, None),
        (8, 3, "older than 7 days: endpoints that were dead are walked again"),
        (31, 3, "older than 30 days: no certificate's issuer is judged by it"),
        (0, 1, "of one control alone only addresses are used: issuers and dead endpoints take 2"),
        (-2, 3, "it is later than this machine's clock: only its addresses are used"),
    ],
)
def test_check_config_says_what_of_the_book_counts(
    tmp_path: Path, age_days: int, controls: int, said: str | None
) -> None:
    configured(tmp_path, Seen(SystemClock().now_ms() - age_days * DAY_MS, controls))
    news, mistakes = check(tmp_path / "didban.yml")
    assert mistakes == ()
    lines = [line for line in news.splitlines() if line.startswith("book.yml: ")]
    assert f"by {controls} control{'s' if controls > 1 else ''}: 0 names, 0 dead endpoints" in lines[0]
    assert (f"book.yml: {said}" in lines) if said else (len(lines) == 1)
    assert check(tmp_path / "book.yml")[1] == (), "also of the book alone"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "didban.yml:3: book: book.yml: no such file"),
        ("book: 1\nat: now\ncontrols: 2\n", "book.yml:2: at: must be a time such as 2026-11-21T08:00:00Z, not 'now'"),
    ],
)
def test_a_book_that_is_none_refuses_the_configuration(tmp_path: Path, text: str | None, line: str) -> None:
    configured(tmp_path, Seen(0, 1))
    (tmp_path / "book.yml").unlink()
    if text is not None:
        (tmp_path / "book.yml").write_text(text)
    _, mistakes = config.load(tmp_path / "didban.yml")
    assert [str(each).removeprefix(f"{tmp_path}/") for each in mistakes] == [line]


def test_the_durations_of_the_book_are_divided_like_all_others() -> None:
    vantage = {"id": "v1", "secret_file": "s", "country": "IR", "role": "inside", "access": "mobile"}
    pace = Pace.of(Config.model_validate_json(json.dumps({"vantage": vantage})), time_scale=30)
    assert (pace.issuers_s, pace.quarantine_s) == (86400, 7 * 86400 / 30)
