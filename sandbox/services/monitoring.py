# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus, Alertmanager, and a receiver that keeps what it is sent: alerts that really travel."""

from __future__ import annotations

import sys
from typing import Any

import yaml

from sandbox.layout import REPOSITORY, write_private
from sandbox.services.kubernetes import component_kubeconfig
from sandbox.services.service import Service, Site, answers
from sandbox.supervisor import Program

# Short, so that a rehearsal sees an alert within seconds.
INTERVAL = "2s"


def _discovery(site: Site) -> dict[str, Any]:
    access = component_kubeconfig(site, "prometheus", "prometheus", organization="system:masters")
    return {"role": "pod", "kubeconfig_file": str(access)}


def _prometheus_configuration(site: Site) -> dict[str, Any]:
    annotation = "__meta_kubernetes_pod_annotation_prometheus_io"
    return {
        "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [site.ports.at("alertmanager")]}]}]},
        "scrape_configs": [
            {"job_name": "prometheus", "static_configs": [{"targets": [site.ports.at("prometheus")]}]},
            {
                "job_name": "pods",
                "kubernetes_sd_configs": [_discovery(site)],
                "relabel_configs": [
                    {"source_labels": [f"{annotation}_scrape"], "action": "keep", "regex": "true"},
                    {
                        "source_labels": ["__meta_kubernetes_pod_ip", f"{annotation}_port"],
                        "separator": ":",
                        "target_label": "__address__",
                    },
                    {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
                    {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
                ],
            },
        ],
    }


def _prometheus(site: Site) -> Program:
    folder = site.layout.service("prometheus")
    configuration = write_private(folder / "prometheus.yml", yaml.safe_dump(_prometheus_configuration(site)))
    return Program(
        "prometheus",
        [
            str(site.program("prometheus")),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=2h",
            f"--web.listen-address={site.ports.at('prometheus')}",
            "--log.level=warn",
        ],
        stop_seconds=5,
    )


def _alertmanager(site: Site) -> Program:
    folder = site.layout.service("alertmanager")
    configuration = {
        "route": {"receiver": "webhook", "group_wait": "1s", "group_interval": "5s", "repeat_interval": "1h"},
        "receivers": [
            {
                "name": "webhook",
                "webhook_configs": [{"url": f"http://{site.ports.at('receiver')}/alerts", "send_resolved": True}],
            }
        ],
    }
    file = write_private(folder / "alertmanager.yml", yaml.safe_dump(configuration))
    return Program(
        "alertmanager",
        [
            str(site.program("alertmanager")),
            f"--config.file={file}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={site.ports.at('alertmanager')}",
            # One server needs no gossip, and gossip would look for an address to speak from.
            "--cluster.listen-address=",
            "--log.level=warn",
        ],
        stop_seconds=5,
    )


def _receiver(site: Site) -> Program:
    file = site.layout.service("receiver") / "notifications.jsonl"
    return Program(
        "receiver",
        [sys.executable, "-m", "sandbox.services.receiver", str(site.ports["receiver"]), str(file)],
        environment={"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"},
    )


PROMETHEUS = Service(
    "prometheus",
    needs=("kube-apiserver",),
    program=_prometheus,
    ready=lambda site: answers(f"http://{site.ports.at('prometheus')}/-/ready") == 200,
)
ALERTMANAGER = Service(
    "alertmanager",
    needs=("receiver",),
    program=_alertmanager,
    ready=lambda site: answers(f"http://{site.ports.at('alertmanager')}/-/ready") == 200,
)
RECEIVER = Service(
    "receiver",
    needs=(),
    program=_receiver,
    ready=lambda site: answers(f"http://{site.ports.at('receiver')}/notifications") == 200,
)
MONITORING = (RECEIVER, ALERTMANAGER, PROMETHEUS)
