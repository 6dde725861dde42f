"""How pages behind a password are asked: `--http.config.file`, of which we read what promtool and amtool read too.

https://prometheus.io/docs/prometheus/latest/configuration/promtool/; a secret is a file here, never a word in it.
"""

from __future__ import annotations

from pathlib import Path

from monitor.config import missing_files
from monitor.home.querying import Far
from monitor.settings import BasicAuth, ClientTls
from probes.doors.schema import Strict, fit
from probes.doors.yamlfile import Location, Mistake, read

_FILES: tuple[Location, ...] = (
    ("basic_auth", "password_file"),
    *(("tls_config", key) for key in ("ca_file", "cert_file", "key_file")),
)


class ClientFile(Strict):
    """`tls_config`: that it is there, if only as {}, says that they are asked by TLS."""

    basic_auth: BasicAuth | None = None
    tls_config: ClientTls | None = None


def load(path: Path) -> tuple[ClientFile | None, tuple[Mistake, ...]]:
    """The file, or every mistake in it."""
    document = read(path)
    found, mistakes = fit(document, ClientFile)
    mistakes = (*mistakes, *missing_files(document, path.absolute().parent, _FILES))
    return (found if not mistakes else None), mistakes


def far(address: str, client: ClientFile | None, folder: Path) -> Far:
    """Whoever listens there, HOST:PORT. Raises OSError when a file cannot be read."""
    if client is None:
        return Far.of(f"http://{address}", None, ClientTls(), folder)
    scheme = "https" if client.tls_config is not None else "http"
    return Far.of(f"{scheme}://{address}", client.basic_auth, client.tls_config or ClientTls(), folder)
