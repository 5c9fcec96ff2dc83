# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of `python -m sandbox`."""

from __future__ import annotations

import sys

from sandbox.cli import main

sys.exit(main())
