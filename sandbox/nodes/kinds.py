# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of nodes a sandbox can have, behind one face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox import cell
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.nodes import real, simulated
from sandbox.services.service import Service, Site

REAL = "real"
SIMULATED = "simulated"


@dataclass(frozen=True)
class Kind:
    """What the rest of the sandbox needs to know of its nodes."""

    services: tuple[Service, ...]
    programs: tuple[str, ...]
    # Whether pods really run, so that the stores and the application are pods as well.
    runs_workloads: bool
    prepare_network: Callable[[Site], None]
    power: Callable[[Site, str, bool], None]
    cleanup: Callable[[Layout], None]


_KINDS = {
    SIMULATED: Kind(
        services=simulated.SIMULATED_NODES,
        programs=simulated.PROGRAMS,
        runs_workloads=False,
        prepare_network=simulated.prepare_network,
        power=simulated.power,
        cleanup=lambda layout: None,
    ),
    REAL: Kind(
        services=real.REAL_NODES,
        programs=real.PROGRAMS,
        runs_workloads=True,
        prepare_network=real.prepare_network,
        power=real.power,
        cleanup=real.cleanup,
    ),
}


def of(name: str) -> Kind:
    """The kind of this name."""
    return _KINDS[name]


def choose(wanted: str | None, kind_of_cell: str) -> tuple[str, str]:
    """The kind of nodes this machine allows, and one sentence that says why."""
    obstacle = "they need namespaces of their own" if kind_of_cell != cell.ROOT else real.obstacle()
    if wanted == REAL and obstacle:
        raise SandboxError(f"Real nodes cannot run here: {obstacle}.", "use NODES=simulated.")
    if wanted:
        return wanted, "as asked"
    if obstacle:
        return SIMULATED, f"real ones cannot run here: {obstacle}"
    return REAL, "this machine allows it"
