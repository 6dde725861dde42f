"""What a browser asks for a page with, and how much of the answer it wants, whatever version of HTTP carries it."""

from __future__ import annotations

from dataclasses import dataclass

from probes.failure import Refusal
from probes.ports import Page, Post
from probes.words import Failure

HEAD_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024
MOST_READ_BYTES = 4 * BODY_BYTES  # a body of one byte a chunk may wrap each in 16 KiB of nothing
MOST_INFORMATIONAL = 8

Headers = list[tuple[str, str]]
Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Request:
    """`host` as HTTP writes it, with the port where it is not the usual one. `more`: fields behind the usual ones."""

    host: str
    path: str
    secure: bool
    user_agent: str
    post: Post | None = None
    head: bool = False
    more: tuple[tuple[str, str], ...] = ()

    @property
    def method(self) -> str:
        return "POST" if self.post else "HEAD" if self.head else "GET"

    @property
    def body(self) -> bytes:
        return self.post.body if self.post else b""

    def headers(self) -> Headers:
        """Names in small letters, as HTTP/2 and HTTP/3 demand; HTTP/1.1 minds neither."""
        if self.post:
            return [
                ("user-agent", self.user_agent),
                ("accept", self.post.kind),
                ("content-type", self.post.kind),
                ("content-length", str(len(self.post.body))),
            ]
        return [
            ("user-agent", self.user_agent),
            ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("accept-language", "en-US,en;q=0.5"),
        ]

    def fields(self) -> Headers:
        """The same behind what stands in the request line of HTTP/1.1 (RFC 9113 section 8.3.1)."""
        where = [(":method", self.method), (":scheme", "https"), (":authority", self.host), (":path", self.path)]
        return where + self.headers()

    def wanted(self, status: int) -> int:
        """How many bytes of the body: none of an authenticated success, unless we handed something in for it."""
        return 0 if self.head or (self.secure and status < 400 and self.post is None) else BODY_BYTES


def page(fields: Fields, body: bytes) -> Page:
    """Of the fields of HTTP/2 and HTTP/3. Refusal where they hold no status there is."""
    headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in fields}
    status = headers.pop(":status", "")
    if not (len(status) == 3 and status.isascii() and status.isdigit() and 200 <= int(status) < 600):
        raise Refusal(Failure.HTTP_REQUEST_FAILED)
    return Page(int(status), headers, body)
