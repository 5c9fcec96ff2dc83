# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small kubelet for simulated nodes: pods of the stand-in application run as processes and say what they really are.

Run as a program with a settings file. It follows the pods that carry the application's name, starts the real program for
each one that was scheduled, and reports the answers of the real probes, so that a roll-out that cannot work fails here, too.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kubernetes import client, config, watch

from sandbox.nodes.pod_process import PodProcess, Settings

LABEL = "app.kubernetes.io/name"
APPLICATIONS = ("xaheen-cli",)
# The watch is renewed often, so that an event that got lost is made up for soon.
WATCH_SECONDS = 20
RETRY_SECONDS = 1.0


class PodRunner:
    """Keeps one process per pod."""

    # The client's type hints call every field optional; what the API server always sends is taken as sent.
    def __init__(self, settings: Settings, api: Any) -> None:
        self._settings = settings
        self._api = api
        self._running: dict[str, PodProcess] = {}
        self._selector = f"{LABEL} in ({','.join(APPLICATIONS)})"

    def follow(self) -> None:
        """List, then watch, over and over."""
        while True:
            try:
                listed = self._api.list_pod_for_all_namespaces(label_selector=self._selector)
                self._reconcile(listed.items)
                self._watch(listed.metadata.resource_version)
            except (client.ApiException, OSError) as error:
                print(f"the API server does not answer: {type(error).__name__}", flush=True)
                time.sleep(RETRY_SECONDS)

    def _watch(self, version: str) -> None:
        stream = watch.Watch().stream(  # type: ignore[no-untyped-call]
            self._api.list_pod_for_all_namespaces,
            label_selector=self._selector,
            resource_version=version,
            timeout_seconds=WATCH_SECONDS,
        )
        for event in stream:
            pod = event["object"]
            if event["type"] == "DELETED":
                self._stop(pod.metadata.uid)
            elif event["type"] in ("ADDED", "MODIFIED"):
                self._adopt(pod)

    def _reconcile(self, pods: Iterable[Any]) -> None:
        present = set()
        for pod in pods:
            present.add(pod.metadata.uid)
            self._adopt(pod)
        for uid in set(self._running) - present:
            self._stop(uid)

    def _adopt(self, pod: Any) -> None:
        uid = pod.metadata.uid
        if pod.metadata.deletion_timestamp:
            self._release(pod)
        elif pod.spec.node_name and uid not in self._running:
            process = PodProcess(self._settings, self._api, pod)
            self._running[uid] = process
            threading.Thread(target=process.run, name=pod.metadata.name, daemon=True).start()

    def _release(self, pod: Any) -> None:
        """What a kubelet does for a pod that shall go: end the process, then let the API server forget the pod."""
        if pod.spec.node_name:
            threading.Thread(target=self._end, args=(pod,), daemon=True).start()

    def _end(self, pod: Any) -> None:
        self._stop(pod.metadata.uid)
        options = client.V1DeleteOptions(grace_period_seconds=0)
        try:
            self._api.delete_namespaced_pod(pod.metadata.name, pod.metadata.namespace, body=options)
        except client.ApiException as error:
            if error.status != 404:
                print(f"{pod.metadata.name} could not be removed: {error.status}", flush=True)

    def _stop(self, uid: str) -> None:
        process = self._running.pop(uid, None)
        if process:
            process.stop()


def main() -> None:
    """Run with the settings file named on the command line."""
    settings = Settings(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    api = client.CoreV1Api(config.new_client_from_config(settings.kubeconfig))  # type: ignore[no-untyped-call]
    PodRunner(settings, api).follow()


if __name__ == "__main__":
    main()
