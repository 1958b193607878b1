"""Many configurations of one market in one call: what they share is passed once, each begins where the harness first looks.

base  : the market without us, moved on from look to look; the configurations come in the order in which they begin
start : snapshots that wait, as `base` has them
"""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

import numpy as np

from simcore.kernels.compiling import Int1, Int2, kernel, register
from simcore.kernels.loop import NEXT_MESSAGE, NOW, TO_LOOK, TO_THE_END, UNTIL, run
from simcore.kernels.outcome import N_OUTCOME, read_out
from simcore.kernels.sharing import Width, shared
from simcore.kernels.state import (
    BY_FLUMINE,
    FULL,
    LEANS_AT,
    MATCHING,
    N_LOGGED,
    N_ORDERS,
    N_SLOTS,
    PICK_MS,
    PICK_RANK,
    SENT,
    TICKS_ONLY,
    TOUCH_ONLY,
    TRADES_IN_PLAY,
    WINDOW_FIRST_MS,
    WINDOW_LAST_MS,
    Int,
    Real,
    Record,
    Sim,
    Views,
)
from simcore.strategies.view import CoreFunction, Offers
from simcore.units import N_TICKS

FIRST_HOUR: Final = 0
FIRST_RUNNER: Final = 1
BEYOND_RUNNER: Final = 2
"""runners whose books a replay may change: from the first to before this one"""
SHARES_WAIT: Final = 3
"""1 = `base` may be moved on to where a configuration first looks"""
LATEST_LAST_MS: Final = 4
"""the largest WINDOW_LAST_MS of all configurations"""
IS_NEW: Final = 5
"""1 = `base` and `start` hold what an earlier call left there"""
N_COMMON: Final = 6
"""fields of `common`"""


WRITTEN: Final = (WINDOW_FIRST_MS, WINDOW_LAST_MS, PICK_MS, PICK_RANK, N_SLOTS, TRADES_IN_PLAY, TICKS_ONLY)
"""the settings that are a configuration's own"""


@shared
class Batch(NamedTuple):
    """Configurations in the order in which they first look, and what becomes of each.

    settings : (N_SETTING,) and reals: (N_REAL,) of all; written: (n, settings in WRITTEN) of each
    vectors  : (n, core's parameters); moments_ms: (n, moments); leans_at: (n,)
    place    : (n,) the row of each in numbers: (all, N_OUTCOME) and hours: (all, hours), zeros at first
    common   : (N_COMMON,), fields above
    """

    settings: Int
    reals: Real
    written: Annotated[Int, Width(len(WRITTEN))]
    vectors: Real
    moments_ms: Int
    leans_at: Real
    place: Int
    numbers: Annotated[Int, Width(N_OUTCOME)]
    hours: Int
    common: Int


@shared
class Market(NamedTuple):
    """What a market without us is, of all that a `Sim` holds."""

    recorded: Int
    hint: Int
    runners: Int
    market: Int
    tally: Int


@kernel
def copy_books(base: Sim, sim: Sim, first: int, beyond: int) -> None:
    """The books of runners first … beyond − 1 are the record's."""
    for r in range(first, beyond):
        for b in range(2):
            for t in range(N_TICKS):
                sim.recorded[r, b, t] = base.recorded[r, b, t]
                sim.displaced[r, b, t] = 0
                sim.stamp_ms[r, b, t] = 0


@kernel
def copy_rows(source: Int2, target: Int2) -> None:
    """Rows of equal shape."""
    for i in range(source.shape[0]):
        for column in range(source.shape[1]):
            target[i, column] = source[i, column]


@kernel
def copy_row(source: Int1, target: Int1) -> None:
    """Numbers of equal length."""
    for i in range(source.shape[0]):
        target[i] = source[i]


@kernel
def wipe_rows(rows: Int2, n: int) -> None:
    """The first n rows are zeros."""
    for i in range(n):
        for column in range(rows.shape[1]):
            rows[i, column] = 0


@kernel
def begin_anew(base: Sim, sim: Sim) -> None:
    """All but the books becomes what `base` has; orders, requests and events of the replay before are wiped out."""
    n = sim.tally[N_ORDERS]
    wipe_rows(sim.orders, n)
    wipe_rows(sim.log, sim.tally[N_LOGGED])
    wipe_rows(sim.requests, min(sim.tally[SENT], sim.requests.shape[0]))
    if sim.settings[MATCHING] == BY_FLUMINE:
        for o in range(n):
            sim.ahead_pounds[o] = 0.0
        for r in range(sim.traded.shape[0]):
            for t in range(N_TICKS):
                sim.traded[r, t] = 0.0
    copy_rows(base.hint, sim.hint)
    copy_rows(base.runners, sim.runners)
    copy_row(base.market, sim.market)
    copy_row(base.tally, sim.tally)
    for r in range(sim.flow.shape[0]):
        sim.flow[r] = 0.0


