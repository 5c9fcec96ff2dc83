# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole runbook on one machine: sandbox up, site.yml, verify.yml, and a summary of what was proven."""
from __future__ import annotations

from sandbox.layout import Layout
from sandbox.lifecycle import Wishes


def rehearse(layout: Layout, wishes: Wishes, keep: bool) -> int:
    raise NotImplementedError
