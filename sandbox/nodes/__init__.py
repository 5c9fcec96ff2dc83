# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two kinds of nodes: real ones, where pods run, and simulated ones, where they only seem to."""
