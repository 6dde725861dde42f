"""Measurements as OONI Probe writes them, made by hand after ooni/spec: one function for each generation of a test.

Nothing here was measured. Addresses are of documentation (RFC 5737) or well known; facts only, no text of theirs.
"""

from __future__ import annotations

import copy
from typing import Any

Json = dict[str, Any]

REAL, OTHER = "104.16.1.1", "104.16.1.2"
INJECTED = "10.10.34.36"
TIMEOUT = "generic_timeout_error"


def measurement(test_name: str, test_keys: Json, **more: Any) -> Json:
    return {
        "annotations": {"platform": "linux"},
        "data_format_version": "0.2.0",
        "input": None,
        "measurement_start_time": "2022-09-22 12:00:00",
        "probe_asn": "AS197207",
        "probe_cc": "IR",
        "probe_ip": "127.0.0.1",
        "report_id": "",
        "resolver_ip": "127.0.0.2",
        "software_name": "ooniprobe-android",
        "software_version": "3.16.4",
        "test_name": test_name,
        "test_runtime": 4.2,
        "test_version": "0.4.1",
        **more,
        "test_keys": test_keys,
    }


def query(host: str, *answers: str, failure: str | None = None, engine: str = "getaddrinfo", **more: Any) -> Json:
    records = [{"answer_type": "AAAA", "ipv6": a} if ":" in a else {"answer_type": "A", "ipv4": a} for a in answers]
    return {
        "answers": records or None,
        "engine": engine,
        "failure": failure,
        "hostname": host,
        "query_type": "ANY",
        "resolver_address": "8.8.8.8:53" if engine == "udp" else "",
        "t0": 0.01,
        "t": 0.06,
        "transaction_id": 1,
        **more,
    }


def tcp(ip: str, port: int = 443, failure: str | None = None, **more: Any) -> Json:
    status = {"blocked": failure is not None, "failure": failure, "success": failure is None}
    return {"ip": ip, "port": port, "status": status, "t0": 0.06, "t": 0.11, **more}


def tls(ip: str, host: str, failure: str | None = None, port: int = 443, **more: Any) -> Json:
    return {
        "address": f"{ip}:{port}",
        "failure": failure,
        "negotiated_protocol": "h2",
        "no_tls_verify": False,
        "peer_certificates": [],
        "server_name": host,
        "t0": 0.11,
        "t": 0.2,
        "tags": [],
        **more,
    }


def request(url: str, code: int = 200, body: Any = "", failure: str | None = None, **more: Any) -> Json:
    response = {"body": body, "body_is_truncated": False, "code": code, "headers": {}, "headers_list": []}
    return {
        "failure": failure,
        "request": {"method": "GET", "url": url, "tor": {"is_tor": False, "exit_ip": None, "exit_name": None}},
        "response": response if failure is None else {"body": "", "code": 0, "headers": {}},
        "t": 0.9,
        **more,
    }


def control(*addresses: str, code: int = 200, title: str = "", length: int = 0, failure: str | None = None) -> Json:
    return {
        "dns": {"addrs": list(addresses), "failure": None},
        "http_request": {
            "body_length": length if failure is None else -1,
            "failure": failure,
            "headers": {},
            "status_code": code if failure is None else -1,
            "title": title,
        },
        "tcp_connect": {},
    }


HOST, PAGE = "www.example.org", "https://www.example.org/"


def web_04(
    *,
    answers: tuple[str, ...] = (REAL,),
    dns: str | None = None,
    connect: str | None = None,
    greeting: str | None = None,
    fetch: str | None = None,
    code: int = 200,
    body: Any = "",
    at_control: Json | None = None,
    url: str = PAGE,
    **keys: Any,
) -> Json:
    """web_connectivity 0.4 of ooniprobe 3: requests carry no address."""
    secure = url.startswith("https")
    port = 443 if secure else 80
    failure = fetch or greeting or connect or dns
    opened = [] if dns else [tcp(ip, port, connect) for ip in answers]
    return measurement(
        "web_connectivity",
        {
            "accessible": failure is None,
            "agent": "redirect",
            "blocking": False if failure is None else "dns",
            "client_resolver": "198.51.100.7",
            "control": control(REAL, OTHER) if at_control is None else at_control,
            "control_failure": None,
            "dns_consistency": "consistent" if failure is None else "inconsistent",
            "dns_experiment_failure": dns,
            "http_experiment_failure": failure,
            "queries": [query(HOST, *(() if dns else answers), failure=dns, engine="system", query_type="A")],
            "requests": [request(url, code, body, failure)],
            "retries": None,
            "socksproxy": None,
            "tcp_connect": opened,
            "tls_handshakes": [] if connect or dns or not secure else [tls(ip, HOST, greeting) for ip in answers],
            "x_status": 1,
            **keys,
        },
        input=url,
    )


