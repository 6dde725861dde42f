"""The offline bundle: nothing of it is run before its signature was checked; made twice it is the same; it installs in a
place without any network, and what is installed works and can be taken off again."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "deploy/bundle"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
OTHER = base64.b64encode(Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).public_key().public_bytes_raw()).decode()
VERSION = "0.0.1"

# a program of one line in the place of Didban, and in the place of pip one that says that it was run
MODULE = "def main():\n    print('didban 0.0.1')\n"
ENTRY = "[console_scripts]\ndidban = didban_fake:main\n"
ABOUT = f"Metadata-Version: 2.1\nName: didban\nVersion: {VERSION}\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel() -> bytes:
    info = f"didban-{VERSION}.dist-info"
    files = {
        "didban_fake.py": MODULE,
        f"{info}/METADATA": ABOUT,
        f"{info}/WHEEL": WHEEL,
        f"{info}/entry_points.txt": ENTRY,
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return packed.getvalue()


def pip_wheel() -> bytes:
    """The pip of this environment, as its own wheel would be."""
    import pip

    folder = Path(pip.__file__).parent
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                archive.write(path, path.relative_to(folder.parent))
    return packed.getvalue()


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    return {f"wheels/didban-{VERSION}-py3-none-any.whl": wheel(), "wheels/pip-1-py3-none-any.whl": pip_wheel()}


def bundle(folder: Path, parts: dict[str, bytes], *, hashed: bytes | None = None) -> Path:
    digest = hashlib.sha256(hashed or parts[f"wheels/didban-{VERSION}-py3-none-any.whl"]).hexdigest()
    files = {**parts, "requirements.txt": f"didban=={VERSION} --hash=sha256:{digest}\n".encode()}
    files |= {name: b"" for name in ("README.md", "LICENSE", "CHANGELOG.md", "deploy/x")}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"didban-{VERSION}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    path = folder / "bundle.tar"
    path.write_bytes(packed.getvalue())
    path.with_suffix(".tar.sig").write_bytes(KEY.sign(packed.getvalue()))
    return path


def install(to: Path, archive: Path, key: str = PUBLIC) -> subprocess.CompletedProcess[str]:
    command = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--net"]
    command += ["sh", str(BUNDLE / "install.sh"), "--units", "none", "--to", str(to), key, str(archive)]
    environment = {**os.environ, "PYTHON": sys.executable}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_it_installs_without_a_network_and_twice_is_once(tmp_path: Path, parts: dict[str, bytes]) -> None:
    archive = bundle(tmp_path, parts)
    done = install(tmp_path / "opt", archive)
    assert done.returncode == 0, done.stderr
    assert (
        subprocess.run([tmp_path / "opt/.venv/bin/didban"], capture_output=True, text=True).stdout == "didban 0.0.1\n"
    )
    assert not (tmp_path / "opt/.venv/bin/pip").exists()
    again = install(tmp_path / "opt", archive)
    assert "is there already" in again.stderr


@pytest.mark.parametrize("what", ["another key", "a changed byte", "no signature", "no key"])
def test_what_is_not_signed_is_not_even_unpacked(tmp_path: Path, parts: dict[str, bytes], what: str) -> None:
    archive, key = bundle(tmp_path, parts), PUBLIC
    match what:
        case "another key":
            key = OTHER
        case "a changed byte":
            data = bytearray(archive.read_bytes())
            data[600] ^= 1
            archive.write_bytes(data)
        case "no signature":
            archive.with_suffix(".tar.sig").unlink()
        case _:
            key = "x"
    done = install(tmp_path / "opt", archive, key)
    assert done.returncode in (1, 2, 3)
    assert done.stderr.startswith("didban: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "opt").exists()


def test_a_wheel_that_is_not_the_one_in_the_list_is_refused(tmp_path: Path, parts: dict[str, bytes]) -> None:
    done = install(tmp_path / "opt", bundle(tmp_path, parts, hashed=b"another"))
    assert done.returncode == 3
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr
    assert not (tmp_path / "opt/.venv").exists(), "what was at work stays at work"


def test_every_wheel_that_is_locked_is_pinned_by_its_hash() -> None:
    for file in (ROOT / "deploy/locks/run.txt", BUNDLE / "pip.txt"):
        rows = file.read_text().replace("\\\n", " ").splitlines()
        pinned = [row for row in rows if row and not row.lstrip().startswith("#")]
        assert pinned
        assert all("==" in row and "--hash=sha256:" in row for row in pinned)


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh"])
def test_the_scripts_are_plain_shell(script: str) -> None:
    done = subprocess.run(["shellcheck", BUNDLE / script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


# ---------------------------------------------------------------- the real one: it needs a package index, and minutes


def built(folder: Path, arch: str) -> Path:
    (folder.parent / "key").write_text(base64.b64encode(bytes(32)).decode())
    command = [sys.executable, "-m", "deploy.bundle", "--arch", arch, "--out", str(folder)]
    done = subprocess.run(
        [*command, "--key-file", str(folder.parent / "key")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return next(folder.glob("*.tar"))


@pytest.mark.long
def test_built_twice_it_is_the_same_and_what_it_installs_walks(tmp_path: Path) -> None:
    archive = built(tmp_path / "one", "x86_64")
    assert built(tmp_path / "two", "x86_64").read_bytes() == archive.read_bytes()
    done = install(tmp_path / "opt", archive)
    assert done.returncode == 0, done.stderr
    didban = tmp_path / "opt/.venv/bin/didban"
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert subprocess.run([didban, "--version"], capture_output=True, text=True).stdout == f"didban {version}\n"
    _walks(didban, tmp_path)


def _walks(didban: Path, folder: Path) -> None:
    """One walk to a listener on loopback, in a namespace that has nothing else."""
    (folder / "own.yml").write_text(
        "service: own\ntitle: {en: Own}\ncategory: messaging\ntargets:\n"
        "  - {id: page, kind: http, depth: web, hosts: [127.0.0.1], ports: [8080], source: test}\n"
    )
    script = f"""
ip link set lo up
cd {folder}
{didban} init --role control --country DE --access datacenter --i-understand --out didban.yml --storage state >/dev/null
sed -i '/^services:/,/\\]/d' didban.yml
echo 'services: [./own.yml]' >> didban.yml
{sys.executable} -m http.server --bind 127.0.0.1 8080 >/dev/null 2>&1 & server=$!
sleep 2
{didban} probe own/page --json
kill $server
"""
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert '"step":"fetch"' in done.stdout.replace(" ", ""), done.stdout + done.stderr
    assert '"failure":null' in done.stdout.replace(" ", "")


@pytest.mark.long
def test_every_wheel_is_to_be_had_for_arm64(tmp_path: Path) -> None:
    with tarfile.open(built(tmp_path / "arm", "aarch64")) as archive:
        wheels = [name.rpartition("/")[2] for name in archive.getnames() if name.endswith(".whl")]
    of_machine = [name for name in wheels if not name.endswith("-none-any.whl")]
    assert of_machine
    assert all("aarch64" in name for name in of_machine)
    for python in ("cp311", "cp312", "cp313"):
        assert any(f"-{python}-{python}-" in name for name in of_machine)
