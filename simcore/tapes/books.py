"""The recorded ladders read back from a tape, in plain numpy: nothing of the kernels is used, so that they can be checked.

delta : pence a row adds to its level: PLACE +size, CANCEL −size, TRADE −(size // 2), every other kind 0
level : flat index (runner · 2 + book) · N_TICKS + tick
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, ATL, CANCEL, PLACE, TRADE
from simcore.units import N_TICKS, ODDS, pounds_of

if TYPE_CHECKING:
    from simcore.tapes.tape import Tape

RunnerKey = int | tuple[int, float]
"""selection id; (selection id, handicap) where the handicap is not 0"""


@dataclass(frozen=True)
class Book:
    """One runner's ladders as lists of (odds, pounds), best first."""

    available_to_back: list[tuple[float, float]]
    available_to_lay: list[tuple[float, float]]


@dataclass(frozen=True)
class Deltas:
    """Rows that change a level. `row`: place on the tape; `level`, `pence`: as above."""

    row: NDArray[np.int64]
    level: NDArray[np.int64]
    pence: NDArray[np.int64]


def level_deltas(tape: Tape) -> Deltas:
    """What each row of the tape does to the book, rows without effect left out."""
    row = np.flatnonzero((tape.kind == PLACE) | (tape.kind == CANCEL) | (tape.kind == TRADE))
    kind, size = tape.kind[row], tape.size[row].astype(np.int64)
    pence = np.where(kind == PLACE, size, np.where(kind == CANCEL, -size, -(size // 2)))
    level = (tape.runner[row].astype(np.int64) * 2 + tape.book[row]) * N_TICKS + tape.tick[row]
    return Deltas(row, level, pence)


def runner_keys(tape: Tape) -> list[RunnerKey]:
    """How each runner is named in `book_at`, by index."""
    return [(r.selection_id, r.handicap) if r.handicap else r.selection_id for r in tape.info.runners]


def books_of(tape: Tape) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """(published_ms, books) after each message; see `Tape.books`."""
    deltas = level_deltas(tape)
    books = np.zeros((tape.n_runners, 2, N_TICKS), dtype=np.int64)
    flat, view = books.reshape(-1), books.view()
    view.setflags(write=False)
    ends = np.searchsorted(deltas.row, tape.message_row[1:])
    start = 0
    for published_ms, end in zip(tape.message_ms.tolist(), ends.tolist(), strict=True):
        if end > start:
            np.add.at(flat, deltas.level[start:end], deltas.pence[start:end])
            start = end
        yield published_ms, view


def book_at(tape: Tape, published_ms: int) -> dict[RunnerKey, Book]:
    """The ladders after the last message published at or before `published_ms`; see `Tape.book_at`."""
    messages = int(np.searchsorted(tape.message_ms, published_ms, side="right"))
    deltas = level_deltas(tape)
    known = deltas.row < tape.message_row[messages]
    flat = np.zeros(tape.n_runners * 2 * N_TICKS, dtype=np.int64)
    np.add.at(flat, deltas.level[known], deltas.pence[known])
    books = flat.reshape(tape.n_runners, 2, N_TICKS)
    return {
        key: Book(_ladder(books[index, ATB], best_high=True), _ladder(books[index, ATL], best_high=False))
        for index, key in enumerate(runner_keys(tape))
    }


def _ladder(pence: NDArray[np.int64], *, best_high: bool) -> list[tuple[float, float]]:
    ticks = np.flatnonzero(pence)
    return [(float(ODDS[tick]), pounds_of(int(pence[tick]))) for tick in (ticks[::-1] if best_high else ticks)]
