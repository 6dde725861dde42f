"""Protocols spoken without an account, one file each: bytes in, bytes out, never a socket."""
