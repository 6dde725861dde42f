"""Plays a captured box at the store of the fleet's evidence: its key, its password, and requests across the network.

The stores are nginx with the configuration we ship, and one of the laboratory that checks signatures and evaluates the
policy we ship (tests/lab/bucket.py). No S3 of anybody's was asked.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from monitor.evidence.store.sigv4 import Key, signed
from tests.lab import enter, servers, world
from tests.lab.bucket import attacks
from tests.lab.lab import Lab, scratch
from tests.lab.processes import reachable
from tests.lab.world import Box
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS, box
from tests.monitor.facts import INSIDE, rounds, walk

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

SHIPPED = Path(__file__).parents[2] / "deploy" / "store"
M1, F1 = world.VANTAGES[0], world.VANTAGES[2]  # captured, and honest
S3_PORT, PUT_PORT = 9000, 443
S3, PUT = f"https://{world.STORE}:{S3_PORT}", f"https://{world.STORE}:{PUT_PORT}"
MINE, THEIRS = (f"evidence/{each.country}/{each.network}/{each.name}" for each in (M1, F1))
HOUR = "2026-11-16T12.jsonl.gz"
LIE = gzip.compress(b"a lie\n", mtime=0)


@dataclass
class Stores:
    """Both, with the evidence of two boxes in them."""

    lab: Lab

    @property
    def objects(self) -> dict[str, str]:
        """What lies in either: its digest by its name."""
        folders = (self.lab.folder / "bucket" / "objects", self.lab.folder / "folder")
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def s3(self, method: str, target: str, *more: str, body: bytes = b"", by: Box = M1, secret: str = "") -> int:
        """What the bucket answers to a request of m1 that is signed well, with what m1 has. `more`: NAME: TEXT."""
        key = Key(by.name, secret or self.lab.password(by), "eu-central-1")
        headers = dict(each.split(": ", 1) for each in more)
        made = signed(key, method, S3 + target, body, int(time.time() * 1000), headers)
        return self._curl(
            method, S3 + target, body, [f"{name}: {text}" for name, text in made.items() if name != "host"]
        )

    def put(self, method: str, target: str, *more: str, body: bytes = b"", user: str = M1.name) -> int:
        """Likewise the folder."""
        return self._curl(method, PUT + target, body, list(more), "-u", f"{user}:{self.lab.password(M1)}")

    def _curl(self, method: str, url: str, body: bytes, headers: list[str], *more: str) -> int:
        named = [word for each in headers for word in ("-H", each)]
        at = self.lab.folder / "body"
        at.write_bytes(body)
        what = ("-I",) if method == "HEAD" else ("-X", method, *(("--data-binary", f"@{at}") if body else ()))
        command = ("curl", "-gsk", "--path-as-is", "--max-time", "5", "-o", "/dev/null", "-w", "%{http_code}", *what)
        return int(self.lab.run(M1.name, *command, *named, *more, url).stdout or 0)


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    with scratch() as folder, Lab(folder) as lab:
        leaf = lab.pki.leaf("evidence", world.STORE)
        _bucket(lab, str(leaf.chain), str(leaf.key))
        _folder(lab, str(leaf.chain), str(leaf.key))
        for port in (S3_PORT, PUT_PORT):
            lab.wait_for(f"the store at {port}", lambda port=port: reachable(world.STORE, port))  # type: ignore[misc]
        yield Stores(lab)


def _bucket(lab: Lab, chain: str, key: str) -> None:
    at = lab.folder / "bucket"
    for each in ("keys", "policies", "objects"):
        (at / each).mkdir(parents=True)
    for whose in (M1, F1):
        policy = (SHIPPED / "policy.json").read_text()
        policy = policy.replace("IR/AS197207/v7f3a", f"{whose.country}/{whose.network}/{whose.name}")
        (at / "policies" / f"{whose.name}.json").write_text(policy)
        (at / "keys" / whose.name).write_text(lab.password(whose))
    lab.spawn(
        "bucket", "store", [sys.executable, "-m", "tests.lab.bucket", str(at), world.STORE, str(S3_PORT), chain, key]
    )


def _folder(lab: Lab, chain: str, key: str) -> None:
    at = lab.folder / "folder"
    at.mkdir()
    passwords = lab.folder / "passwords"
    for whose in (M1, F1):
        hashed = subprocess.run(
            ["openssl", "passwd", "-6", lab.password(whose)], capture_output=True, text=True, check=True
        )
        with passwords.open("a") as file:
            file.write(f"{whose.name}:{hashed.stdout}")
    config = (SHIPPED / "nginx.conf").read_text()
    for shipped, here in (
        ("/etc/didban-store/cert.pem", chain),
        ("/etc/didban-store/key.pem", key),
        ("/etc/didban-store/passwords", str(passwords)),
        ("/var/lib/didban-store", str(at)),
    ):
        assert shipped in config
        config = config.replace(shipped, here)
    lab.spawn("folder", "store", servers.nginx(lab.folder / "folder-nginx", config))


def upload(lab: Lab, whose: Box, to: str) -> None:
    """Two closed hours of it, put by our own code from where it stands; again, where they were put before."""
    folder = lab.folder / f"{whose.name}-{'s3' if 's3' in to else 'put'}"
    if not folder.exists():
        _lived(lab, folder, whose, to)
    command = (sys.executable, "-m", "tests.lab.uploader", str(folder / "didban.yml"), str(folder / "spool"))
    done = lab.run(whose.name, *command)
    assert done.returncode == 0, done.stderr


def _lived(lab: Lab, folder: Path, whose: Box, to: str) -> None:
    kept = [rounds(walk(to="imo/web", started_ms=NOON_MS + n * 30 * MINUTE_MS), number=n) for n in range(4)]
    vantage = replace(INSIDE, id=whose.name, network=whose.network)
    box(folder / "spool", vantage, kept, closed_ms=None)
    (folder / "secret").write_bytes(bytes(32))
    (folder / "key").write_text(f"{whose.name} {lab.password(whose)}\n")
    (folder / "password").write_text(lab.password(whose))
    (folder / "didban.yml").write_text(
        f"vantage: {{id: {whose.name}, secret_file: secret, country: {whose.country}, network: {whose.network},"
        f" access: {whose.access}, role: inside}}\nupload: {to}\n"
    )


def forms(lab: Lab, whose: Box) -> tuple[str, str]:
    s3 = f"{{s3: {{endpoint: '{S3}', bucket: evidence, region: eu-central-1, key_file: key}}, ca_file: {lab.pki.ca_file}}}"
    put = f"{{url: '{PUT}/evidence', username: {whose.name}, password_file: password, ca_file: {lab.pki.ca_file}}}"
    return s3, put


@pytest.fixture(scope="module")
def filled(stores: Stores) -> Stores:
    for whose in (M1, F1):
        for form in forms(stores.lab, whose):
            upload(stores.lab, whose, form)
    return stores


def test_every_box_puts_its_hours_into_either_store(filled: Stores) -> None:
    names = [each.rpartition("/")[2] for each in filled.objects if "objects" in each]
    expected = [f"{at}/2026-11-16T{hour}.jsonl.gz" for at in (MINE, THEIRS) for hour in (12, 13)]
    assert sorted(names) == sorted(each.replace("/", "%2F").replace(":", "%3A") for each in expected)
    assert all((filled.lab.folder / "folder" / each).is_file() for each in expected)
    assert filled.lab.stats()["crossed"][M1.address] > 0, "by way of the middlebox"


def test_an_hour_that_goes_again_after_a_crash_is_taken(filled: Stores) -> None:
    before = filled.objects
    for whose in (M1, F1):
        for form in forms(filled.lab, whose):
            upload(filled.lab, whose, form)
    assert filled.objects == before


def test_what_is_captured_opens_nothing_of_the_others_in_a_bucket(filled: Stores) -> None:
    """And nothing of its own past either: it puts, and that is all."""
    before = filled.objects
    refused = attacks(MINE, THEIRS, HOUR)
    delete = f"<Delete><Object><Key>{THEIRS.removeprefix('evidence/')}/{HOUR}</Key></Object></Delete>".encode()
    bodies = {"PUT": LIE, "POST": delete}
    found = {what: filled.s3(method, at, body=bodies.get(method, b"")) for what, (method, at) in refused.items()}
    assert found == dict.fromkeys(refused, 403)
    copy = filled.s3("PUT", f"/{MINE}/copy", f"x-amz-copy-source: /{THEIRS}/{HOUR}")
    public = filled.s3("PUT", f"/{MINE}/public", "x-amz-acl: public-read", body=LIE)
    anothers = filled.s3("PUT", f"/{THEIRS}/{HOUR}", body=LIE, by=F1, secret=filled.lab.password(M1))
    assert (copy, public, anothers) == (403, 403, 403)
    assert filled.objects == before


def test_a_dotted_name_in_a_bucket_is_a_name_like_others(filled: Stores) -> None:
    before = filled.objects
    assert filled.s3("PUT", f"/{MINE}/../{F1.name}/{HOUR}", body=LIE) == 200, "it begins with its own prefix"
    changed = {name: digest for name, digest in filled.objects.items() if before.get(name) != digest}
    assert len(changed) == 1
    assert all(".." in name for name in changed), "and lies there, in nobody else's name"
    assert {name: filled.objects[name] for name in before} == before


def test_what_is_captured_opens_nothing_of_the_others_in_a_folder(filled: Stores) -> None:
    before = filled.objects
    refused = {
        "read theirs": ("GET", f"/{THEIRS}/{HOUR}"),
        "look whether it is there": ("HEAD", f"/{THEIRS}/{HOUR}"),
        "write over theirs": ("PUT", f"/{THEIRS}/{HOUR}"),
        "write beside theirs": ("PUT", f"/{THEIRS}/2026-11-16T23.jsonl.gz"),
        "by dots": ("PUT", f"/{MINE}/../{F1.name}/{HOUR}"),
        "by dots that are written otherwise": ("PUT", f"/{MINE}/%2e%2e/{F1.name}/{HOUR}"),
        "by a slash that is written otherwise": ("PUT", f"/{MINE}/..%2f{F1.name}/{HOUR}"),
        "below theirs, in its own name": ("PUT", f"/{THEIRS}/{M1.name}/{HOUR}"),
        "what begins as its own": ("PUT", f"/{MINE}0/{HOUR}"),
        "what is no hour": ("PUT", f"/{MINE}/index.html"),
        "beside them all": ("PUT", f"/{HOUR}"),
        "take theirs away": ("DELETE", f"/{THEIRS}/{HOUR}"),
        "take all of it away": ("DELETE", f"/{THEIRS}/"),
        "list": ("GET", "/evidence/"),
        "list theirs": ("GET", f"/{THEIRS}/"),
        "list by DAV": ("PROPFIND", "/evidence/"),
        "move": ("MOVE", f"/{THEIRS}/{HOUR}"),
        "copy": ("COPY", f"/{THEIRS}/{HOUR}"),
        "a folder": ("MKCOL", f"/{THEIRS}/x/"),
        "read its own": ("GET", f"/{MINE}/{HOUR}"),
        "take its own away": ("DELETE", f"/{MINE}/{HOUR}"),
    }  # fmt: skip
    to = f"Destination: {PUT}/{MINE}/2026-11-16T22.jsonl.gz"
    found = {
        what: filled.put(method, at, to, body=LIE if method == "PUT" else b"") for what, (method, at) in refused.items()
    }
    assert {what: status for what, status in found.items() if status not in (403, 404)} == {}
    assert filled.put("PUT", f"/{THEIRS}/{HOUR}", body=LIE, user=F1.name) == 401, "another's name with its own password"
    assert filled.put("PUT", f"/{MINE}/{HOUR}", body=LIE, user="") == 403
    assert filled.objects == before


def test_nobody_writes_over_what_a_folder_holds_not_even_its_own_box(filled: Stores) -> None:
    before = filled.objects
    assert filled.put("PUT", f"/{MINE}/{HOUR}", body=LIE) == 204
    assert filled.objects == before
    assert filled.put("PUT", f"/{MINE}/2026-11-16T21.jsonl.gz", body=LIE) == 201, "what is new it may lay there"


def test_who_has_no_password_is_told_nothing_of_what_lies_there(filled: Stores) -> None:
    known, unknown = (f"/{THEIRS}/{hour}" for hour in (HOUR, "2026-11-16T20.jsonl.gz"))
    for user in (F1.name, ""):  # with m1's password
        assert filled.put("PUT", known, body=LIE, user=user) == filled.put("PUT", unknown, body=LIE, user=user)


def test_the_bucket_saw_every_request_come_from_where_the_box_stands(filled: Stores) -> None:
    rows = [json.loads(line) for line in (filled.lab.folder / "bucket" / "log.jsonl").read_text().splitlines()]
    assert len(rows) > 20
    assert {row["from"] for row in rows} == {M1.address, F1.address}
