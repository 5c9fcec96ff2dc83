# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole runbook on one machine: sandbox up, site.yml, verify.yml, and a summary of what was proven."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import lifecycle, summary
from sandbox.errors import SandboxError
from sandbox.layout import REPOSITORY, Layout
from sandbox.lifecycle import Wishes
from sandbox.profiles import FULL, SITE
from sandbox.progress import say, step, warn

INVENTORY = REPOSITORY / "inventories" / "rehearsal"
FINISHED = "finished"
UNDER_WAY = "under way"
INTERRUPTED = 130


@dataclass
class Stage:
    """One part of the rehearsal and how it went."""

    title: str
    seconds: float
    code: int


@dataclass
class Rehearsal:
    """One run of the runbook."""

    layout: Layout
    wishes: Wishes
    run_id: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ"))
    stages: list[Stage] = field(default_factory=list)

    def run(self) -> int:
        """Go through the stages until one fails."""
        later = None
        try:
            if self._stage("sandbox", lambda: lifecycle.up(self.layout, SITE, self.wishes)):
                return self._failed()
            later = _obtain_in_background(self.layout)
            if self._stage("site.yml", lambda: self._playbook("site.yml")):
                return self._failed()
            if self._stage("monitoring", lambda: self._start_the_rest(later)):
                return self._failed()
            if self._stage("verify.yml", lambda: self._playbook("verify.yml")):
                return self._failed()
        finally:
            if later and later.poll() is None:
                later.terminate()
                later.wait()
        return summary.show(self.layout, self.run_id, self.stages)

    def _failed(self) -> int:
        summary.show(self.layout, self.run_id, self.stages)
        return 1

    def _stage(self, title: str, work: Callable[[], int]) -> int:
        say(f"== {title}")
        begun = time.monotonic()
        code = work()
        self.stages.append(Stage(title, time.monotonic() - begun, code))
        return code

    def _playbook(self, name: str) -> int:
        command = ["ansible-playbook", "--inventory", str(INVENTORY), str(REPOSITORY / "playbooks" / name)]
        return lifecycle.enter(self.layout, [*command, "--extra-vars", f"xaheen_run_id={self.run_id}"])

    def _start_the_rest(self, later: subprocess.Popen[bytes]) -> int:
        with step("waiting for the programs that were built meanwhile", quiet_below=1):
            code = later.wait()
        if code:
            raise SandboxError(f"Building failed. Its last words:\n{_tail(_obtain_log(self.layout))}")
        return lifecycle.up(self.layout, FULL, self.wishes)


def rehearse(layout: Layout, wishes: Wishes, keep: bool) -> int:
    """Run the rehearsal, from the start or from where an interrupted one stopped."""
    if layout.read_record().get("rehearsal") == FINISHED or _made_otherwise(layout, wishes):
        lifecycle.reset(layout)
    try:
        code = Rehearsal(layout, wishes).run()
    except KeyboardInterrupt:
        warn("\ninterrupted: stopping; 'make rehearse' goes on from here")
        lifecycle.down(layout)
        return INTERRUPTED
    except SandboxError:
        lifecycle.down(layout)
        raise
    layout.write_record({**layout.read_record(), "rehearsal": UNDER_WAY if code else FINISHED})
    if keep:
        say(f"the sandbox runs on; look around with 'python -m sandbox shell --name {layout.name}'")
    else:
        lifecycle.down(layout)
    return code


def _made_otherwise(layout: Layout, wishes: Wishes) -> bool:
    record = layout.read_record()
    wanted = {"nodes": wishes.nodes, "cloud": wishes.cloud, "cell": wishes.cell}
    return any(record and wish and record[choice] != wish for choice, wish in wanted.items())


def _obtain_log(layout: Layout) -> Path:
    return layout.logs / "obtain.log"


def _obtain_in_background(layout: Layout) -> subprocess.Popen[bytes]:
    """Build what the later stages need while the first ones run; outside the cell, which has no way to the registries."""
    with _obtain_log(layout).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox", "obtain", "--name", layout.name, "--profile", FULL, "--trim"],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _tail(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-6:])
