"""What the box holds and shows, and how it is stopped. Named after the rules (tests/safety/rules.py)."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from msgspec.structs import fields
from typer.testing import CliRunner

from monitor import __main__, config, metrics, webconfig
from monitor.begin import enrolment, init
from monitor.evidence.forms import public
from monitor.evidence.forms.public import HOUR_MS
from monitor.home.vectors import Found
from monitor.hub import publishing, settings
from monitor.judge import State
from monitor.keeping import wiping
from monitor.keeping.upkeep import Upkeep
from monitor.pace import Pace
from monitor.spool import Spool
from monitor.telling import notices
from monitor.tools import tools
from probes import catalogue, page
from probes.facts import Observation, Walk
from probes.fingerprint import Fingerprints
from probes.ports import Page
from probes.words import Access, Kind, Role, Scope, Step
from tests.monitor.evidence.boxes import NOON_MS
from tests.monitor.evidence.test_export_public import at, minutes, rows
from tests.monitor.facts import rounds, walk
from tests.monitor.hub.test_enrolment import LINE
from tests.probes.liars import listening, walked
from tests.probes.liars import target as at_port
from tests.safety.at_work import BODY, BRIDGE, COOKIE, ENVIRONMENT, PAGE, AtWork
from tests.safety.rules import ROOT, Clock, errand_of, loaded, names_in, rests_of, shipped, sources

# ---------------------------------------------------------------- no_ip_store, bind_local


def test_no_ip_store_a_box_at_work_asks_nobody_who_it_is(at_work: AtWork) -> None:
    asks = {"socket.gethostname", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
    assert {event for event, _ in at_work.did} & asks == set()
    assert at_work.did, "it did something"


def test_no_ip_store_nothing_of_a_box_at_work_says_whose_or_where_it_is(at_work: AtWork) -> None:
    """Not on its disk, its pages, its log, nor at its hub."""
    names = {*ENVIRONMENT.values(), socket.gethostname() if len(socket.gethostname()) > 4 else "-" * 9}
    found = [(where, name) for where, text in at_work.out.items() for name in names if name.encode() in text]
    assert found == []
    assert b"127.0.0.1" not in at_work.kept["state/spool.db"], "the address it walked from"
    assert PAGE.encode() in at_work.kept["state/spool.db"], "and not that of whom it asked"
    assert not [series for series in at_work.sent if "127.0.0" in repr(series)]


def test_no_ip_store_no_code_of_ours_could_ask_who_we_are() -> None:
    """What runs only now and then too; but for the responder's own machine, where strangers come to."""
    asks = {"gethostname", "getfqdn", "getnode", "uname", "gethostbyname", "getlogin", "netifaces", "psutil", "SSID"}
    for path, tree in sources("probes", "monitor"):
        assert names_in(tree).isdisjoint(asks), path
    for path, tree in sources("probes", "monitor/keeping", "monitor/meaning", "monitor/telling", "monitor/evidence"):
        assert "getsockname" not in names_in(tree), path


def test_no_ip_store_a_page_that_prints_our_address_leaves_no_trace_of_it() -> None:
    def noted(ours: str) -> Observation:
        said = Page(403, {"X-Client": ours}, f"<p>Error 1009. Your IP: {ours}. Ray ID: 7e</p>".encode())
        seen = Observation(Step.FETCH, 0.1)
        return page.noted(said, seen, Fingerprints(), host="x.example", secure=True)

    assert noted("192.0.2.77") == noted("203.0.113.1")
    assert "192.0.2.77" not in repr(noted("192.0.2.77"))


def test_no_ip_store_a_walk_has_no_place_for_an_address_of_ours() -> None:
    assert {each.name for each in fields(Walk)} == {
        "target", "endpoint", "address", "started_ms", "reason", "steps", "bytes_sent", "bytes_received", "booked",
        "cell", "told", "boot_ms",
    }  # fmt: skip


