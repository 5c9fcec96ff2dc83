# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock file and what is built from it."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest
from sandbox.acquire import gobuild
from sandbox.acquire.parts import GoPart, go_parts, lock
from sandbox.errors import SandboxError


def test_every_part_is_pinned_to_a_full_version_with_checksums() -> None:
    for part in go_parts():
        assert re.fullmatch(r"\d+\.\d+\.\d+", part.version), part.name
        assert (part.folder / "go.sum").stat().st_size > 0, part.name
    for name, entry in lock()["wheels"].items():
        assert re.fullmatch(r"[\d.]+", entry["version"]), name


def test_the_go_modules_hold_the_versions_that_the_lock_names() -> None:
    for part in go_parts():
        text = (part.folder / "go.mod").read_text(encoding="utf-8")
        if part.name != "application":
            assert f"v{part.version}" in text or f"v0.{part.version[2:]}" in text, part.name


def test_no_program_comes_from_two_places() -> None:
    programs = [program for part in go_parts() for program in part.programs]
    assert len(programs) == len(set(programs))


@pytest.fixture
def part(tmp_path: Path) -> GoPart:
    original = next(part for part in go_parts() if part.name == "application")
    shutil.copytree(original.folder, tmp_path / "application")
    return dataclasses.replace(original, folder=tmp_path / "application")


def test_a_change_of_the_source_or_the_recipe_asks_for_a_new_build(part: GoPart) -> None:
    before = part.digest
    assert dataclasses.replace(part, ldflags="-X a=b").digest != before
    source = part.folder / "main.go"
    source.write_text(source.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert part.digest != before


def test_without_go_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"no 'go' program.*install Go"):
        gobuild.obtain(["etcd"])


def test_a_full_disk_is_told_before_the_first_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(gobuild, "BUILD_SPACE", 1 << 62)
    with pytest.raises(SandboxError, match=r"GiB free.*XDG_CACHE_HOME"):
        gobuild.obtain(["etcd"])
