# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to obtain, read from the lock file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent.parent / "components"
APPLICATION = FOLDER.parent / "application"

# What a rehearsal needs first, and what can be built while its first stages run.
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
SIMULATED = ("application", *CONTROL_PLANE, "kwok")
MONITORING = ("prometheus", "promtool", "alertmanager", "amtool")


@dataclass(frozen=True)
class GoPart:
    """A Go module of ours that pins upstream programs."""

    name: str
    version: str
    folder: Path
    programs: dict[str, str]
    tags: str = ""
    ldflags: str = ""
    patch: dict[str, Any] | None = None
    files: dict[str, Any] | None = None

    @property
    def digest(self) -> str:
        """Changes whenever a build would give another result."""
        state = hashlib.sha256()
        recipe = [self.version, self.tags, self.ldflags, self.patch, self.files]
        state.update(json.dumps(recipe, sort_keys=True).encode())
        for file in sorted(self.folder.iterdir()):
            if file.suffix in (".mod", ".sum", ".go"):
                state.update(file.read_bytes())
        return state.hexdigest()[:16]


@cache
def lock() -> dict[str, Any]:
    """The lock file's content."""
    content: dict[str, Any] = yaml.safe_load((FOLDER / "lock.yml").read_text(encoding="utf-8"))
    return content


@cache
def go_parts() -> tuple[GoPart, ...]:
    """All Go parts, in the order of the lock file."""
    parts = []
    for name, entry in lock()["go"].items():
        folder = APPLICATION if name == "application" else FOLDER / name
        parts.append(GoPart(name=name, folder=folder, **entry))
    return tuple(parts)


def part_of(program: str) -> GoPart:
    """The Go part that holds a program."""
    return next(part for part in go_parts() if program in part.programs)
