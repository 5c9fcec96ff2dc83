# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis, with a password, as the application's cache."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

from sandbox.addresses import LOOPBACK
from sandbox.layout import write_private
from sandbox.services.service import Service, Site
from sandbox.supervisor import Program


def password_file(site: Site) -> Path:
    """Where the password lies, for whoever puts it into Vault."""
    return site.layout.service("redis") / "account.password"


def _program(site: Site) -> Program:
    folder = site.layout.service("redis")
    if not password_file(site).exists():
        write_private(password_file(site), secrets.token_urlsafe(32))
    password = password_file(site).read_text(encoding="utf-8")
    settings = {
        "bind": LOOPBACK,
        "port": str(site.ports["redis"]),
        "dir": str(folder),
        "requirepass": password,
        "appendonly": "yes",
        "save": '""',
    }
    configuration = write_private(folder / "redis.conf", "".join(f"{k} {v}\n" for k, v in settings.items()))
    return Program("redis", [str(site.program("redis-server")), str(configuration)])


def _ready(site: Site) -> bool:
    try:
        with socket.create_connection((LOOPBACK, site.ports["redis"]), timeout=2) as connection:
            connection.sendall(b"PING\r\n")
            return b"NOAUTH" in connection.recv(64)
    except OSError:
        return False


REDIS = Service("redis", needs=(), program=_program, ready=_ready)
