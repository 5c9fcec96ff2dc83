# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What differs between an object as the release describes it and as it is. Private to this collection.

Only what the release sets is compared: the API server adds defaults, controllers add status, people may add labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Optional

_QUANTITY = re.compile(r"^([0-9.]+)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$")
_FACTORS = {
    "m": Decimal("0.001"), "": Decimal(1), "k": Decimal(10) ** 3, "M": Decimal(10) ** 6, "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12, "Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30, "Ti": Decimal(2) ** 40,
}  # fmt: skip


def differences(wanted: Any, found: Any, path: str = "") -> list[str]:
    """The paths at which `found` does not hold what `wanted` says."""
    if wanted in (None, {}, [], "") and found in (None, {}, [], ""):
        return []
    if isinstance(wanted, Mapping):
        return _of_mapping(wanted, found, path)
    if isinstance(wanted, (list, tuple)):
        return _of_list(wanted, found, path)
    return [] if wanted == found or _same_quantity(wanted, found) else [path]


def without_replicas_of_autoscaled(objects: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The objects without the numbers of replicas that an autoscaler among them owns."""
    scaled = {
        (target.get("kind"), target.get("name"))
        for entry in objects
        if entry.get("kind") == "HorizontalPodAutoscaler"
        for target in [entry["spec"]["scaleTargetRef"]]
    }
    return [_without_replicas(entry) if (entry["kind"], entry["metadata"]["name"]) in scaled else dict(entry) for entry in objects]


def _without_replicas(entry: Mapping[str, Any]) -> dict[str, Any]:
    spec = {key: value for key, value in entry["spec"].items() if key != "replicas"}
    return {**entry, "spec": spec}


def _of_mapping(wanted: Mapping[str, Any], found: Any, path: str) -> list[str]:
    if not isinstance(found, Mapping):
        return [path]
    return [
        difference
        for key, value in wanted.items()
        for difference in differences(value, found.get(key), f"{path}.{key}" if path else str(key))
    ]


def _of_list(wanted: Sequence[Any], found: Any, path: str) -> list[str]:
    if not isinstance(found, list):
        return [path]
    if all(isinstance(item, Mapping) and "name" in item for item in wanted):
        named = {item.get("name"): item for item in found if isinstance(item, Mapping)}
        return [
            difference
            for item in wanted
            for difference in differences(item, named.get(item["name"]), f"{path}[{item['name']}]")
        ]
    if len(wanted) != len(found):
        return [path]
    return [
        difference
        for index, (one, other) in enumerate(zip(wanted, found))
        for difference in differences(one, other, f"{path}[{index}]")
    ]


def _same_quantity(wanted: Any, found: Any) -> bool:
    """The API server rewrites quantities: 1000m of CPU comes back as 1."""
    one, other = _quantity(wanted), _quantity(found)
    return one is not None and one == other


def _quantity(value: Any) -> Optional[Decimal]:
    match = _QUANTITY.match(value) if isinstance(value, str) else None
    if not match or match.group(1).count(".") > 1:
        return None
    return Decimal(match.group(1)) * _FACTORS[match.group(2) or ""]
