# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox's life: up, down, reset, and running something inside."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox import cell, machine, supervisor
from sandbox.acquire import programs
from sandbox.addresses import free_ports, usual_ports
from sandbox.errors import SandboxError
from sandbox.layout import REPOSITORY, Layout
from sandbox.nodes import kinds
from sandbox.profiles import profile
from sandbox.progress import elapsed, say, wait_until
from sandbox.supervisor import Supervisor

SHUTDOWN_SECONDS = 45.0
KILL_SECONDS = 10.0


@dataclass(frozen=True)
class Wishes:
    """What a person asked for; None leaves the choice to the sandbox."""

    nodes: str | None = None
    cloud: str | None = None
    cell: str | None = None


def up(layout: Layout, profile_name: str, wishes: Wishes) -> int:
    """Start what does not run yet, and return the exit code of the start inside the cell."""
    machine.check()
    with locked(layout):
        record = _decide(layout, wishes)
        obtain(layout, profile_name, record["nodes"])
        if not first_process(layout):
            _start_cell(layout)
        words = ["-m", "sandbox", "start-inside", "--name", layout.name, "--profile", profile_name]
        return enter(layout, [sys.executable, *words, "--elapsed", f"{elapsed():.1f}"])


def obtain(layout: Layout, profile_name: str, nodes: str) -> None:
    """Get the programs of a profile into the cache and link them."""
    programs.obtain(layout, profile(profile_name, nodes).programs)


def down(layout: Layout) -> None:
    """Stop everything; the data stays, so that `up` goes on with it."""
    first = first_process(layout)
    if first:
        daemon = Supervisor(layout)
        if daemon.answers:
            say("stopping the services")
            daemon.shutdown()
            wait_until(lambda: not first.alive, SHUTDOWN_SECONDS)
        first.kill()
    strays = cell.leftovers(layout.state)
    for process in strays:
        process.kill()
    gone = wait_until(lambda: not any(p.alive for p in (*strays, *([first] if first else []))), KILL_SECONDS)
    if not gone:
        raise SandboxError("Some processes of the sandbox do not end.", "look for them with 'status', then try again.")
    record = layout.read_record()
    if record:
        kinds.of(record["nodes"]).cleanup(layout)
        layout.write_record({key: value for key, value in record.items() if key not in ("supervisor", "network_ready")})


def reset(layout: Layout) -> None:
    """Stop everything and forget the data."""
    down(layout)
    shutil.rmtree(layout.state, ignore_errors=True)
    if layout.state.exists():
        raise SandboxError(f"{layout.state} could not be removed.", "remove it by hand; something there is not yours.")


def first_process(layout: Layout) -> cell.Process | None:
    """The supervisor, when it is alive."""
    known = layout.read_record().get("supervisor")
    process = cell.Process(**known) if known else None
    return process if process and process.alive else None


def command_inside(layout: Layout, command: Sequence[str]) -> list[str]:
    """The words that run a command inside a running sandbox."""
    first = first_process(layout)
    if not first:
        raise SandboxError(f"The sandbox '{layout.name}' is not running.", "start it with 'up'.")
    return [*cell.enter(layout.read_record()["cell"], first), *command]


def environment(layout: Layout) -> dict[str, str]:
    """The variables by which tools find the sandbox's services."""
    variables = {
        "XAHEEN_SANDBOX_NAME": layout.name,
        "XAHEEN_SANDBOX_ENDPOINTS": str(layout.endpoints),
        "XAHEEN_SANDBOX_BIN": str(layout.bin),
        "KUBECONFIG": str(layout.kubeconfig),
    }
    if "openbao-0" in layout.read_record().get("ports", {}):
        port = layout.read_record()["ports"]["openbao-0"]
        variables["VAULT_ADDR"] = f"https://127.0.0.1:{port}"
        variables["VAULT_CACERT"] = str(layout.pki / "openbao" / "ca.crt")
    return variables


def inherited_environment(layout: Layout) -> dict[str, str]:
    """The caller's environment with the sandbox's variables, its programs first, and no way round the cell by proxy."""
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    path = os.pathsep.join([str(layout.bin), os.path.dirname(sys.executable), kept.get("PATH", os.defpath)])
    return {**kept, **environment(layout), "PATH": path}


def enter(layout: Layout, command: Sequence[str]) -> int:
    """Run a command inside and return its exit code."""
    surroundings = {**inherited_environment(layout), "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(command_inside(layout, command), env=surroundings, check=False).returncode


@contextlib.contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """One command at a time changes a sandbox."""
    layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (layout.state / "lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SandboxError(
                f"Another command is changing the sandbox '{layout.name}' right now.",
                "wait for it, or choose another --name.",
            ) from error
        yield


def _decide(layout: Layout, wishes: Wishes) -> dict[str, Any]:
    """The record of this sandbox; choices once made hold until it is reset."""
    record = layout.read_record()
    if not record:
        kind_of_cell, why_cell = cell.choose_kind(wishes.cell)
        nodes, why_nodes = kinds.choose(wishes.nodes, kind_of_cell)
        ports = free_ports() if kind_of_cell == cell.LOOPBACK else usual_ports()
        record = {
            "cell": kind_of_cell,
            "nodes": nodes,
            "cloud": wishes.cloud or "azure",
            "ports": ports.numbers,
            "because": {"cell": why_cell, "nodes": why_nodes},
        }
        layout.write_record(record)
    for choice in ("nodes", "cloud", "cell"):
        wish = getattr(wishes, choice)
        if wish and wish != record[choice]:
            raise SandboxError(
                f"The sandbox '{layout.name}' was made with {choice} '{record[choice]}', not '{wish}'.",
                "run 'reset' first, or choose another --name.",
            )
    say(f"sandbox '{layout.name}' in {layout.state}")
    say(f"  network: {record['because']['cell']}")
    say(f"  nodes: {record['nodes']} ({record['because']['nodes']}), as at {record['cloud']}")
    return record


def _start_cell(layout: Layout) -> None:
    for stray in cell.leftovers(layout.state):
        stray.kill()
    layout.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    layout.supervisor_socket.unlink(missing_ok=True)
    record = layout.read_record()
    surroundings = {**supervisor.clean_environment(), cell.MARKER: str(layout.state)}
    command = supervisor.daemon_command(supervisor.configure(layout, []))
    first = cell.start(record["cell"], command, surroundings, layout.logs / "supervisor.out")
    layout.write_record({**record, "network_ready": False, "supervisor": {"pid": first.pid, "started": first.started}})
    daemon = Supervisor(layout)
    if not wait_until(lambda: daemon.answers, timeout=15):
        raise SandboxError(
            f"The process supervisor does not answer. Its last words:\n{supervisor.log_tail(layout, 'supervisor')}"
        )
