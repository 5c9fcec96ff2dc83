# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The application: its Helm release, its roll-out, its answers. Private to this collection."""
