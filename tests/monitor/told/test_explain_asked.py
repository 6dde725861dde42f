"""What is typed after `didban explain`: a place somebody may have misspelt, a moment as people write one."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from monitor.__main__ import app


class _Empty(http.server.BaseHTTPRequestHandler):
    """A database in which nothing ever landed."""

    def do_GET(self) -> None:
        said = json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def database() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def explain(folder: Path, database: str, *words: str) -> Result:
    return CliRunner().invoke(app, ["explain", *words, "--query", database, f"--config.file={folder}/didban.yml"])


def test_a_service_nobody_walks_is_said_to_be_none(database: str, tmp_path: Path) -> None:
    done = explain(tmp_path, database, "IR/AS197207/whatsap")
    assert done.exit_code == 0
    assert "whatsap is no service that is shipped, nor one of" in done.stderr
    assert "did you mean whatsapp?" in done.stderr
    assert explain(tmp_path, database, "IR/AS197207/whatsapp").stderr == ""


def test_a_service_of_ones_own_is_known(database: str, tmp_path: Path) -> None:
    (tmp_path / "v.secret").write_bytes(bytes(32))
    (tmp_path / "mine.yml").write_text(
        "service: mine\ntitle: {en: Mine}\ncategory: messaging\n"
        "targets: [{id: a, kind: tls, depth: web, hosts: [a.example], source: me}]\n"
    )
    (tmp_path / "didban.yml").write_text(
        "vantage: {id: v1, secret_file: v.secret, country: IR, access: mobile, role: inside}\nservices: [./mine.yml]\n"
    )
    assert explain(tmp_path, database, "IR/AS197207/mine").stderr == ""


@pytest.mark.parametrize(("at", "code"), [("2026-11-21", 0), ("2026-11-21T05:30:00Z", 0), ("2h", 0), ("noon", 2)])
def test_a_moment_is_a_date_a_time_or_so_long_ago(database: str, tmp_path: Path, at: str, code: int) -> None:
    assert explain(tmp_path, database, "IR", "--at", at).exit_code == code
