# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Helm's own record of a release, and what it means for the next installation. Private to this collection."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.xaheen.runbook.plugins.module_utils._errors import Conflict, ConfigError, RunbookError

DEPLOYED = "deployed"
FAILED = "failed"
_RUNNING = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")
_GZIP = zlib.MAX_WBITS | 16
_FRACTION = re.compile(r"\.[0-9]+")


@dataclass(frozen=True)
class Record:
    """One revision as the labels of Helm's Secret tell it; `stored` is the Secret's name."""

    stored: str
    revision: int
    status: str


@dataclass(frozen=True)
class Release:
    """A revision with what it installed."""

    revision: int
    status: str
    chart: str
    changed: datetime.datetime
    objects: tuple[dict[str, Any], ...]


def records(secrets: Sequence[Mapping[str, Any]]) -> list[Record]:
    """The revisions that Secrets stand for, the newest first."""
    found = []
    for secret in secrets:
        metadata = secret["metadata"]
        labels = metadata.get("labels", {})
        found.append(Record(metadata["name"], int(labels.get("version", "0")), labels.get("status", "unknown")))
    return sorted(found, key=lambda record: record.revision, reverse=True)


def decode(stored: str, secret: Mapping[str, Any]) -> Release:
    """Read a revision from its Secret: JSON, compressed, in base64 twice."""
    try:
        packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
        content = json.loads(zlib.decompress(packed, _GZIP))
        info, chart = content["info"], content["chart"]["metadata"]
        return Release(
            revision=int(content["version"]),
            status=str(info["status"]),
            chart=f"{chart['name']}-{chart['version']}",
            changed=_time(info["last_deployed"]),
            objects=tuple(_objects(content.get("manifest", ""))),
        )
    except (KeyError, ValueError, TypeError, binascii.Error, zlib.error) as error:
        raise RunbookError(
            f"Helm's record {stored} cannot be read", type(error).__name__, "look at the Secret; Helm wrote it differently"
        ) from error


def unfinished(found: Sequence[Record], newest: Release, now: datetime.datetime, interrupted_after: int) -> list[str]:
    """The records of operations that never ended well, which keep Helm from going on.

    Raises `Conflict` while the newest operation is so young that it may still run elsewhere.
    """
    age = int((now - newest.changed).total_seconds())
    if newest.status in _RUNNING and age < interrupted_after:
        raise Conflict(
            f"Another operation of Helm on this release may still run: revision {newest.revision} is '{newest.status}'",
            f"It began {age} s ago; app_interrupted_after_seconds is {interrupted_after}",
            "wait until it ends and start again; or, if you know that it was interrupted, set a lower"
            " app_interrupted_after_seconds for this run",
        )
    names = []
    for record in found:
        if record.status not in (*_RUNNING, FAILED):
            break
        names.append(record.stored)
    return names


def deployed_revision(found: Sequence[Record]) -> int:
    """The revision to go back to; 0 when none ever worked."""
    return max((record.revision for record in found if record.status == DEPLOYED), default=0)


def _objects(manifest: str) -> list[dict[str, Any]]:
    try:
        # Only the reader of manifests needs it, and not every host has it.
        import yaml
    except ImportError as error:
        raise ConfigError("PyYAML is not installed here", str(error), "install the Python package PyYAML") from error
    try:
        return [document for document in yaml.safe_load_all(manifest) if document]
    except yaml.YAMLError as error:
        raise ValueError("the manifest is no YAML") from error


def _time(text: str) -> datetime.datetime:
    # Helm writes nanoseconds, which Python's reader does not take.
    return datetime.datetime.fromisoformat(_FRACTION.sub("", text).replace("Z", "+00:00"))


def newest(found: Sequence[Record]) -> Optional[Record]:
    """The last revision, if there is any."""
    return found[0] if found else None
