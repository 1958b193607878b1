"""Clocks put around parts of a program from outside: seconds by part, each without the parts within it.

A part that calls another is not charged for it. Clocks are kept by thread, so that what runs beside the sweep (the tracker) has
parts of its own. They cost about two microseconds a call: put them around what takes longer.
"""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class Clocks:
    """CPU and wall seconds, and calls, by part."""

    def __init__(self) -> None:
        self.parts: dict[str, list[float]] = {}
        self._local = threading.local()

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, its time charged to `part`."""

        @functools.wraps(function, updated=())
        def call(*given: Any, **named: Any) -> Any:
            self._enter(part)
            try:
                return function(*given, **named)
            finally:
                self._leave()

        return call

    def each(self, part: str, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """`function`, whose iterator's every step is charged to `part`."""

        @functools.wraps(function)
        def call(*given: Any, **named: Any) -> Iterator[Any]:
            steps = iter(function(*given, **named))
            forward = self.timed(part, lambda: next(steps, None))
            while (item := forward()) is not None:
                yield item

        return call

    def write(self, path: Path) -> None:
        """Everything so far, with the CPU seconds of this process."""
        facts = {"cpu_s": time.process_time(), "parts": self.parts}
        waiting = path.with_suffix(".part")
        waiting.write_text(json.dumps(facts))
        waiting.replace(path)

    def add(self, part: str, cpu_s: float, wall_s: float) -> None:
        """Time measured otherwise."""
        spent = self.parts.setdefault(part, [0.0, 0.0, 0])
        spent[0] += cpu_s
        spent[1] += wall_s
        spent[2] += 1

    def _enter(self, part: str) -> None:
        stack = self._local.__dict__.setdefault("stack", [])
        now = (time.thread_time(), time.perf_counter())
        if stack:
            self._charge(stack[-1], now)
        stack.append([part, *now])
        self.parts.setdefault(part, [0.0, 0.0, 0])[2] += 1

    def _leave(self) -> None:
        stack = self._local.stack
        now = (time.thread_time(), time.perf_counter())
        self._charge(stack.pop(), now)
        if stack:
            stack[-1][1:] = now

    def _charge(self, running: list[Any], now: tuple[float, float]) -> None:
        spent = self.parts[running[0]]
        spent[0] += now[0] - running[1]
        spent[1] += now[1] - running[2]
