# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Why a pod does not serve, from its status. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

# States that a container does not leave by itself, so that waiting longer proves nothing.
_STUCK = frozenset({
    "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull", "ErrImagePull",
    "ImagePullBackOff", "InvalidImageName", "RunContainerError",
})  # fmt: skip
_TEXT_LIMIT = 300


@dataclass(frozen=True)
class Trouble:
    """What keeps a pod from serving; `stuck` when waiting will hardly help."""

    pod: str
    reason: str
    text: str
    stuck: bool

    def __str__(self) -> str:
        return f"pod {self.pod}: {self.reason}{': ' + self.text if self.text else ''}"


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod serves and is not about to end."""
    return "deletionTimestamp" not in pod["metadata"] and _condition(pod, "Ready").get("status") == "True"


def ready(pods: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The pods that serve."""
    return [pod for pod in pods if is_ready(pod)]


def troubles(pods: Sequence[Mapping[str, Any]]) -> list[Trouble]:
    """What keeps each of the pods from serving, the hopeless first."""
    found = [trouble for pod in pods for trouble in [_trouble(pod)] if trouble]
    return sorted(found, key=lambda trouble: (not trouble.stuck, trouble.pod))


def _trouble(pod: Mapping[str, Any]) -> Optional[Trouble]:
    name = pod["metadata"]["name"]
    if is_ready(pod) or "deletionTimestamp" in pod["metadata"]:
        return None
    status = pod.get("status", {})
    containers = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    for container in containers:
        waiting = container.get("state", {}).get("waiting")
        if waiting and waiting.get("reason") in _STUCK:
            return Trouble(name, waiting["reason"], _join(waiting.get("message", ""), _last_end(container)), stuck=True)
    if status.get("phase") == "Failed":
        return Trouble(name, status.get("reason", "Failed"), _short(status.get("message", "")), stuck=True)
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return Trouble(name, scheduled.get("reason", "Unschedulable"), _short(scheduled.get("message", "")), stuck=False)
    for container in containers:
        if not container.get("ready"):
            return Trouble(name, _state(container), _last_end(container), stuck=False)
    return Trouble(name, status.get("phase", "Unknown"), "its containers have not reported yet", stuck=False)


def _state(container: Mapping[str, Any]) -> str:
    state = container.get("state", {})
    if "waiting" in state:
        return str(state["waiting"].get("reason", "Waiting"))
    if "terminated" in state:
        return f"ended with exit code {state['terminated'].get('exitCode')}"
    return "running, but not ready" if container.get("started") else "running, but its start probe did not pass yet"


def _last_end(container: Mapping[str, Any]) -> str:
    ended = container.get("state", {}).get("terminated") or container.get("lastState", {}).get("terminated")
    if not ended:
        return ""
    text = f"last ended with exit code {ended.get('exitCode')} ({ended.get('reason', 'no reason given')})"
    message = _short(ended.get("message", ""))
    return f"{text}, saying: {message}" if message else text


def _condition(pod: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = pod.get("status", {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == kind), {})


def _join(*texts: str) -> str:
    return "; ".join(_short(text) for text in texts if text)


def _short(text: str) -> str:
    """The end of a text, where the cause usually stands, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _TEXT_LIMIT else "…" + line[-_TEXT_LIMIT:]
