"""Builds the offline bundle: own wheel, everybody else's wheels, units and installer, in one signed archive."""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "deploy/locks"
PYTHONS = ("3.11", "3.12", "3.13")  # Debian 12, Ubuntu 24.04, Debian 13
# of every wheel for Linux with glibc; 2.28 is older than any system with Python 3.11
_GLIBC = ("2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
_OLD_NAMES = ("manylinux2014", "manylinux2010", "manylinux1", "linux")
_WITH_IT = ("README.md", "LICENSE", "CHANGELOG.md", "deploy/systemd", "deploy/bundle/uninstall.sh")


def main() -> None:
    asked = _asked()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _check_out(folder / "source")
        epoch_s = int(_said("git", "log", "-1", "--format=%ct"))
        version = tomllib.loads((folder / "source/pyproject.toml").read_text())["project"]["version"]
        wheels = folder / "wheels"
        wheels.mkdir()
        own = _own_wheel(folder, wheels, epoch_s)
        for python in PYTHONS:
            _download(asked.arch, python, wheels)
        lines = f"didban=={version} --hash=sha256:{hashlib.sha256(own.read_bytes()).hexdigest()}\n"
        requirements = lines + (folder / "source/deploy/locks/run.txt").read_text()
        archive = _archive(folder / "source", wheels, requirements, f"didban-{version}", epoch_s)
    asked.out.mkdir(parents=True, exist_ok=True)
    target = asked.out / f"didban-{version}-{asked.arch}.tar"
    target.write_bytes(archive)
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(asked.key_file.read_text()))
    target.with_suffix(".tar.sig").write_bytes(key.sign(archive))
    print(f"{target}: {len(archive)} bytes, sha256 {hashlib.sha256(archive).hexdigest()}")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.bundle", description=__doc__)
    parser.add_argument("--arch", choices=["x86_64", "aarch64"], required=True)
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _said(*command: str, cwd: Path = ROOT) -> str:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout  # noqa: S603 - words of ours


def _check_out(folder: Path) -> None:
    """What is committed, and nothing that lies about."""
    archive = ["git", "archive", "HEAD"]
    packed = subprocess.run(archive, cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S603 - words of ours
    with tarfile.open(fileobj=io.BytesIO(packed)) as source:
        source.extractall(folder, filter="data")


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *words]
    subprocess.run(command, check=True)  # noqa: S603 - words of ours


def _own_wheel(folder: Path, wheels: Path, epoch_s: int) -> Path:
    """By the very setuptools of the lock; its clock is that of the commit."""
    _pip("install", "--require-hashes", "--no-deps", "-r", str(LOCKS / "build.txt"), "--target", str(folder / "tools"))
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    environment = os.environ | {
        "PYTHONPATH": str(folder / "tools"),
        "SOURCE_DATE_EPOCH": str(epoch_s),
        "PYTHONHASHSEED": "0",
    }
    command = [sys.executable, "-c", build, str(wheels)]
    subprocess.run(  # noqa: S603 - words of ours
        command, cwd=folder / "source", env=environment, umask=0o022, stdout=subprocess.DEVNULL, check=True
    )
    return next(wheels.glob("didban-*.whl"))


def _download(arch: str, python: str, wheels: Path) -> None:
    """What the lock names for one Python, and pip itself: a board need not have it."""
    names = [*(f"manylinux_{each}_{arch}" for each in _GLIBC), *(f"{each}_{arch}" for each in _OLD_NAMES)]
    abi = f"cp{python.replace('.', '')}"
    choice = [f"--platform={each}" for each in names] + [f"--abi={each}" for each in (abi, "abi3", "none")]
    for file in (LOCKS / "run.txt", ROOT / "deploy/bundle/pip.txt"):
        of_them = ["--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(file), "-d", str(wheels)]
        _pip("download", *of_them, f"--python-version={python}", "--implementation=cp", *choice)


def _archive(source: Path, wheels: Path, requirements: str, name: str, epoch_s: int) -> bytes:
    """In one order, of one time, of nobody: the same whoever builds it, wherever."""
    files = {f"wheels/{path.name}": path.read_bytes() for path in wheels.iterdir()}
    files |= {str(path.relative_to(source)): path.read_bytes() for path in _with_it(source)}
    files["requirements.txt"] = requirements.encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mtime, entry.mode = len(content), epoch_s, 0o644
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _with_it(source: Path) -> Iterator[Path]:
    for each in _WITH_IT:
        path = source / each
        yield from (path.iterdir() if path.is_dir() else [path])


if __name__ == "__main__":
    main()
