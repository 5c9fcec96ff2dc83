# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs built from Go modules, each once per user and version."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from sandbox.acquire.parts import GoPart, part_of
from sandbox.errors import SandboxError
from sandbox.layout import cache_home
from sandbox.progress import say, step

GO_MINIMUM = (1, 21)
# Free space that the largest build needs for its caches; they are removed afterwards.
BUILD_SPACE = 8 * 1024**3


def location(program: str) -> Path:
    """Where a built program lies; the folder's name changes with everything that goes into it."""
    part = part_of(program)
    return cache_home() / "programs" / f"{part.name}-{part.version}-{part.digest}" / program


def files_of(part: GoPart) -> Path:
    """Where a part's copied module files lie."""
    return cache_home() / "programs" / f"{part.name}-{part.version}-{part.digest}" / "files"


def obtain(programs: Sequence[str]) -> None:
    """Build what is not there yet, one program after the other, saying how far it is."""
    missing = [program for program in programs if not location(program).exists()]
    if not missing:
        return
    _require_go()
    _require_space()
    say(f"first run on this machine: {len(missing)} programs are built from source, once: {', '.join(missing)}")
    with _turn():
        for program in programs:
            if not location(program).exists():
                number = missing.index(program) + 1 if program in missing else len(missing)
                with step(f"building {program} {part_of(program).version} ({number} of {len(missing)})"):
                    _build(part_of(program), program)


def trim() -> None:
    """Remove the build caches: gigabytes that serve nobody once the programs exist."""
    with _turn():
        for name in ("go-build", "go-mod", "go-work"):
            shutil.rmtree(cache_home() / name, ignore_errors=True)


def _require_go() -> None:
    go = shutil.which("go")
    if not go:
        raise SandboxError(
            "There is no 'go' program, and the parts of the sandbox are not in the cache yet.",
            f"install Go {'.'.join(map(str, GO_MINIMUM))} or newer and run the command again.",
        )
    text = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"go(\d+)\.(\d+)", text)
    if not found or tuple(map(int, found.groups())) < GO_MINIMUM:
        raise SandboxError(
            f"{go} is {text.strip() or 'of unknown version'}; Go {'.'.join(map(str, GO_MINIMUM))} or newer is needed.",
            "install a newer Go.",
        )


def _require_space() -> None:
    cache_home().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache_home()).free
    if free < BUILD_SPACE:
        raise SandboxError(
            f"The disk of {cache_home()} has {free / 1024**3:.1f} GiB free; building needs {BUILD_SPACE / 1024**3:.0f} GiB.",
            "free some space, or set XDG_CACHE_HOME to a larger disk.",
        )


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """One build at a time on this machine and for this user: builds take all processors anyway."""
    cache_home().mkdir(parents=True, exist_ok=True)
    with (cache_home() / "build.lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("waiting for another build of the same user"):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOCACHE": str(cache_home() / "go-build"),
        "GOMODCACHE": str(cache_home() / "go-mod"),
        # A read-only module cache could not be trimmed.
        "GOFLAGS": "-modcacherw -trimpath -buildvcs=false",
        "GOWORK": "off",
    }


def _go(folder: Path, *arguments: str) -> str:
    result = subprocess.run(
        ["go", *arguments], cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )
    if result.returncode:
        words = [line for line in result.stderr.splitlines() if not line.startswith("go: downloading")]
        raise SandboxError(
            f"'go {arguments[0]}' failed in {folder.name}: {' | '.join(words[-6:]) or 'no reason given'}.",
            "check that Go modules can be downloaded here, then run the command again; finished parts are kept.",
        )
    return result.stdout.strip()


def _build(part: GoPart, program: str) -> None:
    target = location(program)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{program}.{os.getpid()}")
    module_file = [f"-modfile={_patched_module_file(part)}"] if part.patch else []
    flags = ["-tags", part.tags, "-ldflags", f"-s -w {part.ldflags}".strip()]
    try:
        _go(part.folder, "build", *module_file, *flags, "-o", str(temporary), part.programs[program])
        if part.files:
            _copy_module_files(part)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _patched_module_file(part: GoPart) -> Path:
    """A module file that puts a completed copy in the place of a module that does not build as it is."""
    assert part.patch
    work = cache_home() / "go-work" / part.name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    source = Path(_go(part.folder, "list", "-m", "-f", "{{.Dir}}", part.patch["module"]) or _download(part))
    shutil.copytree(source, work / "module")
    for name, text in part.patch["files"].items():
        file = work / "module" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for name in ("go.mod", "go.sum"):
        shutil.copy(part.folder / name, work / name)
    _go(work, "mod", "edit", "-replace", f"{part.patch['module']}={work / 'module'}")
    return work / "go.mod"


def _download(part: GoPart) -> str:
    assert part.patch
    _go(part.folder, "mod", "download", part.patch["module"])
    return _go(part.folder, "list", "-m", "-f", "{{.Dir}}", part.patch["module"])


def _copy_module_files(part: GoPart) -> None:
    assert part.files
    source = Path(_go(part.folder, "list", "-m", "-f", "{{.Dir}}", part.files["module"]))
    for path in part.files["paths"]:
        shutil.copytree(source / path, files_of(part) / path, dirs_exist_ok=True)