@kernel
def write_settings(batch: Batch, k: int, settings: Int1) -> None:
    """The settings of configuration k."""
    copy_row(batch.settings, settings)
    for i in range(len(WRITTEN)):
        settings[WRITTEN[i]] = batch.written[k, i]
    settings[TICKS_ONLY] *= settings[TOUCH_ONLY]


@kernel
def begin_market(picked: Market, waiting: Views, batch: Batch, base: Sim, start: Views) -> None:
    """`base` and `start` become the market and the snapshots where the configurations begin."""
    for r in range(picked.recorded.shape[0]):
        copy_rows(picked.recorded[r], base.recorded[r])
    copy_rows(picked.hint, base.hint)
    copy_rows(picked.runners, base.runners)
    copy_row(picked.market, base.market)
    copy_row(picked.tally, base.tally)
    write_settings(batch, 0, base.settings)
    for i in range(batch.reals.shape[0]):
        base.reals[i] = batch.reals[i]
    copy_snapshots(waiting, start)


@kernel
def copy_snapshots(source: Views, target: Views) -> None:
    """The snapshots that wait."""
    copy_rows(source.clock, target.clock)
    copy_row(source.poll_ms, target.poll_ms)
    for i in range(source.poll_ms.shape[0]):
        copy_rows(source.slots[i], target.slots[i])
        for slot in range(source.slots.shape[1]):
            for b in range(2):
                copy_rows(source.touch[i, slot, b], target.touch[i, slot, b])


@kernel
def move_on(
    core: CoreFunction,
    record: Record,
    base: Sim,
    start: Views,
    offers: Offers,
    batch: Batch,
    timeline: Int2,
    k: int,
    at: Int1,
) -> None:
    """Bring the market without us to where configuration k first looks."""
    write_settings(batch, k, base.settings)
    base.settings[WINDOW_LAST_MS] = batch.common[LATEST_LAST_MS]
    at[UNTIL] = TO_LOOK
    run(core, record, base, start, offers, batch.vectors[k], timeline, at)


@kernel
def run_many(
    core: CoreFunction,
    record: Record,
    picked: Market,
    waiting: Views,
    base: Sim,
    start: Views,
    sim: Sim,
    views: Views,
    offers: Offers,
    batch: Batch,
    timeline: Int2,
    at: Int1,
    first: int,
) -> int:
    """Replay the configurations from `first` on; returns how many are done: all, unless an array of `sim` was too small.

    picked, waiting : the market and the snapshots where all begin; they stay as they are
    at : as in `run`, where they stand, and `base` when it returns
    """
    common = batch.common
    if common[IS_NEW] != 0:
        begin_market(picked, waiting, batch, base, start)
        common[IS_NEW] = 0
    for i in range(batch.reals.shape[0]):
        sim.reals[i] = batch.reals[i]
    copy_books(base, sim, 0, base.recorded.shape[0])
    for k in range(first, batch.written.shape[0]):
        if common[SHARES_WAIT] != 0:
            move_on(core, record, base, start, offers, batch, timeline, k, at)
        begin_anew(base, sim)
        copy_books(base, sim, common[FIRST_RUNNER], common[BEYOND_RUNNER])
        copy_snapshots(start, views)
        write_settings(batch, k, sim.settings)
        copy_row(batch.moments_ms[k], sim.moments_ms)
        sim.reals[LEANS_AT] = batch.leans_at[k]
        message, now = at[NEXT_MESSAGE], at[NOW]
        at[UNTIL] = TO_THE_END
        run(core, record, sim, views, offers, batch.vectors[k], timeline, at)
        at[NEXT_MESSAGE], at[NOW] = message, now
        if sim.tally[FULL] == 0:
            row = batch.place[k]
            read_out(sim, batch.numbers[row], batch.hours[row], common[FIRST_HOUR])
        if sim.tally[FULL] != 0:
            return k
    return int(batch.written.shape[0])


def _register() -> None:
    row, rows = np.zeros(1, np.int64), np.zeros((1, 1), np.int64)
    written, numbers = np.zeros((1, len(WRITTEN)), np.int64), np.zeros((1, N_OUTCOME), np.int64)
    reals = np.zeros(1)
    register(Batch, Batch(row, reals, written, np.zeros((1, 1)), rows, reals, row, numbers, rows, row))
    register(Market, Market(np.zeros((1, 1, 1), np.int64), rows, rows, row, row))


_register()
