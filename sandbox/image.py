# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name under which the sandbox's clusters know the stand-in application's image."""

from __future__ import annotations

from sandbox.acquire.parts import part_of

# No such registry exists: a name under .internal can never be looked up outside.
REPOSITORY = "registry.rehearsal.internal/xaheen-cli"


def version() -> str:
    """The application's version, which is the image's tag."""
    return part_of("application").version


def reference() -> str:
    """The image as a Deployment names it."""
    return f"{REPOSITORY}:{version()}"
