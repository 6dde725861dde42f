"""What `didban init` begins with: a selection that a line of that kind can pay for, and a file that is without mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor import config
from monitor.begin import cost, init
from monitor.begin.check import check
from monitor.config import Loaded
from probes import catalogue
from probes.words import Access, Role

SHIP = "ship: [{name: hub, remote_write: 'https://hub.example.org/api/v1/write'}]\n"


def written(folder: Path, role: Role, access: Access) -> Loaded:
    """The file `didban init` writes, with a way home."""
    path = folder / "didban.yml"
    init.write(path, init.Answers(role, "IR" if role is Role.INSIDE else "DE", access), storage="x", today="2026-11-22")
    path.write_text(path.read_text() + SHIP)
    loaded, mistakes = config.load(path)
    assert mistakes == ()
    assert loaded is not None
    return loaded


@pytest.mark.parametrize(
    ("role", "access", "cap_mb"),
    [
        (Role.INSIDE, Access.MOBILE, 120),
        (Role.INSIDE, Access.FIXED, 500),
        (Role.INSIDE, Access.DATACENTER, 500),
        (Role.CONTROL, Access.MOBILE, 120),
        (Role.CONTROL, Access.FIXED, 500),
        (Role.CONTROL, Access.DATACENTER, 2000),
    ],
)
def test_what_a_box_begins_with_is_within_its_cap(tmp_path: Path, role: Role, access: Access, cap_mb: int) -> None:
    loaded = written(tmp_path, role, access)
    assert loaded.config.bytes_per_day == cap_mb * 1_000_000
    assert cost.bytes_per_day(loaded.config, loaded.services) <= loaded.config.bytes_per_day


@pytest.mark.parametrize("access", Access)
def test_inside_nobody_asks_for_what_gets_round_a_block_unless_it_is_chosen(tmp_path: Path, access: Access) -> None:
    loaded = written(tmp_path, Role.INSIDE, access)
    assert not {each.category for each in loaded.services} & {"vpn", "anti_censorship"}
    assert {"whatsapp", "instagram", "imo", "canaries"} <= {each.id for each in loaded.services}


def test_a_control_among_servers_walks_whatever_a_box_inside_may_walk(tmp_path: Path) -> None:
    assert (
        sorted(each.id for each in written(tmp_path, Role.CONTROL, Access.DATACENTER).services) == catalogue.shipped()
    )


@pytest.mark.parametrize("role", Role)
def test_no_line_of_the_file_is_wider_than_a_page_or_ends_in_nothing(tmp_path: Path, role: Role) -> None:
    written(tmp_path, role, Access.DATACENTER)
    lines = (tmp_path / "didban.yml").read_text().splitlines()
    assert [line for line in lines if len(line) > 120 or line != line.rstrip()] == []
    glued = [line for line in lines if "#" in line.lstrip("# ") and " # " not in line]
    assert glued == [], "a comment stands apart from what it speaks of"


def test_check_config_says_how_far_a_list_is_used_and_what_a_control_cannot_see(tmp_path: Path) -> None:
    loaded = written(tmp_path, Role.CONTROL, Access.FIXED)
    (tmp_path / "blockpage_signatures.json").write_text(
        '{"fingerprint":"b_nat_de_x","pattern":"verboten"}\n{"fingerprint":"b_nat_de_y","pattern":"(a+)+$"}\n'
        '{"fingerprint":"b_nat_ir_z","pattern":"z"}\n'
    )
    path = tmp_path / "didban.yml"
    path.write_text(path.read_text() + "fingerprints: [blockpage_signatures.json]\n")
    news, mistakes = check(path)
    assert mistakes == ()
    cost_line, list_line, row_line, blind = news.splitlines()
    targets = sum(len(service.targets) for service in loaded.services)
    assert cost_line.startswith(f"{targets} targets of {len(loaded.services)} services, about ")
    assert list_line == "blockpage_signatures.json: 1 rows used; left out: 1 of other countries"
    assert row_line.endswith("blockpage_signatures.json:2: may fit in too many ways: it may run for ever (not used)")
    assert blind.startswith("Not observable from outside, for no landmark stands in them (27 of 27 networks of IR)")


@pytest.mark.parametrize(("cap", "shown"), [("500KB", "of 0.5;"), ("1GB", "of 1000"), ("1B", "of 1e-06;")])
def test_a_small_cap_is_not_shown_as_none(tmp_path: Path, cap: str, shown: str) -> None:
    path = tmp_path / "didban.yml"
    written(tmp_path, Role.CONTROL, Access.DATACENTER)
    path.write_text(path.read_text().replace("limits: {bytes_per_day: 2GB}", f"limits: {{bytes_per_day: {cap}}}"))
    news, mistakes = check(path)
    assert mistakes == ()
    assert shown in f"{news.splitlines()[0]};"


def test_who_has_not_agreed_hears_it_before_the_daemon_says_so(tmp_path: Path) -> None:
    path = tmp_path / "didban.yml"
    written(tmp_path, Role.CONTROL, Access.DATACENTER)
    assert "consent" not in check(path)[0]
    path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("consent:")))
    news, mistakes = check(path)
    assert mistakes == ()
    assert "Nothing will be sent yet: no consent is recorded: run `didban init`" in news
