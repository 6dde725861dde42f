"""Protocols, names, refusals: when something is said to pass no longer. Rows, held to the rules by a test."""

from __future__ import annotations

from monitor.explaining.rows import Condition, Explanation, Needs, Place, Unit, Way

_SEES = Condition(
    "lines of ours there that reach abroad well, for twenty minutes",
    "count(didban:vantage_sees:ratio{$network})",
    Needs.AT_LEAST,
    1,
    unknown="No line of ours there reaches abroad well, or the network is cut: then all are dead, none is blocked.",
)


def _protocol(alert: str, says: str, which: str) -> Explanation:
    """`which`: protocols, as a regular expression; one of them is enough."""
    of = f'{{protocol=~"{which}",$network}}'
    still = Condition(
        "lost within 24 hours, and not seen to pass since",
        f"max(didban:network_protocol_blocked:timestamp{of})",
        Needs.THERE,
        unit=Unit.MOMENT,
    )
    way = Way("by what our lines and our controls say", (_SEES, *_lost(of, which)))
    return Explanation(alert, Place.PROTOCOL, says, begins=(way,), holds=(still,))


def _lost(of: str, which: str) -> tuple[Condition, ...]:
    lines = f'{{says="fails",protocol=~"{which}",$network}}'
    return (
        Condition(
            "when it last passed there, within 7 days",
            f"max(didban:network_protocol_worked:timestamp{of})",
            Needs.THERE,
            unit=Unit.MOMENT,
            otherwise="It was never seen to pass on this network: it is standing, and no news.",
        ),
        Condition(
            "networks of controls from which it passes to the same hosts",
            f'max(didban:protocol_passes:count{{protocol=~"{which}"}})',
            Needs.AT_LEAST,
            2,
            unknown="It does not pass from two networks of controls and most of them: it may be the hosts.",
        ),
        Condition(
            "share of the lines that say anything of it and say that it fails",
            f"max(didban:network_protocol:majority{lines})",
            Needs.AT_LEAST,
            0.666,
            Unit.SHARE,
            unknown="Fewer than two thirds of the lines say so, or none does: it passes, or nobody asked.",
        ),
        Condition(
            "... for twenty minutes, and passed at no time in them",
            f"max(didban:network_protocol_lost:timestamp{of})",
            Needs.THERE,
            unit=Unit.MOMENT,
            otherwise="Controls ask once in 15 minutes: until each of them has, it may be the far end.",
        ),
    )


DNS = Explanation(
    "DNSTampering",
    Place.PROTOCOL,
    "names are answered falsely",
    begins=(
        Way(
            "by proof in hand",
            (
                _SEES,
                Condition(
                    "lines on which a forged answer is in hand",
                    "max(didban:network_dns_forged:lines{$network})",
                    Needs.AT_LEAST,
                    1,
                    unknown="No line has a forged answer in hand: names are answered truly, or nothing is proven.",
                ),
                Condition(
                    "... a minute ago as well, for a name that was answered truly within 14 days",
                    "max(didban:network_dns_lost:timestamp{$network})",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="It is less than a minute old; or was never seen answered truly: it is standing.",
                ),
            ),
        ),
    ),
    holds=(
        Condition(
            "forged within 24 hours, and not seen well since",
            "max(didban:network_dns_tampered:timestamp{$network})",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
    ),
)

REFUSED = Explanation(
    "ProviderRefusal",
    Place.SERVICE,
    "the service itself refuses the country, and serves our controls",
    begins=(
        Way(
            "by what the service answers",
            (
                Condition(
                    "share of our lines in the country that it refuses",
                    "didban:country_refused:ratio{$country,$name}",
                    Needs.MORE,
                    0.5,
                    Unit.SHARE,
                    otherwise="Most lines of ours in the country are served.",
                    unknown="No line is refused: a 403 or 404 counts only where two networks of controls are served.",
                ),
                Condition(
                    "... five minutes ago as well",
                    "didban:country_refused:ratio{$country,$name} offset 5m",
                    Needs.MORE,
                    0.5,
                    Unit.SHARE,
                    otherwise="It is less than five minutes old.",
                ),
                Condition(
                    "networks abroad in which a healthy control is served",
                    "didban:service_control_ok:count{$name}",
                    Needs.AT_LEAST,
                    2,
                    otherwise="Too few controls are served to say that it is this country alone.",
                    unknown="No control is served.",
                ),
                Condition(
                    "when the country was last served, within 14 days",
                    "didban:country_served_last:timestamp{$country,$name}",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="It was never seen to serve this country: it is standing, and no news.",
                ),
                Condition(
                    "all of it at once",
                    "didban:country_refused_lost:timestamp{$country,$name}",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="The rules' next turn decides: they look once a minute.",
                ),
            ),
        ),
    ),
    holds=(
        Condition(
            "refused within 24 hours, and not seen served since",
            "didban:country_refused:timestamp{$country,$name}",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
    ),
)

EARLY = (
    _protocol("VPNBlocked", "VPN protocols no longer pass", "openvpn_.*|wireguard|ikev2|tor"),
    _protocol("EncryptedDNSBlocked", "encrypted DNS no longer passes", "doh|dot|doq"),
    _protocol("QUICBlocked", "QUIC, or UDP as a whole, no longer passes", "quic|udp"),
    _protocol("IPv6Broken", "IPv6 no longer works", "ip6"),
    DNS,
    REFUSED,
)
