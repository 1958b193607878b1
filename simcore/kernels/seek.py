"""Not every row of a tape concerns a replay: where it may begin, and what of the record a bot on one runner can meet.

Before the first look of the harness nothing of ours can happen, so all configurations of a tape share that part. After its
pick a core trades one runner: of the other runners it meets what concerns the market, never their books.
"""

from __future__ import annotations

from simcore.dtypes import CLOSED, LAST_TRADED, TRADED_FALL
from simcore.kernels.compiling import Int1, kernel
from simcore.kernels.record import apply_message
from simcore.kernels.state import STATUS_NOW, STOPPED, Record, Rows, Sim


@kernel
def advance(record: Record, sim: Sim, first: int, last: int) -> int:
    """Apply messages first … last − 1 to a market without us; stops at the one that closes it. Returns the next message."""
    for m in range(first, last):
        apply_message(sim, record, m)
        if sim.market[STATUS_NOW] == CLOSED:
            sim.tally[STOPPED] = 1
            return m + 1
    return last


@kernel
def concerns(kind: int, runner: int, r: int) -> bool:
    """Whether a row can matter to a bot on runner r: its own rows, and news of the market or of who runs and wins."""
    return runner == r or (kind > LAST_TRADED and kind != TRADED_FALL)


@kernel
def count_concerning(record: Record, r: int, room: Int1) -> None:
    """room[0] messages and room[1] rows concern a bot on runner r; the last message counts always."""
    n = record.message_ms.shape[0]
    for m in range(n):
        before = room[1]
        for i in range(record.message_row[m], record.message_row[m + 1]):
            room[1] += int(concerns(record.kind[i], record.runner[i], r))
        room[0] += int(room[1] > before or m == n - 1)


@kernel
def take_concerning(record: Record, r: int, rows: Rows) -> None:
    """Copy what concerns a bot on runner r."""
    n = record.message_ms.shape[0]
    taken, kept = 0, 0
    for m in range(n):
        before = taken
        for i in range(record.message_row[m], record.message_row[m + 1]):
            if not concerns(record.kind[i], record.runner[i], r):
                continue
            rows.kind[taken] = record.kind[i]
            rows.book[taken] = record.book[i]
            rows.runner[taken] = record.runner[i]
            rows.tick[taken] = record.tick[i]
            rows.size[taken] = record.size[i]
            rows.row[taken] = i
            taken += 1
        if taken > before or m == n - 1:
            rows.message_ms[kept] = record.message_ms[m]
            rows.message_row[kept] = before
            rows.message[kept] = m
            kept += 1
    rows.message_row[kept] = taken
