"""Addresses of pages and the pages themselves, as OONI kept them: what known marks they bear, what control got."""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from dataclasses import dataclass

from monitor.stored.ooni.keys import ControlPage, Response, Tor, Transaction
from probes.ports import Page

_TITLE = re.compile(rb"<title[^>]{0,256}>([^<]{1,512})", re.IGNORECASE)
_MOST_BODY = 64 * 1024  # as much as a walk of ours reads, and as the marks look at
_ALIKE = 0.7  # OONI's own share of lengths above which two pages pass for one (ts-017)


@dataclass(frozen=True, slots=True)
class Url:
    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, text: str | None) -> Url | None:
        """None for what is no address of a page."""
        try:
            url = urllib.parse.urlsplit((text or "").strip())
            port = url.port
        except ValueError:
            return None
        if url.scheme not in ("http", "https") or not url.hostname:
            return None
        secure = url.scheme == "https"
        return cls(url.hostname.rstrip("."), port or (443 if secure else 80), secure)

    def same_site(self, host: str) -> bool:
        """The same name, `www.` or not, or one below it."""
        bare = self.host.removeprefix("www.")
        return host == bare or host.endswith("." + bare)


def url_of(transaction: Transaction) -> Url | None:
    """Where it asked; None also for what went through Tor, which is no line of anybody's."""
    request = transaction.request
    if request is None or (request.tor.is_tor if isinstance(request.tor, Tor) else request.tor):
        return None
    return Url.of(request.url)


def page_of(response: Response) -> Page:
    given = response.headers if isinstance(response.headers, dict) else {}
    headers = {key: value for key, value in given.items() if isinstance(value, str)}
    return Page(response.code or 0, headers, body_of(response)[:_MOST_BODY])


def body_of(response: Response) -> bytes:
    """What is no base64 is no body."""
    match response.body:
        case str(text):
            return text.encode("utf-8", "replace")
        case {"data": str(packed)}:
            try:
                return base64.b64decode(packed, validate=False)
            except (binascii.Error, ValueError):
                return b""
        case _:
            return b""


def alike(response: Response, control: ControlPage | None) -> bool:
    """The same status, and the same title or about the same length."""
    if control is None or response.code != control.status_code:
        return False
    body = body_of(response)
    found = _TITLE.search(body[:_MOST_BODY])
    title = " ".join(found[1].decode("utf-8", "replace").split()) if found else ""
    if title and title == " ".join((control.title or "").split()):
        return True
    lengths = sorted((len(body), control.body_length or 0))
    return lengths[0] > 0 and lengths[0] / lengths[1] >= _ALIKE
