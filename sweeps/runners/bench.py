"""The bench: markets × configurations in, one table out; whatever runner does the work, the table is the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simcore.models.simulation import Simulation
from sweeps.config import RaySection
from sweeps.errors import RunnerError
from sweeps.runners.base import MARKET_ROWS, Configuration, Replays, Runner, ShardResult, WorkFunction, cut
from sweeps.runners.inline import InlineRunner

_FIRST_GUESS_SECONDS = 0.02
"""of one replay, until the first shard has been measured"""


class Bench:
    """Holds a runner and what it learned of its speed. Use as a context: leaving it ends the runner."""

    def __init__(self, runner: Runner, work: WorkFunction, shard_seconds: float) -> None:
        self._runner = runner
        self._work = work
        self._shard_seconds = shard_seconds
        self._seconds_per_replay = _FIRST_GUESS_SECONDS
        self.replay_cpu_s = 0.0
        """CPU seconds of all replays done on this bench, wherever they ran"""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.close()

    def replay(
        self,
        market_ids: Sequence[str],
        configurations: Sequence[Configuration],
        on_shard: Callable[[ShardResult], None] | None = None,
        work: WorkFunction | None = None,
    ) -> pa.Table:
        """MARKET_ROWS of every configuration on every market: configuration by configuration, markets in the order given.

        `work` other than the bench's own serves a question beside the sweep, such as other assumptions.
        """
        if not configurations or not market_ids:
            return MARKET_ROWS.empty_table()
        shards = cut(
            market_ids,
            configurations,
            seconds_per_replay=lambda: self._seconds_per_replay,
            workers=self._runner.workers,
            target_seconds=self._shard_seconds,
        )
        self._runner.submit(work or self._work, shards)
        tables = []
        for result in self._runner.results():
            self._learn(result)
            tables.append(result.rows)
            if on_shard is not None:
                on_shard(result)
        return _in_order(pa.concat_tables(tables), market_ids, configurations)

    def _learn(self, result: ShardResult) -> None:
        measured = max(result.seconds / result.replays, 1e-6)
        self.replay_cpu_s += result.replay_cpu_s
        self._seconds_per_replay += 0.3 * (measured - self._seconds_per_replay)


def _in_order(rows: pa.Table, market_ids: Sequence[str], configurations: Sequence[Configuration]) -> pa.Table:
    """Rows in an order that says nothing of how the work was cut; every pair exactly once, or the runner is to blame."""
    wanted = len(market_ids) * len(configurations)
    if rows.num_rows != wanted:
        raise RunnerError(
            f"the workers returned {rows.num_rows} market results instead of {wanted}; run `sweeps resume`"
        )
    place = pc.index_in(rows["market_id"], pa.array(market_ids)).to_numpy()
    trial = pc.index_in(rows["trial"], pa.array([c.trial for c in configurations])).to_numpy()
    return rows.take(pa.array(np.lexsort((place, trial))))


def open_bench(work: Replays, options: RaySection) -> Bench:
    """A bench on the runner that `options` name, kernels warm before its first shard; Ray warms up while the caller goes on.

    Raises RunnerError where it cannot be started or reached.
    """
    if options.runner == "inline":
        work.warm()
        return Bench(InlineRunner(), work, options.shard_seconds)
    from sweeps.runners.ray import RayRunner  # an inline sweep never imports Ray

    runner = RayRunner(workers=options.workers, address=options.address, retries=options.retries)
    runner.warm_up(work.warm)
    return Bench(runner, work, options.shard_seconds)


def evaluate(
    store: str,
    market_ids: Sequence[str],
    core: str,
    parameters: Sequence[Mapping[str, Any]],
    simulation: Simulation,
    seed: int,
    options: RaySection,
    bench: Bench | None = None,
) -> pa.Table:
    """MARKET_ROWS of each of `parameters` (its position stands in `trial`) on each market: the very path of a sweep's trials.

    On a `bench` that is open already, or on one of its own by `options`.
    """
    work = Replays(store, core, simulation, seed)
    configurations = [Configuration(i, values) for i, values in enumerate(parameters)]
    if bench is not None:
        return bench.replay(market_ids, configurations, work=work)
    with open_bench(work, options) as opened:
        return opened.replay(market_ids, configurations)
