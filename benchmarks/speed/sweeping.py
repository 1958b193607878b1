"""Whole sweeps by the command line, and what is spent outside kernels against what no sweep can do without.

outside kernels = CPU of the sweep's driver, workers and Ray, less the kernels'
kernels'        = CPU of the workers inside the compiled code that Python calls, by clocks around it (benchmarks.speed.profiled)
floors          = starting Ray, ask and tell, one `log_batch` a trial, writing the rows (benchmarks.speed.floors)
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.speed.figures import Figure
from benchmarks.speed.floors import NAMES
from benchmarks.speed.making import quietly
from benchmarks.speed.profiled import KERNEL, told_by_workers
from benchmarks.speed.timing import Spent, run_metered
from simcore.engine import warm
from sweeps.app.synth import SynthRequest, make_markets
from sweeps.home import Home
from sweeps.results import SweepFolder

ROOT = Path(__file__).resolve().parent.parent.parent
WORKERS = 2
PARQUET_OF_A_TRIAL = "trials/*.parquet"
ON_SCREEN = "the first profit on screen"
ON_DISK = "the first trials on disk"


@dataclass(frozen=True)
class Case:
    """A sweep of `trials` configurations on `markets` synthetic markets, from the shipped configuration of its core.

    whole : False runs it in one process and without tracking, to see whether the bench works
    """

    core: str
    sport: str
    markets: int
    trials: int
    whole: bool = True

    @property
    def config(self) -> Path:
        return ROOT / "configs" / f"{self.core}-{self.sport}.yaml"

    @property
    def settings(self) -> list[str]:
        """What the configuration's file has otherwise."""
        fixed = [f"search.trials={self.trials}", f"ray.workers={WORKERS}", "capacity.stakes=[]"]
        return fixed if self.whole else [*fixed, "ray.runner=inline", "tracking.kind=null"]

    @property
    def floors(self) -> tuple[str, ...]:
        return NAMES if self.whole else ("ask", "parquet")


@dataclass(frozen=True)
class Swept:
    """A finished sweep and what it took."""

    case: Case
    folder: SweepFolder
    spent: Spent
    replays: int
    in_batch_s: float
    kernels_s: float
    floors_s: dict[str, float]

    @property
    def outside_s(self) -> float:
        return self.spent.cpu_s - self.kernels_s


def measure(work: Path, cases: tuple[Case, ...]) -> Iterator[Figure]:
    """Two figures and the memory of each sweep."""
    for case in cases:
        yield from _figures(_sweep(case, work))


@dataclass(frozen=True)
class Ran:
    """A sweep that has been run: its folder, what the command took, and where it ran."""

    home: Home
    folder: SweepFolder
    spent: Spent
    environment: dict[str, str]


