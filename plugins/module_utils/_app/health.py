# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Judges the application by what was read of it. Private to this collection."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.xaheen.runbook.plugins.module_utils._app import pods as pod_state
from ansible_collections.xaheen.runbook.plugins.module_utils._app.release import DEPLOYED, Release
from ansible_collections.xaheen.runbook.plugins.module_utils._app.verdict import Verdict, failed, passed, unknown

ZONE_LABEL = "topology.kubernetes.io/zone"
PROBES = ("/health", "/ready", "/startup")
METRICS = "/metrics"
_SAMPLE = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})?[ \t]+\S+", re.MULTILINE)
_DEPLOY = "run the deploy phase of the role app"


@dataclass(frozen=True)
class Expectation:
    """What the application has to be."""

    name: str
    version: str = ""
    min_zones: int = 2
    audience: str = "vault"


@dataclass(frozen=True)
class Answer:
    """What the application said to a request; without a status, `text` says why there is no answer."""

    status: Optional[int]
    text: str


@dataclass
class Observation:
    """What was read of the application. What could not be read is missing, and `unread` says why."""

    release: Optional[Release] = None
    drift: Sequence[str] = ()
    deployment: Optional[Mapping[str, Any]] = None
    pods: Sequence[Mapping[str, Any]] = ()
    service_account: Optional[Mapping[str, Any]] = None
    endpoint_slices: Sequence[Mapping[str, Any]] = ()
    budget: Optional[Mapping[str, Any]] = None
    zones: Mapping[str, Optional[str]] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def release(seen: Observation, wanted: Expectation) -> list[Verdict]:
    """The newest revision is in force, and its objects are as it describes them."""
    check = "release"
    found = seen.release
    if found is None:
        return [failed(check, f"There is no Helm release {wanted.name}", "no record of it in the namespace", _DEPLOY)]
    if found.status != DEPLOYED:
        proof = f"revision {found.revision} is '{found.status}'"
        return [failed(check, "The last operation of Helm did not end well", proof, _DEPLOY + ", which goes on from here")]
    if seen.drift:
        what = "Objects were changed behind the release's back"
        return [failed(check, what, "; ".join(seen.drift), _DEPLOY + ", which restores them")]
    return [passed(check, f"revision {found.revision} of {found.chart}, {len(found.objects)} objects as described")]


def rollout(seen: Observation, wanted: Expectation) -> list[Verdict]:
    """Every wanted pod runs the newest template and serves."""
    check = "rollout"
    deployment = seen.deployment
    if deployment is None:
        return [failed(check, f"There is no Deployment {wanted.name}", "the API server answered 404", _DEPLOY)]
    count = deployment["spec"].get("replicas", 1)
    if count < 1:
        return [failed(check, "The Deployment asks for no pod", f"spec.replicas is {count}", "scale it up, or " + _DEPLOY)]
    problem = _unfinished(deployment, count)
    if not problem:
        return [passed(check, f"{count} of {count} pods run the newest template and serve")]
    proof = "; ".join([problem, *refusals(deployment), *(str(trouble) for trouble in pod_state.troubles(seen.pods))])
    return [failed(check, "The roll-out is not complete", proof, "mend what the pods name, then " + _DEPLOY)]


def hopeless(seen: Observation) -> bool:
    """Whether the roll-out will not complete however long one waits."""
    refused = seen.deployment is not None and bool(refusals(seen.deployment))
    return refused or any(trouble.stuck for trouble in pod_state.troubles(seen.pods))


def refusals(deployment: Mapping[str, Any]) -> list[str]:
    """Why the API server or the deadline refuses the pods, in the Deployment's own words."""
    found = []
    for condition in deployment.get("status", {}).get("conditions") or []:
        refused = condition["type"] == "ReplicaFailure" and condition["status"] == "True"
        too_late = condition["type"] == "Progressing" and condition["status"] == "False"
        if refused or too_late:
            found.append(f"{condition.get('reason', condition['type'])}: {condition.get('message', '')}")
    return found


def _unfinished(deployment: Mapping[str, Any], count: int) -> str:
    status = deployment.get("status", {})
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return "the Deployment's controller has not seen the newest change yet"
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    if updated < count:
        return f"{updated} of {count} pods are of the newest template"
    if total > updated:
        return f"{total - updated} pods of an older template are left"
    if available < count:
        return f"{available} of {count} pods serve"
    return ""


