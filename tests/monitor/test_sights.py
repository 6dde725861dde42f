"""What a control tells of its days: what proved itself, and what was dead while it was well; nothing of anybody's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner

from monitor import __main__
from monitor.spool import Spool
from monitor.stored.sights import Sights
from probes import seenfile
from probes.doors.clock import SystemClock
from probes.facts import Endpoint, Landmark, Service, Target, Walk
from probes.seen import Looks, Seen
from probes.words import Failure, Finding, LandmarkKind, Reason, Step, Transport
from tests.monitor.facts import canary, endpoint, rounds, target, walk

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NOW_MS = 1_795_305_600_000
PUBLIC = "157.240.1.174"
WEB = target(endpoints=2)
FIRST, SECOND = WEB.endpoints
CANARY = canary("ripe")


def sights(*targets: Target, responder: str = "", now_ms: int = NOW_MS) -> Sights:
    service = Service("instagram", {"en": "Instagram"}, "social_media", True, (WEB, CANARY, *targets))
    return Sights((service,), responder, now_ms)


def hours(*, well: bool = True, until: int = 24) -> Iterator[Walk]:
    """A day in which the canaries answer, or do not; the first endpoint of the target never, the second always."""
    for hour in range(until):
        at_ms = NOW_MS - DAY_MS + hour * HOUR_MS + 1
        failed = None if well else Failure.TIMEOUT
        yield walk(to=CANARY.name, at=CANARY.endpoints[0], address=PUBLIC, started_ms=at_ms, failed=failed)
        yield walk(at=FIRST, failed=Failure.TIMEOUT, step=Step.CONNECT, started_ms=at_ms)
        yield walk(at=SECOND, started_ms=at_ms)


def book(*walks: Walk, of: Sights | None = None) -> Seen:
    taken = of or sights()
    for each in walks:
        taken.add(each)
    return taken.book()


def test_what_proved_itself_is_told_with_address_and_issuer() -> None:
    seen = book(
        walk(at=FIRST, address=PUBLIC, started_ms=NOW_MS - 5), walk(at=FIRST, address=PUBLIC, started_ms=NOW_MS)
    )
    name = seen.services["instagram"][FIRST.host]
    assert (seen.controls, name.controls, name.last_ms) == (1, 1, NOW_MS)
    assert list(name.addresses) == [PUBLIC]
    assert list(name.issuers) == ["Test CA"]


@pytest.mark.parametrize(
    "told",
    [
        walk(at=FIRST, failed=Failure.EOF, step=Step.HANDSHAKE, started_ms=NOW_MS),
        walk(at=FIRST, address="10.0.0.1", started_ms=NOW_MS),
        walk(at=FIRST, address="192.168.1.1", started_ms=NOW_MS),
        walk(at=Endpoint(FIRST.host, 443, Transport.TCP, PUBLIC), started_ms=NOW_MS),
        walk(to="elsewhere/web", at=FIRST, started_ms=NOW_MS),
        walk(at=FIRST, started_ms=NOW_MS + 1),
        walk(at=FIRST, started_ms=NOW_MS, findings=(Finding.UNEXPECTED_ISSUER,)),
        structs.replace(walk(at=FIRST, started_ms=NOW_MS), reason=Reason.COMPARE),
        walk(to=CANARY.name, at=CANARY.endpoints[0], started_ms=NOW_MS),
    ],
)
def test_no_address_is_told_that_is_private_known_unproven_or_nobodys_business(told: Walk) -> None:
    assert list(book(told).addresses()) == []


def test_nothing_is_told_of_what_is_ours_or_stands_inside_a_country() -> None:
    mark = replace(target("mark/one"), about=Landmark("IR", "AS1", LandmarkKind.ACCESS))
    ours = replace(target("ours/vpn"), secrets={"key": "..."})
    told = [walk(to=each, at=endpoint(host="h1.example"), started_ms=NOW_MS) for each in ("mark/one", "ours/vpn")] + [
        walk(at=endpoint(host="witness.example"), started_ms=NOW_MS)
    ]
    text = seenfile.written(book(*told, of=sights(mark, ours, responder="witness.example")))
    for word in ("h1.example", "witness", "mark", "ours", "157.240"):
        assert word not in text


def test_an_endpoint_that_failed_all_day_while_this_control_was_well_is_dead() -> None:
    looks = book(*hours()).endpoints[WEB.name]
    assert looks == {"h1.example:443/tcp": Looks(0, 1), "h2.example:443/tcp": Looks(1, 0)}


@pytest.mark.parametrize(
    "walks",
    [
        list(hours(well=False)),
        list(hours(until=17)),
        [each for each in hours() if each.target != CANARY.name],
        [*hours(), walk(at=FIRST, started_ms=NOW_MS - DAY_MS + 1)],
    ],
    ids=["a control that reaches nothing itself", "not for a whole day", "no canaries", "reached once in the day"],
)
def test_it_is_not_called_dead_where_that_is_not_known(walks: list[Walk]) -> None:
    assert book(*walks).endpoints[WEB.name]["h1.example:443/tcp"].dead == 0


def test_what_the_daemon_remembers_is_told_as_well() -> None:
    taken = sights()
    taken.add(walk(at=FIRST, address=PUBLIC, started_ms=NOW_MS))
    old, late, lan = NOW_MS - 8 * DAY_MS, NOW_MS + 1, NOW_MS
    taken.remember({FIRST.host: {"157.240.9.9": NOW_MS - 1, "157.240.9.8": old, "157.240.9.7": late, "10.1.1.1": lan, "x": 1},
                    "never.walked": {"157.240.9.6": NOW_MS}, SECOND.host: 5})  # fmt: skip
    assert taken.book().addresses() == {FIRST.host: (PUBLIC, "157.240.9.9")}
    taken.remember(None)


# ---------------------------------------------------------------- didban book

_SERVICE = """service: instagram
title: {en: Instagram}
category: social_media
targets:
  - {id: web, kind: https, depth: web, hosts: [h1.example, h2.example], source: test}
