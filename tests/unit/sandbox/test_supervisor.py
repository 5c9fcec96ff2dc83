# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supervisor's configuration and what services inherit."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
from sandbox.layout import Layout
from sandbox.supervisor import Program, clean_environment, configure, log_tail


def test_words_with_spaces_quotes_and_per_cent_signs_reach_the_program_unchanged(tmp_path: Path) -> None:
    program = Program("odd", ["/bin/echo", "a b", "100%", "it's"])
    text = configure(Layout("rehearsal", tmp_path), [program]).read_text(encoding="utf-8")
    parser = configparser.ConfigParser()
    parser.read_string(text)
    assert parser["program:odd"]["command"] == "/bin/echo 'a b' 100% 'it'\"'\"'s'"


def test_services_do_not_see_the_persons_credentials_or_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert not {"AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY"} & set(clean_environment())


def test_the_end_of_a_log_is_shown_and_a_missing_one_is_named(tmp_path: Path) -> None:
    layout = Layout("rehearsal", tmp_path)
    assert log_tail(layout, "none") == "    (no log)"
    layout.logs.mkdir()
    (layout.logs / "etcd.log").write_text("".join(f"{n}\n" for n in range(100)), encoding="utf-8")
    assert log_tail(layout, "etcd", lines=2) == "    98\n    99"
