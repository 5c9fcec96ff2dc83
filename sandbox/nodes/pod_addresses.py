# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of pods that run as processes."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.addresses import KWOK_POD_RANGE, LOOPBACK, USUAL_PORTS


@dataclass(frozen=True)
class Address:
    """Where a pod can be found: the address it reports, the one its process binds to, and ports that had to change."""

    ip: str
    bind: str
    moved_ports: Mapping[int, int]
    node_ip: str = LOOPBACK

    def port(self, wanted: int) -> int:
        """The port that the process has for one that the pod's description names."""
        return self.moved_ports.get(wanted, wanted)

    def environment(self, ports: Mapping[str, int]) -> dict[str, str]:
        """The variables that tell the application where to listen."""
        names = {"http": "PORT", "metrics": "METRICS_PORT"}
        listen = {names[name]: str(self.port(number)) for name, number in ports.items() if name in names}
        return {"BIND_ADDRESS": self.bind, **listen}


class AddressPool:
    """Hands out one address per pod.

    With a range of own addresses each pod gets one of them. Without, all share the machine's loopback: the first takes
    the ports that were set aside for the application, the others any free ones, and what they report leads nowhere.
    """

    def __init__(self, pod_range: str, ports: Mapping[str, int]) -> None:
        self._own = bool(pod_range)
        self._network = ipaddress.ip_network(pod_range or KWOK_POD_RANGE)
        self._ports = ports
        self._taken: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, pod: str) -> Address:
        """An address for a pod."""
        with self._lock:
            used = set(self._taken.values())
            number = next(n for n in range(1, self._network.num_addresses) if n not in used)
            self._taken[pod] = number
        ip = str(self._network[number])
        if self._own:
            return Address(ip, ip, {})
        usual = {"http": USUAL_PORTS["application"], "metrics": USUAL_PORTS["application-metrics"]}
        moved = {usual[name]: self._ports[name] if number == 1 else _free_port() for name in usual}
        # The upper end of the range, which the simulator of the other pods reaches last.
        return Address(str(self._network[-1 - number]), LOOPBACK, moved)

    def give_back(self, pod: str) -> None:
        """Let the address be used again."""
        with self._lock:
            self._taken.pop(pod, None)


def _free_port() -> int:
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        return int(holder.getsockname()[1])