"""


def _configured(folder: Path, role: str = "control") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "secret").write_bytes(bytes(32))
    (folder / "mine.yml").write_text(_SERVICE)
    path = folder / "didban.yml"
    path.write_text(
        f"vantage: {{id: v1, secret_file: secret, country: DE, network: AS1, access: datacenter, role: {role}}}\n"
        "services: [./mine.yml, canaries]\nstorage: {path: state}\n"
    )
    return path


def _book(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(__main__.app, ["book", *arguments])
    return done.exit_code, done.output


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def _kept(folder: Path, address: str) -> Spool:
    """A control's spool, its daemon still at work."""
    spool = Spool(folder / "state")
    await spool.open()
    now_ms = SystemClock().now_ms()
    await spool.add(rounds(walk(at=FIRST, address=address, started_ms=now_ms - 1000)))
    await spool.remember("book", {FIRST.host: {"157.240.9.9": now_ms - DAY_MS}})
    return spool


async def test_two_controls_write_their_books_beside_their_daemons_and_one_file_comes_of_them(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / f"c{number}"
        config = _configured(folder)
        spool = await _kept(folder, f"157.240.1.{number}")
        out = tmp_path / f"c{number}.yml"
        code, said = await asyncio.to_thread(_book, "--out", str(out), f"--config.file={config}")
        await spool.close()
        assert (code, said) == (0, f"{out}: 1 names, 0 dead endpoints, by 1 control(s)\n")
        for word in ("v1", "AS1", str(folder)):
            assert word not in out.read_text()
    files, out = [str(tmp_path / "c1.yml"), str(tmp_path / "c2.yml")], tmp_path / "book.yml"
    assert _book(*files, "--out", str(out))[0] == 0
    seen, mistakes = seenfile.load(out)
    assert mistakes == ()
    assert seen is not None
    assert seen.controls == 2
    assert set(seen.addresses()[FIRST.host]) == {"157.240.1.1", "157.240.1.2", "157.240.9.9"}
    assert seen.addresses()[FIRST.host][0] == "157.240.9.9", "both saw it"
    assert seen.signed()[FIRST.host].issuers == {"test ca"}
    assert _files(tmp_path) == ["book.yml", "c1", "c1.yml", "c2", "c2.yml"]
    code, said = _book(str(out), files[0], "--out", str(out))
    assert (code, said) == (2, f"didban: {out}: is of 2 controls already; give each control's own\n")
    assert _book(files[0], files[0], "--out", str(out)) == (2, f"didban: {files[0]}: is given twice\n")
    (tmp_path / "c1.yml").write_text("book: 1\n")
    code, said = _book(*files, "--out", str(out))
    assert code == 1
    assert f"{files[0]}:1: at: is missing" in said


async def test_a_box_inside_writes_no_book_and_a_control_that_reached_nothing_an_empty_one(tmp_path: Path) -> None:
    inside = _configured(tmp_path / "inside", role="inside")
    out = str(tmp_path / "out.yml")
    assert _book("--out", out, f"--config.file={inside}") == (
        2,
        "didban: a book is written where nobody lies: on a control\n",
    )
    control = _configured(tmp_path / "control")
    done = CliRunner().invoke(__main__.app, ["book", "--out", out, f"--config.file={control}"])
    assert "no spool is there" in str(done.exception)
    spool = Spool(tmp_path / "control" / "state")
    await spool.open()
    code, said = await asyncio.to_thread(_book, "--out", out, f"--config.file={control}")
    await spool.close()
    assert (code, said) == (1, "didban: nothing was reached lately that could be told\n")
    assert "out.yml" not in _files(tmp_path)
