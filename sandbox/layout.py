# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything of one sandbox lies on disk."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError

REPOSITORY = Path(__file__).resolve().parent.parent
# A Unix socket's path may hold 107 bytes; the longest one here is supervisor's, 16 bytes below the state folder.
LONGEST_STATE_PATH = 107 - 16
NAME_PATTERN = re.compile(r"[a-z][a-z0-9-]{0,20}")


def cache_home() -> Path:
    """The per-user cache that all sandboxes share: programs, wheels, charts."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xaheen-runbook"


def state_home() -> Path:
    """The folder that holds one folder per sandbox."""
    if os.environ.get("XAHEEN_SANDBOX_HOME"):
        return Path(os.environ["XAHEEN_SANDBOX_HOME"]).resolve()
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "xaheen-runbook"


@dataclass(frozen=True)
class Layout:
    """The folders and files of one named sandbox. Nothing is ever written outside `state` and the cache."""

    name: str
    state: Path

    @classmethod
    def of(cls, name: str) -> Layout:
        """The layout of a sandbox; refuses names and places that cannot work."""
        if not NAME_PATTERN.fullmatch(name):
            raise SandboxError(
                f"'{name}' is no sandbox name: it takes lower-case letters, digits and '-', 21 characters at most.",
                "choose another --name.",
            )
        state = state_home() / name
        if len(os.fsencode(state)) > LONGEST_STATE_PATH:
            raise SandboxError(
                f"The state folder's path {state} is too long for Unix sockets ({LONGEST_STATE_PATH} bytes at most).",
                "set XAHEEN_SANDBOX_HOME to a shorter path.",
            )
        return cls(name, state)

    @property
    def bin(self) -> Path:
        """Links to this sandbox's programs, which lie in the shared cache."""
        return self.state / "bin"

    @property
    def record(self) -> Path:
        """What `up` decided: kind of cell and nodes, ports, the supervisor's process."""
        return self.state / "sandbox.json"

    @property
    def pki(self) -> Path:
        """Certificates and keys of the sandbox's own authorities."""
        return self.state / "pki"

    @property
    def logs(self) -> Path:
        """One log file per service."""
        return self.state / "logs"

    @property
    def kubeconfig(self) -> Path:
        """The operator's access to the cluster."""
        return self.state / "kubeconfig"

    @property
    def endpoints(self) -> Path:
        """Addresses and files of the services, for the rehearsal's inventory."""
        return self.state / "endpoints.json"

    @property
    def supervisor_socket(self) -> Path:
        """Where the process supervisor listens."""
        return self.state / "supervisor.sock"

    def service(self, name: str) -> Path:
        """The data folder of one service, made on first use."""
        folder = self.state / "services" / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def read_record(self) -> dict[str, Any]:
        """The record, or an empty one when the sandbox was never started."""
        try:
            record: dict[str, Any] = json.loads(self.record.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return record

    def write_record(self, record: dict[str, Any]) -> None:
        """Replace the record in one step, so that an interruption leaves the old or the new one."""
        write_private(self.record, json.dumps(record, indent=2, sort_keys=True) + "\n")


def write_private(path: Path, text: str | bytes) -> Path:
    """Write a file that only its owner can read, in one step."""
    data = text.encode() if isinstance(text, str) else text
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(data)
    os.replace(temporary, path)
    return path
