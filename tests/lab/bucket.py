"""A store that speaks as much S3 as there is to attack: signatures of version 4, and policies, evaluated. No S3.

    python -m tests.lab.bucket FOLDER ADDRESS PORT CHAIN KEY

`FOLDER/keys/ID` holds a secret, `FOLDER/policies/ID.json` what its owner may; an object is a file in `FOLDER/objects`, by
its quoted name. Every request is written to `FOLDER/log.jsonl`, with what it asked for and whether it was allowed.
"""

from __future__ import annotations

import fnmatch
import json
import re
import ssl
import sys
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.monitor.evidence.signature import fields, worked_out

_ARN = "arn:aws:s3:::"
_OF_AN_OBJECT = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
    "POST": "s3:PutObject",
}
_OF_A_BUCKET = {"GET": "s3:ListBucket", "HEAD": "s3:ListBucket", "PUT": "s3:CreateBucket", "DELETE": "s3:DeleteBucket"}
# what a word in the query makes of it (Service Authorization Reference, "Actions defined by Amazon S3")
_PARTS = {
    "acl": "Acl",
    "tagging": "Tagging",
    "retention": "Retention",
    "legal-hold": "LegalHold",
    "versionId": "Version",
}
_VERBS = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "DELETE": "Delete", "POST": "Put"}

Asked = tuple[str, str]  # an action, and the ARN of what it is done to