def test_bind_local_is_where_a_box_listens_of_whom_nothing_else_was_said(tmp_path: Path) -> None:
    """In a network of its own, where its port is free."""
    loaded(tmp_path)
    listens = f"""
ip link set lo up
{sys.executable} -m monitor run --idle --config.file={tmp_path}/didban.yml & box=$!
for _ in $(seq 100); do ss -Hltun | grep -q :9810 && break; sleep 0.1; done
ss -Hltun
kill $box
"""
    alone = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--net", "sh", "-c", listens]
    done = subprocess.run(alone, capture_output=True, text=True, check=False, timeout=30)
    assert [line.split()[4] for line in done.stdout.splitlines()] == ["127.0.0.1:9810"], done.stderr


def test_bind_local_anything_else_needs_a_guard(tmp_path: Path) -> None:
    loaded(tmp_path)
    command = ["run", f"--config.file={tmp_path / 'didban.yml'}", "--web.listen-address=0.0.0.0:9810"]
    refused = CliRunner().invoke(__main__.app, command)
    assert refused.exit_code == 2
    assert "will not listen on 0.0.0.0 in clear" in refused.output
    for host in ("0.0.0.0", "::", "192.168.1.7", "example.org", ""):
        assert webconfig.may_listen(host, webconfig.OPEN) is not None, host
    for host in ("127.0.0.1", "::1", "localhost"):
        assert webconfig.may_listen(host, webconfig.OPEN) is None


def test_bind_local_holds_for_a_hub_as_well(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "registry.yml").write_text("vantages: []\n")
    hub = tmp_path / "hub.yml"
    for listen, refused in (("127.0.0.1:8443", False), ("0.0.0.0:8443", True), ("192.0.2.1:8443", True)):
        hub.write_text(f"listen: {listen}\nforward: {{remote_write: 'http://127.0.0.1:9/'}}\n")
        _, mistakes = settings.load(hub)
        assert any("not in clear" in each.what for each in mistakes) is refused, listen


# ---------------------------------------------------------------- bridges, store_min

_KEY, _BRIDGE = "c2VjcmV0IG9mIHRoZSB0ZXN0LCBub3QgYSByZWFsIG8=", "192.0.2.77"
_OWN = f"""
service: my-vpn
title: {{en: My own}}
category: vpn
targets:
  - id: wireguard
    kind: wireguard
    depth: protocol
    addresses: [{_BRIDGE}]
    options: {{public_key: "{_KEY}", private_key_file: wg.key}}
    source: mine
"""


def test_bridges_are_in_no_label_and_no_public_export(tmp_path: Path) -> None:
    (tmp_path / "wg.key").write_text(_KEY)
    (tmp_path / "my-vpn.yml").write_text(_OWN)
    (own,), mistakes = catalogue.load(["./my-vpn.yml"], beside=tmp_path)
    assert mistakes == ()
    (mine,) = own.targets
    assert mine.secrets, "the key was read"
    assert _KEY not in repr(mine.secrets) or "secrets" not in repr(mine)
    assert mine.name not in public.shown()
    for family in metrics.FAMILIES:
        assert set(family.labels).isdisjoint({"address", "host", "endpoint", "url", "key", "fingerprint"}), family.name


def test_bridges_are_in_no_metric_and_no_log_of_a_box_at_work(at_work: AtWork) -> None:
    """Nor is any address or name of what it asks in a label, here or at the hub."""
    shown = at_work.pages["/metrics"][1]
    assert 'service="my-vpn"' in shown, "it was walked"
    for secret in (*BRIDGE, PAGE, "page.example", "secret-of-the-hub"):
        for where in (shown, at_work.said, repr(at_work.sent)):
            assert secret not in where
    for status in ("/", "/api/v1/status"):
        assert BRIDGE[2] not in at_work.pages[status][1]


def test_store_min_nothing_of_a_body_is_kept_or_shown(at_work: AtWork) -> None:
    found = [where for where, text in at_work.out.items() if BODY.encode() in text or COOKIE.encode() in text]
    assert found == []


