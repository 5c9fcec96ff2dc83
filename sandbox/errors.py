# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error type of the sandbox."""

from __future__ import annotations


class SandboxError(Exception):
    """Something a person must know or do, in one sentence; `next_step` says what to do."""

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what if not next_step else f"{what} Next: {next_step}")
