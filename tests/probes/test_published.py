"""The lists others publish are read as far as they can be trusted; what is left out is counted, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import known
from probes.fingerprint import Fingerprints
from probes.ports import Page
from probes.published import Published

HEAD = "name,scope,other_names,location_found,pattern_type,pattern,confidence_no_fp,expected_countries,source,exp_url,notes"
OONI = f"""{HEAD}
ooni.ir_0,nat,cl.other,body,contains,"iframe src=""http://10.10",5,IR,ooni,,
ooni.ae_1,nat,,header.location,prefix,http://deny.example/notify,5,"AE,IR",ooni,,
ooni.everywhere,isp,,header.Server,full,BlockBox/1.0,10,,ooni,,"two
lines of notes"
ooni.zz,isp,,body,regexp,access.*closed by order,7,ZZ,ooni,,
ooni.by_0,isp,,body,contains,blocked in Minsk,5,BY,ooni,,
ooni.school,inst,,body,contains,Our school,5,IR,ooni,,
ooni.product,prod,,body,contains,FilterBox,5,IR,ooni,,
ooni.unsure,nat,,body,contains,access denied,3,IR,ooni,,
ooni.endless,nat,,body,regexp,(a+)+$,5,IR,ooni,,
ooni.short,nat,,body,contains
ooni.where,nat,,footer,contains,x,5,IR,ooni,,
ooni.how,nat,,body,like,x,5,IR,ooni,,
ooni.number,nat,,body,contains,x,high,IR,ooni,,
cp.fp_ray,fp,,body,contains,Ray ID:,5,,censored planet,,
"""
DNS = f"""{HEAD}
ooni.ir_9,nat,,dns,full,198.51.100.7,5,IR,ooni,,
ooni.ir_name,nat,,dns,full,blocked.example.ir,5,IR,ooni,,
ooni.tr_6,nat,,dns,full,198.51.100.8,5,TR,ooni,,
"""
SIGNATURES = r"""{"fingerprint":"a_prod_box","pattern":"Powered By BlockBox"}
{"fingerprint":"b_nat_ir_national_1","pattern":"10\\.10\\.34\\.35"}
{"fingerprint":"c_isp_ru_one","pattern":"zapret"}

