# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox comes up, stays up, tells of crashes, and leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from . import processes
from .conftest import CommandLine


def _uid(sandbox: CommandLine) -> str:
    return sandbox("run", "--", "kubectl", "get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}").strip()


def test_a_second_up_starts_nothing_anew(cluster: CommandLine) -> None:
    before = {name: service["pid"] for name, service in cluster.status().items()}
    cluster("up", "--profile", "site")
    assert {name: service["pid"] for name, service in cluster.status().items()} == before
    assert len(before) == 11


def test_other_wishes_for_a_sandbox_that_exists_are_refused(cluster: CommandLine) -> None:
    assert "run 'reset' first" in cluster("up", "--cloud", "gcp", expect=1)


def test_exit_codes_of_commands_inside_are_passed_on(cluster: CommandLine) -> None:
    cluster("run", "--", "sh", "-c", "exit 7", expect=7)
    assert "no-such-program" in cluster("run", "--", "no-such-program", expect=127)


def test_a_crashed_service_is_reported_with_its_last_words(cluster: CommandLine) -> None:
    victim = cluster.status()["redis"]
    assert victim["state"] == "RUNNING"
    cluster("run", "--", "kill", "-9", str(victim["pid"]))
    assert processes.eventually(lambda: cluster.status()["redis"]["state"] == "EXITED")
    told = cluster("status", expect=1)
    assert "redis ended without being told to" in told
    assert "Ready to accept connections" in told
    cluster("up", "--profile", "site")
    assert cluster.status()["redis"]["state"] == "RUNNING"


def test_two_sandboxes_run_side_by_side_and_are_different_clusters(cluster: CommandLine, home: Path) -> None:
    other = CommandLine("two", home)
    try:
        other("up", "--nodes", "simulated", "--profile", "cluster")
        assert _uid(other) != _uid(cluster)
    finally:
        other("reset")
    assert not other.state.exists()
    assert cluster.status()["etcd"]["state"] == "RUNNING"


def test_data_survives_down_and_up(cluster: CommandLine) -> None:
    before = _uid(cluster)
    cluster("down")
    assert processes.of_state(cluster.state) == set()
    assert "is down" in cluster("status", expect=3)
    cluster("up", "--profile", "site")
    assert _uid(cluster) == before


def test_killing_the_supervisor_ends_every_process_and_up_goes_on(cluster: CommandLine) -> None:
    before, first = _uid(cluster), cluster.first_process
    network = os.readlink(f"/proc/{first}/ns/net")
    os.kill(first, signal.SIGKILL)
    assert processes.eventually(lambda: processes.of_state(cluster.state) == set())
    assert network not in processes.namespaces("net")
    cluster("up", "--profile", "site")
    assert _uid(cluster) == before


def test_an_interrupted_start_leaves_no_process_and_can_be_taken_up_again(home: Path) -> None:
    sandbox = CommandLine("broken", home)
    try:
        process = sandbox.start("up", "--nodes", "simulated", "--profile", "site")
        assert processes.eventually(lambda: bool(processes.of_state(sandbox.state)))
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=90)
        assert process.returncode == 130, errors
        assert processes.of_state(sandbox.state) == set()
        sandbox("up", "--profile", "vault")
    finally:
        sandbox("reset")


def test_a_node_that_loses_its_power_is_noticed_and_comes_back(cluster: CommandLine) -> None:
    def readiness() -> str:
        path = '{.status.conditions[?(@.type=="Ready")].status}'
        return cluster("run", "--", "kubectl", "get", "node", "worker-2", "-o", f"jsonpath={path}").strip()

    cluster("power", "worker-2", "off")
    assert processes.eventually(lambda: readiness() == "Unknown", 60)
    cluster("power", "worker-2", "on")
    assert processes.eventually(lambda: readiness() == "True", 60)


def test_the_variables_lead_to_the_services(cluster: CommandLine) -> None:
    variables = json.loads(cluster("env", "--format", "json"))
    endpoints = json.loads(Path(variables["XAHEEN_SANDBOX_ENDPOINTS"]).read_text(encoding="utf-8"))
    assert endpoints["kubeconfig"] == variables["KUBECONFIG"]
    assert [node["name"] for node in endpoints["openbao"]["nodes"]] == ["vault-0", "vault-1", "vault-2"]
    exported = cluster("env")
    shown = subprocess.run(["sh", "-c", f'{exported}\necho "$KUBECONFIG"'], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == variables["KUBECONFIG"]
