"""How much there is to do: rows, looks and polls of a replay, counted from the tape and the results without any kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore import MarketResult, Tape
from simcore.dtypes import LAST_TRADED, TRADED_FALL
from simcore.results import FILL_KINDS


@dataclass(frozen=True)
class Work:
    """What lies before a bot that picks the runner of a rank so long before the start.

    before : rows published before the pick;  read : rows from then on that concern the bot
    news_ms : when those came, ascending
    """

    before: int
    read: int
    news_ms: NDArray[np.int64]

    def looks(self, poll_ms: int, observe_ms: int, polls: float) -> float:
        """Of so many polls, those that can see something new. Below `observe_ms` one snapshot is always on its way."""
        if poll_ms < observe_ms:
            return polls
        return min(polls, float(len(np.unique(self.news_ms // poll_ms))))


def work_of(tape: Tape, pick_s: float, rank: int = 0) -> Work:
    """The work on a tape; nothing is read where no runner has that rank at the pick."""
    pick_ms = int(tape.start_ms[-1] - 1000 * pick_s)
    before = int(tape.message_row[np.searchsorted(tape.message_ms, pick_ms)])
    runner = _ranked(tape, pick_ms, rank)
    if runner is None:
        return Work(before, 0, np.zeros(0, np.int64))
    of_market = (tape.kind > LAST_TRADED) & (tape.kind != TRADED_FALL)
    rows = before + np.flatnonzero((of_market | ((tape.runner == runner) & (tape.kind <= LAST_TRADED)))[before:])
    messages = np.unique(np.searchsorted(tape.message_row, rows, side="right") - 1)
    return Work(before, len(rows), tape.message_ms[messages])


def _ranked(tape: Tape, at_ms: int, rank: int) -> int | None:
    """Index of the runner with the rank-th lowest best price to back, as recorded."""
    books = tape.book_at(at_ms)
    keys = [(r.selection_id, r.handicap) if r.handicap else r.selection_id for r in tape.info.runners]
    priced = sorted(
        (books[key].available_to_back[0][0], index)
        for index, key in enumerate(keys)
        if key in books and books[key].available_to_back
    )
    return priced[rank][1] if rank < len(priced) else None


def counts_of(
    tape: Tape, work: Work, results: Sequence[MarketResult], poll_ms: int, observe_ms: int
) -> dict[str, float]:
    """Term → how often, of one call that gave these results."""
    return {
        "call": 1.0,
        "before": work.before,
        "market": tape.n_rows,
        "configuration": len(results),
        "row": work.read * len(results),
        "look": sum(work.looks(poll_ms, observe_ms, result.polls) for result in results),
        "poll": sum(result.polls for result in results),
        "request": sum(result.places + result.cancels + result.replaces for result in results),
        "fill": sum(getattr(result, kind) for result in results for kind in FILL_KINDS),
    }
