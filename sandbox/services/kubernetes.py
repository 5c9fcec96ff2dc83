# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane: API server with RBAC, audit log and Pod Security admission, controller manager, scheduler."""

from __future__ import annotations

import json
from pathlib import Path

from sandbox import addresses, cell
from sandbox.layout import write_private
from sandbox.pki import Authority, KeyPair, signing_key
from sandbox.services.service import Service, Site, answers, listens
from sandbox.supervisor import Program

CLUSTER = "rehearsal"
# Soon enough that a powered-off node is noticed within a rehearsal; upstream's default is 50 s.
NODE_GRACE = "20s"
NODE_CHECK = "2s"
# There is one of each; waiting for the lease of one that was killed would take 15 s.
SINGLE = "--leader-elect=false"


def cluster_authority(site: Site) -> Authority:
    """The authority that signs the cluster's server and client certificates."""
    return Authority(site.layout.pki / "kubernetes", "ca")


def kubeconfig(site: Site, path: Path, client: KeyPair, server: str | None = None) -> Path:
    """Write a kubeconfig that logs in with a client certificate."""
    authority = cluster_authority(site).pair.certificate
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CLUSTER,
        "clusters": [
            {
                "name": CLUSTER,
                "cluster": {
                    "server": server or f"https://{site.ports.at('kube-apiserver')}",
                    "certificate-authority": str(authority),
                },
            }
        ],
        "users": [
            {"name": "user", "user": {"client-certificate": str(client.certificate), "client-key": str(client.key)}}
        ],
        "contexts": [{"name": CLUSTER, "context": {"cluster": CLUSTER, "user": "user"}}],
    }
    return write_private(path, json.dumps(document, indent=2) + "\n")


def component_kubeconfig(site: Site, component: str, user: str, organization: str = "") -> Path:
    """A kubeconfig for one component, under its own name, so that RBAC and the audit log see who acts."""
    client = cluster_authority(site).issue(component, user, organization=organization, client=True)
    return kubeconfig(site, site.layout.pki / "kubernetes" / f"{component}.kubeconfig", client)


def audit_log(site: Site) -> Path:
    """The API server's audit log: the witness of what a playbook really did."""
    return site.layout.logs / "audit.log"


def _audit_policy(site: Site) -> Path:
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata"}],
    }
    return write_private(site.layout.service("kube-apiserver") / "audit-policy.json", json.dumps(policy))


def _apiserver(site: Site) -> Program:
    authority = cluster_authority(site)
    names = ("127.0.0.1", "localhost", addresses.API_SERVICE_ADDRESS, addresses.ADVERTISE_ADDRESS)
    services = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
    server = authority.issue("kube-apiserver", "kube-apiserver", names=(*names, *services))
    kubelet = authority.issue("kubelet-client", "kube-apiserver", organization="system:masters", client=True)
    proxy_authority = Authority(site.layout.pki / "front-proxy", "ca")
    proxy = proxy_authority.issue("front-proxy", "front-proxy-client", client=True)
    tokens = signing_key(site.layout.pki / "kubernetes", "service-accounts")
    etcd = site.layout.pki / "etcd"
    operator = authority.issue("operator", "rehearsal-operator", organization="system:masters", client=True)
    kubeconfig(site, site.layout.kubeconfig, operator)
    bind = "0.0.0.0" if site.cell != cell.LOOPBACK else addresses.LOOPBACK
    return Program(
        "kube-apiserver",
        [
            str(site.program("kube-apiserver")),
            f"--bind-address={bind}",
            f"--secure-port={site.ports['kube-apiserver']}",
            # Without one the API server looks for a route to the outside, which there need not be.
            f"--advertise-address={addresses.ADVERTISE_ADDRESS}",
            f"--tls-cert-file={server.certificate}",
            f"--tls-private-key-file={server.key}",
            f"--client-ca-file={authority.pair.certificate}",
            f"--etcd-servers=https://{site.ports.at('etcd')}",
            f"--etcd-cafile={etcd / 'ca.crt'}",
            f"--etcd-certfile={etcd / 'apiserver.crt'}",
            f"--etcd-keyfile={etcd / 'apiserver.key'}",
            "--authorization-mode=Node,RBAC",
            "--anonymous-auth=false",
            "--enable-admission-plugins=NodeRestriction,PodSecurity",
            f"--service-cluster-ip-range={addresses.SERVICE_RANGE}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={tokens.certificate}",
            f"--service-account-signing-key-file={tokens.key}",
            f"--kubelet-client-certificate={kubelet.certificate}",
            f"--kubelet-client-key={kubelet.key}",
            f"--kubelet-certificate-authority={authority.pair.certificate}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--requestheader-client-ca-file={proxy_authority.pair.certificate}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={proxy.certificate}",
            f"--proxy-client-key-file={proxy.key}",
            # Service addresses exist only on nodes; webhooks and proxied requests go to the endpoints themselves.
            "--enable-aggregator-routing=true",
            f"--audit-policy-file={_audit_policy(site)}",
            f"--audit-log-path={audit_log(site)}",
            "--audit-log-maxsize=100",
            "--audit-log-maxbackup=1",
            "--profiling=false",
        ],
        stop_seconds=5,
    )