def web_05(*, queries: list[Json], tcps: list[Json], tlss: list[Json], requests: list[Json], **keys: Any) -> Json:
    """web_connectivity 0.5: a second resolver, addresses of the control tried as well, requests with an address."""
    return measurement(
        "web_connectivity",
        {
            "agent": "redirect",
            "blocking": None,
            "control": control(REAL, OTHER) | {"tls_handshake": {}, "ip_info": {REAL: {"asn": 13335, "flags": 10}}},
            "control_failure": None,
            "network_events": [{"operation": "read", "failure": None, "t": 0.1, "num_bytes": 1}],
            "queries": queries,
            "requests": requests,
            "tcp_connect": tcps,
            "tls_handshakes": tlss,
            "x_blocking_flags": 1,
            "x_conn_priority_log": [],
            "x_dns_flags": 0,
            "x_null_null_flags": 0,
            **keys,
        },
        input=PAGE,
        test_version="0.5.28",
    )


def legacy(failure: str | None = None, *, step: str = "connect", with_control: bool = True) -> Json:
    """ooniprobe 2 (ooni/probe-legacy): twisted's words, false for no failure, no engine, no times, Tor beside it."""
    connect = failure if step == "connect" else None
    through_tor = request(PAGE, 200)
    through_tor["request"]["tor"] = {"is_tor": True, "exit_ip": "203.0.113.9", "exit_name": "x"}
    answer = {"answer_type": "A", "ipv4": REAL}
    asked: Json = {"answers": [] if step == "resolve" else [answer], "hostname": HOST, "query_type": "A"}
    asked |= {"failure": failure if step == "resolve" else None, "resolver_hostname": None, "resolver_port": None}
    direct = request(PAGE, 200, {"data": "PGh0bWw+", "format": "base64"}, failure)
    for each in (through_tor, direct):
        del each["t"]
    keys = {
        "agent": "agent",
        "client_resolver": "198.51.100.7",
        "control": control(REAL) if with_control else {},
        "control_failure": None if with_control else "socket-error",
        "queries": [asked],
        "requests": [direct, through_tor],
        "socksproxy": None,
        "tcp_connect": []
        if step == "resolve"
        else [{"ip": REAL, "port": 443, "status": {"failure": connect or False, "success": connect is None}}],
    }
    return measurement(
        "web_connectivity", keys, input=PAGE, software_name="ooniprobe", software_version="2.3.0", options=[],
        data_format_version="0.1.0", probe_city=None, input_hashes=[], test_version="0.1.0",
    )  # fmt: skip


CHAT = tuple(f"e{number}.whatsapp.net" for number in range(1, 5))


def whatsapp(*, chat: str | None = None, pages: str | None = None, answer: str = "157.240.0.1") -> Json:
    hosts = ("v.whatsapp.net", "web.whatsapp.com")
    return measurement(
        "whatsapp",
        {
            "network_events": [],
            "queries": [query(host, answer) for host in CHAT] + [query(host, "157.240.0.2") for host in hosts],
            "registration_server_failure": pages,
            "registration_server_status": "blocked" if pages else "ok",
            "requests": [
                request("https://v.whatsapp.net/v2/register", 404, failure=pages),
                request("https://web.whatsapp.com/", 200, failure=pages),
                request("http://web.whatsapp.com/", 302),
            ],
            "tcp_connect": [tcp(answer, port, chat) for port in (443, 5222)]
            + [tcp("157.240.0.2", port) for port in (80, 443)],
            "tls_handshakes": [tls("157.240.0.2", host, pages) for host in hosts],
            "whatsapp_endpoints_blocked": [],
            "whatsapp_endpoints_dns_inconsistent": [],
            "whatsapp_endpoints_status": "blocked" if chat else "ok",
            "whatsapp_web_failure": pages,
            "whatsapp_web_status": "blocked" if pages else "ok",
        },
    )


def telegram(*, centres: str | None = None, page: str | None = None) -> Json:
    addresses = ("149.154.175.50", "149.154.167.51")
    return measurement(
        "telegram",
        {
            "agent": "redirect",
            "queries": [query("web.telegram.org", "149.154.167.99")],
            "requests": [
                request(f"http://{ip}:{port}/", 501, failure=centres) for ip in addresses for port in (80, 443)
            ]
            + [request("https://web.telegram.org/", 200, failure=page)],
            "tcp_connect": [tcp(ip, port, centres) for ip in addresses for port in (80, 443)] + [tcp("149.154.167.99")],
            "telegram_http_blocking": centres is not None,
            "telegram_tcp_blocking": centres is not None,
            "telegram_web_failure": page,
            "telegram_web_status": "blocked" if page else "ok",
            "tls_handshakes": [tls("149.154.167.99", "web.telegram.org", page)],
        },
    )


