# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel knows of a sandbox's processes and connections."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path


def of_state(state: Path) -> set[int]:
    """Processes whose command line names the sandbox's state folder."""
    mark = str(state).encode() + b"/"
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if mark in (entry / "cmdline").read_bytes():
                    found.add(int(entry.name))
    return found


def namespaces(kind: str) -> set[str]:
    """The namespaces of a kind that some process is in."""
    found = set()
    for entry in Path("/proc").glob(f"[0-9]*/ns/{kind}"):
        with contextlib.suppress(OSError):
            found.add(str(entry.readlink()))
    return found


def remote_addresses(process: int) -> set[str]:
    """Remote addresses, in hexadecimal as the kernel writes them, of TCP sockets in a process's network namespace."""
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text(encoding="utf-8").splitlines()[1:]:
            found.add(line.split()[2].partition(":")[0])
    return found


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()
