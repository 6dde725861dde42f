"""English. Says what was seen and how sure that is; names no actor, and calls nothing an order."""

from __future__ import annotations

WORDS = {
    # ---------------------------------------------------------------- what it is
    "title": "What happened to the internet in {country}",
    "window": "From {since} until {until}",
    "written": "Written {date}",
    "form_public": "Public form",
    "form_public_means": (
        "Public form: times are rounded to ten minutes or to an hour, no count below three is said, nothing"
        " identifies a"
        " computer, a home or a person. It may be shown to anybody."
    ),
    "form_sealed": "Sealed form",
    "form_sealed_means": (
        "Sealed form: exact times and records. With the time and the network of a measurement a home can be"
        " found. It is"
        " for those who must have it, and is not to be passed on."
    ),
    "simulation": "IN SIMULATION",
    "simulation_means": (
        "This is a replay of the scenario {name} by a program. No computer of ours stood in {country} then,"
        " nobody measured"
        " any of this, and it is evidence of nothing. It shows what a dossier looks like."
    ),
    "contents": "Contents",
    # ---------------------------------------------------------------- summary
    "h_summary": "In short",
    "nothing": (
        "In this window our lines in {country} saw no network cut off from abroad and no service blocked for"
        " five minutes or"
        " longer. That does not say that nothing happened where no line of ours stands."
    ),
    "s_shutdown": "{network} lost its connection to the world outside {country} {when}.",
    "s_shutdown_many": (
        "{networks} lost their connection to the world outside {country}, {n} times in all,"
        " between {since} and {until}."
    ),
    "s_outage": "{network} lost connectivity, inside the country as well, {when}. The cause is not visible.",
    "s_outage_many": (
        "{networks} lost connectivity, inside the country as well, {n} times in all,"
        " between {since} and {until}. The cause is not visible."
    ),
    "s_silence": "Our lines in {network} fell silent {when}.",
    "s_silence_many": "Our lines in {networks} fell silent, {n} times in all, between {since} and {until}.",
    "s_blocked": "{service} could not be reached on {networks} {when}, while it worked for our control points abroad.",
    "s_blocked_many": (
        "Could not be reached on {networks} {when}, while they worked for our control points abroad: {services}."
    ),
    "s_down": "{service} failed abroad as well {when}: an outage of its own, not a block.",
    "s_down_many": "Failed abroad as well {when}, outages of their own and not blocks: {services}.",
    "s_refused": "{service} itself refused to serve people on {networks} {when}. Why is not visible.",
    "s_refused_many": "Refused by the services themselves, on {networks} {when}: {services}. Why is not visible.",
    "when_since": "from {since}",
    "when_before": "already before {since}",
    "when_hours": "within the hours from {since} to {until}",
    "when_for": "{since}, for {length}",
    "when_still": "{since} on, until after the end of this window",
    "s_proof": "Between those lines and the services, interference was seen: {found}.",
    "s_unknown": (
        "Not visible from measurements: who did this, on whose order, and why. No sentence here names anybody, and the"
        " networks named are where it was seen, not who did it."
    ),
    "s_one_line": (
        "All of this rests on a single line inside the country. A single line cannot tell what happens to a"
        " network from what"
        " happens to itself; read it as a report of one witness."
    ),
    "glance_cut": "Networks cut off",
    "glance_blocked": "Services blocked",
    "glance_lines": "Independent lines inside",
    "glance_controls": "Control points abroad",
    "none": "none",
    "still": "not over at the end of the window",
    # ---------------------------------------------------------------- timeline
    "h_timeline": "What happened, when",
    "timeline_title": "Timeline: cut networks and blocked services",
    "timeline_means": (
        "Each bar is a time in which our rules found something wrong, by the clock in UTC (below) and in"
        " {place} (above). A"
        " bar begins when it could be told, up to a few minutes after it began. While a network is cut off"
        " nobody can tell"
        " whether a service is blocked there as well: a bar that goes on through it was so before and after."
    ),
    "whole_network": "Everything abroad",
    "axis_local": "Local time, {place}",
    "axis_utc": "UTC",
    "t_from": "From (UTC)",
    "t_from_local": "From (local)",
    "t_until": "Until (UTC)",
    "t_what": "What",
    "t_where": "Network",
    "t_length": "Length",
    "t_lines": "Lines that show it",
    "t_controls": "Networks abroad that reached it",
    "t_sure": "Confidence",
    "before": "before {time}",
    "kind_shutdown": "cut off from abroad",
    "kind_outage": "connectivity lost, cause not visible",
    "kind_silence": "our lines fell silent",
    "kind_blocked": "blocked",
    "kind_down": "down for everybody",
    "kind_refused": "refused by the service",
    "rounded_hour": "whole hours",
    # ---------------------------------------------------------------- confidence
    "sure_low": "low",
    "sure_medium": "medium",
    "sure_high": "high",
    "because": "{sure}: {why}",
    "why_landmarks": "landmarks seen from abroad agree",
    "why_witnesses": "two or more witnesses agree",
    "why_together": "independent lines fell silent together",
    "why_one_line": "one line",
    "why_lie": "a lie between here and there was seen",
    "why_lines_agree": "two or more lines agree",
    "why_one_line_no_proof": "one line, no proof of interference",
    "why_controls_fail": "control points fail as well",
    "why_says_so": "the service says so itself",
    "why_few_lines": "how many lines is not said",
    # ---------------------------------------------------------------- reach
    "h_reach": "How much of the world could be reached",
    "reach_title": "Share of neutral hosts abroad that answered, by network",
    "reach_means": (
        "Of some neutral hosts abroad that nobody has a reason to block, the share that answered and proved"
        " who they are, as"
        " the middle of our lines in that network. The top of each row is all of them, the dashed line half."
        " Empty: nobody"
        " could say, which is neither good nor bad news."
    ),
    "s_weight": "About {share} of the people online in {country} use a network that was cut off (shares by {source}).",
    "s_weight_least": (
        "At least about {share} of the people online in {country} use a network that was cut off"
        " (shares by {source}; of"
        " some of those networks nobody says)."
    ),
    "outside_means": (
        "Where a second row says “hosts inside it, asked from abroad”, it is the share of some"
        " hosts in that network that"
        " answered our control points, against their own usual level. The two are never put"
        " together: one is what people"
        " there could reach, the other what the world could reach there."
    ),
    "seen_outside": "hosts inside it, asked from abroad",
    "reach_least": "Least",
    "reach_mean": "Mean",
    "reach_below": "Time below one half",
    "slots_said": "Time covered",
    # ---------------------------------------------------------------- services
    "h_services": "The services people use",
    "service_title": "{service}, by network",
    "services_means": (
        "What the comparison of our lines inside with our control points abroad said, {slot} at a time. The"
        " last row is what"
        " control points abroad saw at the same time."
    ),
    "control_row": "Control points abroad",
    "service_depth": "How far “reached” goes here: {depth}. Not seen: {not_seen}.",
    "depth_web": "to its web page",
    "depth_endpoint": "to an open door of it",
    "depth_protocol": "to the first words of its own protocol, in which it proves who it is",
    "depth_session": "to a whole session",
    "verdict_ok": "reached",
    "verdict_throttled": "slowed down",
    "verdict_blocked": "blocked",
    "verdict_refused": "refused by the service",
    "verdict_down": "down for everybody",
    "verdict_cut_off": "network cut off",
    "verdict_mixed": "our lines disagree",
    "verdict_unknown": "cannot be said",
    "legend": "Signs",
}
