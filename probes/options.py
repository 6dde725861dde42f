"""What may stand under `options:` of a target: the form of each key, and the words that say it to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Option:
    """One key of `options:`.

    Args:
        form: a regular expression for the whole of it.
        what: the same in words, to follow "must be".
        needed: a target without it is a mistake.
        in_file: the value names a file, and `form` is for what stands in it: secrets are never written down here.
        beside: means nothing without that other option.
        without: may not stand beside any of these.
    """

    form: str
    what: str
    needed: bool = False
    in_file: bool = False
    beside: str = ""
    without: tuple[str, ...] = ()


PATH = Option(r"/[!-~]*", "a text that begins with / and holds no space, and nothing beyond ASCII unescaped")
FRESH = "fresh"
LABEL = {"label": Option(FRESH, f"{FRESH}: a random label before the name, below the zone of a responder of one's own")}
ROOTS = Option("[a-z0-9-]+", "the name of a file of probes/roots")
_ISSUERS = Option("[^,]+(, *[^,]+)*", "organisations that sign for it, as controls saw them, with commas between")
KEY = Option("[0-9a-f]{64}", "64 hexadecimal digits", needed=True)
CHAIN = {"roots": ROOTS, "issuers": _ISSUERS}
_BASE64KEY = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="  # 32 bytes
_STATIC_KEY = (
    r"(?:[#;][^\n]*\n|\n)*-----BEGIN OpenVPN Static key V1-----\s+(?:[0-9a-fA-F]{32}\s+){16}"
    r"-----END OpenVPN Static key V1-----"
)
_CLIENT_KEY = (
    r"-----BEGIN OpenVPN tls-crypt-v2 client key-----\s+(?:[A-Za-z0-9+/]{64}\s+){8,31}"
    r"(?:(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\s+)?"
    r"-----END OpenVPN tls-crypt-v2 client key-----"
)
OPENVPN: Mapping[str, Option] = {
    "tls_auth_file": Option(_STATIC_KEY, "a static key (openvpn --genkey secret FILE)", in_file=True),
    "key_direction": Option("[01]", "0 or 1, the other one than the server's", beside="tls_auth_file"),
    "auth": Option("SHA1|SHA224|SHA256|SHA384|SHA512", "the server's --auth, such as SHA256", beside="tls_auth_file"),
    "tls_crypt_file": Option(
        _STATIC_KEY, "a static key (openvpn --genkey secret FILE)", in_file=True, without=("tls_auth_file",)
    ),
    "tls_crypt_v2_file": Option(
        _CLIENT_KEY,
        "a client's key (openvpn --genkey tls-crypt-v2-client FILE)",
        in_file=True,
        without=("tls_auth_file", "tls_crypt_file"),
    ),
}
WIREGUARD: Mapping[str, Option] = {
    "public_key": Option(_BASE64KEY, "the responder's public key, in base64", needed=True),
    "private_key_file": Option(_BASE64KEY, "a private key (wg genkey)", needed=True, in_file=True),
    "preshared_key_file": Option(_BASE64KEY, "a preshared key (wg genpsk)", in_file=True),
}
SHADOWSOCKS: Mapping[str, Option] = {
    "cipher": Option(
        "aes-128-gcm|aes-256-gcm|chacha20-ietf-poly1305",
        "one of aes-128-gcm, aes-256-gcm, chacha20-ietf-poly1305",
        needed=True,
    ),
    "key_file": Option("[!-~]{1,256}", "the server's password, in ASCII", needed=True, in_file=True),
    "through": Option(
        "[A-Za-z0-9.-]{1,253}", "the name of a host that the server is to ask by HTTP on port 80", needed=True
    ),
}
FINGERPRINTS = Option(
    "[0-9a-f]{16}(,[0-9a-f]{16})*",
    "fingerprints of RSA keys, 16 hexadecimal digits each, with commas between",
    needed=True,
)
NAME = Option(r"(?=.{1,253}$)([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}", "a host name in small letters")
FINGERPRINT = Option(
    "[0-9A-F]{40}( [0-9A-F]{40})*",
    "40 hexadecimal digits in large letters, or several such, each one's own",
    needed=True,
)
_TO_128_KIB = "[1-9][0-9]{4}|1[0-2][0-9]{4}|130[0-9]{3}|1310[0-6][0-9]|13107[0-2]"  # somebody pays for each byte
ED25519 = Option("[0-9A-Za-z+/]{43}", "32 bytes in base64 without its padding, as Tor writes them")

_DOTTED = r"([a-z0-9_-]+\.)+[a-z0-9-]+"
TRANSFER: Mapping[str, Option] = {
    "path": replace(PATH, needed=True),
    "bytes": Option(_TO_128_KIB, "a number of bytes from 10000 to 131072"),
    "says": Option(_DOTTED, "a host name in small letters, to be said in the place of the host's own"),
    "neutral": Option(_DOTTED + r"/[!-~]*", "HOST/PATH: where the other half of each pair is fetched"),
    "home": Option(
        "[A-Z]{2}", "the country `neutral` stands in, two large letters: walked from there", beside="neutral"
    ),
    "roots": ROOTS,
}
VMESS: Mapping[str, Option] = {
    "id_file": Option(
        "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", "the user's id, a UUID", needed=True, in_file=True
    ),
    "through": SHADOWSOCKS["through"],
}
OBFS4: Mapping[str, Option] = {
    "cert_file": Option("(?:cert=)?[A-Za-z0-9+/]{69}[AQgw]", "the cert= of a bridge line", needed=True, in_file=True),
}
