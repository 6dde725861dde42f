"""The closed words of a measurement: every metric label, every key of a record is one of these.

The words of `Failure` are OONI's (spec df-007-errors), so that results compare; the two of our own stand last and are
exported as `unknown_failure: didban.<word>`. A fault of our own box is not in the list: it is raised, not recorded.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    INSIDE = "inside"
    CONTROL = "control"


class Access(StrEnum):
    MOBILE = "mobile"
    FIXED = "fixed"
    DATACENTER = "datacenter"


class Kind(StrEnum):
    """A protocol of the catalogue; what it is made of stands in `probes.walk.ROUTES`."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"
    HTTPS = "https"
    OPENVPN = "openvpn"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    WIREGUARD = "wireguard"
    IKEV2 = "ikev2"
    STUN = "stun"
    SHADOWSOCKS = "shadowsocks"
    WHATSAPP_WEB = "whatsapp_web"
    DOT = "dot"
    DOH = "doh"
    DOQ = "doq"
    QUIC = "quic"
    TOR = "tor"
    TRANSFER = "transfer"
    VMESS = "vmess"
    OBFS4 = "obfs4"


class Transport(StrEnum):
    UDP = "udp"
    TCP = "tcp"


class Protocol(StrEnum):
    """What is asked of a line apart from every service: does this pass at all?"""

    IP6 = "ip6"
    UDP = "udp"
    QUIC = "quic"
    DOH = "doh"
    DOT = "dot"
    DOQ = "doq"
    OPENVPN_UDP = "openvpn_udp"
    OPENVPN_TCP = "openvpn_tcp"
    WIREGUARD = "wireguard"
    IKEV2 = "ikev2"
    TOR = "tor"
    WHATSAPP = "whatsapp"  # its own greeting, which a responder answers too


class Peer(StrEnum):
    """With whom it is spoken: the operator's own responder, or a host everybody may ask."""

    OWN = "own"
    PUBLIC = "public"


class Depth(StrEnum):
    """How far `ok` really goes: a web page, an open endpoint, the real protocol, a whole session."""

    WEB = "web"
    ENDPOINT = "endpoint"
    PROTOCOL = "protocol"
    SESSION = "session"


class Scope(StrEnum):
    GATEWAY = "gateway"
    DOMESTIC = "domestic"
    INTERNATIONAL = "international"


class Category(StrEnum):
    """What General License D-2 (OFAC, 23 September 2022) names. What it does not name has a word of its own."""

    SOCIAL_MEDIA = "social_media"
    MESSAGING = "messaging"
    VIDEO_CONFERENCING = "video_conferencing"
    COLLABORATION = "collaboration"
    E_GAMING = "e_gaming"
    E_LEARNING = "e_learning"
    TRANSLATION = "translation"
    MAPS = "maps"
    USER_AUTHENTICATION = "user_authentication"
    CLOUD = "cloud"
    APP_STORES = "app_stores"  # and mobile operating systems
    ANTI_VIRUS = "anti_virus"
    ANTI_TRACKING = "anti_tracking"
    ANTI_CENSORSHIP = "anti_censorship"
    VPN = "vpn"
    SATELLITE = "satellite"


class LandmarkKind(StrEnum):
    ACCESS = "access"
    HOSTING = "hosting"


