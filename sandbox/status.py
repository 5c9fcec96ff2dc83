# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in a sandbox, and the last words of what ended."""

from __future__ import annotations

import json
from dataclasses import asdict

from sandbox import cell, lifecycle
from sandbox.layout import Layout
from sandbox.supervisor import Condition, Supervisor, log_tail


def show(layout: Layout, as_json: bool) -> int:
    """Print the status; 0 when everything that was started runs, 1 when something crashed, 3 when it is down."""
    conditions = _conditions(layout)
    crashed = [condition for condition in conditions if condition.crashed]
    if as_json:
        print(json.dumps({"running": bool(conditions), "services": [asdict(c) for c in conditions]}, indent=2))
    elif not conditions:
        print(f"sandbox '{layout.name}' is down")
        _tell_strays(layout)
    else:
        _print_table(layout, conditions, crashed)
    if not conditions:
        return 3
    return 1 if crashed else 0


def _conditions(layout: Layout) -> list[Condition]:
    daemon = Supervisor(layout)
    return daemon.conditions() if lifecycle.first_process(layout) and daemon.answers else []


def _print_table(layout: Layout, conditions: list[Condition], crashed: list[Condition]) -> None:
    record = layout.read_record()
    print(f"sandbox '{layout.name}': {record['nodes']} nodes, cell '{record['cell']}', {layout.state}")
    width = max(len(condition.name) for condition in conditions)
    for condition in conditions:
        print(f"  {condition.name:{width}}  {condition.state.lower():8}  {condition.description}")
    for condition in crashed:
        print(f"\n{condition.name} ended without being told to. Its last words:\n{log_tail(layout, condition.name)}")


def _tell_strays(layout: Layout) -> None:
    strays = cell.leftovers(layout.state)
    if strays:
        print(f"{len(strays)} of its processes still run; 'down' ends them")
