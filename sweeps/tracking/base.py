"""What a tracker is: the window on a sweep while it runs and after. The sweep's own Parquet tables stay the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sweeps.results import SweepFolder, TrialSummary


class Tracker(Protocol):
    """Shows a sweep's trials and its summary somewhere a person can look.

    Contract an implementation keeps:

    - Everything is idempotent by (sweep_id, trial). A sweep that was killed and resumed calls `start` again and may hand
      over trials that were logged before; nothing appears twice, and what was half-written is completed.
    - `log_trials` returns at once; writing happens off the sweep's path. The caller hands over finished trials only and
      does not change them afterwards.
    - A write that fails never stops the sweep: it is raised as TrackingError by `finish` or `close`, whichever comes
      first, after which the tables on disk can be shown again by `start`, `log_trials` and `finish` on a new tracker.
    - Called from one thread. `close` waits until everything handed over is written; after it the tracker is spent.
    """

    def start(self, folder: SweepFolder) -> None:
        """Open the window for this sweep; it may be seen from the first trials on."""
        ...  # pragma: no cover - protocol

    def log_trials(self, trials: Sequence[TrialSummary]) -> None:
        """Hand over finished trials, in trial order."""
        ...  # pragma: no cover - protocol

    def finish(self, folder: SweepFolder) -> None:
        """Wait for every trial, then write the summary: tables, plots, capacity curve. Called once `folder` is complete."""
        ...  # pragma: no cover - protocol

    def close(self) -> None:
        """Wait for what was handed over and release the store; a sweep that was stopped calls this without `finish`."""
        ...  # pragma: no cover - protocol
