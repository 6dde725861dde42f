"""The policy we ship for a bucket of evidence lets one box put its own hours, and not one thing more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from monitor.evidence.store.segments import _NOWHERE
from tests.lab.bucket import Request, allows, asked, attacks

SHIPPED = Path(__file__).parents[2] / "deploy" / "store"
MINE, THEIRS = "evidence/IR/AS197207/v7f3a", "evidence/IR/AS58224/v81c2"
HOUR = "2026-11-16T12.jsonl.gz"


def policy() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SHIPPED / "policy.json").read_text())
    return found


def allowed(policy: dict[str, Any]) -> list[str]:
    """Which of the attacks it lets through."""
    tried = attacks(MINE, THEIRS, HOUR)
    delete = f"<Key>{THEIRS.removeprefix('evidence/')}/{HOUR}</Key>".encode()
    return [what for what, (method, at) in tried.items() if allows(policy, asked(Request(method, at, {}, delete)))]


def test_a_box_may_put_its_hours_and_nothing_else() -> None:
    for name in (HOUR, "2026-11-16T12-7.jsonl.gz"):
        assert allows(policy(), asked(Request("PUT", f"/{MINE}/{name}", {}, b"")))
    assert allowed(policy()) == []
    copy = Request("PUT", f"/{MINE}/copy", {"x-amz-copy-source": f"/{THEIRS}/{HOUR}"}, b"")
    public = Request("PUT", f"/{MINE}/public", {"x-amz-acl": "public-read"}, b"")
    assert not allows(policy(), asked(copy))
    assert not allows(policy(), asked(public))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("Resource", "arn:aws:s3:::evidence/*"),
        ("Resource", "arn:aws:s3:::evidence/IR/*"),
        ("Resource", "arn:aws:s3:::evidence/IR/AS197207/v7f3a*"),  # a box whose name goes on
        ("Resource", "arn:aws:s3:::evidence/*/*/v7f3a/*"),  # `*` is any text: evidence/IR/AS58224/v81c2/v7f3a/x too
        ("Resource", ["arn:aws:s3:::evidence/IR/AS197207/v7f3a/*", "arn:aws:s3:::evidence"]),
        ("Action", "s3:*"),
        ("Action", "s3:*Object"),
        ("Action", ["s3:PutObject", "s3:GetObject"]),
        ("Action", ["s3:PutObject", "s3:DeleteObject"]),
        ("Action", ["s3:PutObject", "s3:PutObjectAcl"]),
    ],
)
def test_a_policy_that_gives_more_would_be_seen(key: str, text: object) -> None:
    wider = policy()
    wider["Statement"][0][key] = text
    if key == "Resource" and isinstance(text, list):
        wider["Statement"][0]["Action"] = ["s3:PutObject", "s3:ListBucket"]
    assert allowed(wider)


def test_the_folder_takes_the_names_our_uploads_have() -> None:
    config = (SHIPPED / "nginx.conf").read_text()
    (pattern,) = re.findall(r"location ~ (\S+) \{", config)
    there = re.compile(pattern.replace("(?<", "(?P<"))
    for name in ("IR/AS197207/v7f3a/2026-11-16T12.jsonl.gz", f"IR/{_NOWHERE}/v7f3a/2026-11-16T12-31.jsonl.gz"):
        found = there.fullmatch(f"/evidence/{name}")
        assert found is not None
        assert found["box"] == "v7f3a"
