"""The step that asks for a page and says what came."""

from __future__ import annotations

from msgspec.structs import replace

from probes.attempt import attempt
from probes.facts import Observation
from probes.page import noted
from probes.place import Place, Tools
from probes.words import Failure, Step


async def fetch(place: Place, tools: Tools) -> tuple[Observation, Place]:
    """Failures: `http_request_failed` (no HTTP), `http_unexpected_status_code`, and those of the connection."""
    assert place.stream is not None
    options = place.target.options
    path, head = options.get("path", "/"), options.get("method") == "HEAD"
    asked = tools.web.fetch(place.stream, place.authority, path, secure=place.secure, alpn=place.alpn, head=head)
    page, seen = await attempt(asked, Step.FETCH, tools.clock, tools.timeout_s)
    if page is None:
        return seen, place
    seen = noted(page, seen, tools.fingerprints, host=place.name, secure=place.secure)
    expected = {"any", str(page.status), f"{page.status // 100}xx"} & set(place.target.expect)
    return seen if expected else replace(seen, failure=Failure.HTTP_UNEXPECTED_STATUS), place
