"""OONI's failure strings of every generation as words of `Failure` (ooni/spec df-007; ooni/probe-legacy errors.py)."""

from __future__ import annotations

from probes.words import Failure, Step

Said = str | bool | None

OWN_PREFIX = "unknown_failure: didban."  # before our own two words, in what we export (CONTRACT, Words)

_KNOWN = {word.value: word for word in Failure}
# what only older probes said (twisted's names), or newer ones say more finely than we do
_OTHERS = {
    "connection_refused_error": Failure.CONNECTION_REFUSED,
    "connection_lost_error": Failure.CONNECTION_ABORTED,
    "connection_done": Failure.EOF,
    "connection_already_closed": Failure.EOF,
    "response_never_received": Failure.HTTP_REQUEST_FAILED,
    "http_unexpected_redirect_url": Failure.HTTP_REQUEST_FAILED,
    "tcp_timed_out_error": Failure.TIMEOUT,
    "deferred_timeout_error": Failure.TIMEOUT,
    "task_timed_out": Failure.TIMEOUT,
    "timed_out": Failure.TIMEOUT,
    "network_down": Failure.NETWORK_UNREACHABLE,
    "network_reset": Failure.CONNECTION_RESET,
    "dns_name_error": Failure.DNS_NXDOMAIN,
    "dns_lookup_error": Failure.DNS_NO_ANSWER,  # twisted did not say which: no answer is all it means
    "dns_name_failure": Failure.DNS_SERVFAIL,
    "dns_server_failure": Failure.DNS_SERVFAIL,
    "dns_server_misbehaving": Failure.DNS_SERVFAIL,
    "dns_temporary_failure": Failure.DNS_SERVFAIL,
    "dns_non_recoverable_failure": Failure.DNS_SERVFAIL,
    "android_dns_cache_no_data": Failure.DNS_NO_ANSWER,
    "ssl_unknown_autority": Failure.SSL_UNKNOWN_AUTHORITY,  # so spelt in an older df-007
    "ssl_error": Failure.SSL_FAILED_HANDSHAKE,
}
_AT_ONCE_CONNECTING = {
    Failure.CONNECTION_REFUSED,
    Failure.HOST_UNREACHABLE,
    Failure.NETWORK_UNREACHABLE,
}


def failure_of(said: Said) -> Failure | None:
    """None where nothing failed (old probes wrote false); what has no word of ours is `unknown_failure`."""
    if said is None or said is False or said == "":
        return None
    if said is True:
        return Failure.UNKNOWN
    return _KNOWN.get(said.removeprefix(OWN_PREFIX)) or _OTHERS.get(said) or Failure.UNKNOWN


def step_of(failure: Failure) -> Step | None:
    """The step a word gives away by itself: a request names no step."""
    if failure.startswith("dns_"):
        return Step.RESOLVE
    if failure.startswith("ssl_"):
        return Step.HANDSHAKE
    return Step.CONNECT if failure in _AT_ONCE_CONNECTING else None
