# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real nodes."""

from __future__ import annotations

from typing import Any

from sandbox.layout import Layout
from sandbox.services.service import Service, Site

REAL_NODES: tuple[Service, ...] = ()
PROGRAMS: tuple[str, ...] = ()


def obstacle() -> str | None:
    """Why this machine cannot run real nodes."""
    return "they are not built yet"


def prepare_network(site: Site) -> None:
    """Nothing yet."""


def power(site: Site, node: str, on: bool) -> None:
    """Nothing yet."""


def cleanup(layout: Layout) -> None:
    """Nothing yet."""


def endpoints(site: Site) -> dict[str, Any]:
    """Nothing yet."""
    return {}
