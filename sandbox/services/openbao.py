# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenBao: three servers with raft storage and TLS, audited by declaration, not initialised: that is the runbook's work."""

from __future__ import annotations

from pathlib import Path

from sandbox.addresses import LOOPBACK, OPENBAO_NODES
from sandbox.layout import write_private
from sandbox.pki import Authority
from sandbox.services.service import Service, Site, answers
from sandbox.supervisor import Program

# Any answer of the health endpoint will do: a server that waits to be initialised or unsealed is of use here.
HEALTH = "/v1/sys/health"


def authority(site: Site) -> Authority:
    """The private authority of the Vault servers."""
    return Authority(site.layout.pki / "openbao", "ca")


def node_name(index: int) -> str:
    """The name of a server, as the StatefulSet of a production site would give it."""
    return f"vault-{index}"


def tls_server_name(index: int) -> str:
    """The name in a server's certificate."""
    return f"{node_name(index)}.vault-internal"


def url(site: Site, index: int) -> str:
    """The API address of one server."""
    return f"https://{site.ports.at(f'openbao-{index}')}"


def _configuration(site: Site, index: int) -> Path:
    folder = site.layout.service(f"openbao-{index}")
    (folder / "raft").mkdir(exist_ok=True, mode=0o700)
    names = (tls_server_name(index), "vault-active", "localhost", LOOPBACK)
    server = authority(site).issue(node_name(index), node_name(index), names=names, client=True)
    # Two devices: the server refuses every request when it can write to none of them.
    text = f'''
cluster_name = "rehearsal"
api_addr = "{url(site, index)}"
cluster_addr = "https://{site.ports.at(f"openbao-{index}-cluster")}"
disable_standby_reads = true
ui = false
listener "tcp" {{
  address = "{site.ports.at(f"openbao-{index}")}"
  cluster_address = "{site.ports.at(f"openbao-{index}-cluster")}"
  tls_cert_file = "{server.certificate}"
  tls_key_file = "{server.key}"
}}
storage "raft" {{
  path = "{folder / "raft"}"
  node_id = "{node_name(index)}"
  performance_multiplier = 1
}}
audit "file" "file" {{
  description = "kept on the server's own volume"
  options {{
    file_path = "{folder / "audit.log"}"
  }}
}}
audit "file" "stdout" {{
  description = "picked up by the log shipper"
  options {{
    file_path = "stdout"
  }}
}}
'''
    return write_private(folder / "server.hcl", text)


def _service(index: int) -> Service:
    name = f"openbao-{index}"

    def program(site: Site) -> Program:
        return Program(
            name,
            [str(site.program("bao")), "server", f"-config={_configuration(site, index)}"],
            stop_signal="INT",
            stop_seconds=15,
        )

    def ready(site: Site) -> bool:
        return answers(url(site, index) + HEALTH, authority(site).pair.certificate) != 0

    return Service(name, needs=(), program=program, ready=ready)


OPENBAO = tuple(_service(index) for index in range(OPENBAO_NODES))
