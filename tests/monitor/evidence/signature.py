"""The signature of a request as a store works it out from what arrived, after the S3 API Reference: no code of ours."""

from __future__ import annotations

import hashlib
import hmac
import urllib.parse
from collections.abc import Mapping


def fields(authorization: str) -> dict[str, str]:
    """Of an Authorization header of version 4. Raises KeyError or ValueError for what is none."""
    return dict(part.split("=", 1) for part in authorization.removeprefix("AWS4-HMAC-SHA256 ").split(", "))


def worked_out(secret: str, method: str, target: str, headers: Mapping[str, str], body: bytes) -> str:
    """`target`: path and query as they arrived. Raises KeyError, ValueError or AssertionError where it cannot be one."""
    lower = {key.lower(): value for key, value in headers.items()}
    said = fields(lower["authorization"])
    _, date, region, service, last = said["Credential"].split("/")
    names = said["SignedHeaders"].split(";")
    assert names == sorted(names)
    assert {"host", "x-amz-content-sha256", "x-amz-date"} <= set(names)
    assert hashlib.sha256(body).hexdigest() == lower["x-amz-content-sha256"]
    path, _, query = target.partition("?")
    asked = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    named = "&".join(
        f"{urllib.parse.quote(key, safe='-_.~')}={urllib.parse.quote(text, safe='-_.~')}" for key, text in asked
    )
    canonical = [method, path, named, *(f"{name}:{lower[name]}" for name in names), "", ";".join(names)]
    text = "\n".join([*canonical, lower["x-amz-content-sha256"]])
    scope = f"{date}/{region}/{service}/{last}"
    to_sign = f"AWS4-HMAC-SHA256\n{lower['x-amz-date']}\n{scope}\n{hashlib.sha256(text.encode()).hexdigest()}"
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, last, to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()
