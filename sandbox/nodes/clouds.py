# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodes look like at each cloud: region, zones, provider ids, instance type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NODE_COUNT = 3


@dataclass(frozen=True)
class Cloud:
    """The traits of one cloud's nodes. `provider_id` takes the zone and the node's number."""

    region: str
    zones: tuple[str, ...]
    provider_id: str
    instance_type: str


SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
CLOUDS = {
    "azure": Cloud(
        "norwayeast",
        ("norwayeast-1", "norwayeast-2", "norwayeast-3"),
        f"azure:///subscriptions/{SUBSCRIPTION}/resourceGroups/rehearsal/providers/Microsoft.Compute/"
        "virtualMachineScaleSets/workers/virtualMachines/{number}",
        "Standard_D4s_v5",
    ),
    "aws": Cloud(
        "eu-north-1", ("eu-north-1a", "eu-north-1b", "eu-north-1c"), "aws:///{zone}/i-{number:017x}", "m6i.large"
    ),
    "gcp": Cloud(
        "europe-north1",
        ("europe-north1-a", "europe-north1-b", "europe-north1-c"),
        "gce://rehearsal/{zone}/worker-{number}",
        "e2-standard-4",
    ),
}


def node_name(number: int) -> str:
    """The name of a node, counted from 1."""
    return f"worker-{number}"


def labels(cloud: Cloud, number: int) -> dict[str, str]:
    """The labels that the cloud's controller would set."""
    return {
        "topology.kubernetes.io/region": cloud.region,
        "topology.kubernetes.io/zone": cloud.zones[(number - 1) % len(cloud.zones)],
        "node.kubernetes.io/instance-type": cloud.instance_type,
    }


def provider_id(cloud: Cloud, number: int) -> str:
    """The id by which the cloud knows the node."""
    return cloud.provider_id.format(zone=cloud.zones[(number - 1) % len(cloud.zones)], number=number)


def node_object(cloud: Cloud, number: int) -> dict[str, Any]:
    """A Node as the API takes it."""
    name = node_name(number)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                **labels(cloud, number),
            },
        },
        "spec": {"providerID": provider_id(cloud, number)},
    }
