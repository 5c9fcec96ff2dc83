# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of the cell this process is in."""

from __future__ import annotations

from pyroute2 import IPRoute

# The kernel's table of addresses that belong to the machine itself.
LOCAL_TABLE = 255
LOCAL_ROUTE = 2


def own(*ranges: str) -> None:
    """Bring loopback up and let whole ranges of addresses belong to it; there is no way out and none is made."""
    with IPRoute() as routes:
        loopback = routes.link_lookup(ifname="lo")[0]
        routes.link("set", index=loopback, state="up")
        for addresses in ranges:
            routes.route("replace", dst=addresses, oif=loopback, table=LOCAL_TABLE, type=LOCAL_ROUTE, scope=254)
