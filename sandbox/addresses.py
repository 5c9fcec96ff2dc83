# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and ports of a sandbox's services.

In a cell (a network namespace of its own) every port is free, so the usual ones are taken. Without a cell the services
share the machine's loopback with others, so free ports are chosen once and kept in the record.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
# Ranges that exist only inside the cell, where they lead to its own loopback or nodes.
SERVICE_RANGE = "10.70.0.0/20"
API_SERVICE_ADDRESS = "10.70.0.1"
POD_RANGE = "10.71.0.0/16"
# On simulated nodes: pods that only seem to run, and pods that run as processes.
KWOK_POD_RANGE = "10.71.0.0/17"
PROCESS_POD_RANGE = "10.71.128.0/17"
ADVERTISE_ADDRESS = "10.72.0.1"
ADVERTISE_RANGE = "10.72.0.0/24"

OPENBAO_NODES = 3
USUAL_PORTS = {
    "etcd": 2379,
    "etcd-peer": 2380,
    "kube-apiserver": 6443,
    "kube-controller-manager": 10257,
    "kube-scheduler": 10259,
    "kwok": 10247,
    **{f"openbao-{index}": 8200 + 10 * index for index in range(OPENBAO_NODES)},
    **{f"openbao-{index}-cluster": 8201 + 10 * index for index in range(OPENBAO_NODES)},
    "postgresql": 5432,
    "redis": 6379,
    "application": 3000,
    "application-metrics": 9090,
    "prometheus": 9190,
    "alertmanager": 9193,
    "receiver": 9194,
    "moto": 5055,
}


@dataclass(frozen=True)
class Ports:
    """The port of each service, by the service's name."""

    numbers: dict[str, int]

    def __getitem__(self, service: str) -> int:
        return self.numbers[service]

    def at(self, service: str) -> str:
        """`host:port` of a service on loopback."""
        return f"{LOOPBACK}:{self.numbers[service]}"


def usual_ports() -> Ports:
    """The ports of a sandbox that has a network namespace of its own."""
    return Ports(dict(USUAL_PORTS))


def free_ports() -> Ports:
    """One free loopback port per service; all are held at once, so that no two are the same."""
    held: list[socket.socket] = []
    numbers: dict[str, int] = {}
    try:
        for service in USUAL_PORTS:
            holder = socket.socket()
            holder.bind((LOOPBACK, 0))
            held.append(holder)
            numbers[service] = holder.getsockname()[1]
    finally:
        for holder in held:
            holder.close()
    return Ports(numbers)