def endpoints(seen: Observation, wanted: Expectation) -> list[Verdict]:
    """The Service leads to every pod that serves."""
    check = "endpoints"
    behind = [
        endpoint
        for slice_ in seen.endpoint_slices
        for endpoint in slice_.get("endpoints") or []
        if endpoint.get("conditions", {}).get("ready")
    ]
    count = len(pod_state.ready(seen.pods))
    if not behind:
        return [failed(check, f"The Service {wanted.name} leads to no pod", f"{count} pods serve", _DEPLOY)]
    if len(behind) != count:
        proof = f"{len(behind)} ready endpoints, {count} pods that serve"
        return [failed(check, "The Service does not lead to all pods", proof, "compare the Service's selector with the pods' labels")]
    return [passed(check, f"the Service leads to {count} pods")]


def image(seen: Observation, wanted: Expectation) -> list[Verdict]:
    """All pods run the same bytes, and those the Deployment names."""
    check = "image"
    serving = pod_state.ready(seen.pods)
    if seen.deployment is None or not serving:
        return [_nothing(check, seen)]
    named = seen.deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    ids = {status.get("imageID", "") for pod in serving for status in pod["status"].get("containerStatuses", [])[:1]}
    digests = sorted({image_id.rpartition("@")[2] for image_id in ids})
    if "" in digests:
        return [unknown(check, "A pod does not say which image it runs", "an imageID is empty", "look at the node's runtime")]
    if len(digests) > 1:
        proof = f"{named} is {', '.join(digests)}"
        return [failed(check, "The pods run different images under one name", proof, "set app_image_digest")]
    digest = named.partition("@")[2]
    if digest and digest != digests[0]:
        return [failed(check, "The pods run another image", f"wanted {digest}, found {digests[0]}", _DEPLOY)]
    return [passed(check, f"{len(serving)} pods run {digests[0]}")]


def zones(seen: Observation, wanted: Expectation) -> list[Verdict]:
    """The serving pods stand in several zones."""
    check = "zones"
    serving = pod_state.ready(seen.pods)
    if not serving:
        return [_nothing(check, seen)]
    nodes = {pod["spec"].get("nodeName", "") for pod in serving}
    unlabelled = sorted(node for node in nodes if not seen.zones.get(node))
    if unlabelled:
        proof = f"no label {ZONE_LABEL} on {', '.join(unlabelled)}"
        return [unknown(check, "The zone of a pod is not known", proof, "label the nodes with their zone")]
    found = sorted({str(seen.zones[node]) for node in nodes})
    if len(found) < wanted.min_zones:
        proof = f"{len(serving)} pods in {', '.join(found)}; app_min_zones is {wanted.min_zones}"
        return [failed(check, "The pods stand in too few zones", proof, "add nodes in other zones, then " + _DEPLOY)]
    return [passed(check, f"{len(serving)} pods in {', '.join(found)}")]


def identity(seen: Observation, wanted: Expectation) -> list[Verdict]:
    """The pods have no other token than the one for Vault."""
    check = "identity"
    serving = pod_state.ready(seen.pods)
    if not serving:
        return [_nothing(check, seen)]
    wrong = sorted({problem for pod in serving for problem in _identity_problems(pod, wanted)})
    if seen.service_account is None:
        wrong.append(f"there is no service account {wanted.name}")
    elif seen.service_account.get("automountServiceAccountToken") is not False:
        wrong.append(f"the service account {wanted.name} mounts a token into every pod")
    if wrong:
        return [failed(check, "The pods' identity is not what Vault expects", "; ".join(wrong), _DEPLOY)]
    return [passed(check, f"{len(serving)} pods hold a token for the audience '{wanted.audience}' and no other")]


def _identity_problems(pod: Mapping[str, Any], wanted: Expectation) -> list[str]:
    name, spec = pod["metadata"]["name"], pod["spec"]
    problems = []
    if spec.get("serviceAccountName") != wanted.name:
        problems.append(f"pod {name} runs as {spec.get('serviceAccountName')}")
    if spec.get("automountServiceAccountToken") is not False:
        problems.append(f"pod {name} mounts a token for the API server")
    audiences = [
        source["serviceAccountToken"].get("audience", "the API server's")
        for volume in spec.get("volumes", [])
        for source in volume.get("projected", {}).get("sources", [])
        if "serviceAccountToken" in source
    ]
    if audiences != [wanted.audience]:
        problems.append(f"pod {name} has tokens for {audiences or 'no audience'}")
    return problems