class Step(StrEnum):
    """In the order a walk takes them: a later word means the walk came further."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    HANDSHAKE = "handshake"
    KNOCK = "knock"
    FETCH = "fetch"
    TRANSFER = "transfer"


class Failure(StrEnum):
    DNS_NXDOMAIN = "dns_nxdomain_error"
    DNS_SERVFAIL = "dns_servfail_error"
    DNS_REFUSED = "dns_refused_error"
    DNS_NO_ANSWER = "dns_no_answer"
    DNS_BOGON = "dns_bogon_error"
    DNS_WRONG_ID = "dns_reply_with_wrong_query_id"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    CONNECTION_ABORTED = "connection_aborted"
    HOST_UNREACHABLE = "host_unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    TIMEOUT = "generic_timeout_error"
    EOF = "eof_error"
    SSL_INVALID_HOSTNAME = "ssl_invalid_hostname"
    SSL_UNKNOWN_AUTHORITY = "ssl_unknown_authority"
    SSL_INVALID_CERTIFICATE = "ssl_invalid_certificate"
    SSL_FAILED_HANDSHAKE = "ssl_failed_handshake"
    QUIC_INCOMPATIBLE_VERSION = "quic_incompatible_version"
    HTTP_UNEXPECTED_STATUS = "http_unexpected_status_code"
    HTTP_REQUEST_FAILED = "http_request_failed"
    UNKNOWN = "unknown_failure"
    DNS_MALFORMED_REPLY = "dns_malformed_reply"
    KNOCK_UNEXPECTED_REPLY = "knock_unexpected_reply"


class Finding(StrEnum):
    """A proof found in a walk."""

    FORGED_DNS_ANSWER = "forged_dns_answer"
    INJECTED_DNS_ANSWER = "injected_dns_answer"
    FORGED_CERTIFICATE = "forged_certificate"
    UNEXPECTED_ISSUER = "unexpected_issuer"
    BLOCK_PAGE = "block_page"
    INJECTED_RESET = "injected_reset"
    NAME_FILTERED = "name_filtered"
    PROTOCOL_FILTERED = "protocol_filtered"
    THROTTLED_BY_NAME = "throttled_by_name"
    STALLED_TRANSFER = "stalled_transfer"
    PROVIDER_REFUSAL = "provider_refusal"
    ADDRESS_FILTERED = "address_filtered"
    LOCAL_SINKHOLE = "local_sinkhole"
    CAPTIVE_PORTAL = "captive_portal"
    WALLED_GARDEN = "walled_garden"
    CLOCK_WRONG = "clock_wrong"
    TUNNELLED_EGRESS = "tunnelled_egress"
    RESOLVER_REWRITE = "resolver_rewrite"
    IPV6_BROKEN = "ipv6_broken"


INTERFERENCE = frozenset(
    {
        Finding.FORGED_DNS_ANSWER,
        Finding.INJECTED_DNS_ANSWER,
        Finding.FORGED_CERTIFICATE,
        Finding.UNEXPECTED_ISSUER,
        Finding.BLOCK_PAGE,
        Finding.INJECTED_RESET,
        Finding.NAME_FILTERED,
        Finding.PROTOCOL_FILTERED,
        Finding.THROTTLED_BY_NAME,
        Finding.STALLED_TRANSFER,
    }
)
IMPOSTOR = frozenset({Finding.FORGED_DNS_ANSWER, Finding.FORGED_CERTIFICATE, Finding.BLOCK_PAGE})
LOCAL = frozenset(
    {
        Finding.LOCAL_SINKHOLE,
        Finding.CAPTIVE_PORTAL,
        Finding.WALLED_GARDEN,
        Finding.CLOCK_WRONG,
        Finding.TUNNELLED_EGRESS,
        Finding.RESOLVER_REWRITE,
    }
)


class Answer(StrEnum):
    """The class of an HTTP answer that came from the authenticated far end."""

    OK = "2xx"
    REDIRECT = "3xx"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    TOO_MANY = "429"
    LEGAL = "451"
    CLIENT_ERROR = "4xx"
    SERVER_ERROR = "5xx"
    CHALLENGE = "challenge"

    @classmethod
    def of(cls, status: int) -> Answer | None:
        """The class of a status code; None for a code HTTP does not define (1xx, 600 and up)."""
        exact = {401: cls.UNAUTHORIZED, 403: cls.FORBIDDEN, 404: cls.NOT_FOUND, 429: cls.TOO_MANY, 451: cls.LEGAL}
        hundreds = {2: cls.OK, 3: cls.REDIRECT, 4: cls.CLIENT_ERROR, 5: cls.SERVER_ERROR}
        return exact.get(status) or hundreds.get(status // 100)


class Hearing(StrEnum):
    """What became of asking a witness at the far end for its lines about a walk."""

    TOLD = "told"  # what came is signed by its key, and nothing in it is out of order
    SILENT = "silent"  # nobody answered, by none of the ways
    REFUSED = "refused"  # it would not show its log: the token, or the page, is not what it knows
    FALSE = "false"  # what came is not signed by its key, contradicts itself, or is older than what it said before


class Lost(StrEnum):
    """In which direction packets were lost, between a line and the responder."""

    OUTWARD = "outward"  # on the way to the responder
    INWARD = "inward"  # on the way back


class Reason(StrEnum):
    """Why a round was walked."""

    DUE = "due"
    CONFIRM = "confirm"
    CANARY = "canary"
    ASKED = "asked"
    COMPARE = "compare"


class Cell(StrEnum):
    """Which question a comparing walk answers: {this name, another} x {this address, another}, and what frames them."""

    BEFORE = "before"  # a canary
    OTHER_HERE = "other_here"  # a name that passes elsewhere, at this address
    NAME_HERE = "name_here"  # this name at this address
    OTHER_THERE = "other_there"
    NAME_THERE = "name_there"
    AFTER = "after"  # another canary
