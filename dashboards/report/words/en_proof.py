"""English, of proof: what was seen and how sure that is; names no actor."""

from __future__ import annotations

WORDS = {
    # ---------------------------------------------------------------- proof
    "h_proof": "What broke, where on the way, and the proof",
    "proof_means": (
        "A connection takes steps: a name is looked up, a connection is opened, the two ends greet one"
        " another in encrypted form"
        " and the far end proves who it is, then a page or the first words of the service follow. Below, for"
        " each service and"
        " network, at which step attempts failed while the service was not reached, and what was found."
    ),
    "attempts": "{n} attempts in that time; {share} reached the service.",
    "attempts_public": "Shares of attempts in that time; {share} reached the service.",
    "broke_at": "Where attempts ended",
    "t_step": "Step",
    "t_how": "How",
    "t_facts": "What was recorded",
    "t_share": "Share",
    "t_count": "Attempts",
    "found": "Found",
    "found_on": "seen by {lines}",
    "found_share": "in {share} of attempts",
    "found_compared": "settled by comparisons",
    "nothing_found": "No proof of interference was found: what failed, failed without a trace of why.",
    "ex_compared": "The comparison that settles it",
    "ex_compared_means": (
        "Two names and two addresses, tried within moments of one another, between two neutral hosts that"
        " had to answer. What"
        " fails with the name and passes without it is about the name; what fails with the address is about"
        " the address."
    ),
    "ex_forged": "The forged answer",
    "ex_page": "The page put in its place",
    "ex_witnessed": "What the responder at the far end saw",
    "ex_failed": "The step that failed",
    "both_ends": "Seen from both ends:",
    "lost_outward": "Lost on the way there, between this line and our own responder.",
    "lost_inward": "Lost on the way back, between our own responder and this line.",
    "ex_of": "{target}, {endpoint}, {time}",
    "ex_record": "Record {id} of {box}, commitment:",
    "ex_records": "Records {ids} of {box}; the first is committed to by:",
    "ex_head": "Head of that hour's link in the chain:",
    "ex_shows": "Consistent with: {what}.",
    "fact_answers": "answer of the resolver people here get",
    "fact_isp": "answer of the operator's own resolver",
    "fact_trusted": "answer of a resolver nobody on the way can speak for",
    "fact_second": "a second, different answer to the same question",
    "fact_fingerprint": "known as",
    "fact_findings": "found",
    "fact_issuer": "certificate signed by",
    "fact_certificate": "SHA-256 of the certificate",
    "fact_status": "HTTP status",
    "fact_body": "SHA-256 of the page's words",
    "fact_address": "address",
    "fact_place": "where that address belongs",
    "fact_step": "came as far as",
    "seconds": "{n} s",
    "done": "passed",
    "cell_before": "neutral host abroad, before",
    "cell_other_here": "another name, at this address",
    "cell_name_here": "this name, at this address",
    "cell_other_there": "another name, at another address",
    "cell_name_there": "this name, at another address",
    "cell_after": "neutral host abroad, after",
    "step_resolve": "looking up the name",
    "step_connect": "opening a connection",
    "step_handshake": "encrypted greeting",
    "step_knock": "first words of the service",
    "step_fetch": "asking for a page",
    "step_transfer": "a longer transfer",
    "failure_": "a false answer was given",
    "failure_dns_nxdomain_error": "“no such name”",
    "failure_dns_servfail_error": "the resolver could not find out",
    "failure_dns_refused_error": "the resolver refused",
    "failure_dns_no_answer": "an answer without an address",
    "failure_dns_bogon_error": "an address at which no public service can stand",
    "failure_dns_reply_with_wrong_query_id": "an answer to another question",
    "failure_dns_malformed_reply": "no answer that could be read",
    "failure_connection_refused": "refused",
    "failure_connection_reset": "broken off",
    "failure_connection_aborted": "broken off",
    "failure_host_unreachable": "“host cannot be reached”",
    "failure_network_unreachable": "“network cannot be reached”",
    "failure_generic_timeout_error": "nothing came back",
    "failure_eof_error": "closed in the middle",
    "failure_ssl_invalid_hostname": "a certificate for another name",
    "failure_ssl_unknown_authority": "a certificate nobody trusted signed",
    "failure_ssl_invalid_certificate": "a certificate that is not valid",
    "failure_ssl_failed_handshake": "no agreement on how to encrypt",
    "failure_quic_incompatible_version": "no common version of QUIC",
    "failure_http_unexpected_status_code": "an unexpected answer",
    "failure_http_request_failed": "no web page",
    "failure_unknown_failure": "in a way we have no word for",
    "failure_knock_unexpected_reply": "something answered, and it was not this service",
    "finding_forged_dns_answer": "a forged address was given for the name",
    "finding_injected_dns_answer": "one question brought two different answers",
    "finding_forged_certificate": "a forged certificate was shown for the name",
    "finding_unexpected_issuer": "a certificate signed by somebody control points never saw sign it",
    "finding_block_page": "a known block page came in place of the service",
    "finding_injected_reset": "connections that say the name are broken off",
    "finding_name_filtered": "connections that say the name fail, others to the same addresses pass",
    "finding_protocol_filtered": "this protocol fails to hosts that answer to others",
    "finding_throttled_by_name": "transfers that say the name are slowed, others are not",
    "finding_stalled_transfer": "transfers stop after the same few kilobytes",
    "finding_provider_refusal": "the real service answers, and refuses to serve",
    "finding_address_filtered": (
        "its addresses answer to no name from here: a network on the way, or the provider; not separable"
    ),
    "finding_ipv6_broken": "IPv6 does not work on a line at all (set aside)",
    # ---------------------------------------------------------------- what else
    "h_others": "What else it could have been",
    "others_means": (
        "Every other explanation we know of, and what of the evidence stands against it. Where nothing does,"
        " it says so."
    ),
    "t_other": "It could have been",
    "t_holds": "Is it?",
    "t_against": "Because",
    "holds_ruled_out": "ruled out",
    "holds_unlikely": "unlikely",
    "holds_open": "cannot be ruled out",
    "other_down": "The service was down for everybody, or our list of its doors is old",
    "other_down_ruled_out": "Our control points in several networks abroad reached it during nearly all of that time.",
    "other_down_unlikely": "Our control points abroad reached it during most of that time, not all.",
    "other_down_open": "Too few of our control points abroad reached it at the time to tell.",
    "other_refusal": "The service itself refuses to serve this country",
    "other_refusal_ruled_out": "It never said so, and a lie on the way was seen wherever it was not reached.",
    "other_refusal_unlikely": (
        "It never said so, and interference on the way was seen; a part of what failed would look the same if it"
        " refused in silence."
    ),
    "other_refusal_open": (
        "Either it said so, or it was silent, and silence of a service and of a filter look alike from here."
    ),
    "other_resolver": "The operators' name servers were broken",
    "other_resolver_ruled_out": "Attempts with a known good address failed as well, at later steps.",
    "other_resolver_open": "Nearly everything failed at the name, which a broken name server explains too.",
    "other_power": "A power cut, or our own computers",
    "other_power_ruled_out": "Our computers went on measuring, and hosts inside the country went on answering them.",
    "other_power_open": "Hosts inside the country did not answer either, or nobody asked them.",
    "other_cable": "A cable or a router on the way abroad broke",
    "other_cable_open": (
        "From inside a country a broken cable and a switched-off one look the same. What is decided by"
        " people mostly begins"
        " on the hour or half-hour and spares other networks; that is a hint, never a proof."
    ),
    "other_house": "Something inside a home: a filter, a login page, an empty data plan, a VPN",
    "other_house_ruled_out": (
        "Independent homes show the same, and attempts with something of the house in the way were left out."
    ),
    "other_house_unlikely": (
        "Several independent homes show it, though not in every network; such attempts were left out."
    ),
    "other_house_open": (
        "It rests on too few lines to be sure; attempts that showed something of the house were left out."
    ),
    "other_clock": "A wrong clock in one of our computers",
    "other_clock_ruled_out": "No attempt showed one; every greeting checks the date.",
    "other_clock_open": "Some attempts showed a wrong clock; they were left out.",
    "other_own": "A fault in our program or its lists",
    "other_own_ruled_out": (
        "The same program with the same lists reached the same services from abroad at the same time."
    ),
    "other_own_unlikely": "Other networks inside the country were well by the same program.",
    "other_own_open": "Nothing ran elsewhere at the time that could show otherwise.",
    # ---------------------------------------------------------------- appendix
    "h_appendix": "Appendix: the numbers behind the charts",
    "a_reach": "Reach by network, share of neutral hosts abroad that answered",
    "a_service": "{service}: verdict by network",
    "t_time": "From (UTC)",
    "t_time_local": "Local",
    "a_means": "Each row is {slot}. “–”: nobody could say.",
    "a_csv": "The same numbers, finer, are in the CSV files beside this page.",
    # ---------------------------------------------------------------- small words
    "comma": ", ",
    "semicolon": "; ",
    "and": " and ",
    "moment": "{date}, {clock} UTC",
    "local": "({clock} in {place})",
    "short": "{date} {clock}",
    "both_calendars": "{persian} ({gregorian})",
    "minutes": "{n} min",
    "hours": "{n} h",
    "hours_minutes": "{h} h {m} min",
    "days": "{n} days",
    "footer": "Didban watches whether people can reach one another. It names no actor and calls nothing an order.",
    "card_cut": "{networks} lost their connection to the world outside {country}.",
    "card_cut_one": "{networks} lost its connection to the world outside {country}.",
    "card_blocked": "{services} could not be reached on {networks}, while control points abroad reached the same.",
    "card_lines": "Seen by {lines} lines inside, compared with {controls} networks abroad",
    "card_source": "Measured by Didban · who and why is not visible from measurements",
    "card_simulated": "Replayed in simulation by Didban · evidence of nothing",
}
