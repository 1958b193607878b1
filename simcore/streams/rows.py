"""The growing columns of a tape, while its stream is read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import NO_BOOK

WHOLE_MARKET = -1
NO_TICK = -1
LARGEST_SIZE = 2**31 - 2
"""Largest size of one row, pence; even, so that the halves of a trade split over several rows add up."""


class Rows:
    """Rows in the order they are added, packed into two lists of plain integers (the quickest thing to append to)."""

    __slots__ = ("_message_ms", "_message_row", "codes", "sizes")

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.sizes: list[int] = []
        self._message_ms: list[int] = []
        self._message_row: list[int] = [0]

    def add(self, kind: int, book: int, runner: int, tick: int, size: int) -> None:
        """One row of the message being written; meanings and units as in `simcore.dtypes`."""
        self.codes.append(kind | book << 5 | (runner + 1) << 7 | (tick + 1) << 23)
        self.sizes.append(size)

    def market(self, kind: int, size: int) -> None:
        """A row about the whole market."""
        self.add(kind, NO_BOOK, WHOLE_MARKET, NO_TICK, size)

    def end_message(self, published_ms: int) -> None:
        """Everything added since the last call was one message."""
        self._message_ms.append(published_ms)
        self._message_row.append(len(self.codes))

    def columns(self) -> dict[str, NDArray[Any]]:
        """The arrays of a tape by name, without `start_ms`."""
        lists = (self._message_ms, self._message_row, self.codes, self.sizes)
        return columns_of(*(np.array(values, dtype=np.int64) for values in lists))


def columns_of(
    message_ms: NDArray[np.int64], ends: NDArray[np.int64], code: NDArray[np.int64], size: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """The arrays of a tape by name, without `start_ms`, from packed rows; `ends` begins with 0."""
    if len(size) and size.max() > LARGEST_SIZE:
        code, size, ends = _split(code, size, ends)
    return {
        "message_ms": message_ms,
        "message_row": ends,
        "kind": (code & 31).astype(np.uint8),
        "book": (code >> 5 & 3).astype(np.uint8),
        "runner": ((code >> 7 & 0xFFFF) - 1).astype(np.int16),
        "tick": ((code >> 23) - 1).astype(np.int16),
        "size": size.astype(np.int32),
    }


def _split(
    code: NDArray[np.int64], size: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows larger than a 32-bit size become several rows of the same meaning."""
    parts = np.maximum(-(-size // LARGEST_SIZE), 1)
    starts = np.concatenate([[0], np.cumsum(parts)])
    split = np.full(int(starts[-1]), LARGEST_SIZE, dtype=np.int64)
    split[starts[1:] - 1] = size - (parts - 1) * LARGEST_SIZE
    return np.repeat(code, parts), split, starts[ends].astype(np.int64)
