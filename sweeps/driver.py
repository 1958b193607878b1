"""The loop of a sweep: ask, replay, tell, write; one batch after the other, in one process, whatever may happen to it.

A batch is on disk whole or not at all. What is done next depends on what is on disk and on nothing else, so a driver that was
killed is followed by another as if it had only paused.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import msgspec
import pyarrow as pa

from simcore.errors import ModelError
from simcore.strategies import Core
from sweeps.config import SweepConfig
from sweeps.metrics import trial_metrics
from sweeps.plan import make
from sweeps.results import BestTrial, SweepFolder, TrialState, TrialSummary
from sweeps.runners.base import Configuration, ShardResult
from sweeps.runners.bench import Bench
from sweeps.study import Journal, Proposal, Search
from sweeps.tracking.base import Tracker


class Listener(Protocol):
    """Who watches a sweep run; called from the driver's own thread, so quickly."""

    def on_start(
        self, folder: SweepFolder, finished: Sequence[TrialSummary]
    ) -> None: ...  # pragma: no cover - protocol

    def on_shard(self, result: ShardResult) -> None: ...  # pragma: no cover - protocol

    def on_batch(
        self, trials: Sequence[TrialSummary], best: BestTrial | None
    ) -> None: ...  # pragma: no cover - protocol


class Driver:
    """Runs one sweep's folder to its end. Holds nothing that the folder does not."""

    def __init__(self, folder: SweepFolder, core: Core, bench: Bench, tracker: Tracker, listener: Listener) -> None:
        self._folder = folder
        self._config: SweepConfig = folder.config
        self._core = core
        self._bench = bench
        self._tracker = tracker
        self._listener = listener
        self._replays = int(folder.progress().get("replays", 0))
        self._seconds = float(folder.progress().get("seconds", 0.0))

    def run(self) -> None:
        """Every trial that is still missing, then the hold-out. The caller holds the folder's lock."""
        finished = self._folder.summaries()
        journal = Journal(self._folder.path / "study.journal", self._folder.name, self._config)
        journal.bring_up_to(finished)
        search = Search(self._config)
        self._write_progress(finished, "running")
        self._listener.on_start(self._folder, finished)
        self._tracker.log_trials(finished)
        while (count := self._config.search.next_count(len(finished))) > 0:
            proposals = search.propose(finished, len(finished), count)
            if not proposals:
                break
            trials = self._batch(proposals)
            finished += trials
            journal.bring_up_to(finished)
            self._write_progress(finished, "running")
            self._tracker.log_trials(trials)
            self._listener.on_batch(trials, self._folder.best_of(finished))
        self._open_holdout(finished)
        self._write_progress(finished, "finished")

    def _batch(self, proposals: Sequence[Proposal]) -> list[TrialSummary]:
        begun = time.monotonic()
        judged = [self._judge(proposal) for proposal in proposals]
        runnable = [Configuration(t.number, t.parameters) for t in judged if t.state == "complete"]
        rows = self._bench.replay(self._folder.markets, runnable, self._listener.on_shard)
        told = iter(self._measured(rows, [t for t in judged if t.state == "complete"]))
        trials = [next(told) if t.state == "complete" else t for t in judged]
        self._folder.write_batch(trials, rows)
        self._replays += rows.num_rows
        self._seconds += time.monotonic() - begun
        return trials

    def _judge(self, proposal: Proposal) -> TrialSummary:
        """A proposal as a trial without numbers yet; invalid where the core refuses its parameters."""
        parameters = {**self._config.strategy.parameters, **proposal.sampled}
        reason = ""
        try:
            parameters = msgspec.to_builtins(make(self._core, self._config.strategy, proposal.sampled))
        except ModelError as error:
            reason = str(error)
        state: TrialState = "invalid" if reason else "complete"
        return TrialSummary(proposal.number, state, proposal.sampled, parameters, reason=reason, optuna=proposal.optuna)

    def _measured(self, rows: pa.Table, trials: Sequence[TrialSummary]) -> list[TrialSummary]:
        """Trials with the metrics of their rows, which lie trial after trial in the same order."""
        n_markets, objective = len(self._folder.markets), self._config.objective
        measured = []
        for place, trial in enumerate(trials):
            own = rows.slice(place * n_markets, n_markets)
            metrics = self._metrics(own, self._folder.days)
            values = objective.values(metrics)
            met = all(excess <= 0.0 for excess in objective.excesses(metrics).values())
            measured.append(replace(trial, values=values, metrics=metrics, constraints_met=met))
        return measured

    def _metrics(self, rows: pa.Table, days: Sequence[str]) -> dict[str, float]:
        config = self._config
        return trial_metrics(rows, days, config.objective, config.search.seed, config.simulation.costs)

    def _open_holdout(self, finished: Sequence[TrialSummary]) -> None:
        """Replay the best configuration on the days the search never saw; once for each best, and each opening is recorded."""
        markets, best = self._folder.holdout_markets, self._folder.best_of(finished)
        openings = self._folder.holdout()
        if not markets or best is None or (openings and openings[-1]["trial"] == best.number):
            return
        rows = self._bench.replay(markets, [Configuration(best.number, best.parameters)], self._listener.on_shard)
        days = [member.day for member in self._folder.members if member.split == "holdout"]
        metrics = self._metrics(rows, days)
        opening = {"trial": best.number, "trials": len(finished), "metrics": metrics}
        self._folder.write_holdout(opening, rows)

    def _write_progress(self, finished: Sequence[TrialSummary], state: str) -> None:
        self._folder.write_progress(
            state=state,
            reason="",
            trials=len(finished),
            trials_wanted=self._config.search.trials,
            invalid=sum(t.state == "invalid" for t in finished),
            replays=self._replays,
            seconds=round(self._seconds, 3),
        )
