"""What a runner is, and the one piece of work all of them carry out: a shard of markets × configurations.

Work is written once (`Replays`); a runner only decides where shards are worked on. A shard's result depends on nothing but the
shard: the seed of a replay is a hash of the sweep's seed and the market, the same for every configuration (so that they are
compared on equal luck), never of a worker, a clock or the way the work was cut.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from simcore import TapeStore
from simcore.bench import Bench, prepare
from simcore.configurations import configurations
from simcore.engine import make_parameters, replay_markets, warm
from simcore.models.simulation import Simulation
from simcore.results import NUMBERS, REFUSALS, SETTLED_BY, BatchResult, MarketResult
from simcore.strategies import Core, resolve_core

_ARROW = {"str": pa.string(), "int": pa.int64(), "bool": pa.bool_(), "tuple[int, ...]": pa.list_(pa.int64())}
MARKET_ROWS = pa.schema(
    [("trial", pa.int64())]
    + [(f.name, _ARROW[str(f.type)]) for f in fields(MarketResult) if f.name not in ("refusals", "fills", "timeline")]
    + [(f"refused_{reason}", pa.int64()) for reason in REFUSALS]
)
"""one row a market × configuration: the configuration's trial number and the columns of MarketResult.row()"""


@dataclass(frozen=True)
class Configuration:
    """A trial's number and its core's parameters (plain values: they travel to workers)."""

    trial: int
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Shard:
    """Every one of these markets under every one of these configurations."""

    market_ids: tuple[str, ...]
    configurations: tuple[Configuration, ...]

    @property
    def replays(self) -> int:
        return len(self.market_ids) * len(self.configurations)


@dataclass(frozen=True)
class ShardResult:
    """rows: MARKET_ROWS; seconds: what the shard took where it ran, for cutting the next ones; replay_cpu_s: CPU seconds of
    its replays alone."""

    rows: pa.Table
    replays: int
    seconds: float
    replay_cpu_s: float


WorkFunction = Callable[[Shard], ShardResult]


class Runner(Protocol):
    """Carries out shards somewhere.

    Contract: `submit` takes the work function (it travels once) and shards lazily, far more than memory may hold; `results`
    yields each shard exactly once, in any order, while it draws new ones; an exception of the work is raised by `results` as
    it is. Work that was lost with its worker is done again. A runner can be submitted to many times, each forgetting what is
    left of the one before; `close` ends what is under way and every process the runner started.
    """

    @property
    def workers(self) -> int:
        """How many shards are worked on at once."""
        ...  # pragma: no cover - protocol

    def submit(self, work: WorkFunction, shards: Iterable[Shard]) -> None: ...  # pragma: no cover - protocol

    def results(self) -> Iterator[ShardResult]: ...  # pragma: no cover - protocol

    def close(self) -> None: ...  # pragma: no cover - protocol


