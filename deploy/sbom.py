"""What Didban is made of, as CycloneDX 1.6 in JSON, out of a lock: each package with its version and its hashes.

    python -m deploy.sbom [run|report|responder|lab|dev] > didban.cdx.json

Standard library only, and reproducible: the same lock gives the same bytes. SOURCE_DATE_EPOCH (seconds since 1970) is
the time written in it, where it is set. Says nothing of Debian's packages, nor of what a wheel has linked into itself.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "deploy" / "locks"
_LINE = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"# via (.*)")


def components(lock: str) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Each package of a lock as a component, and by whom it is asked for."""
    for block in re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"\A(?:#.*\n)*", "", lock)):
        found = _LINE.match(block)
        if found is None:
            continue
        name, version = re.sub(r"[-_.]+", "-", found["name"]).lower(), found["version"]
        via = _VIA.search(block)
        made = {
            "type": "library", "bom-ref": _purl(name, version), "name": name, "version": version,
            "purl": _purl(name, version),
            "externalReferences": [{  # any of these files may be the one that was installed
                "type": "distribution", "url": f"https://pypi.org/project/{name}/{version}/#files",
                "hashes": [{"alg": "SHA-256", "content": each} for each in _HASH.findall(block)]}],
        }  # fmt: skip
        yield made, [each.strip() for each in via[1].split(",")] if via else []


def bom(which: str) -> dict[str, Any]:
    """Raises OSError where there is no such lock."""
    lock = (LOCKS / f"{which}.txt").read_text(encoding="utf-8")
    found = list(components(lock))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    own = _purl("didban", version)
    refs = {made["name"]: made["bom-ref"] for made, _ in found}
    asks: dict[str, list[str]] = {own: [], **{ref: [] for ref in refs.values()}}
    for made, via in found:
        for each in via:
            by = own if each.startswith("didban") else refs.get(re.sub(r"[-_.]+", "-", each).lower())
            if by is not None:
                asks[by].append(made["bom-ref"])
    made = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=hashlib.sha256(lock.encode()).digest()[:16], version=5)}",
        "metadata": {
            "component": {"type": "application", "bom-ref": own, "name": "didban", "version": version, "purl": own,
                          "licenses": [{"license": {"id": "Apache-2.0"}}]},
            "properties": [{"name": "didban:lock", "value": f"deploy/locks/{which}.txt"}],
        },
        "components": [component for component, _ in found],
        "dependencies": [{"ref": ref, "dependsOn": sorted(on)} for ref, on in sorted(asks.items())],
    }  # fmt: skip
    if stamp := os.environ.get("SOURCE_DATE_EPOCH"):
        at = datetime.datetime.fromtimestamp(int(stamp), datetime.UTC)
        made["metadata"]["timestamp"] = at.isoformat().replace("+00:00", "Z")
    return made


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version.replace('!', '%21').replace('+', '%2B')}"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bom(sys.argv[1] if len(sys.argv) > 1 else "run"), indent=2) + "\n")
