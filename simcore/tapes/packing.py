"""How a tape's arrays lie in its file: fewer bytes to write, and fewer for a reader to unpack.

LZ4 finds what repeats and nothing else. So what only goes forward is stored as its steps, small numbers share a word, and the
halves of a size lie apart, since the upper one is nearly always 0. `make bench` shows what that gives (`tape-bytes-vs-json`,
`tape-open-over-scan`).

ms_step   : (n_messages,) milliseconds since the message before; the first message's moment stands beside the columns
row_step  : (n_messages,) rows of the message
what      : (n_rows,) uint8, kind | book << 5
where     : (n_rows,) uint16, (runner + 1) << 9 | (tick + 1); uint32 where there are more than 126 runners
low, high : (n_rows,) uint16, the halves of size
start_ms  : (n_starts,) int64, as it is

Steps are int16, int32 or int64, the narrowest that holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import N_KINDS, NO_BOOK
from simcore.errors import RecordingError
from simcore.units import N_TICKS

if TYPE_CHECKING:
    from simcore.tapes.tape import Tape

COLUMNS: Final = ("ms_step", "row_step", "what", "where", "low", "high", "start_ms")
BOOK_BITS: Final = 5
TICK_BITS: Final = 9
MOST_NARROW_RUNNERS: Final = (1 << 16 - TICK_BITS) - 2


def pack(tape: Tape) -> dict[str, NDArray[Any]]:
    """The columns of a tape's file by name. Raises RecordingError for a tape that breaks the ranges of `simcore.dtypes`."""
    _check(tape)
    code: type[np.unsignedinteger[Any]] = np.uint16 if tape.n_runners <= MOST_NARROW_RUNNERS else np.uint32
    halves = np.ascontiguousarray(tape.size).view(np.uint16).reshape(-1, 2)
    return {
        "ms_step": _narrow(np.diff(tape.message_ms, prepend=tape.message_ms[:1])),
        "row_step": _narrow(np.diff(tape.message_row)),
        "what": tape.kind | tape.book << BOOK_BITS,
        "where": (tape.runner.astype(code) + 1) << TICK_BITS | (tape.tick.astype(code) + 1),
        "low": halves[:, 0].copy(),
        "high": halves[:, 1].copy(),
        "start_ms": tape.start_ms,
    }


def unpack(columns: Mapping[str, NDArray[Any]], first_ms: int) -> dict[str, NDArray[Any]]:
    """The arrays of a tape by name, from the columns of its file and the moment of its first message, UTC ms."""
    what, where = columns["what"], columns["where"]
    message_ms, message_row = _run_from(first_ms, columns["ms_step"]), _run_from(0, columns["row_step"])
    halves = np.empty((len(what), 2), np.uint16)
    halves[:, 0], halves[:, 1] = columns["low"], columns["high"]
    return {
        "message_ms": message_ms[1:],
        "message_row": message_row,
        "kind": what & ((1 << BOOK_BITS) - 1),
        "book": what >> BOOK_BITS,
        "runner": _signed(where >> TICK_BITS),
        "tick": _signed(where & ((1 << TICK_BITS) - 1)),
        "size": halves.view(np.int32).reshape(-1),
        "start_ms": columns["start_ms"],
    }


def _check(tape: Tape) -> None:
    """Raises RecordingError naming the first array that its column could not give back."""
    rows = (
        ("kind", 0, N_KINDS - 1),
        ("book", 0, NO_BOOK),
        ("runner", -1, tape.n_runners - 1),
        ("tick", -1, N_TICKS - 1),
    )
    for name, least, most in rows:
        values = getattr(tape, name)
        if len(values) and not (least <= values.min() and values.max() <= most):
            raise RecordingError(
                f"`{name}` of tape {tape.market_id} must be from {least} to {most}, got {values.min()} to {values.max()}"
            )
    if len(tape.message_row) != tape.n_messages + 1 or tape.message_row[0] != 0:
        raise RecordingError(f"`message_row` of tape {tape.market_id} must begin with 0 and end each of its messages")


def _narrow(steps: NDArray[np.int64]) -> NDArray[Any]:
    least, most = int(steps.min(initial=0)), int(steps.max(initial=0))
    for width in (np.int16, np.int32):
        if np.iinfo(width).min <= least and most <= np.iinfo(width).max:
            return steps.astype(width)
    return steps


def _run_from(first: int, steps: NDArray[Any]) -> NDArray[np.int64]:
    """`first`, and where each step leads."""
    run = np.empty(len(steps) + 1, np.int64)
    run[0] = first
    np.cumsum(steps, out=run[1:])
    run[1:] += first
    return run


def _signed(codes: NDArray[Any]) -> NDArray[np.int16]:
    """Codes that begin with 1 as the numbers from 0 that they stand for; 0 is −1."""
    numbers: NDArray[np.int16] = codes.view(np.int16) if codes.dtype == np.uint16 else codes.astype(np.int16)
    numbers -= 1
    return numbers
