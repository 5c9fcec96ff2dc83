# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Obtaining the sandbox's parts: pinned, checked, once per user."""
