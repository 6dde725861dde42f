"""Signs one request for a store that speaks S3: AWS Signature Version 4, the payload in one piece. No sockets.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single
Chunk", whose example for PUT Object is a test of ours.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Key:
    """`secret` is shown nowhere."""

    id: str
    secret: str
    region: str

    @classmethod
    def read(cls, text: str, region: str) -> Key:
        """Raises ValueError: not two words."""
        words = text.split()
        if len(words) != 2:
            raise ValueError("holds no access key: its id and its secret, on one line")
        return cls(words[0], words[1], region)

    def __repr__(self) -> str:
        return f"Key({self.region})"


def signed(
    key: Key, method: str, url: str, body: bytes, at_ms: int, headers: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The headers of the request: those given, and what signs them. `url`: as it is sent, its path quoted."""
    to = urllib.parse.urlsplit(url)
    time = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    payload = hashlib.sha256(body).hexdigest()
    every = {**(headers or {}), "host": to.netloc, "x-amz-content-sha256": payload, "x-amz-date": time}
    lower = {name.lower(): " ".join(value.split()) for name, value in every.items()}
    names = ";".join(sorted(lower))
    lines = "".join(f"{name}:{lower[name]}\n" for name in sorted(lower))
    request = "\n".join((method, to.path or "/", to.query, lines, names, payload))
    scope = f"{time[:8]}/{key.region}/s3/aws4_request"
    to_sign = "\n".join((_ALGORITHM, time, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_signing_key(key, time[:8]), to_sign.encode(), "sha256").hexdigest()
    credential = f"Credential={key.id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**every, "Authorization": f"{_ALGORITHM} {credential}"}


def path_of(name: str) -> str:
    """As S3 wants it in the path, once encoded, `/` left as it is."""
    return urllib.parse.quote(name, safe="/-_.~")


def _signing_key(key: Key, date: str) -> bytes:
    found = f"AWS4{key.secret}".encode()
    for part in (date, key.region, "s3", "aws4_request"):
        found = hmac.digest(found, part.encode(), "sha256")
    return found
