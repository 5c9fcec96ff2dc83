# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pod of the stand-in application as a process: its life, its probes, its status."""

from __future__ import annotations

import datetime
import hashlib
import subprocess
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from kubernetes import client

from sandbox.nodes.pod_addresses import Address, AddressPool
from sandbox.nodes.pod_files import PodFiles

PROBE_SECONDS = 0.5
STOP_SECONDS = 10
# A kubelet waits longer from crash to crash, too; a rehearsal does not wait for minutes.
CRASH_DELAYS = (1, 2, 5, 10)
POWERED = "sandbox/powered"


@dataclass(frozen=True)
class Settings:
    """What the process needs to know; written by the sandbox as JSON."""

    kubeconfig: str
    folder: str
    # Image names without tag and the versions that can be pulled, and the program that stands for them.
    images: dict[str, list[str]]
    application: str
    # A range of addresses that belong to this machine; empty where pods share the machine's loopback.
    pod_range: str
    ports: dict[str, int]

    @cached_property
    def pool(self) -> AddressPool:
        """Addresses for pods."""
        return AddressPool(self.pod_range, self.ports)

    @cached_property
    def image_digest(self) -> str:
        """What takes the place of the image's digest."""
        return hashlib.sha256(Path(self.application).read_bytes()).hexdigest()


@dataclass
class State:
    """What the status of the container is made of."""

    ready: bool = False
    started: bool = False
    restarts: int = 0
    current: dict[str, Any] = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last: dict[str, Any] = field(default_factory=dict)


class PodProcess:
    """Runs one pod until it is told to stop."""

    def __init__(self, settings: Settings, api: Any, pod: Any) -> None:
        self._settings = settings
        self._api = api
        self._pod = pod
        self._container = pod.spec.containers[0]
        self._files = PodFiles(api, pod, Path(settings.folder) / "pods" / pod.metadata.uid)
        self._address: Address = settings.pool.take(pod.metadata.uid)
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._state = State()
        self._reported: dict[str, Any] | None = None
        self._start_time = _now()

    def run(self) -> None:
        """Start the process again and again, until `stop`."""
        while not self._stopping.is_set():
            try:
                if not self._powered():
                    self._stopping.wait(PROBE_SECONDS)
                elif self._pullable():
                    self._live_once()
                else:
                    self._wait("ImagePullBackOff", f'Back-off pulling image "{self._container.image}"')
            except client.ApiException as error:
                self._wait("CreateContainerConfigError", f"{error.status}: {error.reason}")
            except (LookupError, OSError) as error:
                self._wait("CreateContainerConfigError", str(error))

    def stop(self) -> None:
        """End the process for good and give its address back."""
        self._stopping.set()
        self._end()
        self._settings.pool.give_back(self._pod.metadata.uid)
        self._files.remove()

    def _pullable(self) -> bool:
        name, _, digest = self._container.image.partition("@")
        repository, _, tag = name.rpartition(":")
        if digest and digest != f"sha256:{self._settings.image_digest}":
            return False
        return tag in self._settings.images.get(repository, ())

    def _powered(self) -> bool:
        node = self._api.read_node(self._pod.spec.node_name)
        return bool((node.metadata.labels or {}).get(POWERED) == "on")

    def _live_once(self) -> None:
        environment = self._files.environment(self._container, self._address.ip)
        environment.update(self._address.environment(self._files.ports(self._container)))
        log = Path(self._settings.folder) / f"{self._pod.metadata.namespace}_{self._pod.metadata.name}.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [self._settings.application], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._state.current = {"running": {"startedAt": _now()}}
        self._probe_while_it_runs()
        if not self._stopping.is_set() and self._powered():
            self._crashed()

    def _probe_while_it_runs(self) -> None:
        process = self._process
        assert process
        while process.poll() is None and not self._stopping.is_set():
            if not self._powered():
                self._end()
                return
            self._state.started = self._state.started or self._answers(self._container.startup_probe)
            self._state.ready = self._state.started and self._answers(self._container.readiness_probe)
            self._report()
            self._files.renew_tokens()
            self._stopping.wait(PROBE_SECONDS)

    def _crashed(self) -> None:
        assert self._process
        ended = {"terminated": {"exitCode": abs(self._process.wait()), "reason": "Error", "finishedAt": _now()}}
        state = self._state
        state.last, state.ready, state.started = ended, False, False
        delay = CRASH_DELAYS[min(state.restarts, len(CRASH_DELAYS) - 1)]
        state.restarts += 1
        self._wait("CrashLoopBackOff", f"back-off {delay}s restarting failed container", delay)

    def _wait(self, reason: str, message: str, seconds: float = 2) -> None:
        self._state.current = {"waiting": {"reason": reason, "message": message}}
        self._report()
        self._stopping.wait(seconds)

    def _end(self) -> None:
        process = self._process
        if process and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _answers(self, probe: Any) -> bool:
        if probe is None or probe.http_get is None:
            return True
        port = self._address.port(self._files.port(self._container, probe.http_get.port))
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            url = f"http://{self._address.bind}:{port}{probe.http_get.path}"
            with opener.open(url, timeout=probe.timeout_seconds or 1) as answer:
                return 200 <= int(answer.status) < 400
        except OSError:
            return False

    def _report(self) -> None:
        """Send the status when something in it changed."""
        status = self._status()
        if status == self._reported or self._stopping.is_set():
            return
        try:
            self._api.patch_namespaced_pod_status(
                self._pod.metadata.name, self._pod.metadata.namespace, {"status": status}
            )
            self._reported = status
        except client.ApiException as error:
            if error.status != 404:
                raise

    def _status(self) -> dict[str, Any]:
        state = self._state
        running = "running" in state.current
        conditions = {
            "PodScheduled": True,
            "Initialized": True,
            "ContainersReady": state.ready,
            "Ready": state.ready,
        }
        container = {
            "name": self._container.name,
            "image": self._container.image,
            "imageID": f"{self._container.image.partition('@')[0]}@sha256:{self._settings.image_digest}",
            "ready": state.ready,
            "started": state.started,
            "restartCount": state.restarts,
            "state": state.current,
            "lastState": state.last,
        }
        return {
            "phase": "Running" if running or state.restarts else "Pending",
            "startTime": self._start_time,
            "hostIP": self._address.node_ip,
            "podIP": self._address.ip,
            "podIPs": [{"ip": self._address.ip}],
            "conditions": [{"type": kind, "status": str(holds)} for kind, holds in conditions.items()],
            "containerStatuses": [container],
        }


def _now() -> str:
    return datetime.datetime.fromtimestamp(int(time.time()), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
