"""What a browser may do with our pages: none of another site's business, and nothing is kept, framed or guessed at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_ASKED_BY_OTHERS = ("cross-site", "same-site")
_EVERYWHERE = ("0.0.0.0:", "[::]:")
_LOOKS = ("GET", "HEAD")


def dressed(app: web.Application, more: Mapping[str, str] | None = None) -> None:
    """Every answer of `app` carries the headers, whoever made it; none says what it is served by."""
    headers = {**HEADERS, **(more or {})}

    async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
        for name, text in headers.items():
            response.headers.setdefault(name, text)
        response.headers.popall("Server", None)

    app.on_response_prepare.append(on_prepare)


def refusal(request: web.Request, answers_to: frozenset[str]) -> web.Response | None:
    """421 for a Host we do not answer to (DNS rebinding), 403 for what another site made a browser send."""
    if any(each.startswith(_EVERYWHERE) for each in answers_to):
        answers_to |= {_reached_at(request)}
    if request.headers.get("Host", "").lower() not in answers_to:  # of two, aiohttp takes none: 400
        return web.Response(text="This is not the host you asked for.\n", status=421)
    if is_of_another_site(request, answers_to.__contains__):
        return web.Response(text="No other site may ask this.\n", status=403)
    return None


def _reached_at(request: web.Request) -> str:
    """The address of ours that this visitor spoke to: where we listen on all, each is our listen address.

    A rebound name never is: it stands in the Host header as it was asked for.
    """
    match request.get_extra_info("sockname"):
        case (str(host), int(port), *_):
            host = host.removeprefix("::ffff:")
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return ""


def is_of_another_site(request: web.Request, is_ours: Callable[[str], bool]) -> bool:
    """Whether a page that is not ours made a browser send it. A link somebody follows is their own wish.

    Each browser says it in at least one way: Sec-Fetch-Site (W3C Fetch Metadata; all since 2023), Origin (RFC 6454;
    with every POST), and before those Referer. What is no browser says none of them.
    """
    headers = request.headers
    looks = request.method in _LOOKS
    site = headers.get("Sec-Fetch-Site", "")
    if site in _ASKED_BY_OTHERS:
        followed = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
        return not (looks and followed)
    if (origin := headers.get("Origin")) is not None:
        return not is_ours(origin.partition("://")[2])
    referer = headers.get("Referer", "").partition("://")[2].partition("/")[0]
    return bool(referer) and not looks and not site and not is_ours(referer)
