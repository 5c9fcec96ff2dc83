# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rehearsal environment: a production-like site made of real parts on one machine."""