def signal(failure: str | None = None) -> Json:
    hosts = ("chat.signal.org", "storage.signal.org", "cdn.signal.org")
    return measurement(
        "signal",
        {
            "queries": [query(host, "76.223.92.165") for host in hosts] + [query("uptime.signal.org", "127.0.0.1")],
            "requests": [request(f"https://{host}/", 404, failure=failure) for host in hosts],
            "signal_backend_failure": failure,
            "signal_backend_status": "blocked" if failure else "ok",
            "tcp_connect": [tcp("76.223.92.165")],
            "tls_handshakes": [tls("76.223.92.165", host, failure) for host in hosts],
        },
    )


MESSENGER = ("stun.fbsbx.com", "b-api.facebook.com", "edge-mqtt.facebook.com", "star.c10r.facebook.com")


def facebook_messenger(failure: str | None = None, *, dashes: bool = False) -> Json:
    """`dashes`: test version 0.3.0 and older wrote its keys with dashes."""
    keys = {
        "facebook_b_api_dns_consistent": True,
        "facebook_b_api_reachable": failure is None,
        "facebook_dns_blocking": False,
        "facebook_tcp_blocking": failure is not None,
    }
    if dashes:
        keys = {key.replace("_", "-"): value for key, value in keys.items()}
    answers = {host: f"31.13.86.{number}" for number, host in enumerate(MESSENGER, 1)}
    return measurement(
        "facebook_messenger",
        {
            **keys,
            "queries": [query(host, answer) for host, answer in answers.items()],
            "requests": None,
            "tcp_connect": [tcp(answer, 443, failure) for host, answer in answers.items() if "stun" not in host],
        },
    )


def tor(*, authorities: str | None = None, bridges: str | None = None) -> Json:
    def target(address: str, protocol: str, failure: str | None, name: str = "") -> Json:
        ip, _, port = address.rpartition(":")
        return {
            "agent": "redirect",
            "failure": failure,
            "network_events": [],
            "queries": None,
            "requests": None,
            "summary": {"connect": {"failure": failure}} | ({} if failure else {"handshake": {"failure": None}}),
            "target_address": address,
            "target_name": name,
            "target_protocol": protocol,
            "tcp_connect": [tcp(ip, int(port), failure)] if ip != "[scrubbed]" else None,
            "tls_handshakes": None,
        }

    return measurement(
        "tor",
        {
            "or_port_dirauth_total": 2,
            "or_port_dirauth_accessible": 0 if authorities else 1,
            "targets": {
                "128.31.0.39:9101": target("128.31.0.39:9101", "or_port_dirauth", authorities, "moria1"),
                "86.59.21.38:443": target("86.59.21.38:443", "or_port_dirauth", TIMEOUT, "tor26"),
                "a" * 64: target("[scrubbed]:443", "obfs4", bridges),
            },
        },
    )


def openvpn(failure: str | None = None, *, connect: str | None = None) -> Json:
    greeted: Json = {
        "endpoint": "openvpn://51.15.187.53:1194/tcp", "failure": failure, "handshake_time": 0.17,
        "ip": "51.15.187.53", "port": 1194, "transport": "tcp", "provider": "riseupvpn",
        "openvpn_options": {"auth": "SHA512", "cipher": "AES-256-GCM"}, "t0": 0.03, "t": 0.2, "tags": [],
        "transaction_id": 1,
    }  # fmt: skip
    return measurement(
        "openvpn",
        {
            "bootstrap_time": 0.17,
            "failure": failure or connect,
            "network_events": [],
            "openvpn_handshake": [] if connect else [greeted],
            "success": failure is None and connect is None,
            "tcp_connect": [tcp("51.15.187.53", 1194, connect)],
            "tunnel": "openvpn",
        },
        input="openvpn://riseupvpn.corp/?address=51.15.187.53:1194&transport=tcp",
    )


def without(measured: Json, *keys: str) -> Json:
    """The same measurement, some of its test keys missing."""
    less = copy.deepcopy(measured)
    for key in keys:
        less["test_keys"].pop(key, None)
    return less


ALL = (
    web_04(), web_04(dns="dns_nxdomain_error"), web_04(answers=(INJECTED,), connect=TIMEOUT),
    web_05(
        queries=[query(HOST, INJECTED), query(HOST, REAL, engine="udp")],
        tcps=[tcp(INJECTED, failure=TIMEOUT), tcp(REAL)], tlss=[tls(REAL, HOST)],
        requests=[request(PAGE, address=f"{REAL}:443")],
    ),
    legacy(), legacy("tcp_timed_out_error"), whatsapp(), whatsapp(chat=TIMEOUT), telegram(), telegram(centres=TIMEOUT),
    signal(), facebook_messenger(), tor(), openvpn(),
)  # fmt: skip