{"fingerprint":"c_isp_somewhere","pattern":"This page.*closed by your operator"}
{"fingerprint":"f_gen_denied","pattern":"Access Denied"}
{"fingerprint":"b_nat_ir_bad","pattern":"(a+)+$"}
{"pattern":"nameless"}
not json
"""
ORDINARY = r"""{"fingerprint":"x_cloudflare_error_1","pattern":"Ray ID:"}
{"fingerprint":"x_generic_404","pattern":"404 Not Found"}
"""


def read(folder: Path, name: str, text: str, country: str = "IR") -> Published:
    (folder / name).write_text(text)
    found, mistakes = known.load_any(folder / name, country)
    assert mistakes == ()
    assert found is not None
    return found


def in_clear(fingerprints: Fingerprints, body: str, headers: dict[str, str] | None = None) -> str | None:
    mark = fingerprints.mark_in_clear(Page(403, headers or {}, body.encode()))
    return mark.id if mark else None


@pytest.mark.parametrize(
    ("body", "headers", "row"),
    [
        ('<iframe src="http://10.10.34.36">', {}, "ooni.ir_0"),
        ("", {"Location": "http://deny.example/notify?x"}, "ooni.ae_1"),
        ("", {"Location": "see http://deny.example/notify"}, None),
        ("", {"server": "BlockBox/1.0"}, "ooni.everywhere"),
        ("", {"server": "BlockBox/1.0.1"}, None),
        ("access\nto this was closed by order", {}, "ooni.zz"),
        ("blocked in Minsk", {}, None),
        ("Our school uses FilterBox: access denied", {}, None),
        ("an ordinary page", {}, None),
        ('Ray ID: 7 <iframe src="http://10.10.34.36">', {}, None),
    ],
)
def test_rows_of_ooni_are_found_as_they_say(
    tmp_path: Path, body: str, headers: dict[str, str], row: str | None
) -> None:
    assert in_clear(read(tmp_path, "fingerprints_http.csv", OONI).fingerprints, body, headers) == row


def test_what_is_not_used_of_a_list_is_counted_or_named_with_its_line(tmp_path: Path) -> None:
    found = read(tmp_path, "fingerprints_http.csv", OONI)
    assert found.used == 5
    assert found.left_out == {
        "of other countries": 1,
        "of scope 'inst', which says nothing of a country": 1,
        "of scope 'prod', which says nothing of a country": 1,
        "of a confidence below 5": 1,
    }
    assert [str(each).removeprefix(f"{tmp_path}/") for each in found.unusable] == [
        "fingerprints_http.csv:11: ooni.endless: may fit in too many ways: it may run for ever",
        "fingerprints_http.csv:12: ooni.short: has another number of columns than the header",
        "fingerprints_http.csv:13: ooni.where: location_found must be body, dns or header.NAME, not 'footer'",
        "fingerprints_http.csv:14: ooni.how: pattern_type must be full, prefix, contains or regexp, not 'like'",
        "fingerprints_http.csv:15: ooni.number: confidence_no_fp is no number: 'high'",
    ]


def test_another_country_uses_other_rows(tmp_path: Path) -> None:
    assert in_clear(read(tmp_path, "a.csv", OONI, "BY").fingerprints, "blocked in Minsk") == "ooni.by_0"
    assert in_clear(read(tmp_path, "a.csv", OONI, "BY").fingerprints, '<iframe src="http://10.10.34.36">') is None


def test_forged_answers_of_this_country_are_known_and_names_are_not_looked_at(tmp_path: Path) -> None:
    found = read(tmp_path, "fingerprints_dns.csv", DNS)
    assert found.fingerprints.forged_answer("198.51.100.7") == "ooni.ir_9"
    assert found.fingerprints.forged_answer("198.51.100.8") is None
    assert found.left_out == {"of names in DNS answers, which are not looked at": 1, "of other countries": 1}


def test_signatures_of_censored_planet_carry_what_a_country_or_an_operator_wrote(tmp_path: Path) -> None:
    found = read(tmp_path, "blockpage_signatures.json", SIGNATURES)
    assert in_clear(found.fingerprints, "http://10.10.34.35/") == "cp.b_nat_ir_national_1"
    assert in_clear(found.fingerprints, "This page was closed by your operator") == "cp.c_isp_somewhere"
    assert in_clear(found.fingerprints, "Access Denied. Powered By BlockBox. zapret") is None
    assert [str(each).partition(":")[2] for each in found.unusable] == [
        "7: may fit in too many ways: it may run for ever",
        "8: needs fingerprint and pattern, both text",
        "9: is no JSON",
    ]
    assert found.left_out == {"of scope 'other', which says nothing of a country": 2, "of other countries": 1}


@pytest.mark.parametrize("name", ["false_positive_signatures.json", "renamed.jsonl"])
def test_false_positives_are_no_finding_and_silence_only_their_own_list(tmp_path: Path, name: str) -> None:
    ordinary = read(tmp_path, name, ORDINARY).fingerprints
    page = "Ray ID: 7 http://10.10.34.35/"
    assert in_clear(ordinary, page) is None
    theirs = read(tmp_path, "blockpage_signatures.json", SIGNATURES).fingerprints
    assert in_clear(theirs, page) == "cp.b_nat_ir_national_1"
    assert in_clear(theirs.more(ordinary), page) is None
    ours = read(tmp_path, "a.csv", OONI.replace("cp.fp_ray,fp", "cp.fp_ray,prod")).fingerprints
    assert in_clear(ours.more(ordinary), 'Ray ID: 7 <iframe src="http://10.10.34.36">') == "ooni.ir_0"


def test_a_providers_own_words_go_before_every_list(tmp_path: Path) -> None:
    """Error 1009 of Cloudflare in clear: one list calls any access denied a block page, another any Ray ID ordinary."""
    eager = f"{HEAD}\neager,nat,,body,contains,denied,10,,x,,\n"
    body = (
        "<h1>Error 1009</h1> Access denied. The owner has banned the country or region your IP address is in. Ray ID: 7"
    )
    lists = known.load().more(read(tmp_path, "eager.csv", eager).fingerprints)
    lists = lists.more(read(tmp_path, "false_positive_signatures.json", ORDINARY).fingerprints)
    assert in_clear(lists, "Access denied") == "eager"
    assert in_clear(lists, body) == "cloudflare_1009"


def test_a_vague_word_hides_no_block_page(tmp_path: Path) -> None:
    """A censor may answer 451, or say that a page is not available in your country."""
    page = Page(451, {}, b'Not available in your country. <iframe src="http://10.10.34.36?type=x">')
    mark = known.load().mark_in_clear(page)
    assert mark is not None
    assert mark.id == "ir_iframe_10_10_34"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.csv", "name,pattern\n", "a.csv:1: is no blocking-fingerprints list: it has no column"),
        ("a.csv", "", "a.csv:1: is no blocking-fingerprints list: it has no column"),
        ("a.csv", "name" * 100_000, "a.csv:1: is no blocking-fingerprints list: field larger than field limit"),
        ("a.json", "[]", "a.json:1: is no list of signatures:"),
        ("a.json", "", "a.json:1: is no list of signatures:"),
        ("a.txt", "", "a.txt:1: must end in .yml, or, for a published list, in .csv, .json, .jsonl"),
        ("a.yml", "marks: [{id: a}]", "a.yml:1: marks[0].checked: is missing"),
        ("a.yml", "marks:\n- {id: a, meaning: block_page, where: body, pattern: '[', source: x, checked: 2026-11-01}",
         "a.yml:2: marks[0].pattern: is no regular expression Python reads"),
        ("a.yml", "marks:\n- {id: a, meaning: ordinary, where: body, pattern: x, source: x, checked: 2026-11-01}",
         "a.yml:2: marks[0].meaning: ordinary is a word of published lists"),
        ("a.yml", "forged_answers:\n- {id: a, country: IR, answers: [x], source: x, checked: 2026-11-01}",
         "a.yml:2: forged_answers[0].answers[0]: must be an address or a prefix such as"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused_whole(tmp_path: Path, name: str, text: str, line: str) -> None:
    (tmp_path / name).write_text(text)
    found, mistakes = known.load_any(tmp_path / name, "IR")
    assert found is None
    assert str(mistakes[0]).removeprefix(f"{tmp_path}/").startswith(line)


def test_a_mistake_in_a_file_of_ones_own_refuses_the_file(tmp_path: Path) -> None:
    row = "- {id: a, meaning: block_page, where: body, pattern: x, source: x, checked: 2026-11-01}\n"
    (tmp_path / "a.yml").write_text("marks:\n" + row + row)
    found, (mistake,) = known.load_any(tmp_path / "a.yml", "IR")
    assert found is None
    assert str(mistake).endswith("a.yml:3: marks[1].id: 'a' is the id of an earlier row")


def test_a_name_that_could_not_be_written_down_again_is_refused(tmp_path: Path) -> None:
    rows = r"""{"fingerprint":"b_nat_ir_\ud800","pattern":"x"}
{"fingerprint":"b_nat_ir_ok","pattern":"[\ud801-\ud800]"}
"""
    found = read(tmp_path, "a.json", rows)
    assert [each.line for each in found.unusable] == [1, 2]
    assert "\n".join(map(str, found.unusable)).encode(), "every line of it can be printed"
    (line,) = read(tmp_path, "a.csv", HEAD + '\n"a\nb",nat,,body,contains,x,5,IR,,,\n').unusable
    assert str(line).endswith(
        "a.csv:2: a\\nb: has a name that is no word of 80 plain letters, digits and signs at most"
    )


@given(st.sampled_from(["csv", "json", "yml"]), st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_rows_or_mistakes(ending: str, data: bytes) -> None:
    for start in (b"", HEAD.encode() + b"\n", b'{"fingerprint":"a","pattern":"b"}\n'):
        path = Path(f"/dev/shm/didban-test-published.{ending}")
        path.write_bytes(start + data)
        found, mistakes = known.load_any(path, "IR")
        assert (found is None) == bool(mistakes)
        assert all(str(each).startswith(f"{path}:") for each in (found.unusable if found else mistakes))


def test_a_quote_that_never_ends_takes_only_what_follows(tmp_path: Path) -> None:
    text = OONI + 'ooni.last,nat,"' + "x" * 200_000
    found = read(tmp_path, "a.csv", text)
    assert found.used == 5
    assert "cannot be read, nor what follows" in found.unusable[-1].what
