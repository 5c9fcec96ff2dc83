# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod's volumes as folders and its environment as variables, as a kubelet would provide them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client

from sandbox.layout import write_private

# A kubelet asks for a new token when four fifths of the old one's life are over.
RENEW_AT = 0.8
DEFAULT_TOKEN_SECONDS = 3600


@dataclass
class Token:
    """A projected service-account token and when to replace it."""

    file: Path
    audience: str | None
    seconds: int
    renew_at: float = 0.0


class PodFiles:
    """The folder of one pod. Paths in it stand for the mount paths that the pod's description names."""

    def __init__(self, api: Any, pod: Any, folder: Path) -> None:
        self._api = api
        self._pod = pod
        self._folder = folder
        self._tokens: list[Token] = []

    def environment(self, container: Any, pod_ip: str) -> dict[str, str]:
        """Write the volumes, then resolve the container's variables."""
        mounts = {mount.mount_path: self._volume(mount) for mount in container.volume_mounts or []}
        self.renew_tokens()
        variables: dict[str, str] = {"PATH": os.defpath}
        for source in container.env_from or []:
            if source.config_map_ref:
                variables.update(self._config_map(source.config_map_ref.name))
        for entry in container.env or []:
            variables[entry.name] = self._value(entry, pod_ip)
        return {name: _relocated(value, mounts) for name, value in variables.items()}

    def ports(self, container: Any) -> dict[str, int]:
        """The container's named ports."""
        return {port.name: port.container_port for port in container.ports or []}

    def port(self, container: Any, wanted: str | int) -> int:
        """A port by its number or its name."""
        return wanted if isinstance(wanted, int) else self.ports(container)[wanted]

    def renew_tokens(self) -> None:
        """Replace tokens that grow old."""
        for token in self._tokens:
            if time.monotonic() >= token.renew_at:
                write_private(token.file, self._request(token))
                token.renew_at = time.monotonic() + RENEW_AT * token.seconds

    def remove(self) -> None:
        """Forget the pod's files, tokens among them."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _request(self, token: Token) -> str:
        metadata = self._pod.metadata
        bound = client.V1BoundObjectReference(kind="Pod", api_version="v1", name=metadata.name, uid=metadata.uid)
        spec = client.V1TokenRequestSpec(
            audiences=[token.audience] if token.audience else [],
            expiration_seconds=token.seconds,
            bound_object_ref=bound,
        )
        account = self._pod.spec.service_account_name or "default"
        answer = self._api.create_namespaced_service_account_token(
            account, metadata.namespace, client.AuthenticationV1TokenRequest(spec=spec)
        )
        return str(answer.status.token)

    def _volume(self, mount: Any) -> Path:
        folder = self._filled(mount.name)
        return folder / str(mount.sub_path or "")

    def _filled(self, name: str) -> Path:
        volume = next(volume for volume in self._pod.spec.volumes if volume.name == name)
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if volume.config_map:
            self._write(folder, self._config_map(volume.config_map.name), volume.config_map.items)
        for source in volume.projected.sources if volume.projected else []:
            if source.config_map:
                self._write(folder, self._config_map(source.config_map.name), source.config_map.items)
            if source.service_account_token:
                self._add_token(folder, source.service_account_token)
        return folder

    def _add_token(self, folder: Path, projection: Any) -> None:
        file = folder / projection.path
        if all(token.file != file for token in self._tokens):
            seconds = projection.expiration_seconds or DEFAULT_TOKEN_SECONDS
            self._tokens.append(Token(file, projection.audience, seconds))

    def _write(self, folder: Path, data: Mapping[str, str], items: Any) -> None:
        paths = {item.key: item.path for item in items} if items else {key: key for key in data}
        for key, path in paths.items():
            write_private(folder / path, data[key])

    def _config_map(self, name: str) -> dict[str, str]:
        found = self._api.read_namespaced_config_map(name, self._pod.metadata.namespace)
        return dict(found.data or {})

    def _value(self, entry: Any, pod_ip: str) -> str:
        source = entry.value_from
        if source is None:
            return str(entry.value or "")
        if source.config_map_key_ref:
            return self._config_map(source.config_map_key_ref.name)[source.config_map_key_ref.key]
        if source.field_ref:
            fields = {
                "metadata.name": self._pod.metadata.name,
                "metadata.namespace": self._pod.metadata.namespace,
                "spec.nodeName": self._pod.spec.node_name,
                "status.podIP": pod_ip,
            }
            return str(fields[source.field_ref.field_path])
        raise LookupError(f"the variable {entry.name} has a source that simulated nodes do not know")


def _relocated(value: str, mounts: Mapping[str, Path]) -> str:
    for path, folder in mounts.items():
        if value == path or value.startswith(path.rstrip("/") + "/"):
            return str(folder) + value[len(path.rstrip("/")) :]
    return value
