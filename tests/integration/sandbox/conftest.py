# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sandboxes that tests start, look at, break and throw away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
COMMAND_SECONDS = 900


@dataclass(frozen=True)
class CommandLine:
    """The sandbox's command line for one name, in a state folder of the tests' own."""

    name: str
    home: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command without waiting for it."""
        environment = {**os.environ, "XAHEEN_SANDBOX_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)}
        command = [sys.executable, "-m", "sandbox", words[0], "--name", self.name, *words[1:]]
        return subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )

    def __call__(self, *words: str, expect: int = 0) -> str:
        """Run a command, check its exit code, and return what it printed on both outputs."""
        process = self.start(*words)
        output, errors = process.communicate(timeout=COMMAND_SECONDS)
        assert process.returncode == expect, f"{words}: {process.returncode}\n{output}\n{errors}"
        return output + errors

    def status(self) -> dict[str, dict[str, Any]]:
        """The condition of each service."""
        process = self.start("status", "--format", "json")
        output, _ = process.communicate(timeout=COMMAND_SECONDS)
        return {service["name"]: service for service in json.loads(output)["services"]}

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.home / self.name

    @property
    def first_process(self) -> int:
        """The supervisor's process number."""
        return int(json.loads((self.state / "sandbox.json").read_text(encoding="utf-8"))["supervisor"]["pid"])


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short folder for state: the path of a socket must be short."""
    return tmp_path_factory.mktemp("s")


@pytest.fixture(scope="module")
def cluster(home: Path) -> Iterator[CommandLine]:
    """A running sandbox with simulated nodes and all stores."""
    sandbox = CommandLine("one", home)
    sandbox("up", "--nodes", "simulated", "--profile", "site")
    yield sandbox
    sandbox("reset")
