"""The same work on many items over the machine's cores, in the items' order."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from sweeps.errors import RunnerError

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int, *, kept: str = ""
) -> Generator[Result, None, None]:
    """Results of `work` on `items`, in their order; `work` and its results travel to processes and back.

    The first item is worked on here, so that kernels are compiled once before work fans out. Closing the generator ends every
    process it started; an interrupt is the caller's business. Raises RunnerError for a worker that was killed; `kept` says in
    its sentence what became of the results so far.
    """
    first = items[:1] if workers > 1 and len(items) > 1 else items
    for item in first:
        yield work(item)
    if len(first) < len(items):
        yield from _in_processes(work, items[len(first) :], workers, kept)


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business


def _in_processes(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int, kept: str
) -> Generator[Result, None, None]:
    context = multiprocessing.get_context("forkserver")
    pool = ProcessPoolExecutor(min(workers, len(items)), mp_context=context, initializer=_leave_interrupts)
    try:
        waiting: list[Future[Result]] = [pool.submit(work, item) for item in items]
        for future in waiting:
            yield future.result()
    except BrokenProcessPool as error:
        raise RunnerError(
            f"a worker was killed (out of memory?); {kept}run the same command again with fewer `--workers`"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
