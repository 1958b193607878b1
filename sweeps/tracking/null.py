"""No window: for sweeps whose tables on disk are enough."""

from __future__ import annotations

from collections.abc import Sequence

from sweeps.results import SweepFolder, TrialSummary


class NullTracker:
    """Shows nothing."""

    def start(self, folder: SweepFolder) -> None:
        """Nothing to open."""

    def log_trials(self, trials: Sequence[TrialSummary]) -> None:
        """Nothing to write."""

    def finish(self, folder: SweepFolder) -> None:
        """Nothing to write."""

    def close(self) -> None:
        """Nothing to release."""
