"""What Didban is made of is said in full, in a form that machines take; and what is known of it is asked, or said not to be."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy import audit, sbom
from deploy.audit import NOT_REACHED, NOTHING, SOMETHING
from tests.deploy.test_locks import EXTRAS, lock

ROOT = Path(__file__).parents[2]


def test_the_bill_of_materials_is_cyclonedx() -> None:
    """By CycloneDX's own schema, strictly."""
    made = sbom.bom("build") | {"components": sbom.bom("run")["components"][:20]}
    made["dependencies"] = []
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is None


@pytest.mark.parametrize("which", ["run", "build", *EXTRAS])
def test_the_bill_of_materials_names_what_is_locked(which: str) -> None:
    made = sbom.bom(which)
    listed = {each["name"]: each for each in made["components"]}
    locked = lock(which)
    assert listed.keys() == locked.keys()
    for name, row in locked.items():
        (files,) = listed[name]["externalReferences"]
        assert {each["content"] for each in files["hashes"]} == {each.removeprefix("sha256:") for each in row.hashes}
        assert listed[name]["version"] == row.requirement.specifier.__iter__().__next__().version


def test_a_bill_that_is_no_cyclonedx_would_be_seen() -> None:
    made = sbom.bom("build")
    made["components"][0]["type"] = "thing"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is not None


def test_who_asks_for_what_is_in_it() -> None:
    made = sbom.bom("run")
    asks = {each["ref"].partition("@")[0]: each["dependsOn"] for each in made["dependencies"]}
    assert any(each.startswith("pkg:pypi/aiohttp@") for each in asks["pkg:pypi/didban"])
    assert any(each.startswith("pkg:pypi/yarl@") for each in asks["pkg:pypi/aiohttp"])


def test_the_same_lock_gives_the_same_bytes() -> None:
    command = [sys.executable, "-m", "deploy.sbom"]
    one, two = (subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout for _ in range(2))
    assert one == two
    assert json.loads(one)["metadata"]["component"]["name"] == "didban"


# ---------------------------------------------------------------- the audit

_WELL = {"name": "a", "version": "1", "vulns": []}
_ILL = {
    "name": "b",
    "version": "2",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"], "aliases": [], "description": ""}],
}
_UNASKED = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (4)"}


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        ([_WELL], NOTHING, "1 packages were asked about"),
        ([_WELL, _ILL], SOMETHING, "b 2: PYSEC-1, mended in 3"),
        ([_WELL, _UNASKED], NOT_REACHED, "NOT REACHED for 1 of 2"),
        ([_ILL, _UNASKED], SOMETHING, "PYSEC-1"),
        ([], NOT_REACHED, "NOT REACHED"),
    ],
    ids=["well", "ill", "one was not asked about", "ill, and one was not", "nothing at all"],
)
def test_only_what_was_asked_about_is_called_well(rows: list[object], code: int, said: str) -> None:
    """pip-audit itself calls an index that knows none of the packages "no known vulnerabilities", and ends with 0."""
    found = audit.judged("run.txt", json.dumps({"dependencies": rows, "fixes": []}), "")
    assert found.code == code
    assert said in " ".join(found.says)


def test_a_database_that_nobody_reached_is_said_not_to_be() -> None:
    found = audit.judged("run.txt", "", "Traceback ...\nConnectionError: no route\n")
    assert found.code == NOT_REACHED
    assert "NOT REACHED, nothing was checked: ConnectionError: no route" in found.says[0]


# ---------------------------------------------------------------- what the linter was told to pass over

_SOURCES = [
    path for package in ("probes", "monitor", "dashboards", "deploy") for path in (ROOT / package).rglob("*.py")
]


def test_whatever_the_security_rules_are_told_to_pass_over_has_its_reason() -> None:
    """Beside it, in words; and no file is excepted as a whole."""
    for path in _SOURCES:
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.search(r"# noqa: (?:[A-Z]+\d+, )*(S\d+)(?:, [A-Z]+\d+)*(.*)", line)
            if found and path.name != "verify.py":  # its bytes lie in exports, and say why above
                assert len(found[2].strip(" -#()")) > 8, f"{path.relative_to(ROOT)}: {line.strip()}"


def test_how_to_report_a_hole_is_where_everybody_looks() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for each in ("## How to report", "## What counts", "## What happens then"):
        assert each in text
