# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The calls that modules and action plugins share. Private to this collection."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from typing import Any, Optional

from ansible_collections.xaheen.runbook.plugins.module_utils._app import health, preflight
from ansible_collections.xaheen.runbook.plugins.module_utils._app import release as helm
from ansible_collections.xaheen.runbook.plugins.module_utils._app.cluster import Cluster
from ansible_collections.xaheen.runbook.plugins.module_utils._app.verdict import Verdict, all_pass, as_dicts, summary
from ansible_collections.xaheen.runbook.plugins.module_utils._kube.client import KubeClient

Arguments = Mapping[str, Any]
Progress = Callable[[str], None]

POLL_SECONDS = 2.0
# A registry or a dependency may stumble; a pod that is stuck for longer than this stays so.
GIVE_UP_SECONDS = 30.0

CONNECTION_ARGUMENTS: dict[str, Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "context": {"type": "str", "default": ""},
    "namespace": {"type": "str", "required": True},
    "release": {"type": "str", "required": True},
}
PREFLIGHT_ARGUMENTS: dict[str, Any] = {
    **CONNECTION_ARGUMENTS,
    "helm_binary": {"type": "path", "default": "helm"},
    "min_zones": {"type": "int", "default": 2},
}
RELEASE_ARGUMENTS: dict[str, Any] = {
    **CONNECTION_ARGUMENTS,
    "interrupted_after_seconds": {"type": "int", "default": 600},
}
HEALTH_ARGUMENTS: dict[str, Any] = {
    **CONNECTION_ARGUMENTS,
    "checks": {"type": "list", "elements": "str", "choices": list(health.CHECKS), "default": list(health.CHECKS)},
    "version": {"type": "str", "default": ""},
    "min_zones": {"type": "int", "default": 2},
    "audience": {"type": "str", "default": "vault"},
    "probe_url": {"type": "str", "default": ""},
    "probe_metrics_url": {"type": "str", "default": ""},
    "wait_seconds": {"type": "int", "default": 0},
}


def run_preflight(arguments: Arguments, progress: Optional[Progress] = None) -> dict[str, Any]:
    """Judge the ground; the result fails when an item does not pass."""
    ground = _cluster(arguments).ground(arguments["helm_binary"])
    return _result(preflight.judge(ground, arguments["min_zones"]))


def run_release_info(arguments: Arguments, progress: Optional[Progress] = None) -> dict[str, Any]:
    """Read the release; raises while another operation of Helm may still run."""
    cluster = _cluster(arguments)
    found = cluster.records()
    newest = helm.newest(found)
    if newest is None:
        return _release_result("absent", 0, 0, [], [], [])
    release = cluster.release(newest.stored)
    now = datetime.datetime.now(datetime.timezone.utc)
    unfinished = helm.unfinished(found, release, now, arguments["interrupted_after_seconds"])
    words, objects = cluster.drifted(release) if not unfinished else ([], [])
    return _release_result(release.status, release.revision, helm.deployed_revision(found), unfinished, words, objects)


def run_health(arguments: Arguments, progress: Optional[Progress] = None) -> dict[str, Any]:
    """Judge the application, and wait for it where that is asked."""
    cluster = _cluster(arguments)
    wanted = health.Expectation(arguments["release"], arguments["version"], arguments["min_zones"], arguments["audience"])
    checks = arguments["checks"]
    needs = [need for check in checks for need in health.NEEDS[check]]
    start = time.monotonic()
    stuck_since: Optional[float] = None
    while True:
        seen = cluster.observe(needs, arguments["probe_url"], arguments["probe_metrics_url"])
        verdicts = health.judge(checks, seen, wanted)
        now = time.monotonic()
        stuck_since = (stuck_since or now) if health.hopeless(seen) else None
        gave_up = stuck_since is not None and now - stuck_since > GIVE_UP_SECONDS
        if all_pass(verdicts) or gave_up or now - start >= arguments["wait_seconds"]:
            return _result(verdicts)
        if progress:
            progress(_waiting_for(verdicts, now - start))
        time.sleep(POLL_SECONDS)


def _cluster(arguments: Arguments) -> Cluster:
    client = KubeClient.from_kubeconfig(arguments["kubeconfig"], context=arguments["context"] or None)
    return Cluster(client, arguments["namespace"], arguments["release"])


def _waiting_for(verdicts: list[Verdict], elapsed: float) -> str:
    first = next(verdict for verdict in verdicts if verdict.status != "pass")
    return f"waiting for {first.check} ({elapsed:.0f} s): {first.proof or first.what}"


def _result(verdicts: list[Verdict]) -> dict[str, Any]:
    fine = all_pass(verdicts)
    result: dict[str, Any] = {"changed": False, "verdicts": as_dicts(verdicts), "msg": summary(verdicts)}
    return result if fine else {**result, "failed": True}


def _release_result(
    status: str, revision: int, deployed: int, unfinished: list[str], drift: list[str], objects: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "changed": False,
        "status": status,
        "revision": revision,
        "deployed_revision": deployed,
        "unfinished_records": unfinished,
        "drift": drift,
        "drifted_objects": objects,
    }
