"""The image, as far as it can be tried without an engine: no image is built here, its steps are run by hand."""

from __future__ import annotations

import http.server
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.deploy.anywhere import containerfile
from tests.deploy.anywhere.carriers import DEPLOY, ROOT, alone, run, tool

FILE = DEPLOY / "container/Containerfile"
HEALTHY = DEPLOY / "container/healthy.py"
STEPS = containerfile.read(FILE)
FINAL = [step for step in STEPS if step.stage == 1]
SECRET = re.compile(r"secret|password|token|passw|key", re.IGNORECASE)


def rest_of(word: str) -> list[str]:
    return [step.rest for step in FINAL if step.word == word]


# ---------------------------------------------------------------- what it says


def test_nobody_is_root_in_it_and_anybody_can_see_that() -> None:
    assert rest_of("USER") == ["10001:10001"]
    order = [step.word for step in FINAL]
    assert "RUN" not in order[order.index("USER") :]


def test_it_keeps_everything_in_one_folder() -> None:
    assert rest_of("VOLUME") == ["/var/lib/didban"]
    named = re.findall(r'=(/[^"]+)', " ".join(rest_of("CMD")))
    assert len(named) == 2
    assert all(path.startswith("/var/lib/didban/") for path in named)


def test_no_secret_is_in_an_argument_a_variable_or_a_label() -> None:
    for step in STEPS:
        if step.word in ("ENV", "ARG", "LABEL"):
            assert not SECRET.search(step.rest), step.rest


def test_only_what_was_built_comes_over_and_nothing_that_builds() -> None:
    taken = [step.words for step in FINAL if step.word == "COPY"]
    assert taken == [
        ["--from=build", "/opt/didban", "/opt/didban"],
        ["deploy/container/healthy.py", "/opt/didban/healthy.py"],
    ]
    assert not any("apt" in step.rest for step in STEPS if step.word == "RUN")


def test_what_is_sent_to_the_engine_is_what_the_steps_copy_and_nothing_else() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert ignored[0] == "*", "everything is kept back that is not named"
    named = {line[1:] for line in ignored if line.startswith("!")}
    copied = {
        each for step in STEPS if step.word == "COPY" and not step.rest.startswith("--from") for each in step.words[:-1]
    }
    assert named == copied
    assert all((ROOT / each).exists() for each in named)


# ---------------------------------------------------------------- its health


class _Says(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/-/healthy" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def asked(*words: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-I", HEALTHY, *words)


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Says) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_healthy_is_what_says_so(
    server: http.server.HTTPServer, status: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Says, "status", status)
    assert asked(f"http://127.0.0.1:{server.server_port}").returncode == code


def test_a_hub_is_asked_by_tls_and_of_one_that_wants_a_certificate_its_handshake_is_enough(
    server: http.server.HTTPServer,
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority = trustme.CA()
    authority.issue_cert("hub.example.org").configure_cert(context)
    authority.configure_trust(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    base = f"https://127.0.0.1:{server.server_port}"
    assert asked(base).returncode == 0
    context.verify_mode = ssl.CERT_REQUIRED
    assert asked(base).returncode == 1
    assert asked(base, "handshake").returncode == 0
    assert asked("https://127.0.0.1:1", "handshake").returncode == 1


def test_nobody_there_is_said_in_one_line() -> None:
    done = asked("http://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "refused" in done.stderr


def test_it_asks_this_machine_and_no_other() -> None:
    assert asked("http://192.0.2.1:9810").returncode == 2
    assert asked("file:///etc/passwd").returncode == 2
    assert asked("http://127.0.0.1:9810", "anything").returncode == 2


# ---------------------------------------------------------------- by its tools, and by hand


@pytest.mark.deployed
def test_hadolint_has_nothing_to_say(tmp_path: Path) -> None:
    done = run(tool("hadolint"), FILE)
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / "Containerfile"
    wrong.write_text(FILE.read_text().replace("USER 10001:10001", "USER root\nRUN apt-get install -y curl"))
    said = run(tool("hadolint"), wrong).stdout
    assert {"DL3002", "DL3008"} <= set(re.findall(r"DL\d+", said)), said


@pytest.fixture(scope="module")
def built() -> Iterator[Path]:
    """The steps of the build stage, as the file has them, with another top: /src and /opt stand in a scratch folder."""
    scratch = Path(tempfile.mkdtemp(prefix="didban-image-", dir="/var/tmp"))
    scratch.chmod(0o755)
    there = [step for step in STEPS if step.stage == 0]
    for step in there:
        if step.word == "COPY":
            *sources, into = step.words
            _copy(sources, scratch, into)
        if step.word == "RUN":
            command = [re.sub(r"^/(?=src/|opt/)", f"{scratch}/", word) for word in step.words]
            done = run(*command)
            assert done.returncode == 0, done.stderr
    shutil.copy(HEALTHY, scratch / "opt/didban/healthy.py")
    yield scratch
    shutil.rmtree(scratch)


def _copy(sources: list[str], scratch: Path, into: str) -> None:
    folder = scratch / into.lstrip("/")
    for each in sources:
        if (ROOT / each).is_dir():
            shutil.copytree(ROOT / each, folder, ignore=shutil.ignore_patterns("__pycache__", "pictures"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / each, folder)


@pytest.mark.deployed
def test_its_steps_make_a_didban_that_nobody_in_it_can_change(built: Path) -> None:
    program = built / "opt/didban/bin/didban"
    done = run("setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", program, "--version")
    assert done.stdout.startswith("didban "), done.stderr
    tried = run("setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "touch", program)
    assert tried.returncode != 0
    names = {path.name for path in program.parent.iterdir()}
    assert names == {"didban", "python", "python3", f"python3.{sys.version_info.minor}"}
    python = program.with_name("python")
    for gone in ("pip", "setuptools"):
        assert run(python, "-c", f"import {gone}").returncode == 1, f"{gone} is in the image"


@pytest.mark.deployed
def test_the_default_command_runs_and_is_healthy_without_root_or_anything_to_write_but_its_volume(built: Path) -> None:
    prefix = f"{built}/opt/didban"
    (command,) = (step.words for step in FINAL if step.word == "CMD")
    (health,) = (step.rest.partition("CMD ")[2] for step in FINAL if step.word == "HEALTHCHECK")
    said = re.findall(r'"([^"]+)"', health.replace("/opt/didban", prefix))
    script = f"""
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -m 700 /var/lib/didban && chown 10001:10001 /var/lib/didban
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -o remount,bind,ro /
export HOME=/tmp
as="setpriv --reuid=10001 --regid=10001 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all"
cd /var/lib/didban
! $as touch /here 2>/dev/null
$as {prefix}/bin/didban init --role control --country DE --access datacenter --i-understand \
  --out /var/lib/didban/didban.yml --storage /var/lib/didban/spool >/dev/null
! $as {" ".join(said)} 2>/dev/null
$as {prefix}/bin/didban {" ".join(command)} --idle 2>/tmp/said &
for turn in $(seq 100); do sleep 0.2; if $as {" ".join(said)} 2>/dev/null; then break; fi; done
$as {" ".join(said)} || {{ cat /tmp/said >&2; exit 1; }}
"""
    done = alone(script)
    assert done.returncode == 0, done.stderr
