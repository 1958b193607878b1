"""Keeps a slow tracker off the sweep's path: one thread writes, in order, what the sweep hands over."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from sweeps.results import SweepFolder, TrialSummary
from sweeps.tracking.base import Tracker

_Job = Callable[[Tracker], None]


class BackgroundTracker:
    """A tracker that returns at once and lets another write in a thread of its own (a SQLite store wants one thread).

    make : the other tracker, made by that thread. Importing it and opening its store take seconds of CPU, so the thread begins
           with the first trials there are: what the sweep needs to get to them comes first. Without any, nothing is written

    After the first failure nothing more is written; the failure is raised by `finish` or `close`, once.
    """

    def __init__(self, make: Callable[[], Tracker]) -> None:
        self._make = make
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)

    def start(self, folder: SweepFolder) -> None:
        self._jobs.put(lambda inner: inner.start(folder))

    def log_trials(self, trials: Sequence[TrialSummary]) -> None:
        batch = tuple(trials)
        self._jobs.put(lambda inner: inner.log_trials(batch))
        if batch:
            self._begin()

    def finish(self, folder: SweepFolder) -> None:
        self._jobs.put(lambda inner: inner.finish(folder))
        self._begin()
        self._jobs.join()
        self._raise_failure()

    def close(self) -> None:
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()
        self._raise_failure()

    def _begin(self) -> None:
        if not self._thread.is_alive():
            self._thread.start()

    def _work(self) -> None:
        inner: Tracker | None = None
        while (job := self._jobs.get()) is not None:
            try:
                if self._failure is None:
                    inner = inner or self._make()
                    job(inner)
            except Exception as failure:  # kept for the sweep's own thread, which raises it
                self._failure = failure
            finally:
                self._jobs.task_done()
        if inner is not None:
            inner.close()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
