"""What the commands of a hub do to its registry, its notes and its backup; by hand it can be done as well."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.__main__ import app
from monitor.hub import notes, settings, watching
from monitor.hub.gateway import Bounds, Gateway, Refusal
from monitor.hub.queue import Queue
from monitor.hub.settings import LoadedHub
from probes.doors.clock import SystemClock
from tests.monitor.hub.queues import batch
from tests.monitor.hub.test_gateway import basic

REGISTRY = """\
# who we are: see the wiki
vantages:
  # the flat in the north
  - {id: v1, country: IR, network: AS197207, access: mobile, role: inside}  # asked on Tuesday
  # the office
  - id: v2
    country: IR
    access: fixed
    role: inside
    # it moves in spring
  - {id: c1, country: DE, network: AS24940, access: datacenter, role: control}
watch: [UZ]  # elections
"""
NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    folder = tmp_path / "hub"
    (folder / "credentials").mkdir(parents=True)
    for vantage in ("v1", "v2"):
        (folder / "credentials" / vantage).write_text(hashlib.sha256(b"secret").hexdigest())
    (folder / "registry.yml").write_text(REGISTRY)
    (folder / "hub.yml").write_text('listen: 127.0.0.1:8443\nforward: {remote_write: "http://127.0.0.1:9090/write"}\n')
    return folder / "hub.yml"


def ran(hub: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["hub", f"--config.file={hub}", *words])
    return done.exit_code, done.output


def loaded(hub: Path) -> LoadedHub:
    found, mistakes = settings.load(hub)
    assert found is not None, mistakes
    return found


def said(hub: Path, name: str, at_ms: int = NOW_MS) -> dict[str, float]:
    rows = loaded(hub).registry.statements(at_ms)
    return {who.get("vantage") or series.values[0]: number for series, who, number in rows if series.name == name}


def comments_stand(hub: Path) -> None:
    text = (hub.parent / "registry.yml").read_text()
    for comment in ("see the wiki", "the flat in the north", "asked on Tuesday", "the office", "moves in spring"):
        assert comment in text, comment


@pytest.mark.parametrize("vantage", ["v1", "v2"])
def test_a_pause_begins_and_ends(hub: Path, vantage: str) -> None:
    assert ran(hub, "pause", vantage)[0] == 0
    assert said(hub, "didban_vantage_paused")[vantage] == 1
    assert sum(said(hub, "didban_vantage_paused").values()) == 1
    comments_stand(hub)
    assert len((hub.parent / "registry.yml").read_text().splitlines()) - len(REGISTRY.splitlines()) == (vantage == "v2")
    assert ran(hub, "resume", vantage)[0] == 0
    assert sum(said(hub, "didban_vantage_paused").values()) == 0
    comments_stand(hub)


def test_who_is_retired_is_expected_no_more_and_opens_nothing(hub: Path) -> None:
    assert ran(hub, "pause", "v1")[0] == 0
    code, words = ran(hub, "retire", "v1")
    assert code == 0, words
    assert set(said(hub, "didban_vantage_expected")) == {"v2", "c1"}
    assert set(said(hub, "didban_vantage_paused")) == {"v2", "c1"}
    assert not (hub.parent / "credentials" / "v1").exists()
    with pytest.raises(Refusal):
        Gateway(hub.parent / "credentials", loaded(hub).registry, Bounds(1, 1)).admit(basic("v1", "secret"))
    comments_stand(hub)
    code, words = ran(hub, "add", "v1", "--country=IR", "--role=inside", "--access=mobile")
    assert (code, "retired" in words) == (2, True), "nobody gets its id again"
    for command in ("retire", "pause", "resume"):
        assert ran(hub, command, "v1") == (1, "didban: v1 is not enrolled\n")


def test_what_is_not_enrolled_cannot_be_paused(hub: Path) -> None:
    before = (hub.parent / "registry.yml").read_bytes()
    for name in ("nobody", "V1", "v1 ", "../v1"):
        assert ran(hub, "pause", name)[0] == 1
        assert ran(hub, "retire", name)[0] == 1
    assert (hub.parent / "registry.yml").read_bytes() == before
    assert (hub.parent / "credentials" / "v1").exists()


# ---------------------------------------------------------------- watch


def test_a_watch_says_its_price_first_and_ends_by_itself(hub: Path) -> None:
    code, words = ran(hub, "watch", "IR", "--until", "7d")
    assert code == 0, words
    assert (
        words.index("1 line of yours in IR can do that") < words.index("not measured") < words.index("is watched until")
    )
    now_ms = loaded(hub).registry.watched[-1].until_ms
    assert now_ms is not None
    assert said(hub, "didban_country_watch", now_ms - 1) == {"IR": 1, "UZ": 1}
    assert said(hub, "didban_country_watch", now_ms) == {"UZ": 1}
    comments_stand(hub)
    assert "# elections" in (hub.parent / "registry.yml").read_text()


def test_a_country_is_watched_once_whoever_wrote_it_and_can_be_let_go(hub: Path) -> None:
    for until in ("7d", "2d"):
        assert ran(hub, "watch", "UZ", "--until", until)[0] == 0
    (row,) = loaded(hub).registry.watched
    assert row.until_ms is not None
    assert ran(hub, "watch", "UZ", "--end")[0] == 0
    assert len(loaded(hub).registry.watched) == 1
    assert said(hub, "didban_country_watch", SystemClock().now_ms()) == {}


@pytest.mark.parametrize(
    "words",
    [
        ("XX", "--until", "7d"),
        ("IR", "--until", "2020-01-01T00:00:00Z"),
        ("IR", "--until", "soon"),
        ("IR", "--until", "2030-01-01"),
        ("IR", "--until", "1000d"),
        ("IR",),
        ("IR", "--until", "7d", "--end"),
    ],
)
def test_what_is_no_country_or_no_time_changes_nothing(hub: Path, words: tuple[str, ...]) -> None:
    before = (hub.parent / "registry.yml").read_bytes()
    assert ran(hub, "watch", *words)[0] == 2
    assert (hub.parent / "registry.yml").read_bytes() == before


def test_a_country_is_watched_until_a_day_begins(hub: Path) -> None:
    now_ms = SystemClock().now_ms()
    midnight_ms = (now_ms // DAY_MS + 20) * DAY_MS
    day = watching.at(midnight_ms).partition("T")[0]
    assert ran(hub, "watch", "IR", "--until", day)[0] == 0
    assert loaded(hub).registry.watched[-1].until_ms == midnight_ms


def test_the_hub_of_the_folder_one_stands_in_is_meant(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def here(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["hub", *words])
        return done.exit_code, done.output

    assert here("pause", "v1") == (2, "didban: there is no hub.yml in this folder: give --config.file\n")
    monkeypatch.chdir(hub.parent)
    assert here("pause", "v1")[0] == 0
    assert loaded(hub).registry.paused == {"v1"}
    assert here("render") == (0, "alertmanager.yml is written; it holds secrets, and only its owner may read it\n")
    assert (hub.parent / "alertmanager.yml").stat().st_mode & 0o777 == 0o600


def test_a_watch_written_by_hand_is_read_with_its_mistakes(hub: Path) -> None:
    path = hub.parent / "registry.yml"
    path.write_text("watch:\n  - IR\n  - {country: UZ, until: 2030-01-01T00:00:00+03:30}\n")
    assert [(each.country, each.until_ms) for each in loaded(hub).registry.watched] == [
        ("IR", None),
        ("UZ", 1_893_443_400_000),
    ]
    path.write_text("watch:\n  - {country: UZ, until: tomorrow}\n  - XX\n")
    _, mistakes = settings.load(hub)
    assert [(each.line, each.key) for each in mistakes] == [(2, "watch[0].until"), (3, "watch[1].country")]


# ---------------------------------------------------------------- notes


def test_a_note_is_kept_with_its_time(hub: Path) -> None:
    assert ran(hub, "note", "IR/AS197207/2026-11-21", "از تهران تأیید شد: قطع نیست")[0] == 0
    code, words = ran(hub, "note", "IR/AS197207/2026-11-21", 'it said "over" at 22:10')
    assert (code, "with 1 before it" in words) == (0, True)
    path = hub.parent / "notes.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    found = notes.read(path)
    assert [each.text for each in found] == ["از تهران تأیید شد: قطع نیست", 'it said "over" at 22:10']
    assert found[0].at_ms > NOW_MS - 10 * 365 * DAY_MS
    assert len(path.read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    ("incident", "text"),
    [
        ("IR/x", "two\nlines"),
        ("IR/x", "\x1b[2J"),
        ("IR/x", "nul\x00"),
        ("IR/x", "turned \u202eround"),
        ("IR/x", "isolated \u2066and never closed"),
        ("IR/x", "line\u2028separator"),
        ("IR/x", ""),
        ("IR/x", " "),
        ("IR/x", "x" * 2001),
        ("", "x"),
        ("IR\n{}", "x"),
        ("-IR", "x"),
    ],
)
def test_a_note_cannot_turn_a_page_round(tmp_path: Path, incident: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"note|incident"):
        notes.add(tmp_path / "notes.jsonl", notes.Note(NOW_MS, incident, text))
    assert not (tmp_path / "notes.jsonl").exists()


def test_a_note_that_was_torn_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    for text in ("first", "second"):
        notes.add(path, notes.Note(NOW_MS, "x", text))
    path.write_bytes(path.read_bytes()[:-9])
    notes.add(path, notes.Note(NOW_MS, "x", "third"))
    assert [each.text for each in notes.read(path)] == ["first", "third"]


# ---------------------------------------------------------------- backup


async def filled(hub: Path) -> Queue:
    """A hub that holds something, has its key and a note."""
    found = loaded(hub)
    (hub.parent / "seal.key").write_text("key\n")
    notes.add(hub.parent / "notes.jsonl", notes.Note(NOW_MS, "x", "kept"))
    queue = Queue(found.queue, most_bytes=10**9, sharers=lambda: 3)
    await queue.open()
    for number in range(5):
        assert await queue.put(batch(at_ms=NOW_MS + number))
    return queue


def held(path: Path) -> int:
    with sqlite3.connect(path) as db:
        count: int = db.execute("SELECT count(*) FROM batches").fetchone()[0]
    db.close()
    return count


async def test_what_was_backed_up_comes_back_whole(hub: Path, tmp_path: Path) -> None:
    queue = await filled(hub)
    code, words = ran(hub, "backup", str(tmp_path / "kept"))
    assert code == 0, words
    await queue.close()
    there = sorted(
        str(path.relative_to(tmp_path / "kept")) for path in (tmp_path / "kept").rglob("*") if path.is_file()
    )
    assert there == [
        *("SHA256SUMS", "credentials/v1", "credentials/v2", "hub.yml", "notes.jsonl"),
        *("queue.db", "registry.yml", "seal.key"),
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "kept", *(tmp_path / "kept").rglob("*")))
    new = tmp_path / "new" / "hub.yml"
    code, words = ran(new, "restore", str(tmp_path / "kept"))
    assert code == 0, words
    for name in ("registry.yml", "seal.key", "notes.jsonl", "credentials/v1", "hub.yml"):
        assert (new.parent / name).read_bytes() == (hub.parent / name).read_bytes()
    assert held(new.parent / "queue" / "queue.db") == 5
    again = Queue(loaded(new).queue, most_bytes=10**9, sharers=lambda: 3)
    await again.open()
    assert again.samples == 15
    assert ran(new, "restore", str(tmp_path / "kept"), "--force")[0] != 0, "not under a hub that runs"
    await again.close()


async def test_a_restore_writes_over_nothing_unless_it_is_told_to(hub: Path, tmp_path: Path) -> None:
    await (await filled(hub)).close()
    assert ran(hub, "backup", str(tmp_path / "kept"))[0] == 0
    (hub.parent / "registry.yml").write_text("vantages: []\n")
    assert ran(hub, "restore", str(tmp_path / "kept"))[0] != 0
    assert (hub.parent / "registry.yml").read_text() == "vantages: []\n"
    assert ran(hub, "restore", str(tmp_path / "kept"), "--force")[0] == 0
    assert (hub.parent / "registry.yml").read_text() == REGISTRY
    assert ran(hub, "backup", str(tmp_path / "kept"))[0] != 0, "nor a backup over another"


@pytest.mark.parametrize("change", ["changed", "missing", "more", "outside", "absolute", "link", "no list"])
async def test_a_backup_that_is_not_what_it_was_writes_nothing(hub: Path, tmp_path: Path, change: str) -> None:
    await (await filled(hub)).close()
    kept, sums = tmp_path / "kept", tmp_path / "kept" / "SHA256SUMS"
    assert ran(hub, "backup", str(kept))[0] == 0
    match change:
        case "changed":
            (kept / "registry.yml").write_text(REGISTRY.replace("v2", "v3"))
        case "missing":
            (kept / "credentials" / "v1").unlink()
        case "more":
            (kept / "credentials" / "v9").write_text(hashlib.sha256(b"mine").hexdigest())
        case "outside" | "absolute":
            name = "../../evil" if change == "outside" else f"{tmp_path}/evil"
            sums.write_text(sums.read_text() + f"{hashlib.sha256(b'').hexdigest()}  {name}\n")
        case "link":
            (kept / "registry.yml").rename(tmp_path / "elsewhere")
            (kept / "registry.yml").symlink_to(tmp_path / "elsewhere")
        case "no list":
            sums.unlink()
    assert ran(tmp_path / "new" / "hub.yml", "restore", str(kept))[0] == 1
    assert not (tmp_path / "new").exists()


def test_what_stands_elsewhere_is_said(hub: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("x")
    forward = f'{{remote_write: "http://127.0.0.1:9090/write", basic_auth: {{username: x, password_file: {tmp_path}/password}}}}'
    hub.write_text(f"listen: 127.0.0.1:8443\nforward: {forward}\n")
    code, words = ran(hub, "backup", str(tmp_path / "kept"))
    assert code == 0
    assert f"does not stand beside hub.yml: {tmp_path}/password" in words
