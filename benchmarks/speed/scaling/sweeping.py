"""Small real sweeps: what they say of the driver, of a second worker, of a typical market, and of the law's foresight."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from benchmarks.speed.making import quietly
from benchmarks.speed.scaling.clusters import Typical
from benchmarks.speed.scaling.counting import Counter
from benchmarks.speed.scaling.driving import ROOT, Run, Watched, watch
from benchmarks.speed.scaling.law import SHARED, TERMS
from benchmarks.speed.timing import cpu_s, seconds_each
from simcore import TapeStore
from simcore.strategies import resolve_core
from sweeps.app.synth import SynthRequest, make_markets
from sweeps.home import Home
from sweeps.results import SweepFolder, write_parquet
from sweeps.runners.base import Configuration, Replays, Shard

CONFIGS: Final = {"daf": ("daf-greyhounds", "greyhounds"), "caf": ("caf-horses", "horses")}
MARKETS_A_DAY: Final = 48
FINE_SHARD_S: Final = 0.02
"""shards so small that the driver's cost of one shows"""


@dataclass(frozen=True)
class Watching:
    """Sweeps that were watched: of DAF with one worker, with two, in small shards; of CAF in one process."""

    one: Watched
    two: Watched
    fine: Watched
    caf: Watched
    empty_task_s: float | None
    folders: dict[str, SweepFolder]

    @property
    def drivers(self) -> tuple[Watched, ...]:
        """Runs that tell what a driver costs."""
        return (self.one, self.two, self.fine)


def watch_sweeps(work: Path, markets: int, trials: int, on_ray: bool) -> Watching:
    """Three sweeps of the shipped DAF configuration and one of CAF, on made markets. Raises MeasureError."""
    for name, (sport, count) in {
        "large": ("greyhounds", markets),
        "small": ("greyhounds", max(1, markets // 4)),
        "horses": ("horses", max(1, markets // 6)),
    }.items():
        make_markets(SynthRequest(sport, count, -(-count // MARKETS_A_DAY), 31 + len(name), work / name), 1, quietly)
    third = max(1, trials // 3)
    runs = (
        _run(work, "one", "daf", "large", (trials, third), 1, on_ray),
        _run(work, "two", "daf", "large", (trials, third), 2, on_ray),
        _run(work, "fine", "daf", "small", (third, max(1, third // 2)), 2, on_ray, FINE_SHARD_S),
        _run(work, "caf", "caf", "horses", (max(2, third // 2), max(1, third // 4)), 1, False),
    )
    seen, empty_task_s = watch(runs, work)
    folders = {run.name: SweepFolder.open(Home(work / "home"), run.name) for run in runs}
    return Watching(*seen, empty_task_s=empty_task_s, folders=folders)


def _run(
    work: Path,
    name: str,
    core: str,
    store: str,
    trials: tuple[int, int],
    workers: int,
    on_ray: bool,
    shard_s: float | None = None,
) -> Run:
    overrides = [
        f"data.store={json.dumps(str(work / store))}",
        f"search.trials={trials[0]}",
        f"search.batch={trials[1]}",
        f"ray.workers={workers}",
        "capacity.stakes=[]",
        "tracking.kind=null",
    ]
    overrides += [] if shard_s is None else [f"ray.shard_seconds={shard_s}"]
    overrides += [] if on_ray else ["ray.runner=inline"]
    config = ROOT / "configs" / f"{CONFIGS[core][0]}.yaml"
    return Run(name, str(work / "home"), str(config), tuple(overrides), workers, on_ray)


def counted(folder: SweepFolder, trials: Iterable[int]) -> list[dict[str, float]]:
    """Term → how often, of each market: of these trials together, in one call."""
    store, config = TapeStore.open(str(folder.config.data.store)), folder.config
    core, wanted = resolve_core(config.strategy.core), set(trials)
    done = [each for each in folder.summaries() if each.number in wanted and each.state == "complete"]
    parameters = [core.make(values=each.parameters) for each in done]
    rows = [folder.market_results(each.number).to_dict("records") for each in done]
    counters = [Counter(store.tape(market_id), config.simulation) for market_id in folder.markets]
    return [counter.counts(parameters, [each[place] for each in rows]) for place, counter in enumerate(counters)]


def typical(folder: SweepFolder) -> Typical:
    """The mean over a sweep's markets and trials."""
    counts = counted(folder, range(folder.config.search.trials))
    sets = sum(each["configuration"] for each in counts)
    mean = {term: sum(each[term] for each in counts) / sets for term in TERMS}
    mean |= {term: sum(each[term] for each in counts) / len(counts) for term in SHARED}
    store = TapeStore.open(str(folder.config.data.store))
    sizes = [tape_bytes(store, market_id) for market_id in folder.markets]
    return Typical(folder.config.strategy.core, mean, mean["market"], sum(sizes) / len(sizes))


def tape_bytes(store: TapeStore, market_id: str) -> int:
    """A tape's size on disk."""
    return (store.path / "tapes" / store.fact(market_id, "tape")).stat().st_size


def result_s(folder: SweepFolder, repeats: int) -> float:
    """CPU seconds a worker spends on a result row beside the replay."""
    config, trials = folder.config, [each for each in folder.summaries() if each.state == "complete"]
    work = Replays(str(config.data.store), config.strategy.core, config.simulation, config.search.seed)
    shard = Shard(folder.markets[:4], tuple(Configuration(each.number, each.parameters) for each in trials))
    work(shard)
    spent = []
    for _ in range(repeats):
        begun = cpu_s()
        replayed_s = work(shard).replay_cpu_s
        spent.append((cpu_s() - begun - replayed_s) / shard.replays)
    return max(0.0, min(spent))


@dataclass(frozen=True)
class Rows:
    """A result row: bytes in memory and on disk, CPU seconds of writing it to Parquet."""

    memory_bytes: float
    stored_bytes: float
    write_s: float


def rows_of(folder: SweepFolder, repeats: int) -> Rows:
    """Of a finished sweep's largest batch."""
    path = max((folder.path / "markets").glob("[0-9]*.parquet"), key=lambda each: each.stat().st_size)
    table, again = pq.read_table(path), folder.path / "again.parquet"
    write_s = seconds_each(lambda: write_parquet(table, again), repeats)
    count = table.num_rows
    return Rows(table.nbytes / count, path.stat().st_size / count, write_s / count)
