"""Keeps a slow tracker off the sweep's path: one thread writes, in order, what the sweep hands over."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from sweeps.results import SweepFolder, TrialSummary
from sweeps.tracking.base import Tracker

_Job = Callable[[], None]


class BackgroundTracker:
    """A tracker that returns at once and lets `inner` write in a thread of its own (a SQLite store wants one thread).

    After the first failure nothing more is written; the failure is raised by `finish` or `close`, once.
    """

    def __init__(self, inner: Tracker) -> None:
        self._inner = inner
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)

    def start(self, folder: SweepFolder) -> None:
        if not self._thread.is_alive():
            self._thread.start()
        self._jobs.put(lambda: self._inner.start(folder))

    def log_trials(self, trials: Sequence[TrialSummary]) -> None:
        batch = tuple(trials)
        self._jobs.put(lambda: self._inner.log_trials(batch))

    def finish(self, folder: SweepFolder) -> None:
        self._jobs.put(lambda: self._inner.finish(folder))
        self._jobs.join()
        self._raise_failure()

    def close(self) -> None:
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()
        self._raise_failure()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                if self._failure is None:
                    job()
            except Exception as failure:  # kept for the sweep's own thread, which raises it
                self._failure = failure
            finally:
                self._jobs.task_done()
        self._inner.close()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
