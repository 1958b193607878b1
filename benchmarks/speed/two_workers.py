"""The same import by one worker and by two, as the whole command: what a second core gives, and what sharing the work costs."""

from __future__ import annotations

import bz2
import os
import sys
from pathlib import Path

from benchmarks.speed.figures import Figure
from benchmarks.speed.peers import ROOT
from benchmarks.speed.timing import Spent, run_metered

LARGEST_SHARE = 0.05
"""files larger than this share of all are left out: no import is done sooner than its largest file"""
UNIT = "MB of raw JSON a second, whole command"


def measure(paths: list[Path], work: Path, *, copies: int) -> Figure:
    """`copies` of every file by one worker and by two; the copies are other sources, since known bytes are not read again."""
    most = LARGEST_SHARE * sum(path.stat().st_size for path in paths)
    chosen = [path for path in paths if path.stat().st_size <= most] or paths
    raw = copies * sum(len(bz2.decompress(path.read_bytes())) for path in chosen)
    files = _copied(chosen, work / "copies", copies)
    _run(chosen[0], work, "warm", 1)  # whatever has to be compiled
    one, two = _run(files, work, "one", 1), _run(files, work, "two", 2)
    note = (
        f"{copies * len(chosen)} files, start and end of the command included; CPU of all its processes {one.cpu_s:.3g} s by "
        f"one worker, {two.cpu_s:.3g} s by two: on two free cores at most {2 * one.cpu_s / two.cpu_s:.3g}x. Wall times, worth "
        f"less where other work is on the cores"
    )
    detail = {
        "raw_bytes": raw,
        "cpu_s": {"one": one.cpu_s, "two": two.cpu_s},
        "wall_s": {"one": one.wall_s, "two": two.wall_s},
    }
    speeds = [raw / spent.wall_s / 1e6 for spent in (two, one)]
    ratio = one.wall_s / two.wall_s
    return Figure("import-two-workers-vs-one", speeds[0], UNIT, "one worker", ratio, speeds[1], ">= 1.6", note, detail)


def _copied(paths: list[Path], folder: Path, copies: int) -> Path:
    """Every file so many times, told apart by blank lines packed behind it."""
    folder.mkdir()
    for number in range(copies):
        for path in paths:
            (folder / f"{number}-{path.name}").write_bytes(path.read_bytes() + bz2.compress(b"\n" * number))
    return folder


def _run(files: Path, work: Path, name: str, workers: int) -> Spent:
    arguments = ["data", "import", str(files), "--store", str(work / f"store-{name}"), "--workers", str(workers)]
    command = [sys.executable, "-c", "from sweeps.cli import main; main()", *arguments]
    environment = {**os.environ, "FURLONG_HOME": str(work / "home"), "PYTHONPATH": str(ROOT)}
    return run_metered(command, environment, work / f"import-{name}.log")
