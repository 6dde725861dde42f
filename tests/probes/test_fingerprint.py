"""What is recognised, and what only looks like it."""

from __future__ import annotations

import pytest

from probes import known
from probes.fingerprint import Meaning
from probes.ports import Page

KNOWN = known.load()


def refusal(status: int, body: str, headers: dict[str, str] | None = None) -> str | None:
    mark = KNOWN.mark(Page(status, headers or {}, body.encode()), Meaning.REFUSAL, Meaning.CHALLENGE)
    return mark.id if mark else None


@pytest.mark.parametrize(
    ("status", "body", "row"),
    [
        (403, "Since Docker is a US company, we must comply with US export control regulations", "docker_export_control"),
        (403, "The Amazon CloudFront distribution is configured to block access from your country.", "cloudfront_country"),
        (403, "<h1>Error 1009</h1> Ray ID: 7 The owner has banned the country or region your IP address is in (IR)",
         "cloudflare_1009"),
        (403, '{"error":{"code":"unsupported_country_region_territory"}}', "openai_country"),
        (451, "", "http_451"),
        (403, "This content is not available in your country", "generic_country"),
        (403, "blocked due to economic sanctions", "generic_sanctions"),
    ],
)  # fmt: skip
def test_a_refusal_in_so_many_words_is_recognised(status: int, body: str, row: str) -> None:
    assert refusal(status, body) == row


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "Our terms mention export control and OFAC."),
        (403, "x" * 21_000 + " economic sanctions"),
        (403, "Your client does not have permission to get URL / from this server."),
        (403, "Attention Required! | Cloudflare Sorry, you have been blocked Ray ID: 7"),
        (429, "Too many requests"),
        (503, "Service Unavailable"),
        (403, ""),
    ],
)
def test_what_anybody_may_see_is_no_refusal(status: int, body: str) -> None:
    assert refusal(status, body) is None


def test_a_challenge_asks_whether_we_are_human() -> None:
    assert refusal(403, "Just a moment...", {"cf-mitigated": "challenge"}) == "cloudflare_challenge"


def test_the_block_page_of_iran_is_recognised() -> None:
    body = b'<html><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1256">' + (
        b'</head><body><iframe src="http://10.10.34.36?type=Invalid Keyword&policy=MainPolicy " style="width: 100%">'
    )
    mark = KNOWN.mark(Page(403, {}, body), Meaning.BLOCK_PAGE)
    assert mark is not None
    assert mark.id == "ir_iframe_10_10_34"
