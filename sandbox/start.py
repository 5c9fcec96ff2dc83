# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens inside the cell when a sandbox starts: the network, then one service after the other."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox import endpoints, supervisor
from sandbox.addresses import LOOPBACK, Ports
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.nodes import kinds
from sandbox.profiles import FULL, profile
from sandbox.progress import say, step
from sandbox.services.service import Service, Site
from sandbox.supervisor import Supervisor

# Starts that last shorter are not worth a line of their own.
QUICK_SECONDS = 2.0


def site_of(layout: Layout) -> Site:
    """The site that the record describes."""
    record = layout.read_record()
    return Site(layout, Ports(record["ports"]), record["cell"], record["nodes"], record["cloud"])


def start(layout: Layout, profile_name: str) -> None:
    """Start the services of a profile that do not run yet. Runs inside the cell."""
    site = site_of(layout)
    services = profile(profile_name, site.nodes).services
    if not layout.read_record().get("network_ready"):
        kinds.of(site.nodes).prepare_network(site)
        layout.write_record({**layout.read_record(), "network_ready": True})
    daemon = Supervisor(layout)
    _configure(site, daemon, services)
    for number, service in enumerate(services, start=1):
        with step(f"starting {service.name} ({number} of {len(services)})", quiet_below=QUICK_SECONDS):
            _start_one(site, daemon, service)
    endpoints.write(site, [service.name for service in services])
    say(f"{len(services)} services are ready")


def _configure(site: Site, daemon: Supervisor, services: Sequence[Service]) -> None:
    """Let the supervisor know the programs, those it runs already included."""
    known = {condition.name for condition in daemon.conditions()}
    everything = profile(FULL, site.nodes).services
    wanted = [service for service in everything if service in services or service.name in known]
    supervisor.configure(site.layout, [service.program(site) for service in wanted])
    daemon.reload()


def _start_one(site: Site, daemon: Supervisor, service: Service) -> None:
    if not daemon.condition(service.name).running:
        _refuse_taken_port(site, service)
        daemon.start(service.name)
    daemon.wait_ready(service.name, lambda: service.ready(site), service.timeout)
    if service.settle:
        service.settle(site)


def _refuse_taken_port(site: Site, service: Service) -> None:
    port = site.ports.numbers.get(service.name)
    if port and supervisor.port_in_use(LOOPBACK, port):
        raise SandboxError(
            f"{service.name} cannot start: port {port} on {LOOPBACK} is in use by another program.",
            "end that program, or run 'reset' so that the sandbox chooses other ports.",
        )
