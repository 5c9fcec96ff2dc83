# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The people who would hold Vault's shares, played by key files: five holders and one administrator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyrage import x25519

from sandbox.layout import Layout, write_private

HOLDERS = 5


def describe(layout: Layout) -> dict[str, Any]:
    """The recipients' public keys, the place of custody, and the files that open it; keys are made once."""
    folder = layout.state / "holders"
    holders = [_holder(folder, f"holder-{number}") for number in range(1, HOLDERS + 1)]
    administrators = [_holder(folder, "administrator-1")]
    return {
        "folder": str(layout.state / "custody"),
        "holders": holders,
        "administrators": administrators,
        "identities": [str(_identity_file(folder, entry["name"])) for entry in (*holders, *administrators)],
    }


def _identity_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.age"


def _holder(folder: Path, name: str) -> dict[str, str]:
    file = _identity_file(folder, name)
    if not file.exists():
        write_private(file, f"{x25519.Identity.generate()}\n")
    identity = x25519.Identity.from_str(file.read_text(encoding="utf-8").strip())
    return {"name": name, "age_recipient": str(identity.to_public())}