def test_store_min_what_no_walk_of_that_box_met_has_no_place_for_a_body_either() -> None:
    for each in fields(Observation):
        assert "bytes" not in str(each.type), each.name


async def test_store_min_what_is_thirty_days_old_goes(tmp_path: Path) -> None:
    """As the daemon tidies up, by the configuration `init` writes, and by one that says nothing of it."""
    now_ms, day_ms = 1_800_000_000_000, 86_400_000
    for number, path in enumerate((None, "storage: {path: x}\n")):
        folder = tmp_path / str(number)
        folder.mkdir()
        begun = loaded(folder)
        if path is not None:
            file = folder / "didban.yml"
            file.write_text(re.sub(r"(?m)^storage:.*$", path, file.read_text()))
            begun, _ = config.load(file)  # type: ignore[assignment]
        spool = Spool(folder / "state")
        await spool.open()
        for age_days in (31, 29, 1):
            await spool.add(rounds(walk(started_ms=now_ms - age_days * day_ms), number=age_days))
        engine = SimpleNamespace(pace=Pace.of(begun.config), loaded=begun)
        await Upkeep(spool, lambda engine=engine: cast(Any, engine), cast(Any, None))._make_room(now_ms)  # type: ignore[misc]
        assert [(now_ms - each.started_ms) // day_ms for each in await spool.walks()] == [29, 1]
        await spool.close()


def test_store_min_a_box_of_a_fleet_is_sealed_and_another_says_that_it_is_not(tmp_path: Path) -> None:
    told = enrolment.read(LINE)
    path = tmp_path / "didban.yml"
    answers = init.Answers(told.role, told.country, told.access, told.network, told)
    init.write(path, answers, storage="state", today="2026-11-22")
    sealed, _ = config.load(path)
    assert sealed is not None
    assert sealed.config.storage.seal_to == told.seal_to
    assert list(notices.of_sealing(sealed.config)) == []
    (tmp_path / "b").mkdir()
    assert "can read all it keeps" in next(notices.of_sealing(loaded(tmp_path / "b").config))


def test_store_min_a_wipe_finds_all_that_init_wrote(tmp_path: Path) -> None:
    loaded(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "spool.db").write_bytes(b"x")
    found = wiping.find(tmp_path / "didban.yml", None)
    assert set(found.files) == {each for each in tmp_path.rglob("*") if each.is_file()}


# ---------------------------------------------------------------- delay_publish, neutral_ua, no_login, stop_switch, review


def test_delay_publish_is_three_lines_or_a_day_by_ten_minutes(tmp_path: Path) -> None:
    """What `didban export --public` would show of an hour, asked soon after and a day later."""

    def shown(lines: int, *, later_ms: int) -> list[tuple[int, int]]:
        kept = [(at(number), minutes(60)) for number in range(lines)]
        folder = tmp_path / f"{lines}-{later_ms}"
        return [(row.at_ms - NOON_MS, row.lines) for row in rows(folder, *kept, now_ms=NOON_MS + later_ms)]

    two_hours, day = 2 * HOUR_MS, 24 * HOUR_MS
    assert shown(1, later_ms=two_hours) == shown(2, later_ms=two_hours) == []
    assert shown(2, later_ms=day + HOUR_MS - 1) == [], "of an hour that ended less than a day ago"
    assert {at_ms for at_ms, _ in shown(2, later_ms=day + two_hours)} == {0}, "the whole hour, and no minute of it"
    slots = shown(3, later_ms=two_hours)
    assert [at_ms for at_ms, _ in slots] == [n * 600_000 for n in range(6)]
    assert {lines for _, lines in slots} == {3}


def test_delay_publish_holds_for_the_page_of_a_hub() -> None:
    """The day it is late, and the three lines, by which it then asks its database and puts rows together."""
    now_ms = 1_800_000_123_456
    told_ms = publishing.moment_ms(now_ms, publishing.DELAY_S)
    assert told_ms % 600_000 == 0
    assert now_ms - 86_400_000 - 600_000 < told_ms <= now_ms - 86_400_000
    for lines, told in ((2, {}), (3, {("IR", "AS1"): {"imo": {"ok": 3}}})):
        row = Found({"country": "IR", "network": "AS1", "service": "imo", "verdict": "ok"}, float(lines))
        assert publishing.groups([row]) == told


def test_neutral_ua_inside_a_box_at_work_speaks_as_a_browser(at_work: AtWork) -> None:
    assert len(at_work.asked) >= 3
    for each in at_work.asked:
        said = dict(each.headers)
        assert said["User-Agent"].startswith("Mozilla/5.0 (Windows NT 10.0; Win64; x64)")
        assert "didban" not in repr(each).lower()


async def test_neutral_ua_a_control_says_who_it_is(tmp_path: Path) -> None:
    outside = loaded(tmp_path, Role.CONTROL, Access.DATACENTER)
    heard: list[bytes] = []

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65536))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with listening(listens) as port:
        seen = await walked(at_port(Kind.HTTP, port), tools(outside, Pace.of(outside.config)))
    assert seen.reached
    assert b"\r\nUser-Agent: Didban/" in heard[0]