@dataclass(frozen=True, slots=True)
class Request:
    """`target`: path and query, as they arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def bucket_and_key(self) -> tuple[str, str]:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.target).path)
        bucket, _, key = path.lstrip("/").partition("/")
        return bucket, key

    @property
    def query(self) -> Mapping[str, str]:
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query, keep_blank_values=True))


def asked(request: Request) -> list[Asked]:
    """Everything that must be allowed for it."""
    bucket, key = request.bucket_and_key
    verb, query = _VERBS.get(request.method, ""), request.query
    if not bucket:
        return [("s3:ListAllMyBuckets", "*")]
    if not key and request.method == "POST" and "delete" in query:
        named = re.findall("<Key>(.*?)</Key>", request.body.decode(errors="replace"))
        return [("s3:DeleteObject", f"{_ARN}{bucket}/{each}") for each in named] or [("s3:DeleteObject", "*")]
    if not key:
        special = {"versions": "s3:ListBucketVersions", "uploads": "s3:ListBucketMultipartUploads"}
        word = next((special[each] for each in query if each in special), None)
        other = next(
            (f"s3:{verb}Bucket{each.title()}" for each in query if each in ("policy", "acl", "versioning")), None
        )
        return [(word or other or _OF_A_BUCKET.get(request.method, "s3:unknown"), _ARN + bucket)]
    found = [(_OF_AN_OBJECT.get(request.method, "s3:unknown"), f"{_ARN}{bucket}/{key}")]
    found += [(f"s3:{verb}Object{part}", found[0][1]) for word, part in _PARTS.items() if word in query]
    if request.method == "DELETE" and "uploadId" in query:
        found = [("s3:AbortMultipartUpload", found[0][1])]
    if "x-amz-acl" in request.headers:
        found.append(("s3:PutObjectAcl", found[0][1]))
    if source := request.headers.get("x-amz-copy-source"):
        found.append(("s3:GetObject", _ARN + urllib.parse.unquote(source).lstrip("/")))
    return found


def allows(policy: Mapping[str, Any], wanted: Iterable[Asked]) -> bool:
    """Whatever is not allowed is denied; a Deny outweighs. Raises ValueError for words it does not evaluate."""
    return all(_verdict(policy, action, resource) for action, resource in wanted)


def _verdict(policy: Mapping[str, Any], action: str, resource: str) -> bool:
    allowed = False
    for statement in policy["Statement"]:
        if not set(statement) <= {"Sid", "Effect", "Action", "Resource"}:
            raise ValueError(f"a word nobody here evaluates: {sorted(statement)}")
        if not _matches(statement["Action"], action) or not _matches(statement["Resource"], resource):
            continue
        if statement["Effect"] != "Allow":
            return False
        allowed = True
    return allowed


def _matches(patterns: str | list[str], given: str) -> bool:
    """`*` is any text, `/` too, and `?` any letter; nothing else is special."""
    every = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatch.fnmatchcase(given, each.replace("[", "[[]")) for each in every)


def attacks(mine: str, theirs: str, hour: str) -> dict[str, tuple[str, str]]:
    """What somebody with the key of one box may try, whose objects begin with `mine`: method, and path with query."""
    return {
        "read theirs": ("GET", f"/{theirs}/{hour}"),
        "look whether it is there": ("HEAD", f"/{theirs}/{hour}"),
        "write over theirs": ("PUT", f"/{theirs}/{hour}"),
        "write beside theirs": ("PUT", f"/{theirs}/2026-11-16T23.jsonl.gz"),
        "write below theirs, in its own name": ("PUT", f"/{theirs}/{mine.rpartition('/')[2]}/{hour}"),
        "write beside them all": ("PUT", "/evidence/x"),
        "write what begins as its own": ("PUT", f"/{mine}0/{hour}"),
        "in parts": ("POST", f"/{theirs}/{hour}?uploads="),
        "take theirs away": ("DELETE", f"/{theirs}/{hour}"),
        "take a version away": ("DELETE", f"/{theirs}/{hour}?versionId=1"),
        "take many away": ("POST", "/evidence?delete="),
        "list": ("GET", "/evidence"),
        "list theirs": ("GET", f"/evidence?list-type=2&prefix={theirs.removeprefix('evidence/')}"),
        "list versions": ("GET", "/evidence?versions="),
        "list buckets": ("GET", "/"),
        "show it to all": ("PUT", f"/{mine}/{hour}?acl="),
        "give itself more": ("PUT", "/evidence?policy="),
        "take the bucket away": ("DELETE", "/evidence"),
        "read its own": ("GET", f"/{mine}/{hour}"),
        "take its own away": ("DELETE", f"/{mine}/{hour}"),
    }  # fmt: skip


class Bucket(BaseHTTPRequestHandler):
    folder: Path

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = Request(self.command, self.path, {key.lower(): text for key, text in self.headers.items()}, body)
        wanted = asked(request)
        allowed = self._signed(request) and self._allowed(request, wanted)
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps({"from": self.client_address[0], "asked": wanted, "allowed": allowed}) + "\n")
        status, content = self._done(request) if allowed else (403, b"AccessDenied")
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if request.method != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = _answer

    def _id(self, request: Request) -> str:
        return fields(request.headers["authorization"])["Credential"].partition("/")[0]

    def _signed(self, request: Request) -> bool:
        try:
            secret = (self.folder / "keys" / self._id(request)).read_text()
            said = worked_out(secret, request.method, request.target, request.headers, request.body)
            return fields(request.headers["authorization"])["Signature"] == said
        except (KeyError, ValueError, AssertionError, OSError):
            return False

    def _allowed(self, request: Request, wanted: list[Asked]) -> bool:
        policy = json.loads((self.folder / "policies" / f"{self._id(request)}.json").read_text())
        return allows(policy, wanted)

    def _done(self, request: Request) -> tuple[int, bytes]:
        bucket, key = request.bucket_and_key
        objects = self.folder / "objects"
        path = objects / urllib.parse.quote(f"{bucket}/{key}", safe="")
        match request.method:
            case "PUT" if key:
                source = request.headers.get("x-amz-copy-source")
                path.write_bytes(
                    (objects / urllib.parse.quote(urllib.parse.unquote(source).lstrip("/"), safe="")).read_bytes()
                    if source
                    else request.body
                )
                return 200, b""
            case "GET" if key:
                return (200, path.read_bytes()) if path.exists() else (404, b"NoSuchKey")
            case "GET":
                return 200, "\n".join(sorted(each.name for each in objects.iterdir())).encode()
            case "DELETE" if key:
                path.unlink(missing_ok=True)
                return 204, b""
        return 501, b"NotImplemented"

    def log_message(self, format: str, *args: Any) -> None:
        """Its own log is enough."""


def main() -> None:
    folder, address, port, chain, key = sys.argv[1:]
    Bucket.folder = Path(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    with ThreadingHTTPServer((address, int(port)), Bucket) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
