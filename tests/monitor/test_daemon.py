"""The daemon as a process: it starts or says why not in one line, keeps its configuration, and leaves with a last word."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.monitor.local import Vantage


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@pytest.fixture
def vantage(tmp_path: Path, listener: int) -> Iterator[Vantage]:
    made = Vantage(tmp_path, listener)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.communicate()


def values(vantage: Vantage, name: str) -> dict[str, float]:
    """Labels -> value of a metric on /metrics."""
    lines = [line for line in vantage.ask("/metrics")[1].splitlines() if line.startswith(name + "{")]
    return {line[len(name) : line.rindex(" ")]: float(line.rpartition(" ")[2]) for line in lines}


def test_it_walks_keeps_judges_and_shows(vantage: Vantage) -> None:
    vantage.start()
    until(lambda: all(each["last_walk"] for each in targets_of(vantage)))
    targets = {each["target"]: each for each in targets_of(vantage)}
    assert targets["local/open"]["state"] == "ok"
    assert targets["local/closed"]["state"] == "insufficient", "too few canaries here to say more"
    assert targets["local/closed"]["failure"] == "connection_refused"
    until(lambda: sorted(values(vantage, "didban_target_up").values()) == [0.0, 1.0])
    assert vantage.ask("/api/v1/observations?target=local/open")[1].count('"connect"') >= 1
    assert vantage.ask("/probe?target=local/open", "POST")[0] == 200


def test_sigterm_ends_it_within_five_seconds_with_its_last_word(vantage: Vantage, tmp_path: Path) -> None:
    vantage.start()
    until(lambda: "\ndidban_heartbeat_timestamp_seconds" in vantage.ask("/metrics")[1])
    code, took_s, said = vantage.stop()
    assert code == 0
    assert took_s < 5
    assert "Traceback" not in said
    with sqlite3.connect(tmp_path / "state" / "spool.db") as db:
        names = {id: name for id, name in db.execute("SELECT id, name FROM series")}
        last = db.execute("SELECT samples, ended FROM ticks ORDER BY at_ms DESC LIMIT 1").fetchone()
    stated = {names[id] for id, _ in msgspec.msgpack.decode(zlib.decompress(last[0]))}
    ended = {names[id] for id in msgspec.msgpack.decode(last[1])}
    assert stated == {"didban_vantage_stopping", "didban_heartbeat_timestamp_seconds"}
    assert "didban_target_up" in ended, "every other series ends here"


def test_kill_minus_nine_loses_no_walk_and_the_next_start_goes_on(vantage: Vantage) -> None:
    vantage.start()
    before = next(iter(values(vantage, "didban_spool_observations").values()))
    vantage.signal(signal.SIGKILL)
    assert vantage.process is not None
    vantage.process.communicate()
    vantage.start()
    assert next(iter(values(vantage, "didban_spool_observations").values())) >= before
    vantage.stop()


def test_a_reload_takes_fingerprints_that_were_added(vantage: Vantage, tmp_path: Path) -> None:
    vantage.start()
    until(lambda: bool(values(vantage, "didban_method_info")))
    before = set(values(vantage, "didban_method_info"))
    row = "{id: mine, country: IR, answers: [198.51.100.7], source: me, checked: 2026-11-22}"
    (tmp_path / "mine.yml").write_text(f"forged_answers: [{row}]\n")
    vantage.write(extra="fingerprints: [mine.yml]\n")
    assert vantage.ask("/-/reload", "POST")[0] == 200
    until(lambda: bool(set(values(vantage, "didban_method_info")) - before))
    (tmp_path / "mine.yml").write_text("forged_answers: [{}]\n")
    code, said = vantage.ask("/-/reload", "POST")
    assert code == 400
    assert "mine.yml:1: forged_answers[0].id: is missing" in said


def test_a_control_says_what_nobody_sees_from_where_it_stands(vantage: Vantage) -> None:
    vantage.start()
    (said,) = vantage.status()["not_observable"]
    assert "AS197207 MCI" in said
    assert "AS197207 MCI" in vantage.ask("/")[1]


@pytest.mark.parametrize("how", ["POST", "SIGHUP"])
def test_a_bad_configuration_is_refused_and_the_old_one_stays(vantage: Vantage, how: str) -> None:
    vantage.start()
    vantage.write(extra="colour: red\n")
    if how == "POST":
        code, said = vantage.ask("/-/reload", "POST")
        assert code == 400
        assert said.strip().endswith("didban.yml:9: colour: unknown key")
    else:
        vantage.signal(signal.SIGHUP)
    vantage.wait_for("/-/ready")
    refused = "The last configuration was refused; the one before it is at work."
    until(lambda: refused in vantage.status()["notices"])
    assert vantage.status()["services"][0]["service"] == "local"
    vantage.write()
    assert vantage.ask("/-/reload", "POST")[0] == 200
    assert vantage.status()["notices"] == []
    _, _, said = vantage.stop()
    assert ("config_refused" in said) is (how == "SIGHUP")


def until(there: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not there():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def targets_of(vantage: Vantage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = vantage.status()["services"][0]["targets"]
    return found


def test_a_reload_keeps_counting_where_it_was(vantage: Vantage) -> None:
    vantage.start()
    before = values(vantage, "didban_walks_total")
    assert vantage.ask("/-/reload", "POST")[0] == 200
    vantage.wait_for("/-/ready")
    after = values(vantage, "didban_walks_total")
    assert all(after[key] >= count for key, count in before.items())
    until(lambda: targets_of(vantage)[0]["state"] == "ok")
    vantage.stop()


def test_a_reload_asks_for_consent_like_a_start(vantage: Vantage) -> None:
    vantage.start()
    vantage.write(consented=False)
    code, said = vantage.ask("/-/reload", "POST")
    assert code == 400
    assert "consent" in said
    vantage.stop()


@pytest.mark.parametrize(
    "change", [("network: AS1,", "network: AS2,"), ("storage: {path: state}", "storage: {path: elsewhere}")]
)
def test_who_we_are_does_not_change_at_work(vantage: Vantage, change: tuple[str, str]) -> None:
    vantage.start()
    vantage.config.write_text(vantage.config.read_text().replace(*change))
    code, said = vantage.ask("/-/reload", "POST")
    assert code == 400
    assert "takes a restart" in said
    until(lambda: values(vantage, "didban_target_up"))
    assert all('network="AS1"' in labels for labels in values(vantage, "didban_target_up"))
    vantage.stop()


def test_a_file_that_went_bad_is_refused_at_reload_and_the_daemon_lives(vantage: Vantage, tmp_path: Path) -> None:
    """Its certificate is refused with a line by check-config; a directory in its place only when it is read."""
    ship = "ship: [{name: hub, remote_write: 'http://127.0.0.1:9/', basic_auth: {username: v1, password_file: pw}}]\n"
    (tmp_path / "pw").write_text("secret")
    vantage.write(extra=ship)
    vantage.start()
    (tmp_path / "pw").write_bytes(b"\xff\xfe\x00")
    code, said = vantage.ask("/-/reload", "POST")
    assert (code, said.partition("didban.yml:9: ")[2].strip()) == (
        400,
        "ship[0].basic_auth.password_file: pw: is not text",
    )
    vantage.signal(signal.SIGHUP)
    until(
        lambda: vantage.status()["notices"][:1] == ["The last configuration was refused; the one before it is at work."]
    )
    assert vantage.stop()[0] == 0


@pytest.mark.parametrize("order", [(signal.SIGTERM, signal.SIGHUP), (signal.SIGHUP, signal.SIGTERM)])
def test_a_hangup_beside_a_stop_does_not_keep_it(vantage: Vantage, order: tuple[signal.Signals, ...]) -> None:
    vantage.write(extra="ship: [{name: hub, remote_write: 'http://127.0.0.1:9/'}]\n")
    vantage.start()
    for number in order:
        vantage.signal(number)
    assert vantage.process is not None
    _, said = vantage.process.communicate(timeout=6)
    assert vantage.process.returncode == 0
    assert "Traceback" not in said


def test_what_a_stop_left_standing_is_ended_by_the_next_start(vantage: Vantage, tmp_path: Path) -> None:
    """Else "I am stopping" would be believed of a box that runs again."""
    vantage.times = 4
    vantage.start()
    vantage.stop()
    vantage.start()
    vantage.stop()
    with sqlite3.connect(tmp_path / "state" / "spool.db") as db:
        names = {id: name for id, name in db.execute("SELECT id, name FROM series")}
        ticks = [msgspec.msgpack.decode(row[0]) for row in db.execute("SELECT ended FROM ticks ORDER BY at_ms")]
    assert sum("didban_vantage_stopping" in {names[id] for id in ended} for ended in ticks) == 1


# ---------------------------------------------------------------- full counts

Figure = Callable[[str, float], None]


@pytest.mark.long
def test_at_whatever_moment_it_is_stopped_it_ends_in_time(vantage: Vantage, figure: Figure) -> None:
    took = []
    for number in range(25):
        vantage.start()
        time.sleep(0.04 * number)
        code, took_s, said = vantage.stop()
        assert (code, "Traceback" in said) == (0, False), said
        took.append(took_s)
    figure("stops", len(took))
    figure("longest stop in s", round(max(took), 3))
    assert max(took) < 5


@pytest.mark.long
def test_twenty_kills_of_the_daemon_lose_no_walk(vantage: Vantage, figure: Figure) -> None:
    kept = 0.0
    for number in range(20):
        vantage.start()
        now = next(iter(values(vantage, "didban_spool_observations").values()))
        assert now >= kept
        kept = now
        time.sleep(0.03 * number)
        vantage.signal(signal.SIGKILL)
        assert vantage.process is not None
        vantage.process.communicate()
    figure("kills", 20)
    figure("walks kept", kept)


@pytest.mark.long
def test_a_hundred_reloads_leave_nothing_behind(vantage: Vantage, figure: Figure) -> None:
    vantage.start()
    assert vantage.process is not None
    at = Path(f"/proc/{vantage.process.pid}")

    def held() -> tuple[int, int]:
        pages = int((at / "statm").read_text().split()[1])
        return len(list((at / "fd").iterdir())), pages * 4096

    for _ in range(20):
        assert vantage.ask("/-/reload", "POST")[0] == 200
    files, memory = held()
    for _ in range(100):
        assert vantage.ask("/-/reload", "POST")[0] == 200
    until(lambda: held()[0] <= files + 8)  # walks under way hold a socket each
    figure("memory grown in MB", round((held()[1] - memory) / 1e6, 1))
    assert held()[1] - memory < 20e6
    vantage.stop()


# ---------------------------------------------------------------- starts that cannot be


def test_without_consent_no_packet_is_sent(vantage: Vantage, tmp_path: Path) -> None:
    vantage.write(consented=False)
    code, said = vantage.refused()
    assert (code, said) == (
        1,
        "didban: consent was given to another text, place or kind of line: run `didban init` and read it again",
    )
    assert not (tmp_path / "state").exists()


def test_without_consent_it_may_still_show_its_pages(vantage: Vantage) -> None:
    vantage.write(consented=False)
    vantage.times = 30
    vantage.start("--idle")
    assert vantage.status()["notices"][0].startswith("No probe is sent")
    assert vantage.ask("/probe?target=local/open", "POST")[0] == 404
    assert values(vantage, "didban_spool_observations") != {}
    assert list(values(vantage, "didban_spool_observations").values()) == [0.0]
    vantage.stop()


def test_a_taken_port_is_one_line(vantage: Vantage) -> None:
    with socket.create_server(("127.0.0.1", vantage.port)):
        code, said = vantage.refused()
    assert code == 3
    assert said.splitlines()[-1].startswith("didban: ")
    assert "address already in use" in said
    assert "Traceback" not in said


def test_an_unwritable_state_folder_is_one_line(vantage: Vantage, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    code, said = vantage.refused()
    assert code == 3
    assert said.startswith("didban: ")
    assert str(tmp_path / "state") in said
    assert len(said.splitlines()) == 1


def test_a_missing_ca_file_is_one_line(vantage: Vantage) -> None:
    vantage.write(extra="tls: {ca_file: gone.pem}\n")
    code, said = vantage.refused()
    assert (code, said) == (1, f"{vantage.config}:9: tls.ca_file: gone.pem: no such file")


def test_a_ca_file_that_is_none_is_one_line(vantage: Vantage, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate\n")
    vantage.write(extra="tls: {ca_file: ca.pem}\n")
    code, said = vantage.refused()
    assert (code, said) == (1, f"{vantage.config}:9: tls.ca_file: ca.pem: there is no certificate in it")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--web.listen-address=0.0.0.0:9810"], 2, "will not listen on 0.0.0.0 in clear"),
        (["--web.listen-address=nonsense"], 2, "must be HOST:PORT"),
        (["--time-scale=99"], 2, "--time-scale"),
        (["--nonsense"], 2, "No such option"),
    ],
)
def test_wrong_use_is_said(vantage: Vantage, options: list[str], code: int, words: str) -> None:
    command = [each for each in vantage.command() if not each.startswith(tuple(o.partition("=")[0] for o in options))]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == code
    assert words in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--version"], 0, "didban 0.1.0"),
        (["check-config", "/nowhere.yml"], 1, "/nowhere.yml:1: cannot be read: no such file or directory"),
        (["init", "--role", "inside", "--i-understand"], 2, "give --role, --country and --access"),
        (["init", "--role", "inside", "--country", "Iran", "--access", "mobile"], 2, "must be a country"),
        (["hub"], 2, ""),
        (["hub", "--config.file=/nowhere.yml"], 1, "/nowhere.yml:1: cannot be read"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_the_command_line_answers_in_one_way(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        capture_output=True, text=True, check=False, timeout=30, cwd=tmp_path, stdin=subprocess.DEVNULL,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin"},
    )  # fmt: skip
    assert words in done.stdout + done.stderr
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_nothing_is_written_without_agreement(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "monitor", "init", "--role", "inside", "--country", "IR", "--access", "mobile"]
    done = subprocess.run(
        [*command, f"--out={tmp_path}/didban.yml"],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 1
    assert "nothing is written without consent" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_init_writes_is_a_good_configuration_only_its_owner_reads(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "monitor", "init", "--role", "inside", "--country", "IR", "--access", "mobile"]
    out = tmp_path / "didban.yml"
    done = subprocess.run(
        [*command, "--network", "AS197207", "--i-understand", f"--out={out}"],
        capture_output=True, text=True, check=False, cwd=root,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "MB a day of 120" in done.stdout
    checked = subprocess.run(
        [sys.executable, "-m", "monitor", "check-config", str(out)],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    assert checked.returncode == 0, checked.stderr
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    (secret,) = tmp_path.glob("*.secret")
    assert len(secret.read_bytes()) == 32
    assert "services: [whatsapp, instagram, imo, canaries]" in out.read_text(), "VPNs are chosen, never default"
