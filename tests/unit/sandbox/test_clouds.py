# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes as each cloud would label them."""

from __future__ import annotations

import re

import pytest
from sandbox.nodes.clouds import CLOUDS, NODE_COUNT, node_object

PROVIDER_IDS = {"azure": r"azure:///subscriptions/.+", "aws": r"aws:///\w+-\w+-\d[abc]/i-\d{17}", "gcp": r"gce://.+"}


@pytest.mark.parametrize("name", sorted(CLOUDS))
def test_nodes_carry_region_zone_and_provider_id_of_their_cloud(name: str) -> None:
    nodes = [node_object(CLOUDS[name], number) for number in range(1, NODE_COUNT + 1)]
    labels = [node["metadata"]["labels"] for node in nodes]
    assert {entry["topology.kubernetes.io/region"] for entry in labels} == {CLOUDS[name].region}
    assert len({entry["topology.kubernetes.io/zone"] for entry in labels}) == NODE_COUNT
    assert len({node["spec"]["providerID"] for node in nodes}) == NODE_COUNT
    assert all(re.fullmatch(PROVIDER_IDS[name], node["spec"]["providerID"]) for node in nodes)
