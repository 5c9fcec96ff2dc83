# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All programs of a sandbox, wherever they come from, linked into one folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sandbox.acquire import gobuild, wheels
from sandbox.acquire.parts import go_parts
from sandbox.layout import Layout


def obtain(layout: Layout, programs: Sequence[str]) -> None:
    """Get what is missing, checked, and link everything into the sandbox's own folder."""
    built = [program for program in programs if _is_built(program)]
    gobuild.obtain(built)
    found = {program: gobuild.location(program) for program in built}
    if len(built) < len(programs):
        found.update(wheels.locations())
    layout.bin.mkdir(parents=True, exist_ok=True, mode=0o700)
    for program in programs:
        _link(layout.bin / program, found[program])


def _is_built(program: str) -> bool:
    return any(program in part.programs for part in go_parts())


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and Path(os.readlink(link)) == target:
        return
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.symlink_to(target)
    os.replace(temporary, link)
