# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL with the application's database and account, as the database team would hand it over."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path

from sandbox.addresses import LOOPBACK
from sandbox.layout import write_private
from sandbox.services.service import Service, Site
from sandbox.supervisor import Program, clean_environment

DATABASE = "xaheen_cli"
ACCOUNT = "xaheen_cli_user"
ADMINISTRATOR = "postgres"
# initdb and the server refuse to run as user 0. In a user namespace of its own the same person has another number.
UNPRIVILEGED = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


def password_file(site: Site) -> Path:
    """Where the account's password lies, for whoever puts it into Vault."""
    return site.layout.service("postgresql") / "account.password"


def _tool(site: Site, name: str, *arguments: str) -> list[str]:
    unprivileged = UNPRIVILEGED if os.geteuid() == 0 else ()
    return [*unprivileged, str(site.layout.bin / "postgresql" / "bin" / name), *arguments]


def _secret(path: Path) -> Path:
    return path if path.exists() else write_private(path, secrets.token_urlsafe(32))


def _program(site: Site) -> Program:
    folder = site.layout.service("postgresql")
    _secret(password_file(site))
    administrator = _secret(folder / "administrator.password")
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        security = ("--auth=scram-sha-256", f"--pwfile={administrator}", "--encoding=UTF8", "--locale=C", "--no-sync")
        command = _tool(site, "initdb", f"--pgdata={data}", f"--username={ADMINISTRATOR}", *security)
        subprocess.run(command, check=True, capture_output=True, env=clean_environment())
    options = {
        "listen_addresses": LOOPBACK,
        "port": str(site.ports["postgresql"]),
        "unix_socket_directories": "",
        "fsync": "off",
    }
    flags = [word for key, setting in options.items() for word in ("-c", f"{key}={setting}")]
    return Program("postgresql", _tool(site, "postgres", "-D", str(data), *flags), stop_signal="INT")


def _query(site: Site, sql: str, database: str = "postgres") -> subprocess.CompletedProcess[str]:
    """Run SQL as the administrator; passwords travel by file and standard input, never on a command line."""
    password = (site.layout.service("postgresql") / "administrator.password").read_text(encoding="utf-8")
    connection = ("-h", LOOPBACK, "-p", str(site.ports["postgresql"]), "-U", ADMINISTRATOR, "-d", database)
    command = _tool(site, "psql", *connection, "-v", "ON_ERROR_STOP=1", "-qAt", "-f", "-")
    environment = {**clean_environment(), "PGPASSWORD": password}
    return subprocess.run(command, input=sql, capture_output=True, text=True, check=False, env=environment)


def _ready(site: Site) -> bool:
    return _query(site, "SELECT 1").stdout.strip() == "1"


def _settle(site: Site) -> None:
    password = password_file(site).read_text(encoding="utf-8")
    account = f"SELECT 1 FROM pg_roles WHERE rolname = '{ACCOUNT}'"
    if _query(site, account).stdout.strip() != "1":
        _query(site, f"CREATE ROLE {ACCOUNT} LOGIN PASSWORD '{password}'").check_returncode()
    if _query(site, f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'").stdout.strip() != "1":
        _query(site, f"CREATE DATABASE {DATABASE} OWNER {ACCOUNT}").check_returncode()


POSTGRESQL = Service("postgresql", needs=(), program=_program, ready=_ready, settle=_settle)
