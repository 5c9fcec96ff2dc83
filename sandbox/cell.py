# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cell: namespaces of the sandbox's own, held by its process supervisor.

The supervisor is the first process of a new process, mount and network namespace. So no packet can leave (there is no
route out), every port is free, mounts are seen by nobody else, and when the supervisor dies the kernel ends every
process of the sandbox. Root makes the namespaces directly, other users within a user namespace.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.progress import wait_until

ROOT = "root"
USER = "user"
LOOPBACK = "loopback"
# Marks every process of a sandbox, so that none survives `down` where no process namespace can end them.
MARKER = "XAHEEN_SANDBOX_STATE"


@dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process:
        """Identify a running process."""
        return cls(pid, _start_time(pid))

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        try:
            return _start_time(self.pid) == self.started and _process_state(self.pid) != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False

    def kill(self) -> None:
        """End the process if it is still this one."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def _stat_fields(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return text.rpartition(")")[2].split()


def _start_time(pid: int) -> int:
    return int(_stat_fields(pid)[19])


def _process_state(pid: int) -> str:
    return _stat_fields(pid)[0]


def choose_kind(wanted: str | None) -> tuple[str, str]:
    """The kind of cell this machine allows, and one sentence that says why."""
    if wanted:
        return wanted, "as asked"
    for program in ("unshare", "nsenter"):
        if not shutil.which(program):
            return LOOPBACK, f"no '{program}' program (util-linux): services share the machine's loopback"
    kind = ROOT if os.geteuid() == 0 else USER
    probe = subprocess.run([*_unshare(kind), "true"], capture_output=True, text=True, check=False)
    if probe.returncode == 0:
        return kind, "a network namespace of its own, with no route out"
    reason = (probe.stderr.strip().splitlines() or ["no reason given"])[-1]
    return LOOPBACK, f"no namespace of its own ({reason}): services share the machine's loopback"


def _unshare(kind: str) -> list[str]:
    user = ["--user", "--map-root-user"] if kind == USER else []
    return ["unshare", *user, "--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]


def start(kind: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Start the supervisor as the cell's first process and return it as seen from outside."""
    argv = list(command) if kind == LOOPBACK else [*_unshare(kind), *command]
    with log.open("ab") as output:
        launcher = subprocess.Popen(
            argv,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            close_fds=True,
        )
    if kind == LOOPBACK:
        return Process.of(launcher.pid)
    first: list[Process] = []

    def found() -> bool:
        if launcher.poll() is not None:
            raise SandboxError("The cell could not be made.", f"read {log}.")
        children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text(encoding="utf-8").split()
        first[:] = [Process.of(int(child)) for child in children]
        return bool(first)

    if not wait_until(found, timeout=10, interval=0.02):
        raise SandboxError("The cell did not start within 10 s.", f"read {log}.")
    return first[0]


def enter(kind: str, supervisor: Process) -> list[str]:
    """The words that run a command inside the cell; empty where there is none."""
    if kind == LOOPBACK:
        return []
    user = ["--user", "--preserve-credentials"] if kind == USER else []
    # Also its process namespace, so that /proc is the right one and `down` ends what was left running inside.
    return ["nsenter", f"--target={supervisor.pid}", *user, "--net", "--pid", "--mount", "--wd=."]


def leftovers(state: Path) -> list[Process]:
    """Processes that carry this sandbox's mark, except the asking one."""
    mark = f"{MARKER}={state}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(Process.of(int(entry.name)))
    return found
