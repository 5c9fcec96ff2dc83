# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `python -m sandbox up|down|status|reset|env|logs|shell|run|power|rehearse`."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence

from sandbox import lifecycle, profiles, rehearsal, status
from sandbox.acquire import gobuild
from sandbox.cell import LOOPBACK, ROOT, USER
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.lifecycle import Wishes
from sandbox.nodes import kinds
from sandbox.nodes.clouds import CLOUDS
from sandbox.progress import continue_clock, say, warn
from sandbox.start import site_of, start
from sandbox.supervisor import log_tail

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(Layout.of(options.name), options) or 0)
    except SandboxError as error:
        warn(f"sandbox: {error}")
        return 1
    except BrokenPipeError:
        return 0


def _up(layout: Layout, options: argparse.Namespace) -> int:
    try:
        return lifecycle.up(layout, options.profile, _wishes(options))
    except KeyboardInterrupt:
        warn("interrupted: stopping what was started; 'up' goes on from here")
        lifecycle.down(layout)
        return INTERRUPTED


def _start_inside(layout: Layout, options: argparse.Namespace) -> None:
    continue_clock(options.elapsed)
    start(layout, options.profile)


def _down(layout: Layout, options: argparse.Namespace) -> None:
    lifecycle.down(layout)
    say(f"sandbox '{layout.name}' is down; its data is kept in {layout.state}")


def _reset(layout: Layout, options: argparse.Namespace) -> None:
    lifecycle.reset(layout)
    say(f"sandbox '{layout.name}' is gone")


def _status(layout: Layout, options: argparse.Namespace) -> int:
    return status.show(layout, as_json=options.format == "json")


def _env(layout: Layout, options: argparse.Namespace) -> None:
    variables = lifecycle.environment(layout)
    if options.format == "json":
        print(json.dumps(variables, indent=2, sort_keys=True))
    else:
        print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())))


def _logs(layout: Layout, options: argparse.Namespace) -> None:
    names = options.services or sorted(path.stem for path in layout.logs.glob("*.log"))
    for name in names:
        print(f"{name}:\n{log_tail(layout, name, options.lines)}")


def _shell(layout: Layout, options: argparse.Namespace) -> int:
    shell = os.environ.get("SHELL") or "/bin/sh"
    print(f"Inside sandbox '{layout.name}'; kubectl and bao are on the PATH. 'exit' leaves it.", flush=True)
    return _replace_by(layout, [shell])


def _run(layout: Layout, options: argparse.Namespace) -> int:
    command = options.words[1:] if options.words[:1] == ["--"] else options.words
    if not command:
        raise SandboxError("There is no command to run.", "name it after '--'.")
    return _replace_by(layout, command)


def _replace_by(layout: Layout, command: Sequence[str]) -> int:
    words = lifecycle.command_inside(layout, command)
    try:
        os.execvpe(words[0], words, lifecycle.inherited_environment(layout))
    except OSError as error:
        raise SandboxError(f"{words[0]} cannot be run: {error.strerror}.") from error


def _power(layout: Layout, options: argparse.Namespace) -> int:
    if options.inside:
        site = site_of(layout)
        kinds.of(site.nodes).power(site, options.node, options.switch == "on")
        return 0
    words = ["-m", "sandbox", "power", "--name", layout.name, "--inside", options.node, options.switch]
    return lifecycle.enter(layout, [sys.executable, *words])


def _obtain(layout: Layout, options: argparse.Namespace) -> None:
    lifecycle.obtain(layout, options.profile, layout.read_record()["nodes"])
    if options.trim:
        gobuild.trim()


def _rehearse(layout: Layout, options: argparse.Namespace) -> int:
    return rehearsal.rehearse(layout, _wishes(options), keep=options.keep)


def _wishes(options: argparse.Namespace) -> Wishes:
    return Wishes(options.nodes, options.cloud, options.cell)


def _parser() -> argparse.ArgumentParser:
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default="rehearsal", help="which sandbox (default: rehearsal); any number can run")
    profiled = argparse.ArgumentParser(add_help=False)
    profiled.add_argument("--profile", default=profiles.FULL, choices=profiles.names(), help="which services")
    chosen = argparse.ArgumentParser(add_help=False)
    chosen.add_argument("--nodes", choices=(kinds.REAL, kinds.SIMULATED), help="kind of nodes (default: what may run here)")
    chosen.add_argument("--cloud", choices=sorted(CLOUDS), help="whose nodes they seem to be (default: azure)")
    chosen.add_argument("--cell", choices=(ROOT, USER, LOOPBACK), help="how it is shut off (default: what may run here)")
    formatted = argparse.ArgumentParser(add_help=False)
    formatted.add_argument("--format", choices=("text", "json"), default="text")

    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The rehearsal's own environment.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, help_text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_text, description=help_text, parents=[named, *parents])
        made.set_defaults(command=run)
        return made

    command("up", _up, "start what does not run yet", profiled, chosen)
    command("down", _down, "stop everything, keep the data")
    command("status", _status, "say what runs, and the last words of what ended", formatted)
    command("reset", _reset, "stop everything and forget the data")
    command("env", _env, "print the variables by which tools find the services", formatted)
    logs = command("logs", _logs, "print the end of the services' logs")
    logs.add_argument("services", nargs="*", metavar="SERVICE")
    logs.add_argument("--lines", type=int, default=50)
    command("shell", _shell, "open a shell inside")
    run = command("run", _run, "run a command inside: run -- kubectl get nodes")
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    power = command("power", _power, "switch a node off or on")
    power.add_argument("node", help="such as worker-1")
    power.add_argument("switch", choices=("off", "on"))
    power.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    obtain = command("obtain", _obtain, "get the programs of a profile into the cache", profiled)
    obtain.add_argument("--trim", action="store_true", help="remove the build caches afterwards")
    rehearse = command("rehearse", _rehearse, "the whole runbook: up, site.yml, verify.yml, summary", chosen)
    rehearse.add_argument("--keep", action="store_true", help="leave the sandbox running afterwards")
    inside = commands.add_parser("start-inside", parents=[named, profiled])
    inside.add_argument("--elapsed", type=float, default=0.0)
    inside.set_defaults(command=_start_inside)
    return parser
