"""Progress of a sweep on a terminal: trials, replays a second, best so far, time left. Elsewhere a line now and then.

Until a first batch is whole there is no best: who is ahead on the markets replayed so far is shown instead, from the first
shard on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from sweeps.results import BestTrial, SweepFolder, TrialSummary
from sweeps.runners.base import ShardResult

_LINE_EVERY_SECONDS = 10.0


class SweepProgress:
    """A driver's listener. `name` and `done` tell, after a stop, what there is to resume."""

    def __init__(self, console: Console) -> None:
        self.name: str | None = None
        self.done = 0
        self._wanted = 0
        self._markets = 0
        self._replays = 0
        self._begun = time.monotonic()
        self._said = self._begun
        self._best: str | None = None
        self._pence: Counter[int] = Counter()
        self._seen: Counter[int] = Counter()
        self._console = console
        self._task: TaskID | None = None
        self._bar = Progress(
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def on_start(self, folder: SweepFolder, finished: Sequence[TrialSummary]) -> None:
        self.name, self.done = folder.name, len(finished)
        self._wanted, self._markets = folder.config.search.trials, len(folder.markets)
        self._begun = self._said = time.monotonic()
        self._tell_best(folder.best_of(finished))
        left_out = folder.progress().get("left_out", 0)
        self._console.print(
            f"{folder.name}: {self._wanted} trials on {self._markets} markets"
            + (f", {len(folder.holdout_markets)} held out" if folder.holdout_markets else "")
            + (f" ({left_out} more cannot be replayed)" if left_out else "")
            + (f"; {self.done} trials are there already" if self.done else ""),
            highlight=False,
        )
        total = self._wanted * self._markets
        self._task = self._bar.add_task(self._status(), total=total, completed=self._done_replays())

    def on_shard(self, result: ShardResult) -> None:
        first = self._replays == 0
        if first:  # the speed is that of replays; starting up is over
            self._begun = time.monotonic() - result.seconds
        self._replays += result.replays
        if self._best is None:
            self._count(result)
        if first:
            self._say()
        if self._task is not None:
            self._bar.update(self._task, advance=result.replays, description=self._status())

    def on_batch(self, trials: Sequence[TrialSummary], best: BestTrial | None) -> None:
        first = self._best is None
        self.done += len(trials)
        self._tell_best(best)
        if self._task is not None:
            self._bar.update(self._task, completed=self._done_replays(), description=self._status())
        if first or time.monotonic() - self._said > _LINE_EVERY_SECONDS or self.done >= self._wanted:
            self._say()

    def _say(self) -> None:
        """A line where there is no bar."""
        if not self._console.is_terminal:
            self._said = time.monotonic()
            self._console.print(f"{self._status()}, {self._left()} left", highlight=False, soft_wrap=True)

    def _count(self, result: ShardResult) -> None:
        """Profits so far of the trials under way."""
        trials, pence = (result.rows[name].to_pylist() for name in ("trial", "pnl_pence"))
        for trial, value in zip(trials, pence, strict=True):
            self._pence[trial] += value
            self._seen[trial] += 1

    def _done_replays(self) -> int:
        return self.done * self._markets

    def _status(self) -> str:
        told = self._ahead() if self._best is None else f"best {self._best}"
        return f"{self.done}/{self._wanted} trials, {self._speed():.0f} replays/s, {told}"

    def _ahead(self) -> str:
        """The highest mean profit among the trials that have seen the most markets; of equals the earliest."""
        if not self._seen:
            return "best –"
        most = max(self._seen.values())
        means = {trial: self._pence[trial] / seen / 100 for trial, seen in sorted(self._seen.items()) if seen == most}
        trial = max(means, key=lambda each: means[each])
        return f"ahead after {most} of {self._markets} markets: £{means[trial]:+.3f} (trial {trial})"

    def _speed(self) -> float:
        return self._replays / max(time.monotonic() - self._begun, 1e-3)

    def _left(self) -> str:
        missing = max(0, self._wanted - self.done) * self._markets
        speed = self._speed()
        return f"{missing / speed:.0f} s" if speed > 0 else "unknown time"

    def _tell_best(self, best: BestTrial | None) -> None:
        if best is not None:
            mean, error = best.metrics["mean_pnl_pounds"], best.metrics["standard_error_pounds"]
            self._best = f"£{mean:+.3f} ± {error:.3f} (trial {best.number})"
