# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a check of the application says. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

PASS = "pass"
FAIL = "fail"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """One check: what was found, the proof of it, and the next step where it is not good."""

    check: str
    status: str
    what: str
    proof: str = ""
    next_step: str = ""


def passed(check: str, what: str) -> Verdict:
    """What was asked for is there."""
    return Verdict(check, PASS, what)


def failed(check: str, what: str, proof: str, next_step: str) -> Verdict:
    """What was found is wrong."""
    return Verdict(check, FAIL, what, proof, next_step)


def unknown(check: str, what: str, proof: str, next_step: str) -> Verdict:
    """Nothing was found by which to judge. This is never good enough."""
    return Verdict(check, UNKNOWN, what, proof, next_step)


def all_pass(verdicts: Sequence[Verdict]) -> bool:
    """Whether every check passed; without any check nothing is proven."""
    return bool(verdicts) and all(verdict.status == PASS for verdict in verdicts)


def as_dicts(verdicts: Iterable[Verdict]) -> list[dict[str, str]]:
    """The verdicts as plain data for a result."""
    return [asdict(verdict) for verdict in verdicts]


def summary(verdicts: Sequence[Verdict]) -> str:
    """One paragraph: how many passed, then each that did not with its proof and next step."""
    if not verdicts:
        return "Nothing was checked, so nothing is proven."
    bad = [verdict for verdict in verdicts if verdict.status != PASS]
    lines = [f"{len(verdicts) - len(bad)} of {len(verdicts)} checks passed."]
    lines += [_line(verdict) for verdict in bad]
    return "\n".join(lines)


def _line(verdict: Verdict) -> str:
    parts = [f"{verdict.check}: {verdict.status}: {verdict.what.rstrip('.')}."]
    if verdict.proof:
        parts.append(verdict.proof.rstrip(".") + ".")
    if verdict.next_step:
        parts.append("Next: " + verdict.next_step.rstrip(".") + ".")
    return " ".join(parts)