def replay_seed(sweep_seed: int, market_id: str) -> int:
    """Seed of a market's replays in a sweep, 0 … 2⁶³ − 1; whoever replays a sweep's configuration again needs the same one."""
    digest = hashlib.sha256(f"{sweep_seed}/{market_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


AT_A_STRETCH = 16
"""markets that a worker replays together, see `simcore.engine.replay_markets`; each takes a few megabytes meanwhile"""


@dataclass(frozen=True)
class Replays:
    """The work function: replays a shard on the tapes of a store. Small, so that it travels; a process keeps the store open."""

    store: str
    core: str
    simulation: Simulation
    seed: int

    def warm(self) -> None:
        """Compile the kernels and the core, or load them: done once before work fans out, so that no two workers compile."""
        warm(_core(self.core))

    def __call__(self, shard: Shard) -> ShardResult:
        begun, replay_cpu_s = time.perf_counter(), 0.0
        core, benches = _core(self.core), _benches(self.store)
        given = configurations([make_parameters(core, each.parameters) for each in shard.configurations])
        results: list[BatchResult] = []
        for first in range(0, len(shard.market_ids), AT_A_STRETCH):
            market_ids = shard.market_ids[first : first + AT_A_STRETCH]
            try:
                markets = [(benches.of(market_id), replay_seed(self.seed, market_id)) for market_id in market_ids]
                replaying = time.thread_time()
                results += replay_markets(markets, core, given, self.simulation)
            except Exception as error:
                error.add_note(f"markets {', '.join(market_ids)}, trials {[c.trial for c in shard.configurations]}")
                raise
            replay_cpu_s += time.thread_time() - replaying
            for bench, _ in markets:
                benches.keep(bench)
        rows = market_rows([configuration.trial for configuration in shard.configurations], results)
        return ShardResult(rows, shard.replays, time.perf_counter() - begun, replay_cpu_s)


def market_rows(trials: Sequence[int], results: Sequence[BatchResult]) -> pa.Table:
    """MARKET_ROWS of the same configurations, by the numbers of their trials, on some markets."""
    n = len(trials)
    numbers = np.ascontiguousarray(np.concatenate([each.numbers for each in results]).T)
    hours = np.zeros((n * len(results), max(each.hours.shape[1] for each in results)), np.int64)
    for i, each in enumerate(results):
        hours[i * n : (i + 1) * n, : each.hours.shape[1]] = each.hours
    row, column = np.nonzero(hours)
    starts = pa.array(np.append(0, np.cumsum(np.bincount(row, minlength=len(hours)))), pa.int32())
    when = np.repeat([each.first_hour for each in results], n)[row] + column
    columns = {name: pa.array(numbers[i]) for i, name in enumerate(NUMBERS)}
    columns |= {
        "trial": pa.array(np.tile(np.array(trials, np.int64), len(results))),
        "market_id": pa.array([each.market_id for each in results]).take(
            pa.array(np.repeat(np.arange(len(results)), n))
        ),
        "settled_by": pa.array(SETTLED_BY).take(columns["settled_by"]),
        "entry_matched": columns["entry_matched"].cast(pa.bool_()),
        "transaction_hours": pa.ListArray.from_arrays(starts, pa.array(when)),
        "transaction_counts": pa.ListArray.from_arrays(starts, pa.array(hours[row, column])),
    }
    return pa.table([columns[name] for name in MARKET_ROWS.names], schema=MARKET_ROWS)


_MOST_BYTES = 5 * 1024**3 // 4


def bench_bytes() -> int:
    """What a worker keeps of the markets it has replayed, for the next batch of configurations: one and a quarter gibibytes, or
    half of its share of the machine's memory where that is less. A greyhound market takes 0.9 MiB, one of horses 2.3 MiB; what
    is held of AT_A_STRETCH of them while a batch of many picks is replayed comes on top."""
    share = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (os.cpu_count() or 1)
    return min(_MOST_BYTES, share // 2)


class _Benches:
    """The markets of a store, ready for replays. A sweep goes round them again and again: the first that fit are kept."""

    def __init__(self, store: TapeStore) -> None:
        self._store = store
        self._kept: dict[str, tuple[Bench, int, tuple[int, ...]]] = {}
        self._bytes, self._most = 0, bench_bytes()

    def of(self, market_id: str) -> Bench:
        kept = self._kept.get(market_id)
        return kept[0] if kept else prepare(self._store.tape(market_id))

    def keep(self, bench: Bench) -> None:
        """Keep a market that was replayed while there is room; it may have grown since it was last kept."""
        market_id, parts = bench.tape.market_id, _parts(bench)
        _, before, counted = self._kept.get(market_id, (bench, 0, ()))
        if parts == counted:
            return
        size = bench.held_bytes()
        self._kept.pop(market_id, None)
        self._bytes -= before
        if self._bytes + size <= self._most:
            self._kept[market_id] = (bench, size, parts)
            self._bytes += size


def _parts(bench: Bench) -> tuple[int, ...]:
    """How much a bench has worked out so far: what it holds is as large as before while this is the same."""
    return len(bench.places), len(bench.picked), len(bench.thin), *(first for first, _ in bench.known.values())


@lru_cache(maxsize=1)
def _benches(store: str) -> _Benches:
    return _Benches(TapeStore.open(store))


@lru_cache(maxsize=4)
def _core(name: str) -> Core:
    return resolve_core(name)


MIN_SHARD_SECONDS = 0.3
"""below this a task's own cost on Ray stops being noise"""


def cut(
    market_ids: Sequence[str],
    configurations: Sequence[Configuration],
    *,
    seconds_per_replay: Callable[[], float],
    workers: int,
    target_seconds: float,
) -> Iterator[Shard]:
    """Shards that cover markets × configurations exactly once, made when asked for.

    Each holds about `target_seconds` of work by the speed known at that moment, less towards the end so that a straggler does
    not hold the batch; a market is shared by all configurations unless that alone is far more than a shard should be.
    """
    position = 0
    while position < len(market_ids):
        per_market = seconds_per_replay() * len(configurations)
        left = (len(market_ids) - position) * per_market
        wanted = min(target_seconds, max(MIN_SHARD_SECONDS, left / (2 * workers)))
        count = max(1, int(wanted / per_market))
        chunk = tuple(market_ids[position : position + count])
        parts = max(1, int(len(chunk) * per_market / (2 * target_seconds)))
        size = -(-len(configurations) // min(parts, len(configurations)))
        for first in range(0, len(configurations), size):
            yield Shard(chunk, tuple(configurations[first : first + size]))
        position += len(chunk)
