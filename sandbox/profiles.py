# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services run together: the whole rehearsal, or only what a task needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.acquire.parts import CONTROL_PLANE, MONITORING
from sandbox.errors import SandboxError
from sandbox.nodes import kinds
from sandbox.services.etcd import ETCD
from sandbox.services.kubernetes import API_SERVER, CONTROLLER_MANAGER, SCHEDULER
from sandbox.services.monitoring import MONITORING as MONITORING_SERVICES
from sandbox.services.openbao import OPENBAO
from sandbox.services.postgresql import POSTGRESQL
from sandbox.services.redis import REDIS
from sandbox.services.service import Service

CONTROL_PLANE_SERVICES = (ETCD, API_SERVER, CONTROLLER_MANAGER, SCHEDULER)
STORES = (*OPENBAO, POSTGRESQL, REDIS)
STORE_PROGRAMS = ("bao", "postgresql", "redis-server")
SITE = "site"
FULL = "full"


@dataclass(frozen=True)
class Profile:
    """The services of a sandbox in the order of their start, and the programs they are made of."""

    services: tuple[Service, ...]
    programs: tuple[str, ...]


def profile(name: str, nodes: str) -> Profile:
    """The profile of this name for a kind of nodes."""
    kind = kinds.of(nodes)
    # On real nodes the stores are pods.
    stores, store_programs = ((), ()) if kind.runs_workloads else (STORES, STORE_PROGRAMS)
    cluster = Profile(
        (*CONTROL_PLANE_SERVICES, *kind.services),
        tuple(dict.fromkeys((*CONTROL_PLANE, *kind.programs, "helm"))),
    )
    site = Profile((*stores, *cluster.services), (*cluster.programs, *store_programs))
    profiles = {
        "vault": Profile(tuple(OPENBAO), ("bao",)),
        "cluster": cluster,
        SITE: site,
        FULL: Profile((*site.services, *MONITORING_SERVICES), (*site.programs, *MONITORING)),
    }
    if name not in profiles:
        raise SandboxError(f"There is no profile '{name}'.", f"choose one of {', '.join(profiles)}.")
    return profiles[name]


def names() -> Sequence[str]:
    """What `--profile` takes."""
    return ("vault", "cluster", SITE, FULL)
