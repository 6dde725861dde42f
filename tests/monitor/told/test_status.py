"""`didban status`: what a box or a hub says of itself, on a screen of 80 columns, or as its API said it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import trustme
from rich.console import Console, RenderableType

from monitor.telling import board, fleetboard
from tests.monitor.hub.hubs import REGISTRY, SECOND, Database, Hub, batch, enrolled, until
from tests.monitor.local import Vantage
from tests.probes.liars import closed_port

NOW = "2026-11-22T10:46:20Z"


def said(*more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitor", "status", *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


@pytest.fixture
def vantage(tmp_path: Path) -> Iterator[Vantage]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        made = Vantage(tmp_path, server.getsockname()[1])
        yield made
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.communicate()


def test_the_view_of_a_box_at_work_comes_from_its_own_api(vantage: Vantage) -> None:
    vantage.start()
    at = f"--web.listen-address=127.0.0.1:{vantage.port}"
    shown = said(f"--config.file={vantage.config}", at)
    assert shown.returncode == 0, shown.stderr
    assert "Local" in shown.stdout
    assert "nothing is sent anywhere" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    told = json.loads(said(f"--config.file={vantage.config}", at, "--json").stdout)
    assert told.keys() == vantage.status().keys()
    assert (told["vantage"], told["network"], told["access"]) == ("v1", "AS1", "datacenter")
    assert told["waiting"] == {"unstamped_ticks": 0, "destinations": []}
    other = vantage.folder / "other.yml"
    other.write_text(vantage.config.read_text().replace("id: v1", "id: v2"))
    wrong = said(f"--config.file={other}", at)
    assert wrong.returncode == 3
    assert "is v1" in wrong.stderr, "another box's view is not shown as this one's"


def test_nobody_at_work_is_exit_three_and_one_line(vantage: Vantage) -> None:
    done = said(f"--config.file={vantage.config}", f"--web.listen-address=127.0.0.1:{closed_port()}")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("didban: nobody answers at 127.0.0.1:")
    assert done.stderr.count("\n") == 1


def test_where_didban_up_listens_is_found_without_being_told(vantage: Vantage) -> None:
    vantage.start()
    (vantage.folder / "state" / "up").mkdir()
    (vantage.folder / "state" / "up" / "addresses.json").write_text(f'{{"daemon": "127.0.0.1:{vantage.port}"}}')
    assert said(f"--config.file={vantage.config}").returncode == 0


def test_a_box_behind_tls_and_a_password_is_asked_with_both(vantage: Vantage, tmp_path: Path) -> None:
    authority = trustme.CA()
    mine = authority.issue_cert("127.0.0.1")
    mine.private_key_pem.write_to_path(tmp_path / "key.pem")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    hashed = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()
    (tmp_path / "web.yml").write_text(
        f"tls_server_config: {{cert_file: cert.pem, key_file: key.pem}}\nbasic_auth_users: {{me: {hashed}}}\n"
    )
    (tmp_path / "password").write_text("open sesame\n")
    (tmp_path / "client.yml").write_text(
        "basic_auth: {username: me, password_file: password}\ntls_config: {ca_file: ca.pem}\n"
    )
    command = vantage.command(f"--web.config.file={tmp_path / 'web.yml'}")
    vantage.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert vantage.process.stderr is not None
    while "listening" not in vantage.process.stderr.readline():
        assert vantage.process.poll() is None
    asked = (f"--config.file={vantage.config}", f"--web.listen-address=127.0.0.1:{vantage.port}")
    assert said(*asked, f"--http.config.file={tmp_path / 'client.yml'}").returncode == 0
    (tmp_path / "password").write_text("guess\n")
    refused = said(*asked, f"--http.config.file={tmp_path / 'client.yml'}")
    assert refused.returncode == 3
    assert "it says 401" in refused.stderr
    (tmp_path / "client.yml").write_text("basic_auth: {username: me, password: guess}\n")
    assert said(*asked, f"--http.config.file={tmp_path / 'client.yml'}").returncode == 1, "no secret stands in it"


async def test_the_fleet_of_a_hub_says_who_was_heard_and_what_was_refused(tmp_path: Path) -> None:
    (tmp_path / "registry.yml").write_text(REGISTRY + SECOND.replace("cohort: k2", "cohort: k2, paused: true"))
    enrolled(tmp_path, "v1", "v2")
    database = Database()
    await database.start()
    hub = Hub(tmp_path, database)
    await hub.start()
    try:
        assert await hub.write(batch()) == 204
        assert await hub.write(batch(ahead_s=-8 * 86_400)) == 400
        await until(lambda: database.of("v1"))
        told = json.loads(said(f"--config.file={hub.file}", "--json").stdout)
        shown = said(f"--config.file={hub.file}")
    finally:
        await hub.stop()
        await database.stop()
    first, second = told["vantages"]
    assert first["heard"] is not None
    assert (first["taken"], first["refused"], first["samples"]) == (1, {"too_old": 1}, 1)
    assert (second["paused"], second["heard"], second["cohort"]) == (True, None, "k2")
    assert shown.returncode == 0
    assert "1 box is expected; all of them were heard within 3 minutes. Paused: 1." in shown.stdout
    assert "v1: batches not taken: 1 too old" in shown.stdout
    assert "forward.query is not set" in shown.stdout
    assert said(f"--config.file={hub.file}").returncode == 3, "it has stopped"


# ---------------------------------------------------------------- the screen


def on_screen(what: RenderableType, width: int = 80) -> str:
    console = Console(width=width, highlight=False)
    with console.capture() as captured:
        console.print(what)
    return captured.get()


def target(name: str, state: str, step: str = "", failure: str = "", *findings: str) -> dict[str, Any]:
    broke_at = [step] if step else []
    return {"target": name, "state": state, "broke_at": broke_at, "failure": failure or None, "findings": [*findings]}


def box() -> dict[str, Any]:
    chat = target("whatsapp/chat", "interfered", "connect", "generic_timeout_error", "forged_dns_answer")
    hosts = [{"target": str(n), "alive": n < 7, "set_aside": None if n < 8 else "standing"} for n in range(9)]
    why = "not reached in three rounds, and proof of interference is in hand"
    return {
        **{"vantage": "v7f3a", "role": "inside", "country": "IR", "network": "AS197207", "access": "mobile"},
        **{"at": NOW, "summary": "This line reaches abroad; not reached: WhatsApp.", "notices": ["Mind the gap."]},
        "not_observable": ["x " * 400],
        "services": [
            {
                **{"service": "whatsapp", "title": {"en": "WhatsApp"}, "state": "interfered", "why": why},
                **{"since": "2026-11-22T10:42:00Z", "targets": [chat, target("whatsapp/web", "ok")]},
            }
        ],
        "canaries": [{"scope": "international", "ratio": 0.875, "hosts": hosts}],
        "clock": {"settled": True, "offset_s": -0.42, "networks": 6, "error_s": 0.61},
        "waiting": {
            "unstamped_ticks": 3,
            "destinations": [{"destination": "hub", "samples": 12345, "last_success": "2026-11-22T10:30:12Z"}],
        },
    }


def test_a_box_fits_eighty_columns_and_says_where_it_breaks() -> None:
    shown = on_screen(board.board(box()))
    assert max(map(len, shown.splitlines())) <= 80
    words = " ".join(shown.split())
    assert "◆ WhatsApp interfered 10:42, 4 min not reached in three rounds" in words
    assert "whatsapp/chat connect generic_timeout_error forged_dns_answer" in words
    assert "whatsapp/web" not in shown, "what is reached breaks nowhere"
    assert "abroad 88% 7 of 8 answered, 1 set aside" in words
    assert "0.4 s slow (±0.6 s), by 6 networks abroad" in words
    assert "3 ticks wait for the time of day" in words
    assert "hub: 12,345 samples wait, last taken 16 min ago" in words
    assert "! Mind the gap." in words
    assert len(shown.splitlines()) < 30, "a sentence as long as a page is cut"


def test_what_everybody_suffers_from_is_said_once() -> None:
    told = box()
    one, why = (
        told["services"][0],
        "nothing abroad that proves who it is was reached in two rounds: not about this service",
    )
    told["services"] = [one | {"service": str(n), "state": "cut_off", "why": why} for n in range(9)]
    shown = " ".join(on_screen(board.board(told)).split())
    assert shown.count("proves who it is") == 1
    assert shown.count("as above") == 8


def test_a_clock_nobody_has_confirmed_is_not_called_right() -> None:
    told = box()
    told["clock"] = {"settled": False, "offset_s": None, "networks": 0, "error_s": None}
    assert "nobody has said yet what time it is" in on_screen(board.board(told))
    told["clock"] = {"settled": True, "offset_s": None, "networks": 0, "error_s": None}
    assert "our own, and nobody contradicted" in on_screen(board.board(told))


def fleet() -> dict[str, Any]:
    one = {"country": "IR", "access": "mobile", "role": "inside", "waiting": 0, "refused": {}, "paused": False}
    last = {"last": "2026-11-22T09:46:10Z", "ticks_1h": 0, "ticks_1d": 1380}
    boxes = [
        one | {"vantage": "v1", "network": "AS1", "heard": "2026-11-22T10:46:10Z"},
        one | {"vantage": "v2", "heard": None, "delivered": last},
        one | {"vantage": "v3", "heard": None, "paused": True},
        one | {"vantage": "v4", "heard": None},
    ]
    told = {"hub": "a", "at": NOW, "waiting": {"samples": 0}, "database": {"last_success": None}, "trouble": None}
    return told | {"watched": [], "retired": 0, "vantages": boxes}


def test_a_silent_box_stands_out_from_a_paused_one() -> None:
    shown = on_screen(fleetboard.fleet(fleet()))
    rows = [line.split() for line in shown.splitlines()]
    assert max(map(len, shown.splitlines())) <= 80
    assert ["●", "v1", "inside", "IR", "AS1", "mobile", "10", "s", "ago", "?", "?"] in rows
    assert ["✕", "v2", "inside", "IR", "mobile", "silent,", "60", "min", "ago", "0", "1380"] in rows
    assert ["‖", "v3", "inside", "IR", "mobile", "paused", "?", "?"] in rows
    assert ["✕", "v4", "inside", "IR", "mobile", "silent,", "never", "?", "?"] in rows
    assert "3 boxes are expected; silent: v2, v4. Paused: 1." in shown
