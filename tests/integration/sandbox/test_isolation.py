# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No packet leaves: by construction inside a cell, and by what the sockets say everywhere."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import processes
from .conftest import CommandLine

# Nobody, loopback in both families, and loopback mapped into IPv6.
NOWHERE_ELSE = {
    "00000000",
    "0100007F",
    "0" * 32,
    "0" * 24 + "01000000",
    "0000000000000000FFFF00000100007F",
}


@pytest.fixture(scope="module")
def on_loopback(home: Path) -> Iterator[CommandLine]:
    """A sandbox without a network namespace of its own."""
    sandbox = CommandLine("loop", home)
    sandbox("up", "--nodes", "simulated", "--cell", "loopback", "--profile", "site")
    yield sandbox
    sandbox("reset")


def test_a_cell_has_no_way_out(cluster: CommandLine) -> None:
    # A documentation address (RFC 5737): without a route the kernel refuses before a packet exists.
    probe = "import socket; s = socket.socket(); s.settimeout(3); print(s.connect_ex(('192.0.2.1', 80)))"
    assert cluster("run", "--", "python3", "-c", probe).strip() == "101"
    links = cluster("run", "--", "ls", "/sys/class/net")
    routes = Path(f"/proc/{cluster.first_process}/net/route").read_text(encoding="utf-8").splitlines()[1:]
    assert routes == [], links


def test_without_a_cell_every_connection_stays_on_loopback(on_loopback: CommandLine) -> None:
    own = {service["pid"] for service in on_loopback.status().values()}
    inodes = {link for pid in own for link in _socket_inodes(pid)}
    lines = [
        line.split()
        for table in ("tcp", "tcp6", "udp", "udp6")
        for line in Path(f"/proc/net/{table}").read_text(encoding="utf-8").splitlines()[1:]
    ]
    remote = {line[2].partition(":")[0] for line in lines if line[9] in inodes}
    assert remote, "the sockets of the services were not found"
    assert remote <= NOWHERE_ELSE


def test_without_a_cell_nothing_listens_for_others(on_loopback: CommandLine) -> None:
    own = {service["pid"] for service in on_loopback.status().values()}
    inodes = {link for pid in own for link in _socket_inodes(pid)}
    listening = [
        line.split()[1].partition(":")[0]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text(encoding="utf-8").splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[9] in inodes
    ]
    assert listening
    assert set(listening) == {"0100007F"}


def test_down_without_a_cell_leaves_no_process_and_a_taken_port_is_named(on_loopback: CommandLine) -> None:
    assert processes.of_state(on_loopback.state)
    on_loopback("down")
    assert processes.of_state(on_loopback.state) == set()
    port = _port_of(on_loopback, "redis")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        told = on_loopback("up", "--profile", "site", expect=1)
    assert f"port {port}" in told
    assert "redis cannot start" in told


def _port_of(sandbox: CommandLine, service: str) -> int:
    record = json.loads((sandbox.state / "sandbox.json").read_text(encoding="utf-8"))
    return int(record["ports"][service])


def _socket_inodes(pid: int) -> set[str]:
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found
