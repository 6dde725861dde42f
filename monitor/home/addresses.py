"""Addresses outside that a configuration names, and ways to them: checked before anything is sent there."""

from __future__ import annotations

import re
import urllib.parse
from typing import Annotated

from pydantic import AfterValidator


def _way(given: str) -> str:
    """What is wrong is not said back: a proxy's address may hold a password."""
    if not re.fullmatch("direct(:[^/\\s]{1,15})?|(socks5h?|http|https)://.+", given):
        raise ValueError(
            "must be direct, direct:INTERFACE, socks5h://..., http://... (a proxy) or https://... (itself)"
        )
    return home(given) if given.startswith("https:") else given


Way = Annotated[str, AfterValidator(_way)]


def _url(given: str, no_password: str) -> urllib.parse.SplitResult:
    url = urllib.parse.urlsplit(given)
    if url.scheme not in ("http", "https") or not url.hostname or not _has_good_port(url):
        raise ValueError("must be an http:// or https:// address")
    if url.username or url.password:
        raise ValueError(f"must hold no password: {no_password}")
    return url


def _has_good_port(url: urllib.parse.SplitResult) -> bool:
    try:
        return url.port != 0
    except ValueError:
        return False


def home(given: str) -> str:
    """In clear only to this machine: a password crosses. Raises ValueError."""
    url = _url(given, "it belongs into basic_auth.password_file")
    if url.scheme == "http" and url.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("must be https: a password would cross in clear")
    return given


def query(given: str) -> str:
    """A database, or Alertmanager, as it is named on a command line. Raises ValueError."""
    _url(given, "what a command line holds is in every list of processes")
    return given


def _authority(given: str) -> str:
    """Also in clear: what is asked is a hash, and what comes is signed."""
    _url(given, "authorities that want one are not asked")
    return given


Home = Annotated[str, AfterValidator(home)]
Authority = Annotated[str, AfterValidator(_authority)]
