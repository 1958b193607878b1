"""A sweep on the small markets that takes a second, who watches it, and how two of them are compared."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sweeps.results import BestTrial, SweepFolder, TrialSummary
from sweeps.runners.base import ShardResult

YAML = """
data: {store: STORE, filter: {sport: greyhounds, market_type: WIN}}
strategy: {core: daf, parameters: {pick_s: 300, entry: cross}}
space:
  favourite: {kind: int, low: 0, high: 2}
  direction: {kind: categorical, choices: [long, short]}
  entry_start_s: {kind: float, low: 100, high: 300, step: 10}
  entry_end_s: {kind: float, low: 20, high: 90, step: 10}
  exit_s: {kind: float, low: 0, high: 20, step: 5}
simulation: {poll_ms: 2000}
search: {trials: 12, batch: 4}
capacity: null
tracking: {kind: null}
ray: {runner: inline}
"""


class Watcher:
    """A listener that remembers, and can stop a sweep after a number of batches as Ctrl-C would."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.batches: list[list[int]] = []
        self.replays = 0
        self._stop_after = stop_after

    def on_start(self, folder: SweepFolder, finished: Sequence[TrialSummary]) -> None:
        self.begun_with = len(finished)

    def on_shard(self, result: ShardResult) -> None:
        self.replays += result.replays

    def on_batch(self, trials: Sequence[TrialSummary], best: BestTrial | None) -> None:
        self.batches.append([t.number for t in trials])
        if len(self.batches) == self._stop_after:
            raise KeyboardInterrupt


def tables(folder: SweepFolder) -> pd.DataFrame:
    """Everything a sweep found, trial by trial, market by market."""
    trials = folder.trials()
    rows = [folder.market_results(n).assign(trial=n) for n in trials.loc[trials["state"] == "complete", "trial"]]
    return trials.merge(pd.concat(rows), on="trial", how="left", suffixes=("", "_of_market"))


def assert_same_tables(one: SweepFolder, other: SweepFolder) -> None:
    pd.testing.assert_frame_equal(tables(one), tables(other), check_exact=True)
