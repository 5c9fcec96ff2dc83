# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, places and records of sandboxes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sandbox.errors import SandboxError
from sandbox.layout import Layout, write_private


@pytest.mark.parametrize("name", ["", "Upper", "-dash", "a/b", "..", "a" * 22, "a b", "å"])
def test_names_that_are_no_folder_names_are_refused(name: str) -> None:
    with pytest.raises(SandboxError, match="no sandbox name"):
        Layout.of(name)


def test_a_path_too_long_for_sockets_is_refused_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XAHEEN_SANDBOX_HOME", str(tmp_path / ("x" * 100)))
    with pytest.raises(SandboxError, match="XAHEEN_SANDBOX_HOME"):
        Layout.of("rehearsal")
    assert list(tmp_path.iterdir()) == []


def test_private_files_are_private_and_replaced_in_one_step(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "secret"
    write_private(file, "old")
    write_private(file, "new")
    assert file.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in file.parent.iterdir()] == ["secret"]


def test_a_sandbox_that_was_never_started_has_an_empty_record(tmp_path: Path) -> None:
    layout = Layout("rehearsal", tmp_path)
    assert layout.read_record() == {}
    layout.write_record({"nodes": "simulated"})
    assert layout.read_record() == {"nodes": "simulated"}