def budget(seen: Observation, wanted: Expectation) -> list[Verdict]:
    """One pod may be taken away for maintenance, not more than the budget says."""
    check = "budget"
    if seen.budget is None:
        return [failed(check, f"There is no PodDisruptionBudget {wanted.name}-pdb", "the API server answered 404", _DEPLOY)]
    status = seen.budget.get("status", {})
    if status.get("observedGeneration", 0) < seen.budget["metadata"].get("generation", 0):
        return [unknown(check, "The budget was not computed yet", "its status is older than it is", "ask again")]
    counts = f"{status.get('currentHealthy', 0)} of {status.get('expectedPods', 0)} pods are healthy"
    if status.get("disruptionsAllowed", 0) < 1:
        return [failed(check, "No node with a pod of the application can be drained", counts, "mend the pods that do not serve")]
    return [passed(check, f"{counts}; {status['disruptionsAllowed']} may be taken away")]


def answers(seen: Observation, wanted: Expectation) -> list[Verdict]:
    """The application says itself that it is well, and which version it is."""
    return [*(_probe(path, seen, wanted) for path in PROBES), _metrics(seen)]


def _probe(path: str, seen: Observation, wanted: Expectation) -> Verdict:
    check = f"answer {path}"
    answer = seen.answers.get(path)
    if answer is None or answer.status is None:
        return _no_answer(check, answer)
    said = f"status {answer.status}: {' '.join(answer.text.split())[:200]}"
    if answer.status != 200:
        return failed(check, "The application says that it is not well", said, "look at the pods' logs for the dependency it names")
    version = _version(answer.text)
    if wanted.version and version != wanted.version:
        proof = f"app_version is {wanted.version}; {said}"
        return failed(check, "Another version answers", proof, "set app_version to what app_image holds, or " + _DEPLOY)
    return passed(check, f"status 200, version {version or 'not told'}")


def _metrics(seen: Observation) -> Verdict:
    check = f"answer {METRICS}"
    answer = seen.answers.get(METRICS)
    if answer is None or answer.status is None:
        return _no_answer(check, answer)
    samples = len(_SAMPLE.findall(answer.text))
    if answer.status != 200 or not samples:
        proof = f"status {answer.status}, {samples} samples"
        return failed(check, "There are no metrics to collect", proof, "look at the application's metrics port")
    return passed(check, f"{samples} samples")


def _no_answer(check: str, answer: Optional[Answer]) -> Verdict:
    proof = answer.text if answer else "nothing was asked"
    return unknown(check, "The application could not be asked", proof, "mend the way to it, or set app_probe_url")


def _version(text: str) -> str:
    try:
        body = json.loads(text)
    except ValueError:
        return ""
    return str(body.get("version", "")) if isinstance(body, dict) else ""


def _nothing(check: str, seen: Observation) -> Verdict:
    return unknown(check, "No pod serves, so there is nothing to judge", f"{len(seen.pods)} pods found", _DEPLOY)


CHECKS: dict[str, Callable[[Observation, Expectation], list[Verdict]]] = {
    "release": release,
    "rollout": rollout,
    "endpoints": endpoints,
    "image": image,
    "zones": zones,
    "identity": identity,
    "budget": budget,
    "answers": answers,
}
# What has to be read for each check.
NEEDS: dict[str, tuple[str, ...]] = {
    "release": ("release",),
    "rollout": ("deployment", "pods"),
    "endpoints": ("endpoint_slices", "pods"),
    "image": ("deployment", "pods"),
    "zones": ("pods", "zones"),
    "identity": ("pods", "service_account"),
    "budget": ("budget",),
    "answers": ("answers",),
}


def judge(checks: Sequence[str], seen: Observation, wanted: Expectation) -> list[Verdict]:
    """Every check's verdict. A check whose material could not be read is unknown."""
    verdicts: list[Verdict] = []
    for check in checks:
        missing = [seen.unread[need] for need in NEEDS[check] if need in seen.unread]
        if missing:
            verdicts.append(unknown(check, "What is needed could not be read", "; ".join(missing), "grant the rights, or mend the way"))
        else:
            verdicts.extend(CHECKS[check](seen, wanted))
    return verdicts
