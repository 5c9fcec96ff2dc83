# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated nodes: KWOK answers for three kubelets; pods of known images run as processes beside the cluster.

A pod that KWOK handles only turns Running. The application's pods are left to `process_pods`, which starts the real
program for each of them and reports what its probes really answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from sandbox import addresses, cell, image, network
from sandbox.acquire.gobuild import files_of
from sandbox.acquire.parts import part_of
from sandbox.kubectl import apply, kubectl, read
from sandbox.layout import REPOSITORY, write_private
from sandbox.nodes import process_pods
from sandbox.nodes.clouds import CLOUDS, NODE_COUNT, node_object
from sandbox.nodes.pod_process import POWERED
from sandbox.services.kubernetes import component_kubeconfig
from sandbox.services.service import Service, Site, answers
from sandbox.supervisor import Program

STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
    "volume/fast/pv-bind.yaml",
    "volume/fast/pv-delete.yaml",
    "volume/fast/pvc-delete.yaml",
)
# A node that is powered off loses this label, so that KWOK stops answering for it.
POWER_LABEL = {POWERED: "on"}
PROGRAMS = ("kwok", "application")
CAPACITY = {"cpu": "4", "memory": "16Gi", "pods": "110"}


def _stages(site: Site) -> Path:
    folder = files_of(part_of("kwok")) / "kustomize" / "stage"
    documents = [yaml.safe_load((folder / name).read_text(encoding="utf-8")) for name in STAGES]
    for stage in documents:
        if stage["metadata"]["name"] == "pod-ready":
            stage["spec"]["selector"]["matchExpressions"].append(_not_run_as_process())
    return write_private(site.layout.service("kwok") / "stages.yaml", yaml.safe_dump_all(documents))


def _not_run_as_process() -> dict[str, Any]:
    key = f'.metadata.labels["{process_pods.LABEL}"]'
    return {"key": key, "operator": "NotIn", "values": list(process_pods.APPLICATIONS)}


def _kwok(site: Site) -> Program:
    access = component_kubeconfig(site, "kwok", "kwok", organization="system:masters")
    return Program(
        "kwok",
        [
            str(site.program("kwok")),
            f"--kubeconfig={access}",
            f"--config={_stages(site)}",
            f"--manage-nodes-with-label-selector={POWERED}=on",
            f"--cidr={addresses.KWOK_POD_RANGE}",
            f"--node-ip={addresses.LOOPBACK}",
            f"--node-port={site.ports['kwok']}",
            f"--server-address={site.ports.at('kwok')}",
            "--node-lease-duration-seconds=10",
        ],
        restart=True,
    )


def _kwok_ready(site: Site) -> bool:
    return answers(f"http://{site.ports.at('kwok')}/healthz") == 200


def _create_nodes(site: Site) -> None:
    cloud = CLOUDS[site.cloud]
    nodes = []
    for number in range(1, NODE_COUNT + 1):
        node = node_object(cloud, number)
        node["metadata"]["labels"].update(POWER_LABEL)
        node["status"] = {"capacity": CAPACITY, "allocatable": CAPACITY}
        nodes.append(node)
    apply(site, nodes)


def _process_pods(site: Site) -> Program:
    access = component_kubeconfig(site, "process-pods", "process-pods", organization="system:masters")
    settings = {
        "kubeconfig": str(access),
        "folder": str(site.layout.service("process-pods")),
        "application": str(site.program("application").resolve()),
        "images": {image.REPOSITORY: [image.version()]},
        # Pod addresses lead to this machine's loopback only inside a cell.
        "pod_range": addresses.PROCESS_POD_RANGE if site.cell != cell.LOOPBACK else "",
        "ports": {"http": site.ports["application"], "metrics": site.ports["application-metrics"]},
    }
    file = write_private(site.layout.service("process-pods") / "settings.json", json.dumps(settings))
    return Program(
        "process-pods",
        [sys.executable, "-m", "sandbox.nodes.process_pods", str(file)],
        environment={"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"},
        restart=True,
    )


def prepare_network(site: Site) -> None:
    """Let the cell own the addresses of services and pods, so that processes can bind to them and none leads outside."""
    if site.cell != cell.LOOPBACK:
        network.own(addresses.SERVICE_RANGE, addresses.POD_RANGE, addresses.ADVERTISE_RANGE)


def power(site: Site, node: str, on: bool) -> None:
    """Switch a node off, so that its kubelet falls silent, or on again."""
    kubectl(site, "label", "--overwrite", "node", node, f"{POWERED}={'on' if on else 'off'}")


def ready(site: Site) -> int:
    """How many nodes are ready."""
    conditions = [node["status"].get("conditions", []) for node in read(site, "nodes")["items"]]
    return sum(any(c["type"] == "Ready" and c["status"] == "True" for c in of_node) for of_node in conditions)


KWOK = Service("kwok", needs=("kube-apiserver",), program=_kwok, ready=_kwok_ready, settle=_create_nodes)
PROCESS_PODS = Service("process-pods", needs=("kwok",), program=_process_pods, ready=lambda site: True)
SIMULATED_NODES = (KWOK, PROCESS_PODS)
