"""What is recognised, and what only looks like it."""

from __future__ import annotations

import pytest

from probes import known
from probes.fingerprint import Meaning
from probes.ports import Page

KNOWN = known.load()

# One page a row, written from the facts in it: status, headers, body.
PAGES: dict[str, tuple[int, dict[str, str], str]] = {
    "docker_export_control": (
        403, {}, "Since Docker is a US company, we must comply with US export control regulations. In an effort to comply"
    ),
    "cloudfront_country": (
        403, {"server": "CloudFront"},
        "<H1>403 ERROR</H1>The Amazon CloudFront distribution is configured to block access from your country."
    ),
    "cloudflare_1009": (
        403, {"server": "cloudflare", "cf-ray": "7"},
        "<h1>Error 1009</h1> Ray ID: 7 The owner of this website has banned the country or region your IP address is in (IR)"
    ),
    "openai_country": (403, {}, '{"error":{"code":"unsupported_country_region_territory","type":"request_forbidden"}}'),
    "github_trade_controls": (200, {}, "Due to U.S. trade controls law restrictions, your GitHub account has been restricted."),
    "apple_app_store_region": (200, {}, "The App Store is unavailable in the country or region you’re in."),
    "prohibited_location": (403, {}, "<h1>It appears you are accessing our website from a prohibited location.</h1>"),
    "generic_country": (403, {}, "This content is not available in your country"),
    "generic_sanctions": (403, {}, "blocked due to economic sanctions"),
    "http_451": (451, {}, ""),
    "cloudflare_challenge": (403, {"cf-mitigated": "challenge"}, "Just a moment..."),
    "cloudflare_1020": (403, {}, "error code: 1020"),
    "cloudflare_blocked": (403, {}, "<title>Attention Required! | Cloudflare</title>Sorry, you have been blocked Ray ID: 7"),
    "google_no_permission": (403, {}, "<b>403.</b> Your client does not have permission to get URL <code>/</code>."),
    "akamai_denied": (
        403, {"server": "AkamaiGHost"},
        '<H1>Access Denied</H1>\n \nYou don\'t have permission to access "http://a.example/" on this server. Reference #18'
    ),
    "incapsula": (403, {}, "Request unsuccessful. Incapsula incident ID: 7"),
    "sucuri": (403, {}, "<title>Sucuri WebSite Firewall - Access Denied</title>"),
    "ir_iframe_10_10_34": (403, {}, '<iframe src="http://10.10.34.36?type=Invalid Keyword&policy=MainPolicy " style="x">'),
    "ir_iframe_10_10": (403, {}, '<iframe src="http://10.10.35.1/blocked">'),
    "ir_iframe_v6_d0": (403, {}, '<iframe src="http://[d0:0:0:0:0:0:0:11:80]">'),
    "ir_peyvandha": (200, {}, 'href="http://peyvandha.ir/1-2.htm"'),
    "mm_ministry": (
        200, {},
        "This site was blocked as per directive received from the Ministry of Transport and Communications of Myanmar."
    ),
}  # fmt: skip

ORDINARY = [
    (
        503,
        {"server": "cloudflare"},
        "<h1>Error 503</h1> Service Temporarily Unavailable. Ray ID: 7 Cloudflare Location: FRA",
    ),
    (403, {}, "<title>403 Forbidden</title><h1>Forbidden</h1><hr>nginx"),
    (404, {}, "<h1>404 Not Found</h1> The requested URL /x was not found on this server."),
    (200, {}, "Log in to continue. Forgot your password? Sign up. Terms: export control, OFAC, economic sanctions."),
    (429, {"retry-after": "60"}, "Too many requests, please wait a few minutes before you try again."),
    (302, {"location": "https://www.example.org/login"}, "Redirecting..."),
    (403, {}, "x" * 21_000 + " economic sanctions"),
    (401, {"www-authenticate": 'Bearer realm="https://auth.docker.io/token"'}, '{"errors":[{"code":"UNAUTHORIZED"}]}'),
    (500, {}, "<h1>Internal Server Error</h1> Please contact the administrator."),
    (200, {}, "Server address: 10.10.34.36 is a private address, says the documentation."),
    (403, {}, ""),
    (502, {}, "<center><h1>502 Bad Gateway</h1></center>"),
]


def page(status: int, headers: dict[str, str], body: str) -> Page:
    return Page(status, headers, body.encode())


def test_every_row_has_a_page_it_was_written_for() -> None:
    assert {mark.id for mark in KNOWN.marks} == set(PAGES)


@pytest.mark.parametrize("row", [mark.id for mark in KNOWN.marks])
def test_each_row_knows_its_page_and_no_ordinary_one(row: str) -> None:
    (mark,) = (mark for mark in KNOWN.marks if mark.id == row)
    assert mark.fits(page(*PAGES[row]))
    assert [seen for seen in ORDINARY if mark.fits(page(*seen))] == []


@pytest.mark.parametrize("row", [m.id for m in KNOWN.marks if m.meaning is not Meaning.BLOCK_PAGE])
def test_from_the_far_end_each_page_is_read_as_its_own_row(row: str) -> None:
    mark = KNOWN.mark(page(*PAGES[row]), Meaning.REFUSAL, Meaning.CHALLENGE, Meaning.AMBIGUOUS)
    assert mark is not None
    assert mark.id == row


@pytest.mark.parametrize("row", [m.id for m in KNOWN.marks if m.meaning is Meaning.BLOCK_PAGE])
def test_in_clear_each_block_page_is_read_as_its_own_row(row: str) -> None:
    mark = KNOWN.mark_in_clear(page(*PAGES[row]))
    assert mark is not None
    assert mark.id == row


def test_a_refusal_is_read_before_the_no_that_stands_on_the_same_page() -> None:
    both = page(403, {"cf-mitigated": "challenge"}, "Sorry, you have been blocked. Error 1009")
    mark = KNOWN.mark(both, Meaning.REFUSAL, Meaning.CHALLENGE, Meaning.AMBIGUOUS)
    assert mark is not None
    assert mark.id == "cloudflare_1009"


def refusal(status: int, body: str) -> str | None:
    mark = KNOWN.mark(page(status, {}, body), Meaning.REFUSAL, Meaning.CHALLENGE)
    return mark.id if mark else None


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


def test_the_block_page_of_iran_is_recognised() -> None:
    body = b'<html><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1256">' + (
        b'</head><body><iframe src="http://10.10.34.36?type=Invalid Keyword&policy=MainPolicy " style="width: 100%">'
    )
    mark = KNOWN.mark(Page(403, {}, body), Meaning.BLOCK_PAGE)
    assert mark is not None
    assert mark.id == "ir_iframe_10_10_34"