def _apiserver_ready(site: Site) -> bool:
    authority = cluster_authority(site)
    operator = authority.issue("operator", "rehearsal-operator", organization="system:masters", client=True)
    url = f"https://{site.ports.at('kube-apiserver')}/readyz"
    return answers(url, authority.pair.certificate, (operator.certificate, operator.key)) == 200


def _controller_manager(site: Site) -> Program:
    access = component_kubeconfig(site, "kube-controller-manager", "system:kube-controller-manager")
    authority = cluster_authority(site).pair
    tokens = signing_key(site.layout.pki / "kubernetes", "service-accounts")
    return Program(
        "kube-controller-manager",
        [
            str(site.program("kube-controller-manager")),
            f"--kubeconfig={access}",
            f"--authentication-kubeconfig={access}",
            f"--authorization-kubeconfig={access}",
            f"--bind-address={addresses.LOOPBACK}",
            f"--secure-port={site.ports['kube-controller-manager']}",
            f"--root-ca-file={authority.certificate}",
            f"--cluster-signing-cert-file={authority.certificate}",
            f"--cluster-signing-key-file={authority.key}",
            f"--service-account-private-key-file={tokens.key}",
            f"--service-cluster-ip-range={addresses.SERVICE_RANGE}",
            "--use-service-account-credentials",
            SINGLE,
            f"--node-monitor-grace-period={NODE_GRACE}",
            f"--node-monitor-period={NODE_CHECK}",
            "--profiling=false",
        ],
        restart=True,
        stop_seconds=3,
    )


def _scheduler(site: Site) -> Program:
    access = component_kubeconfig(site, "kube-scheduler", "system:kube-scheduler")
    return Program(
        "kube-scheduler",
        [
            str(site.program("kube-scheduler")),
            f"--kubeconfig={access}",
            f"--authentication-kubeconfig={access}",
            f"--authorization-kubeconfig={access}",
            f"--bind-address={addresses.LOOPBACK}",
            f"--secure-port={site.ports['kube-scheduler']}",
            SINGLE,
            "--profiling=false",
        ],
        restart=True,
        stop_seconds=3,
    )


API_SERVER = Service("kube-apiserver", needs=("etcd",), program=_apiserver, ready=_apiserver_ready)
# Their serving certificates exist in memory only, so that they listen is all that can be asked.
CONTROLLER_MANAGER = Service(
    "kube-controller-manager",
    needs=("kube-apiserver",),
    program=_controller_manager,
    ready=lambda site: listens(site.ports["kube-controller-manager"]),
)
SCHEDULER = Service(
    "kube-scheduler",
    needs=("kube-apiserver",),
    program=_scheduler,
    ready=lambda site: listens(site.ports["kube-scheduler"]),
)
