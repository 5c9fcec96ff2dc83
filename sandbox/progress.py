# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress lines for a person who waits: what is being done, how far, how long it took."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEARTBEAT_SECONDS = 10.0
_START = time.monotonic()


def say(text: str) -> None:
    """Print one line, stamped with the minutes and seconds since the command began."""
    elapsed = int(time.monotonic() - _START)
    print(f"[{elapsed // 60:2d}:{elapsed % 60:02d}] {text}", flush=True)


def continue_clock(elapsed_seconds: float) -> None:
    """Let a child command count on from where its parent stands."""
    global _START
    _START = time.monotonic() - elapsed_seconds


def elapsed() -> float:
    """Seconds since the command began."""
    return time.monotonic() - _START


@contextmanager
def step(title: str, quiet_below: float = 0.0) -> Iterator[None]:
    """Repeat the title of long work while it lasts, and say how long it took if that was worth a line."""
    begun = time.monotonic()
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            say(f"  … {title} ({int(time.monotonic() - begun)} s)")

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()
    took = time.monotonic() - begun
    if took >= quiet_below:
        say(f"  {title}: {took:.1f} s")


def wait_until(condition: Callable[[], bool], timeout: float, interval: float = 0.1) -> bool:
    """Poll a condition until it holds or the time is up."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(interval)
    return condition()


def warn(text: str) -> None:
    """Print one line to standard error."""
    print(text, file=sys.stderr, flush=True)
