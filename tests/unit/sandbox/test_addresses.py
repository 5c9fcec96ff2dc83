# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of services and addresses of pods."""

from __future__ import annotations

import ipaddress

from sandbox.addresses import KWOK_POD_RANGE, PROCESS_POD_RANGE, USUAL_PORTS, free_ports, usual_ports
from sandbox.nodes.pod_addresses import AddressPool


def test_no_two_services_share_a_port() -> None:
    for ports in (usual_ports(), free_ports()):
        assert set(ports.numbers) == set(USUAL_PORTS)
        assert len(set(ports.numbers.values())) == len(USUAL_PORTS)


def test_pods_that_run_as_processes_have_their_own_part_of_the_pod_range() -> None:
    simulated, processes = ipaddress.ip_network(KWOK_POD_RANGE), ipaddress.ip_network(PROCESS_POD_RANGE)
    assert not simulated.overlaps(processes)


def test_pods_get_different_addresses_and_give_them_back() -> None:
    pool = AddressPool(PROCESS_POD_RANGE, {})
    first, second = pool.take("a"), pool.take("b")
    assert first.ip != second.ip
    assert first.bind == first.ip
    assert first.port(3000) == 3000
    pool.give_back("a")
    assert pool.take("c").ip == first.ip


def test_without_own_addresses_the_first_pod_takes_the_known_ports_and_the_others_free_ones() -> None:
    pool = AddressPool("", {"http": 41000, "metrics": 41001})
    first, second = pool.take("a"), pool.take("b")
    assert (first.bind, first.port(3000), first.port(9090)) == ("127.0.0.1", 41000, 41001)
    assert second.bind == "127.0.0.1"
    assert len({first.port(3000), second.port(3000), first.port(9090), second.port(9090)}) == 4
    assert first.environment({"http": 3000}) == {"BIND_ADDRESS": "127.0.0.1", "PORT": "41000"}
