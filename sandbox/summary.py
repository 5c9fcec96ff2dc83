# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last screen of a rehearsal: stages, verdicts, score, and where the report lies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.layout import Layout
from sandbox.progress import say

if TYPE_CHECKING:
    from sandbox.rehearsal import Stage

STATUSES = ("pass", "fail", "waived", "manual", "not_applicable", "unknown", "error")


def show(layout: Layout, run_id: str, stages: Sequence[Stage]) -> int:
    """Print the summary; 0 only when every stage succeeded and a verdict of this run is there."""
    say("== summary")
    for stage in stages:
        print(f"  {'ok    ' if stage.code == 0 else 'FAILED'}  {stage.title:12} {stage.seconds:6.1f} s")
    results = _results(layout, run_id)
    for path, content in results:
        _show_verdict(path, content)
    if not results:
        print("  no compliance verdict was written in this run")
    return 0 if results and all(stage.code == 0 for stage in stages) else 1


def _results(layout: Layout, run_id: str) -> list[tuple[Path, dict[str, Any]]]:
    files = sorted((layout.state / "evidence").glob(f"*/*/{run_id}/results.json"))
    return [(file, json.loads(file.read_text(encoding="utf-8"))) for file in files]


def _show_verdict(path: Path, content: dict[str, Any]) -> None:
    raise NotImplementedError
