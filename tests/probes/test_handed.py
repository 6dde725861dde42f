"""Where a named file stands: what systemd handed over goes before the disk, by the very name systemd gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.doors import handed


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "hub.password").write_text("one")
    (folder / "secrets_hub.password").write_text("two")
    return {"CREDENTIALS_DIRECTORY": str(folder)}


@pytest.mark.parametrize(
    ("name", "stands"),
    [
        ("hub.password", "credentials/hub.password"),
        ("secrets/hub.password", "credentials/secrets_hub.password"),
        ("other.password", "etc/other.password"),
        ("../hub.password", "etc/../hub.password"),
        ("./hub.password", "etc/hub.password"),
    ],
)
def test_a_credential_goes_before_the_file_of_that_name(
    tmp_path: Path, given: dict[str, str], name: str, stands: str
) -> None:
    assert handed.at(tmp_path / "etc", name, given) == tmp_path / stands


def test_who_gave_an_absolute_name_meant_that_file(tmp_path: Path, given: dict[str, str]) -> None:
    assert handed.at(tmp_path, "/hub.password", given) == Path("/hub.password")


def test_without_systemd_everything_stands_beside_the_configuration(tmp_path: Path) -> None:
    assert handed.at(tmp_path, "hub.password", {}) == tmp_path / "hub.password"
