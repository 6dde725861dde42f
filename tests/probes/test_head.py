"""The head of an answer, read by us and by h11: both read the same out of it, both want more, or both call it none."""

from __future__ import annotations

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from probes.doors import head, web
from probes.doors.request import Request

REQUEST = Request("www.example.org", "/", secure=True, user_agent="test")
Read = tuple[int, dict[str, str]] | str | None


def ours(data: bytes) -> Read:
    try:
        found = head.read(data)
    except head.NoHead:
        return "none"
    return None if found is None else (found.status, found.fields)


def h11s(data: bytes) -> Read:
    talk = h11.Connection(h11.CLIENT)
    web._said(talk, REQUEST)
    talk.receive_data(data)
    try:
        event = talk.next_event()
    except h11.RemoteProtocolError:
        return "none"
    if event is h11.NEED_DATA:
        return None
    assert isinstance(event, h11.Response | h11.InformationalResponse)
    return event.status_code, {key.decode("latin-1"): value.decode("latin-1") for key, value in event.headers}


def but_framing(read: Read) -> Read:
    """h11 writes these two anew (`5` for `5, 5`), we keep what was said; whether they will do is in the verdict."""
    if not isinstance(read, tuple):
        return read
    return read[0], {key: value for key, value in read[1].items() if key not in ("content-length", "transfer-encoding")}


_ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])
_STATUSES = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.0 404", b"HTTP/1.1 302 ", b"HTTP/2.0 451 No \xe9", b"HTTP/1.1 99", b"http/1.1 200 OK"]
)
_NAMES = st.sampled_from(
    [b"Server", b"x-a", b"Content-Length", b"Transfer-Encoding", b"a b", b"", b" x", b"\tx", b"x "]
)
_VALUES = st.one_of(
    st.sampled_from([b" 5", b"5, 5", b"5,6", b"-1", b"chunked", b" Chunked ", b"gzip", b"", b" a  b\t c ", b"9" * 21]),
    st.binary(max_size=5),
)


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    said = draw(_STATUSES) + draw(_ENDS)
    for _ in range(draw(st.integers(0, 4))):
        said += draw(_NAMES) + draw(st.sampled_from([b":", b":", b": ", b""])) + draw(_VALUES) + draw(_ENDS)
    return said + draw(st.sampled_from([b"\r\n", b"\r\n", b"\n", b"", b"\r"])) + draw(st.binary(max_size=3))


@given(heads())
@example(b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n")
@example(b"HTTP/1.1 200 OK\r\n c\r\n\r\n")
@example(b"\r\nHTTP/1.1 200 OK\r\n\r\n")
@example(b"\x16\x03\x01")
@example(b"HTTP/1.1 200 OK\n\n")
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n")
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")
@example(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n")
def test_a_head_is_the_same_to_both(data: bytes) -> None:
    assert but_framing(ours(data)) == but_framing(h11s(data))


@given(st.binary(min_size=1, max_size=60))
def test_no_bytes_make_it_raise_anything_else(data: bytes) -> None:
    assert ours(data) == h11s(data)
    ours(b"HTTP/1.1 200 OK\r\n" + data)


@pytest.mark.parametrize("head_bytes", range(1, len(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n")))
def test_a_part_of_a_head_wants_more(head_bytes: int) -> None:
    assert ours(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"[:head_bytes]) is None


def test_the_body_begins_behind_the_head() -> None:
    found = head.read(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody")
    assert found is not None
    assert found.size_bytes == len(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n")


def test_what_is_said_is_said_as_before() -> None:
    """A browser's order and letters: nothing in it may tell the box from others of its kind."""
    assert web._opening(REQUEST) == (
        b"GET / HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: test\r\n"
        b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
        b"Accept-Language: en-US,en;q=0.5\r\nConnection: close\r\n\r\n"
    )
