# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubectl, as the sandbox itself uses it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from sandbox.errors import SandboxError
from sandbox.services.service import Site
from sandbox.supervisor import clean_environment


def kubectl(site: Site, *arguments: str, stdin: str | None = None) -> str:
    """Run kubectl with the operator's rights and return what it printed."""
    command = [str(site.program("kubectl")), f"--kubeconfig={site.layout.kubeconfig}", *arguments]
    result = subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False, timeout=120, env=clean_environment()
    )
    if result.returncode:
        raise SandboxError(f"kubectl {arguments[0]} failed: {result.stderr.strip() or 'no reason given'}")
    return result.stdout


def apply(site: Site, objects: Sequence[dict[str, Any]]) -> None:
    """Apply objects on the server's side, so that a second time changes nothing."""
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    kubectl(site, "apply", "--server-side", "--force-conflicts", "--field-manager=sandbox", "-f", "-", stdin=document)


def read(site: Site, *arguments: str) -> Any:
    """The JSON of a `kubectl get`."""
    return json.loads(kubectl(site, "get", *arguments, "-o", "json"))
