# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Typed errors of the engine and transport layers. Private to this collection."""

from __future__ import annotations


class RunbookError(Exception):
    """A failure a person can act on: what happened, the proof of it, and the next step.

    No argument may carry a secret: the text reaches terminals, job logs and reports.
    """

    def __init__(self, what: str, proof: str = "", next_step: str = "") -> None:
        self.what = what
        self.proof = proof
        self.next_step = next_step
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """One paragraph for `fail_json`."""
        parts = [self.what.rstrip(".") + "."]
        if self.proof:
            parts.append(self.proof.rstrip(".") + ".")
        if self.next_step:
            parts.append("Next: " + self.next_step.rstrip(".") + ".")
        return " ".join(parts)


class ConfigError(RunbookError):
    """An input is wrong or missing; nothing was sent."""


class TransportError(RunbookError):
    """The server could not be reached, or TLS failed."""


class PermissionDenied(RunbookError):
    """The server answered 401 or 403."""


class NotFound(RunbookError):
    """The server answered 404."""


class Conflict(RunbookError):
    """The state found contradicts the state asked for; going on could destroy something."""


class WaitTimeout(RunbookError):
    """A condition did not come true in time."""
