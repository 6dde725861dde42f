"""Cipher suites and curves as Go names them, and as OpenSSL does: those that are still safe, and no others."""

from __future__ import annotations

# https://pkg.go.dev/crypto/tls#CipherSuites, those up to TLS 1.2, without key exchange by RSA (no forward secrecy; Go
# took it from that list in 1.22); OpenSSL's: https://docs.openssl.org/3.0/man1/openssl-ciphers/
SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
OF_TLS13 = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})

CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}


def suite(given: str) -> str:
    """Gives it back; raises ValueError for what is no name of a suite that can be chosen."""
    if given in OF_TLS13:
        raise ValueError(f"{given} is of TLS 1.3, whose suites are all kept, in Go as well: leave it out")
    if given.startswith("TLS_RSA_WITH_"):
        raise ValueError(f"{given} has no forward secrecy: who takes the key reads what was said before")
    if given not in SUITES:
        raise ValueError(
            f"must be a suite as Go names it, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, not {given!r}"
        )
    return given


def curve(given: str) -> str:
    """Likewise."""
    if given not in CURVES:
        raise ValueError(f"must be one of {', '.join(CURVES)}, not {given!r}")
    return given
