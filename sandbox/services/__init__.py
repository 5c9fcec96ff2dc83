# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a sandbox: one file each, all in the shape of `service.Service`."""
