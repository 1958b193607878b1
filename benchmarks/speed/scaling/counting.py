"""How much there is to do: rows, looks and polls of a replay, counted from the tape and the results without any kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.scaling.law import OWN
from simcore import Tape
from simcore.dtypes import LAST_TRADED, TRADED_FALL
from simcore.models.simulation import Simulation
from simcore.results import FILL_KINDS
from simcore.strategies import Parameters


@dataclass(frozen=True)
class Work:
    """What lies before a bot that picks the runner of a rank at one time and first looks at another.

    before  : rows published before the pick;  read : rows from the first look on that concern the bot
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


def work_of(tape: Tape, pick_s: float, first_s: float, rank: int = 0) -> Work:
    """The work on a tape; times are seconds before the start. Nothing is read where no runner has that rank at the pick."""
    start_ms = int(tape.start_ms[-1])
    before, first = (_row_at(tape, start_ms - 1000 * each) for each in (pick_s, min(pick_s, first_s)))
    runner = _ranked(tape, int(start_ms - 1000 * pick_s), rank)
    if runner is None:
        return Work(before, 0, np.zeros(0, np.int64))
    of_market = (tape.kind > LAST_TRADED) & (tape.kind != TRADED_FALL)
    rows = first + np.flatnonzero((of_market | ((tape.runner == runner) & (tape.kind <= LAST_TRADED)))[first:])
    messages = np.unique(np.searchsorted(tape.message_row, rows, side="right") - 1)
    return Work(before, len(rows), tape.message_ms[messages])


def _row_at(tape: Tape, published_ms: float) -> int:
    return int(tape.message_row[np.searchsorted(tape.message_ms, published_ms)])


class Counter:
    """Counts the work of one market, looking at its tape once for each pick and first look."""

    def __init__(self, tape: Tape, simulation: Simulation) -> None:
        self._tape = tape
        self._poll_ms, self._observe_ms = simulation.poll_ms, simulation.delays.observe_ms
        self._known: dict[tuple[float, float, int], Work] = {}

    def counts(self, parameters: Sequence[Parameters], rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
        """Term → how often, of one call with these configurations that gave these result rows, in their order."""
        picks = {each.pick() for each in parameters}
        found = {"call": 1.0, "pick": float(len(picks)), "before": 0.0, "market": float(self._tape.n_rows)}
        found |= dict.fromkeys(OWN, 0.0)
        for each, row in zip(parameters, rows, strict=True):
            work = self._work(*each.pick(), each.window()[0])
            found["before"] = max(found["before"], work.before)
            found["configuration"] += 1
            found["row"] += work.read
            found["look"] += work.looks(self._poll_ms, self._observe_ms, row["polls"])
            found["poll"] += row["polls"]
            found["request"] += row["places"] + row["cancels"] + row["replaces"]
            found["fill"] += sum(row[kind] for kind in FILL_KINDS)
        return found

    def _work(self, pick_s: float, rank: int, first_s: float) -> Work:
        key = (pick_s, first_s, rank)
        if key not in self._known:
            self._known[key] = work_of(self._tape, *key)
        return self._known[key]


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
