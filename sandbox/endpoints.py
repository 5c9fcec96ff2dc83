# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sandbox tells others about itself: addresses and files of its services, for the rehearsal's inventory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sandbox import addresses, cell, holders, image
from sandbox.kubectl import read
from sandbox.layout import write_private
from sandbox.nodes import kinds, real
from sandbox.nodes.clouds import CLOUDS
from sandbox.services import openbao, postgresql, redis
from sandbox.services.kubernetes import CLUSTER, cluster_authority
from sandbox.services.service import Site


def write(site: Site, services: Sequence[str]) -> None:
    """Write the endpoints of the services that run."""
    described: dict[str, Any] = {
        "name": site.layout.name,
        "nodes": site.nodes,
        "cloud": site.cloud,
        "region": CLOUDS[site.cloud].region,
        "state": str(site.layout.state),
        "evidence": str(site.layout.state / "evidence"),
        "custody": holders.describe(site.layout),
    }
    if "kube-apiserver" in services:
        described.update(_cluster(site))
        described.update(real.endpoints(site) if kinds.of(site.nodes).runs_workloads else _processes(site))
    for name in ("prometheus", "alertmanager", "receiver", "moto"):
        if name in services:
            described[name] = {"url": f"http://{site.ports.at(name)}"}
    write_private(site.layout.endpoints, json.dumps(described, indent=2, sort_keys=True) + "\n")


def _cluster(site: Site) -> dict[str, Any]:
    namespace = read(site, "namespace", "kube-system")
    return {
        "kubeconfig": str(site.layout.kubeconfig),
        "context": CLUSTER,
        "cluster_uid": namespace["metadata"]["uid"],
        "kubernetes": {
            "url": f"https://{site.ports.at('kube-apiserver')}",
            "ca_file": str(cluster_authority(site).pair.certificate),
        },
        "programs": {"helm": str(site.program("helm")), "kubectl": str(site.program("kubectl"))},
    }


def _processes(site: Site) -> dict[str, Any]:
    here = f"{addresses.LOOPBACK}/32"
    return {
        "openbao": {
            "nodes": [
                {
                    "name": openbao.node_name(index),
                    "url": openbao.url(site, index),
                    "tls_server_name": openbao.tls_server_name(index),
                }
                for index in range(addresses.OPENBAO_NODES)
            ],
            "ca_file": str(openbao.authority(site).pair.certificate),
        },
        "postgresql": {
            "host": addresses.LOOPBACK,
            "port": site.ports["postgresql"],
            "database": postgresql.DATABASE,
            "account": postgresql.ACCOUNT,
            "password_file": str(postgresql.password_file(site)),
            "cidr": here,
        },
        "redis": {
            "host": addresses.LOOPBACK,
            "port": site.ports["redis"],
            "password_file": str(redis.password_file(site)),
            "cidr": here,
        },
        "application": {
            "image": image.reference(),
            "version": image.version(),
            # Pods have addresses of their own only inside a cell; elsewhere the first one can be asked directly.
            "url": f"http://{site.ports.at('application')}" if site.cell == cell.LOOPBACK else "",
        },
    }
