"""One line enrols a box: what the hub printed is what the box keeps, and a line that was mistyped writes nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from monitor import config
from monitor.__main__ import app
from monitor.begin import enrolment
from monitor.begin.enrolment import Enrolment
from monitor.hub import enrol, settings
from monitor.keeping import seal
from probes.words import Access, Role

KEY = seal.public_of(seal.new_key())
WHOLE = Enrolment(
    vantage="v7f3a",
    country="IR",
    role=Role.INSIDE,
    access=Access.MOBILE,
    network="AS197207",
    cohort="k2",
    url="https://hub.example.org/api/v1/write",
    password="x" * 43,
    seal_to=KEY,
)
LINE = enrolment.line(WHOLE)


def test_what_goes_in_comes_out() -> None:
    assert enrolment.read(LINE) == WHOLE
    bare = msgspec.structs.replace(WHOLE, network="", cohort="")
    assert enrolment.read(enrolment.line(bare)) == bare


def test_a_terminal_that_broke_it_does_no_harm() -> None:
    assert enrolment.read(f"  {LINE[:70]}\n   {LINE[70:]}\r\n") == WHOLE


@given(st.integers(0, len(LINE) - 1), st.sampled_from("abcXYZ019-_:!=é "))
def test_one_wrong_letter_anywhere_is_noticed(at: int, letter: str) -> None:
    wrong = LINE[:at] + letter + LINE[at + 1 :]
    if wrong == LINE:
        return
    with pytest.raises(ValueError, match=r"mistyped|another version|does not begin with"):
        enrolment.read(wrong)


@pytest.mark.parametrize(
    "wrong", ["", "didban1:", LINE[:-1], LINE[:-30], LINE + "A", LINE[1:], LINE[8:], LINE + LINE[8:]]
)
def test_what_is_not_whole_is_noticed(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"mistyped|does not begin with|no enrolment"):
        enrolment.read(wrong)


def test_a_line_of_a_later_version_is_told_from_a_mistyped_one() -> None:
    with pytest.raises(ValueError, match="another version"):
        enrolment.read("didban2:" + LINE[8:])


@pytest.mark.parametrize(
    "evil",
    [
        {"vantage": "../../etc/x"},
        {"vantage": "v1\nship: []"},
        {"country": "XX"},
        {"network": "AS1}\n"},
        {"cohort": "a b"},
        {"url": "http://hub.example.org/api/v1/write"},
        {"url": 'https://hub.example.org/"\nvantage: {}'},
        {"url": "https://user:pass@hub.example.org/"},
        {"password": "short"},
        {"password": "x" * 40 + "\nmore"},
        {"seal_to": "AAAA"},
    ],
)
def test_a_line_somebody_made_with_care_writes_nothing_that_does_not_fit(evil: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^(?!.*hub\.example)"):
        enrolment.read(enrolment.line(msgspec.structs.replace(WHOLE, **evil)))


def test_a_line_that_unfolds_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="no enrolment"):
        enrolment.read(enrolment.line(msgspec.structs.replace(WHOLE, password="x" * 1_000_000)))


# ---------------------------------------------------------------- from the hub to the box


HUB = """\
listen: 0.0.0.0:8443
tls: {cert_file: hub.pem, key_file: hub.key}
public: {url: "https://hub.example.org:8443/api/v1/write", ca_file: ca.pem}
forward: {remote_write: "http://127.0.0.1:9090/api/v1/write"}
"""


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    folder = tmp_path / "hub"
    (folder / "credentials").mkdir(parents=True)
    (folder / "registry.yml").write_text("vantages:\n")
    ca = trustme.CA()
    certificate = ca.issue_cert("hub.example.org")
    certificate.private_key_pem.write_to_path(folder / "hub.key")
    certificate.cert_chain_pems[0].write_to_path(folder / "hub.pem")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    (folder / "hub.yml").write_text(HUB)
    return folder / "hub.yml"


def ran(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, words)
    return done.exit_code, done.output


def test_a_box_is_set_up_by_the_line_the_hub_printed(hub: Path, tmp_path: Path) -> None:
    code, said = ran(*("hub", f"--config.file={hub}", "add", "v7f3a", "--country=IR", "--network=AS197207"),
                     *("--role=inside", "--access=mobile", "--cohort=k2"))  # fmt: skip
    assert code == 0, said
    (line,) = [each for each in said.splitlines() if each.startswith("didban1:")]
    assert "SECRET" in said
    assert "█" in said, "and as a code"
    box = tmp_path / "box" / "didban.yml"
    box.parent.mkdir()
    code, said = ran("init", f"--enrol={line}", "--i-understand", f"--out={box}", f"--storage={tmp_path}/state")
    assert code == 0, said
    loaded, mistakes = config.load(box)
    assert loaded is not None, mistakes
    row, (ship,) = loaded.config.vantage, loaded.config.ship
    assert (row.id, row.country, row.network, row.cohort) == ("v7f3a", "IR", "AS197207", "k2")
    assert (row.role, row.access) == (Role.INSIDE, Access.MOBILE)
    assert ship.remote_write == "https://hub.example.org:8443/api/v1/write"
    assert ship.tls.ca_file == "hub-ca.pem"
    assert (box.parent / "hub-ca.pem").read_text().split() == (hub.parent / "ca.pem").read_text().split()
    private = (hub.parent / "seal.key").read_text()
    assert loaded.config.storage.seal_to == seal.public_of(private)
    for path in (box, box.parent / "hub.password", hub.parent / "seal.key", hub.parent / "credentials" / "v7f3a"):
        assert path.stat().st_mode & 0o777 == 0o600, path
    lines = box.read_text().splitlines()
    assert [each for each in lines if len(each.replace(str(tmp_path), "")) > 120 or each != each.rstrip()] == []
    assert line not in box.read_text()


def test_a_line_that_is_asked_for_stands_in_no_list_of_commands(tmp_path: Path) -> None:
    words = ["init", "--enrol=-", "--i-understand", f"--out={tmp_path}/didban.yml", f"--storage={tmp_path}/state"]
    done = CliRunner().invoke(app, words, input=f"{LINE}\n")
    assert done.exit_code == 0, done.output
    assert LINE not in done.output
    assert (tmp_path / "hub.password").read_text() == "x" * 43 + "\n"


def test_nothing_is_written_without_consent(hub: Path, tmp_path: Path) -> None:
    box = tmp_path / "didban.yml"
    code, said = ran("init", f"--enrol={LINE}", f"--out={box}")
    assert code == 1
    assert "INSIDE IR" in said, "what is agreed to is about the place the line names"
    code, said = ran("init", f"--enrol={LINE[:-2]}", "--i-understand", f"--out={box}")
    assert code == 2
    assert "mistyped" in said
    code, said = ran("init", f"--enrol={LINE}", "--country=DE", "--i-understand", f"--out={box}")
    assert code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["hub"]


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "hub.password").write_text("of another hub")
    code, _ = ran("init", f"--enrol={LINE}", "--i-understand", f"--out={tmp_path}/didban.yml")
    assert code != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hub.password"]
    assert (tmp_path / "hub.password").read_text() == "of another hub"


def test_where_no_box_could_find_the_hub_none_is_enrolled(hub: Path) -> None:
    hub.write_text("".join(line for line in HUB.splitlines(keepends=True) if not line.startswith("public")))
    code, said = ran(*("hub", f"--config.file={hub}", "add", "v2", "--country=IR", "--role=inside", "--access=mobile"))
    assert code == 2
    assert "public" in said
    assert list((hub.parent / "credentials").iterdir()) == []
    assert (hub.parent / "registry.yml").read_text() == "vantages:\n"


def test_a_region_is_written_where_the_hub_is_and_goes_to_no_box(hub: Path) -> None:
    """The hub alone states it; a line that is found tells nobody where the box stands."""
    box = ("hub", f"--config.file={hub}", "add", "v2", "--country=IR", "--role=inside", "--access=mobile")
    for wrong, why in (("TR-34", "TR-34 is not in IR"), ("Tehran", "a region of ISO 3166-2 such as IR-12")):
        code, said = ran(*box, f"--region={wrong}")
        assert (code, why in said) == (2, True), said
    assert (hub.parent / "registry.yml").read_text() == "vantages:\n"
    code, said = ran(*box, "--region=IR-12")
    assert code == 0, said
    loaded, mistakes = settings.load(hub)
    assert loaded is not None, mistakes
    assert loaded.registry.vantages["v2"].region == "IR-12"
    (line,) = [each for each in said.splitlines() if each.startswith("didban1:")]
    assert b"IR-12" not in msgspec.msgpack.encode(enrolment.read(line))


def test_the_key_of_the_hub_is_made_once(hub: Path) -> None:
    loaded, mistakes = settings.load(hub)
    assert loaded is not None, mistakes
    assert enrol.seal_to(loaded) == enrol.seal_to(loaded)


def test_a_line_too_long_for_a_camera_has_no_code() -> None:
    assert enrol.code("didban1:" + "A" * 3000) == ""
    assert len(enrol.code(LINE).splitlines()) < 50
