# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Reads the application's objects from the API server. Private to this collection."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Optional

from ansible_collections.xaheen.runbook.plugins.module_utils._app import health, preflight
from ansible_collections.xaheen.runbook.plugins.module_utils._app import release as helm
from ansible_collections.xaheen.runbook.plugins.module_utils._app.drift import differences, without_replicas_of_autoscaled
from ansible_collections.xaheen.runbook.plugins.module_utils._errors import ConfigError, NotFound, RunbookError
from ansible_collections.xaheen.runbook.plugins.module_utils._kube.client import KubeClient

_PATHS = {
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps/{name}",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments/{name}",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/{name}",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/{name}",
    "Service": "/api/v1/namespaces/{namespace}/services/{name}",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts/{name}",
}
_METADATA_ONLY = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
_ASK_SECONDS = 10
_HELM_SECONDS = 30
# Enough for any probe and for the metrics of a pod; an endless answer must not fill the memory.
_ANSWER_LIMIT = 4 * 1024 * 1024


class Cluster:
    """The objects of one release in one namespace."""

    def __init__(self, client: KubeClient, namespace: str, name: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name

    def records(self) -> list[helm.Record]:
        """The release's revisions, the newest first, without their contents."""
        selector = {"labelSelector": f"owner=helm,name={self._name}"}
        listed = self._client.request("GET", self._folder("secrets"), params=selector, headers=_METADATA_ONLY)
        return helm.records(listed["items"])

    def release(self, stored: str) -> helm.Release:
        """One revision with its contents."""
        return helm.decode(stored, self._client.request("GET", f"{self._folder('secrets')}/{stored}"))

    def drifted(self, release: helm.Release) -> tuple[list[str], list[dict[str, Any]]]:
        """What differs from the release, in words, and the objects it should be."""
        words, objects = [], []
        for wanted in without_replicas_of_autoscaled(release.objects):
            name = f"{wanted['kind']} {wanted['metadata']['name']}"
            found = self._object(wanted["kind"], wanted["metadata"]["name"])
            paths = differences(wanted, found) if found else ["it is gone"]
            if paths:
                words.append(f"{name}: {', '.join(paths)}")
                objects.append(wanted)
        return words, objects

    def observe(self, needs: Iterable[str], probe_url: str = "", metrics_url: str = "") -> health.Observation:
        """Read what the checks need; what cannot be read is noted."""
        seen = health.Observation()
        readers: dict[str, Callable[[], Any]] = {
            "release": lambda: self._observe_release(seen),
            "deployment": lambda: self._object("Deployment", self._name),
            "pods": self._newest_pods,
            "service_account": lambda: self._object("ServiceAccount", self._name),
            "endpoint_slices": self._endpoint_slices,
            "budget": lambda: self._object("PodDisruptionBudget", f"{self._name}-pdb"),
            "zones": self._zones,
            "answers": lambda: self._answers(probe_url, metrics_url),
        }
        for need in dict.fromkeys(needs):
            try:
                setattr(seen, need, readers[need]())
            except RunbookError as error:
                seen.unread[need] = error.message
        return seen

    def ground(self, helm_binary: str) -> preflight.Ground:
        """Read what the preflight judges; what cannot be read is noted."""
        found = preflight.Ground()
        readers: dict[str, tuple[str, Callable[[], Any]]] = {
            "kubernetes": ("kubernetes_version", lambda: str(self._client.request("GET", "/version")["gitVersion"])),
            "helm": ("helm_version", lambda: helm_version(helm_binary)),
            "rights": ("rights", self._rights),
            "zones": ("nodes", lambda: self._client.request("GET", "/api/v1/nodes")["items"]),
        }
        for check, (attribute, read) in readers.items():
            try:
                setattr(found, attribute, read())
            except RunbookError as error:
                found.unread[check] = error.message
        return found

    def _folder(self, resource: str, group: str = "/api/v1") -> str:
        return f"{group}/namespaces/{self._namespace}/{resource}"

    def _object(self, kind: str, name: str) -> Optional[dict[str, Any]]:
        if kind not in _PATHS:
            raise RunbookError(f"The release holds a {kind}, which is not known here", "", "teach the reader its path")
        try:
            return self._client.request("GET", _PATHS[kind].format(namespace=self._namespace, name=name))
        except NotFound:
            return None

    def _observe_release(self, seen: health.Observation) -> Optional[helm.Release]:
        newest = helm.newest(self.records())
        if newest is None:
            return None
        release = self.release(newest.stored)
        seen.drift = self.drifted(release)[0]
        return release

    def _pods(self) -> list[dict[str, Any]]:
        selector = f"app.kubernetes.io/instance={self._name}"
        return list(self._client.request("GET", self._folder("pods"), params={"labelSelector": selector})["items"])

    def _newest_pods(self) -> list[dict[str, Any]]:
        """Only the pods of the newest template: older ones may well be ill, which is why they are replaced."""
        deployment = self._object("Deployment", self._name)
        pods = self._pods()
        if deployment is None:
            return pods
        revision = deployment["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision")
        selector = f"app.kubernetes.io/instance={self._name}"
        sets = self._client.request("GET", self._folder("replicasets", "/apis/apps/v1"), params={"labelSelector": selector})
        hashes = {
            entry["metadata"]["labels"].get("pod-template-hash")
            for entry in sets["items"]
            if entry["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision") == revision
        }
        return [pod for pod in pods if pod["metadata"]["labels"].get("pod-template-hash") in hashes]

    def _endpoint_slices(self) -> list[dict[str, Any]]:
        selector = {"labelSelector": f"kubernetes.io/service-name={self._name}"}
        listed = self._client.request("GET", self._folder("endpointslices", "/apis/discovery.k8s.io/v1"), params=selector)
        return list(listed["items"])

    def _zones(self) -> dict[str, Optional[str]]:
        nodes = self._client.request("GET", "/api/v1/nodes")["items"]
        return {node["metadata"]["name"]: node["metadata"].get("labels", {}).get(health.ZONE_LABEL) for node in nodes}

    def _rights(self) -> dict[preflight.Right, bool]:
        return {right: self._may(right) for right in preflight.RIGHTS}

    def _may(self, right: preflight.Right) -> bool:
        attributes = {"verb": right.verb, "resource": right.resource, "group": right.group}
        if right.namespaced:
            attributes["namespace"] = self._namespace
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = self._client.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=review)
        return bool(answer["status"].get("allowed"))

    def _answers(self, probe_url: str, metrics_url: str) -> dict[str, health.Answer]:
        if probe_url:
            found = {path: ask(probe_url.rstrip("/") + path) for path in health.PROBES}
            found[health.METRICS] = ask(metrics_url) if metrics_url else health.Answer(None, "app_probe_metrics_url is not set")
            return found
        found = {path: self._ask_through_service("http", path) for path in health.PROBES}
        found[health.METRICS] = self._ask_through_service("metrics", health.METRICS)
        return found

    def _ask_through_service(self, port: str, path: str) -> health.Answer:
        try:
            status, text = self._client.raw("GET", f"{self._folder('services')}/http:{self._name}:{port}/proxy{path}")
        except RunbookError as error:
            return health.Answer(None, error.message)
        return health.Answer(status, text)


def ask(url: str) -> health.Answer:
    """Ask the application itself."""
    if not url.startswith(("http://", "https://")):
        return health.Answer(None, f"{url} is no HTTP address")
    try:
        with urllib.request.urlopen(url, timeout=_ASK_SECONDS) as answer:
            return health.Answer(answer.status, answer.read(_ANSWER_LIMIT).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        return health.Answer(error.code, error.read(_ANSWER_LIMIT).decode("utf-8", "replace"))
    except OSError as error:
        return health.Answer(None, f"{url}: {error}")


def helm_version(binary: str) -> str:
    """What the Helm program says it is."""
    try:
        words = [binary, "version", "--template", "{{ .Version }}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=_HELM_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{binary} cannot be run", str(error), "set app_helm_binary to a Helm 3") from error
    if done.returncode:
        raise ConfigError(f"{binary} does not say its version", done.stderr.strip(), "set app_helm_binary to a Helm 3")
    return done.stdout.strip()
