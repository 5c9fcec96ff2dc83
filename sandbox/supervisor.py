# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services' process supervisor: supervisord, configured from service definitions and spoken to over its socket."""

from __future__ import annotations

import http.client
import os
import shlex
import socket
import sys
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from sandbox.errors import SandboxError
from sandbox.layout import Layout, write_private
from sandbox.progress import wait_until

LOG_TAIL_LINES = 12


@dataclass(frozen=True)
class Program:
    """One supervised process: its command line, its own environment, and how long it may take to stop."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    # Components that end themselves when they lose a lease; in production a kubelet starts them again.
    restart: bool = False
    stop_signal: str = "TERM"
    stop_seconds: int = 10


@dataclass(frozen=True)
class Condition:
    """What the supervisor knows of one program."""

    name: str
    state: str
    pid: int
    description: str

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self.state in ("STARTING", "RUNNING")

    @property
    def crashed(self) -> bool:
        """Whether it ended without being told to."""
        return self.state in ("EXITED", "FATAL", "BACKOFF", "UNKNOWN")


def configure(layout: Layout, programs: Sequence[Program]) -> Path:
    """Write the supervisor's configuration for these programs."""
    # Within a user namespace the person is called root; there is nobody else to become.
    user = ["user=root"] if os.geteuid() == 0 else []
    lines = [
        "[supervisord]",
        *user,
        f"logfile={_quoted(layout.logs / 'supervisor.log')}",
        f"pidfile={_quoted(layout.state / 'supervisor.pid')}",
        "nodaemon=true",
        "silent=true",
        "",
        "[unix_http_server]",
        f"file={_quoted(layout.supervisor_socket)}",
        "chmod=0600",
        "",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        environment = ",".join(f'{key}="{_quoted(value)}"' for key, value in sorted(program.environment.items()))
        lines += [
            "",
            f"[program:{program.name}]",
            f"command={_quoted(shlex.join(map(str, program.command)))}",
            f"environment={environment}",
            "autostart=false",
            f"autorestart={'true' if program.restart else 'false'}",
            "startsecs=0",
            "stopasgroup=true",
            "killasgroup=true",
            f"stopsignal={program.stop_signal}",
            f"stopwaitsecs={program.stop_seconds}",
            "redirect_stderr=true",
            f"stdout_logfile={_quoted(layout.logs / program.name)}.log",
            "stdout_logfile_maxbytes=20MB",
            "stdout_logfile_backups=1",
        ]
    return write_private(layout.state / "supervisor.conf", "\n".join(lines) + "\n")


def _quoted(value: object) -> str:
    """A value for supervisor's configuration, where a per cent sign starts an expansion."""
    return str(value).replace("%", "%%")


def daemon_command(configuration: Path) -> list[str]:
    """The command that runs the supervisor in the foreground."""
    return [str(Path(sys.executable).with_name("supervisord")), "--configuration", str(configuration)]


class Supervisor:
    """A running supervisor."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    @property
    def _api(self) -> Any:
        # A fresh connection each time: the transport does not recover from one that failed.
        transport = SupervisorTransport(None, None, f"unix://{self._layout.supervisor_socket}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor

    @property
    def answers(self) -> bool:
        """Whether it can be spoken to."""
        try:
            self._api.getState()
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False
        return True

    def conditions(self) -> list[Condition]:
        """The condition of each program, in the order of their names."""
        rows = self._api.getAllProcessInfo()
        return [Condition(row["name"], row["statename"], row["pid"], row["description"]) for row in rows]

    def condition(self, name: str) -> Condition:
        """The condition of one program."""
        row = self._api.getProcessInfo(name)
        return Condition(row["name"], row["statename"], row["pid"], row["description"])

    def start(self, name: str) -> None:
        """Start a program unless it runs."""
        if not self.condition(name).running:
            self._api.startProcess(name, False)

    def stop(self, name: str) -> None:
        """Stop a program and wait until it is gone."""
        if self.condition(name).running:
            self._api.stopProcess(name, True)

    def reload(self) -> None:
        """Learn programs that were added to the configuration; running ones are left alone."""
        [[added, _changed, _removed]] = self._api.reloadConfig()
        for group in added:
            self._api.addProcessGroup(group)

    def shutdown(self) -> None:
        """Stop every program, then the supervisor."""
        self._api.shutdown()

    def log_tail(self, name: str) -> str:
        """The end of a program's log."""
        return log_tail(self._layout, name)

    def wait_ready(self, name: str, ready: Any, timeout: float) -> None:
        """Wait until a started program is of use; say the end of its log if it dies or never is."""

        def settled() -> bool:
            if self.condition(name).crashed:
                raise SandboxError(f"{name} ended while it was starting. Its last words:\n{self.log_tail(name)}")
            return bool(ready())

        if not wait_until(settled, timeout):
            raise SandboxError(f"{name} was not ready after {timeout:.0f} s. Its last words:\n{self.log_tail(name)}")


def log_tail(layout: Layout, name: str, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines of a service's log, indented."""
    path = layout.logs / f"{name}.log"
    try:
        with path.open("rb") as handle:
            handle.seek(max(0, path.stat().st_size - 64 * 1024))
            text = handle.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return "    (no log)"
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:]) or "    (empty log)"


def port_in_use(address: str, port: int) -> bool:
    """Whether something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False


def clean_environment() -> dict[str, str]:
    """What services inherit: enough to run, nothing of the person's own settings or proxies."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
    return {key: os.environ[key] for key in kept if key in os.environ}
