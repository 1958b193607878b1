"""What the laws imply, by arithmetic alone: how long so much work takes on so many cores, and what holds it up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.speed.scaling.driving import DriverCost
from benchmarks.speed.scaling.law import OWN, SHARED, Law
from sweeps.runners.base import MIN_SHARD_SECONDS

CLUSTERS: Final = (64, 1000)
CONFIGURATIONS: Final = 1000
BATCHES: Final = (10, 100)
"""configurations asked for at a time: as shipped, and as a cluster wants it"""
GREYHOUND_MARKETS_A_YEAR: Final = 70_000
HORSE_RACES_A_YEAR: Final = 13_000


@dataclass(frozen=True)
class Typical:
    """A market of a kind under a shipped configuration's space, on average.

    core    : whose law applies
    counts  : term of the law → how often: SHARED of one call, OWN of one configuration
    rows, tape_bytes : of the whole market
    """

    core: str
    counts: Mapping[str, float]
    rows: float
    tape_bytes: float


@dataclass(frozen=True)
class Workload:
    """So many markets under so many configurations, asked for `batch` at a time."""

    name: str
    typical: Typical
    markets: int
    configurations: int
    batch: int

    @property
    def replays(self) -> int:
        return self.markets * self.configurations

    @property
    def batches(self) -> int:
        return math.ceil(self.configurations / self.batch)


@dataclass(frozen=True)
class Costs:
    """Everything measured that a sweep pays.

    laws      : core → its law
    open_s, open_row_s : reading a tape from the store: each time, and a row of it
    result_s  : a worker's CPU for one result row beside the replay
    driver    : the driver's law
    shard_s   : work a shard is cut for
    row_bytes, stored_row_bytes : a result row in memory and on disk
    """

    laws: Mapping[str, Law]
    open_s: float
    open_row_s: float
    result_s: float
    driver: DriverCost
    shard_s: float
    row_bytes: float
    stored_row_bytes: float


@dataclass(frozen=True)
class Implied:
    """Hours by the clock of a workload on a cluster, and where they come from.

    kernels_s, reading_s, results_s : CPU seconds of all workers: replays, reading tapes, making result rows
    feeding_s  : the driver's CPU while workers work;  waiting_s : while they wait for it;  both are one process's
    memory_bytes : a batch's results in the driver;  stored_bytes : all of them on disk;  tape_bytes : the store
    read_bytes_s : tapes read a second by the whole cluster while it works
    bound      : what the hours are spent on: kernels, tapes, results or driver
    """

    workload: Workload
    cores: int
    hours: float
    kernels_s: float
    reading_s: float
    results_s: float
    shards: int
    feeding_s: float
    waiting_s: float
    memory_bytes: float
    stored_bytes: float
    tape_bytes: float
    read_bytes_s: float
    bound: str

    @property
    def workers_s(self) -> float:
        return self.kernels_s + self.reading_s + self.results_s

    @property
    def fed(self) -> float:
        """Workers that one driver keeps busy; infinite where feeding costs nothing."""
        return self.workers_s / self.feeding_s if self.feeding_s > 0 else math.inf

    @property
    def over_kernels(self) -> float:
        """Hours over those of the kernels alone on as many cores."""
        return self.hours * 3600 * self.cores / self.kernels_s


def workloads(greyhounds: Typical, horses: Typical, batch: int) -> tuple[Workload, Workload]:
    """A month of all UK greyhounds and five years of horse racing in Britain and Ireland."""
    month, years = round(GREYHOUND_MARKETS_A_YEAR / 12), 5 * HORSE_RACES_A_YEAR
    return (
        Workload("greyhounds-month", greyhounds, month, CONFIGURATIONS, batch),
        Workload("horses-five-years", horses, years, CONFIGURATIONS, batch),
    )


def kernels_s(workload: Workload, law: Law) -> float:
    """CPU seconds of all replays: a market is called once a batch."""
    counts = workload.typical.counts
    shared = law.seconds({term: counts.get(term, 0.0) for term in SHARED})
    own = law.seconds({term: counts.get(term, 0.0) for term in OWN})
    return workload.markets * (workload.batches * shared + workload.configurations * own)


def imply(workload: Workload, costs: Costs, cores: int) -> Implied:
    """The hours: batch after batch, each as long as its workers take or as the driver takes to feed them, and then the wait."""
    typical, driver = workload.typical, costs.driver
    reads = workload.markets * workload.batches
    kernels = kernels_s(workload, costs.laws[typical.core])
    reading = reads * (costs.open_s + costs.open_row_s * typical.rows)
    results = workload.replays * costs.result_s
    workers = kernels + reading + results
    shards = workload.batches * _shards_a_batch(workers / workload.batches, workload, costs.shard_s, cores)
    feeding = shards * driver.shard_s + workload.replays * driver.row_s
    waiting = workload.batches * driver.batch_s + workload.configurations * driver.trial_s
    waiting += workload.replays * driver.tail_row_s
    seconds = driver.begin_s + max(workers / cores, feeding) + waiting
    parts = {"kernels": kernels / cores, "tapes": reading / cores, "results": results / cores}
    bound = "driver" if feeding + waiting > workers / cores else max(parts, key=lambda name: parts[name])
    return Implied(
        workload=workload,
        cores=cores,
        hours=seconds / 3600,
        kernels_s=kernels,
        reading_s=reading,
        results_s=results,
        shards=shards,
        feeding_s=feeding,
        waiting_s=waiting,
        memory_bytes=workload.markets * min(workload.batch, workload.configurations) * costs.row_bytes,
        stored_bytes=workload.replays * costs.stored_row_bytes,
        tape_bytes=workload.markets * typical.tape_bytes,
        read_bytes_s=reads * typical.tape_bytes / seconds,
        bound=bound,
    )


def _shards_a_batch(work_s: float, workload: Workload, shard_s: float, cores: int) -> int:
    """As the bench cuts: `shard_s` of work each, less where there is little for so many workers, never less than a market."""
    wanted = min(shard_s, max(MIN_SHARD_SECONDS, work_s / (2 * cores)))
    return min(workload.markets, math.ceil(work_s / wanted))