def test_neutral_ua_no_shipped_name_says_who_asks() -> None:
    for each in shipped():
        assert not any("didban" in at.host.lower() for at in each.endpoints), each.name


def test_no_login_a_box_at_work_shows_nobody_who_somebody_is(at_work: AtWork) -> None:
    """It was given a cookie, and asked for a password, by every answer."""
    names = {name.lower() for each in at_work.asked for name, _ in each.headers}
    assert names == {"host", "user-agent", "accept", "accept-language", "connection"}
    assert len({tuple(each.headers) for each in at_work.asked}) == 1, "each as the first"


def test_no_login_no_code_of_a_walk_knows_the_words() -> None:
    """HTTP/2 and HTTP/3 as well, which that box did not speak."""
    for path, tree in sources("probes"):
        said = {str(node.value).lower() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert said.isdisjoint({"cookie", "authorization"}), path


def test_no_login_no_row_holds_an_account() -> None:
    for path in sorted((ROOT / "probes" / "services").glob("*.yml")):
        rows = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
        assert not re.search(r"\+98[0-9]|phone|passwor[dt]:|token:|login:|cookie", rows), path.name


def test_stop_switch_quiet_is_chosen_and_never_default(tmp_path: Path) -> None:
    assert loaded(tmp_path).config.quiet is False
    dark = rests_of(State.CUT_OFF, foreign_seen=False)
    assert not dark.hushed
    assert not dark.leaves_out(errand_of(essential=True), 3, Clock(1))


def test_stop_switch_a_quiet_box_in_the_dark_asks_canaries_twice_an_hour_and_nothing_else() -> None:
    rests, canaries = rests_of(State.CUT_OFF, quiet=True, foreign_seen=False), errand_of(scope=Scope.INTERNATIONAL)
    assert rests.hushed
    assert all(rests.leaves_out(errand_of(essential=True), number, Clock(1)) for number in range(4))
    minutes = [minute for minute in range(120) if not rests.leaves_out(canaries, minute, Clock(1 + minute / 60))]
    assert minutes == [0, 30, 60, 90]
    assert not rests_of(State.OK, quiet=True).hushed, "the line carries: it walks as ever"


def test_review_is_a_document_with_a_date() -> None:
    text = (ROOT / "docs" / "ethics.md").read_text()
    for part in ("Consent", "Risk and benefit", "Who is concerned", "Legal advice", "Annual review"):
        assert re.search(rf"^##+ .*{part}", text, re.MULTILINE), part
    assert re.search(r"Next review: 20[0-9]{2}-[0-9]{2}", text)
