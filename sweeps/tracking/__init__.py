"""Windows on a sweep: none, or MLflow."""

from __future__ import annotations

from sweeps.config import Tracking
from sweeps.home import Home
from sweeps.tracking.background import BackgroundTracker
from sweeps.tracking.base import Tracker
from sweeps.tracking.null import NullTracker

__all__ = ["Tracker", "make_tracker"]


def make_tracker(tracking: Tracking, home: Home) -> Tracker:
    """The tracker a sweep's configuration asks for, with its store in `home`."""
    if tracking.kind is None:
        return NullTracker()
    return BackgroundTracker(lambda: _mlflow(home))


def _mlflow(home: Home) -> Tracker:
    from sweeps.tracking.mlflow import MlflowTracker  # some seconds of imports that only this choice needs

    return MlflowTracker(home)
