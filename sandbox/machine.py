# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine must be to hold a sandbox."""

from __future__ import annotations

import platform
import sys

from sandbox.errors import SandboxError

PYTHON_MINIMUM = (3, 11)
MACHINES = ("x86_64", "AMD64")


def check() -> None:
    """Refuse machines on which the sandbox cannot work, in one sentence."""
    if sys.version_info < PYTHON_MINIMUM:
        raise SandboxError(
            f"This is Python {platform.python_version()}; the sandbox needs {'.'.join(map(str, PYTHON_MINIMUM))} or newer.",
            "start it with a newer Python.",
        )
    if platform.system() != "Linux" or platform.machine() not in MACHINES:
        raise SandboxError(
            f"This is {platform.system()} on {platform.machine()}; the sandbox's servers exist for Linux on x86-64 only.",
            "run it on such a machine, or in a virtual machine of that kind.",
        )
