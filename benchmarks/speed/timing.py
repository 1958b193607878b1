"""Clocks: CPU seconds of this process, and of a command with everything it starts."""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

Result = TypeVar("Result")

_PR_SET_CHILD_SUBREAPER = 36
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_s() -> float:
    """CPU seconds of this process, its threads and the children that have ended, user and system."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def best_of(repeats: int, work: Callable[[], Result]) -> tuple[float, Result]:
    """CPU seconds of the quickest of so many runs, and what the last one returned."""
    seconds = []
    for _ in range(repeats):
        begun = cpu_s()
        result = work()
        seconds.append(cpu_s() - begun)
    return min(seconds), result


LEAST_S = 0.05
"""a run that is shorter is repeated within one measurement"""


def seconds_each(work: Callable[[], object], repeats: int) -> float:
    """CPU seconds of one run, the best of so many measurements; short runs are repeated within each."""
    once, _ = best_of(1, work)
    count = max(1, round(LEAST_S / max(once, 1e-6)))
    if count == 1:
        return min([once, *(best_of(1, work)[0] for _ in range(repeats - 1))])

    def many() -> None:
        for _ in range(count):
            work()

    return best_of(repeats, many)[0] / count


@dataclass
class Spent:
    """What a command took, with all it started; looked at every `PAUSE_S`, so that a process's last moments are not seen.

    cpu_s        : user and system, by_program : the same by the name of the program
    awaited_s    : wall seconds until each thing that the caller awaited was there; without those that never were
    worker_bytes : (wall seconds, resident memory of the largest of Ray's worker processes), as it was looked at
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    by_program: dict[str, float] = field(default_factory=dict)
    awaited_s: dict[str, float] = field(default_factory=dict)
    worker_bytes: list[tuple[float, int]] = field(default_factory=list)


class MeasureError(Exception):
    """What was to be measured did not come to its end; says why in one line. The rest can go on."""


PAUSE_S = 0.1


def run_metered(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    awaited: Mapping[str, Callable[[], bool]] = MappingProxyType({}),
) -> Spent:
    """Run a command to its end; its output goes to `log`. Linux only (it reads /proc). Raises MeasureError if it fails."""
    _keep_orphans(True)
    seen: dict[int, _Seen] = {}
    others = {pid for pid, _ in _processes()}
    spent = Spent()
    begun = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=dict(environment))
        try:
            while process.poll() is None:
                largest = _look(seen, others)
                spent.worker_bytes.append((time.monotonic() - begun, largest))
                for name, is_there in awaited.items():
                    if name not in spent.awaited_s and is_there():
                        spent.awaited_s[name] = time.monotonic() - begun
                time.sleep(PAUSE_S)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            _reap(seen)
            _keep_orphans(False)
    spent.wall_s = time.monotonic() - begun
    if process.returncode != 0:
        said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise MeasureError(f"`{' '.join(command[1:])[:200]}` ended with {process.returncode}: {said[-1][:300]}")
    for one in seen.values():
        spent.cpu_s += one.cpu_s
        spent.by_program[one.program] = spent.by_program.get(one.program, 0.0) + one.cpu_s
    return spent


def _keep_orphans(keep: bool) -> None:
    """Whether processes whose parent has ended become children of this one, which goes on counting them."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(keep), 0, 0, 0)


def _reap(pids: Iterable[int]) -> None:
    """Let go of what has ended; what goes on is the system's again."""
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


@dataclass
class _Seen:
    program: str
    cpu_s: float = 0.0


WORKER = "ray::"


def _look(seen: dict[int, _Seen], others: Container[int]) -> int:
    """Bring what is known of this process's descendants but `others` up to date; resident bytes of the largest worker now."""
    stats = {pid: values for pid, values in _processes() if pid not in others}
    largest = 0
    for pid, values in stats.items():
        if pid in seen or _descends(pid, stats):
            known = seen.setdefault(pid, _Seen(values[0]))
            known.program = values[0]
            known.cpu_s = (int(values[12]) + int(values[13])) / _TICKS
            if values[0].startswith(WORKER):
                largest = max(largest, int(values[22]) * _PAGE)
    return largest


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Every process: its number, and its program followed by the further columns of its `stat` (see proc(5))."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text()
        except OSError:  # it has ended meanwhile
            continue
        program, _, rest = text.partition("(")[2].rpartition(")")
        yield int(folder.name), [program, *rest.split()]


def _descends(pid: int, stats: Mapping[int, Sequence[str]]) -> bool:
    while pid in stats:
        pid = int(stats[pid][2])
        if pid == os.getpid():
            return True
    return False
