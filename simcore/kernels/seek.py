"""Where a replay may begin: before the first look of the harness nothing of ours can happen."""

from __future__ import annotations

from simcore.dtypes import CLOSED
from simcore.kernels.compiling import kernel
from simcore.kernels.record import apply_message
from simcore.kernels.state import STATUS_NOW, STOPPED, Record, Sim


@kernel
def advance(record: Record, sim: Sim, first: int, last: int) -> int:
    """Apply messages first … last − 1 to a market without us; stops at the one that closes it. Returns the next message."""
    for m in range(first, last):
        apply_message(sim, record, m)
        if sim.market[STATUS_NOW] == CLOSED:
            sim.tally[STOPPED] = 1
            return m + 1
    return last
