"""XEdDSA on Curve25519: signatures that are checked with a Diffie-Hellman key. Verifies only; signs nothing.

Spec: signal.org/docs/specifications/xeddsa, section 2; the sign of the point stands in the signature's last bit, as
libsignal writes it, whose published vector this is checked against.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_P = 2**255 - 19
_SIGNATURE_BYTES = 64


def verified(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) of `message` was made with the secret of Curve25519 key `public` (32 bytes)."""
    if len(signature) != _SIGNATURE_BYTES or len(public) != 32:
        return False
    u = int.from_bytes(public, "little") & (2**255 - 1)
    if u >= _P or u == _P - 1:
        return False
    y = (u - 1) * pow(u + 1, -1, _P) % _P
    point = y.to_bytes(32, "little")
    sign = signature[63] & 0x80
    point, plain = point[:31] + bytes([point[31] | sign]), signature[:63] + bytes([signature[63] & 0x7F])
    try:
        Ed25519PublicKey.from_public_bytes(point).verify(plain, message)
    except (InvalidSignature, ValueError):
        return False
    return True
