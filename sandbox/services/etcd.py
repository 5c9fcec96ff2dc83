# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd: the cluster's store, on loopback with certificates on both sides."""

from __future__ import annotations

from sandbox.pki import Authority
from sandbox.services.service import Service, Site, answers
from sandbox.supervisor import Program


def _authority(site: Site) -> Authority:
    return Authority(site.layout.pki / "etcd", "ca")


def _program(site: Site) -> Program:
    authority = _authority(site)
    server = authority.issue("server", "etcd", names=("127.0.0.1", "localhost"), client=True)
    authority.issue("apiserver", "kube-apiserver", client=True)
    client, peer = site.ports.at("etcd"), site.ports.at("etcd-peer")
    return Program(
        "etcd",
        [
            str(site.program("etcd")),
            "--name=sandbox",
            f"--data-dir={site.layout.service('etcd') / 'data'}",
            f"--listen-client-urls=https://{client}",
            f"--advertise-client-urls=https://{client}",
            f"--listen-peer-urls=https://{peer}",
            f"--initial-advertise-peer-urls=https://{peer}",
            f"--initial-cluster=sandbox=https://{peer}",
            *(
                f"--{prefix}{option}={file}"
                for prefix in ("", "peer-")
                for option, file in (
                    ("cert-file", server.certificate),
                    ("key-file", server.key),
                    ("trusted-ca-file", authority.pair.certificate),
                )
            ),
            "--client-cert-auth",
            "--peer-client-cert-auth",
            # A rehearsal's data is thrown away; waiting for the disk would only make it slow.
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
    )


def _ready(site: Site) -> bool:
    authority = _authority(site)
    client = authority.issue("apiserver", "kube-apiserver", client=True)
    url = f"https://{site.ports.at('etcd')}/readyz"
    return answers(url, authority.pair.certificate, (client.certificate, client.key)) == 200


ETCD = Service("etcd", needs=(), program=_program, ready=_ready)
