"""The runner without Ray: one shard after the other in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sweeps.runners.base import Shard, ShardResult, WorkFunction


class InlineRunner:
    """Works on shards as its results are asked for."""

    workers = 1

    def __init__(self) -> None:
        self._results: Iterator[ShardResult] = iter(())

    def submit(self, work: WorkFunction, shards: Iterable[Shard]) -> None:
        self._results = map(work, shards)

    def results(self) -> Iterator[ShardResult]:
        return self._results

    def close(self) -> None:
        self._results = iter(())