def run_case(case: Case, work: Path, program: Sequence[str] = ("-c", "from sweeps.cli import main; main()")) -> Ran:
    """Make the markets and run the sweep by the command line, its kernels compiled before. Raises MeasureError."""
    warm(case.core)
    store = work / f"store-{case.sport}"
    days = -(-case.markets // 150)
    make_markets(SynthRequest(case.sport, case.markets, days, 11, store), WORKERS, quietly)
    home, name = Home(work / "home"), f"bench-{case.core}"
    command = [sys.executable, *program, "run", str(case.config), "--store", str(store), "--name", name]
    command += [part for setting in case.settings for part in ("--set", setting)]
    environment = {**os.environ, "FURLONG_HOME": str(home.path), "PYTHONPATH": str(ROOT)}
    path = home.sweeps / name
    said = work / f"{name}.log"
    awaited = {
        ON_SCREEN: lambda: "£" in said.read_text(errors="replace"),
        ON_DISK: lambda: any(path.glob(PARQUET_OF_A_TRIAL)),
    }
    spent = run_metered(command, environment, said, awaited)
    return Ran(home, SweepFolder.open(home, name), spent, environment)


def _sweep(case: Case, work: Path) -> Swept:
    clocks = work / f"clocks-{case.core}"
    clocks.mkdir()
    ran = run_case(case, work, ("-m", "benchmarks.speed.profiled", "--kernels", str(clocks)))
    folder = ran.folder
    told = json.loads((folder.path / "state.json").read_text())
    floors = {floor: _floor(floor, ran.home, folder, ran.environment, work) for floor in case.floors}
    return Swept(case, folder, ran.spent, told["replays"], told["replay_cpu_seconds"], kernels_s(clocks), floors)


def _floor(name: str, home: Home, folder: SweepFolder, environment: dict[str, str], work: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.speed.floors", name, str(home.path), folder.name]
    return run_metered(command, environment, work / f"floor-{name}.log").cpu_s


def kernels_s(clocks: Path) -> float:
    """CPU seconds of compiled code in all workers."""
    parts = [part for told in told_by_workers(clocks) for part in told["parts"].items()]
    return sum(spent[0] for name, spent in parts if name.startswith(KERNEL))


def _figures(swept: Swept) -> Iterator[Figure]:
    case, spent = swept.case, swept.spent
    floors = sum(swept.floors_s.values())
    size = f"{case.trials:,} configurations on {case.markets:,} markets, {WORKERS} workers"
    each = ", ".join(f"{name} {seconds:.1f}" for name, seconds in swept.floors_s.items())
    detail = {
        "replays": swept.replays,
        "wall_s": spent.wall_s,
        "cpu_s": spent.cpu_s,
        "kernels_s": swept.kernels_s,
        "replays_s": swept.in_batch_s,
        "floors_s": swept.floors_s,
        "by_program_s": dict(sorted(spent.by_program.items(), key=lambda item: -item[1])),
        "first_s": spent.awaited_s,
        "configuration": msgspec.to_builtins(swept.folder.config),
    }
    yield Figure(
        f"sweep-{case.core}-outside-over-floor",
        swept.outside_s,
        "CPU s outside kernels",
        "floor: Ray start, ask/tell, log_batch, Parquet",
        swept.outside_s / floors,
        floors,
        "<= 1.5",
        f"{size}; CPU of all processes {spent.cpu_s:,.1f} s in {spent.wall_s:,.1f} s; floors in CPU s: {each}",
        detail,
    )
    share, of_wall = swept.kernels_s / spent.cpu_s, swept.kernels_s / spent.wall_s / WORKERS
    yield Figure(
        f"sweep-{case.core}-kernel-share",
        100 * share,
        "% of the sweep's CPU",
        "all CPU of the sweep",
        share,
        100.0,
        ">= 0.9 where kernels take 10 CPU minutes",
        f"kernels {swept.kernels_s:,.1f} CPU s of {swept.replays:,} replays, {100 * of_wall:.0f} % of the workers' wall time",
    )
    yield _first_result(swept)
    yield _memory(swept)


def _first_result(swept: Swept) -> Figure:
    """When the first line with a profit in it is shown; the note has when the first trials are whole."""
    seconds, floor_s = swept.spent.awaited_s.get(ON_SCREEN), swept.floors_s.get("ray")
    name, unit, peer = f"sweep-{swept.case.core}-first-result", f"s to {ON_SCREEN}", "floor: CPU of starting Ray"
    ratio = None if seconds is None or floor_s is None else seconds / floor_s
    why = "no ratio: a small run starts no Ray; " if ratio is None else ""
    whole = swept.spent.awaited_s.get(ON_DISK)
    note = f"{why}wall time" + (f"; to {ON_DISK} {whole:.1f} s" if whole is not None else "")
    return Figure(name, seconds, unit, peer, ratio, floor_s, "<= 15 s", note)


def _memory(swept: Swept) -> Figure:
    """Resident memory of the largest worker: its peak, and how the last quarter of the run compares with the second."""
    series = [size for seconds, size in swept.spent.worker_bytes if size]
    name, unit, peer = f"sweep-{swept.case.core}-worker-memory", "MiB at most", "the run's second quarter"
    if len(series) < 4:
        return Figure(name, None, unit, peer, None, target="< 2,048 MiB, flat", note="no ratio: the run was too short")
    quarter = len(series) // 4
    before, after = max(series[quarter : 2 * quarter]), max(series[-quarter:])
    mib = 1024 * 1024
    return Figure(
        name, max(series) / mib, unit, peer, after / before, before / mib, "< 2,048 MiB, flat", "last quarter over it"
    )
