# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Judges whether a cluster can take the application, before anything is changed. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.xaheen.runbook.plugins.module_utils._app.health import ZONE_LABEL
from ansible_collections.xaheen.runbook.plugins.module_utils._app.verdict import Verdict, failed, passed, unknown

# The chart relies on it: a pause before a container is stopped, and spreading per roll-out.
OLDEST_KUBERNETES = (1, 32)
OLDEST_HELM = (3, 14)
# kubernetes.core calls Helm 4 with options it no longer has, until 6.5.0.
FIRST_UNSUPPORTED_HELM = (4, 0)
_VERSION = re.compile(r"v?([0-9]+)\.([0-9]+)")


@dataclass(frozen=True)
class Right:
    """What the deploying account has to be allowed to do."""

    verb: str
    resource: str
    group: str = ""
    namespaced: bool = True

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'.' + self.group if self.group else ''}"


_OBJECTS = (
    ("configmaps", ""),
    ("secrets", ""),
    ("serviceaccounts", ""),
    ("services", ""),
    ("deployments", "apps"),
    ("horizontalpodautoscalers", "autoscaling"),
    ("networkpolicies", "networking.k8s.io"),
    ("poddisruptionbudgets", "policy"),
)
RIGHTS = (
    *(Right(verb, "namespaces", namespaced=False) for verb in ("get", "create", "patch")),
    *(Right(verb, resource, group) for resource, group in _OBJECTS for verb in ("get", "create", "patch", "delete")),
    Right("list", "pods"),
    Right("list", "nodes", namespaced=False),
)


@dataclass
class Ground:
    """What was read of the cluster and the program. What could not be read is missing, and `unread` says why."""

    kubernetes_version: str = ""
    helm_version: str = ""
    rights: Mapping[Right, bool] = field(default_factory=dict)
    nodes: Sequence[Mapping[str, Any]] = ()
    unread: dict[str, str] = field(default_factory=dict)


def judge(ground: Ground, min_zones: int) -> list[Verdict]:
    """Every item of the list."""
    items = {
        "kubernetes": _kubernetes(ground.kubernetes_version),
        "helm": _helm(ground.helm_version),
        "rights": _rights(ground.rights),
        "zones": _zones(ground.nodes, min_zones),
    }
    return [_unread(check, ground.unread[check]) if check in ground.unread else verdict for check, verdict in items.items()]


def _unread(check: str, reason: str) -> Verdict:
    return unknown(check, "What is needed could not be read", reason, "mend the way to it and start again")


def _kubernetes(version: str) -> Verdict:
    found = _numbers(version)
    oldest = ".".join(map(str, OLDEST_KUBERNETES))
    if found is None:
        return unknown("kubernetes", "The cluster's version is not known", f"it says '{version}'", "look at GET /version")
    if found < OLDEST_KUBERNETES:
        return failed("kubernetes", f"The chart needs Kubernetes {oldest}", f"the cluster is {version}", "upgrade the cluster")
    return passed("kubernetes", version)


def _helm(version: str) -> Verdict:
    found = _numbers(version)
    if found is None:
        return unknown("helm", "The version of app_helm_binary is not known", f"it says '{version}'", "set app_helm_binary")
    if not OLDEST_HELM <= found < FIRST_UNSUPPORTED_HELM:
        return failed("helm", "This version of Helm does not fit", f"it is {version}", "set app_helm_binary to a Helm 3.14 or later, not 4")
    return passed("helm", version)


def _rights(rights: Mapping[Right, bool]) -> Verdict:
    missing = [str(right) for right, allowed in rights.items() if not allowed]
    if not rights:
        return unknown("rights", "No right was asked for", "", "start again")
    if missing:
        return failed("rights", "The account of app_kubeconfig may not do what is needed", "missing: " + ", ".join(missing), "grant them, or use another account")
    return passed("rights", f"{len(rights)} rights")


def _zones(nodes: Sequence[Mapping[str, Any]], min_zones: int) -> Verdict:
    usable = [node for node in nodes if _usable(node)]
    found = sorted({zone for node in usable for zone in [node["metadata"].get("labels", {}).get(ZONE_LABEL)] if zone})
    proof = f"{len(usable)} of {len(nodes)} nodes take pods, in the zones {', '.join(found) or 'none'}; app_min_zones is {min_zones}"
    if len(found) < min_zones:
        return failed("zones", "There are too few zones to spread over", proof, "add nodes, mend those that are not ready, or lower app_min_zones")
    return passed("zones", proof)


def _usable(node: Mapping[str, Any]) -> bool:
    if node.get("spec", {}).get("unschedulable"):
        return False
    conditions = node.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _numbers(version: str) -> Optional[tuple[int, int]]:
    match = _VERSION.match(version)
    return (int(match.group(1)), int(match.group(2))) if match else None
