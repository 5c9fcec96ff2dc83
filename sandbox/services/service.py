# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every service of the sandbox is made of."""

from __future__ import annotations

import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.addresses import LOOPBACK, Ports
from sandbox.layout import Layout
from sandbox.supervisor import Program

READY_SECONDS = 60.0


@dataclass(frozen=True)
class Site:
    """What a service needs to know of its sandbox."""

    layout: Layout
    ports: Ports
    cell: str
    nodes: str
    cloud: str

    def program(self, name: str) -> Path:
        """A program, by the link that this sandbox keeps to the shared cache."""
        return self.layout.bin / name


@dataclass(frozen=True)
class Service:
    """One supervised program with what must be done before it starts, and how to tell that it is of use."""

    name: str
    needs: Sequence[str]
    program: Callable[[Site], Program]
    ready: Callable[[Site], bool]
    # Work after it became ready and before anything that depends on it starts; must be repeatable.
    settle: Callable[[Site], None] | None = None
    timeout: float = READY_SECONDS


def answers(url: str, authority: Path | None = None, certificate: tuple[Path, Path] | None = None) -> int:
    """The HTTP status that a loopback address answers with; 0 when nothing answers."""
    context = None
    if url.startswith("https:"):
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
        if certificate:
            context.load_cert_chain(*certificate)
    # A person's proxy settings must not send loopback requests elsewhere.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return int(error.code)
    except (OSError, ValueError):
        return 0


def listens(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
