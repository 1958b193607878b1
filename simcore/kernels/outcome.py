"""What one replay came to, as one row of integers: the numbers of `simcore.results.MarketResult`.

What rests on tables of the account (commission, charge, and so the profit) the engine works out for all rows at once.
"""

from __future__ import annotations

from typing import Final

from simcore.dtypes import WINNER
from simcore.kernels.compiling import Int1, kernel
from simcore.kernels.settlement import settle
from simcore.kernels.state import (
    ACCEPTED_MS,
    BY_RESULT,
    CANCELLED,
    CANCELS,
    COUNTS_CANCELS,
    FILL_AT_CLOSE,
    FILLS,
    FULL,
    GONE,
    LAPSED,
    LARGEST_LIABILITY,
    LARGEST_POSITION,
    LOG_ORDER,
    LOG_TICK,
    MARK_AT_OFF,
    MICRO,
    N_LOGGED,
    N_ORDERS,
    NO_HOUR,
    OUTCOME,
    PENCE,
    PLACES,
    POLLS,
    REFUSED,
    REPLACES,
    RESIDUAL_AT_OFF,
    RUNNER,
    TIME_MS,
    WHAT,
    WORST_MARK,
    Sim,
)

HOUR_MS: Final = 3_600_000

# columns of a row; where no unit is said: see MarketResult
SETTLED_BY: Final = 0
"""BY_NOTHING …, an index of simcore.results.SETTLED_BY"""
PNL: Final = 1
GROSS: Final = 2
COMMISSION: Final = 3
CHARGE: Final = 4
N_PLACES: Final = 5
N_CANCELS: Final = 6
N_REPLACES: Final = 7
FIRST_COUNT: Final = 8
"""fills by kind, FILL_PASSIVE … FILL_AT_CLOSE"""
FIRST_PENCE: Final = 13
"""pence matched, likewise"""
TURNOVER: Final = 18
MATCHED_ANY: Final = 19
POSITION: Final = 20
LIABILITY: Final = 21
MARK: Final = 22
RESIDUAL: Final = 23
N_LAPSED: Final = 24
N_POLLS: Final = 25
SETTLED_MS: Final = 26
FIRST_REFUSAL: Final = 27
"""refusals by reason, in the order of their codes"""
N_OUTCOME: Final = 38

BY_NOTHING: Final = 0
BY_VOID: Final = 1
BY_WINNER: Final = 2
BY_MARK: Final = 3


@kernel
def settled_by(sim: Sim) -> int:
    """What settles the bets: nothing was matched, every runner of ours is gone, the result, or the price at the off."""
    if sim.tally[FILLS] == 0:
        return BY_NOTHING
    stays = False
    for row in range(sim.tally[N_LOGGED]):
        filled = sim.log[row, WHAT] <= FILL_AT_CLOSE
        stays = stays or (filled and sim.runners[sim.orders[sim.log[row, LOG_ORDER], RUNNER], GONE] == 0)
    if not stays:
        return BY_VOID
    for r in range(sim.runners.shape[0]):
        if sim.settings[BY_RESULT] != 0 and sim.runners[r, OUTCOME] == WINNER and sim.runners[r, GONE] == 0:
            return BY_WINNER
    return BY_MARK


@kernel
def count_hour(sim: Sim, hours: Int1, first_hour: int, time_ms: int) -> None:
    """One more transaction in its clock hour; an hour there is no room for asks the engine for more."""
    hour = time_ms // HOUR_MS - first_hour
    if hour >= hours.shape[0]:
        sim.tally[FULL] = NO_HOUR
        return
    hours[hour] += 1


@kernel
def read_log(sim: Sim, row: Int1, hours: Int1, first_hour: int) -> None:
    """Fills, refusals and transactions: a bet placed or a request that failed, in the oldest rules every action."""
    for i in range(sim.tally[N_LOGGED]):
        what = sim.log[i, WHAT]
        if what <= FILL_AT_CLOSE:
            row[FIRST_COUNT + what] += 1
            row[FIRST_PENCE + what] += sim.log[i, PENCE]
            row[TURNOVER] += sim.log[i, PENCE]
        elif what == LAPSED:
            row[N_LAPSED] += 1
        elif what == REFUSED:
            row[FIRST_REFUSAL + sim.log[i, LOG_TICK]] += 1
        if what == REFUSED or (what == CANCELLED and sim.settings[COUNTS_CANCELS] != 0):
            count_hour(sim, hours, first_hour, sim.log[i, TIME_MS])
    for o in range(sim.tally[N_ORDERS]):
        if sim.orders[o, ACCEPTED_MS] > 0:
            count_hour(sim, hours, first_hour, sim.orders[o, ACCEPTED_MS])


@kernel
def read_out(sim: Sim, row: Int1, hours: Int1, first_hour: int) -> None:
    """Fill a row of zeros with what a replay came to, and `hours` with its transactions by clock hour from `first_hour` on."""
    by = settled_by(sim)
    micro = 0
    if by == BY_WINNER:
        micro = settle(sim)
    elif by == BY_MARK:
        micro = sim.market[MARK_AT_OFF]
    row[SETTLED_BY] = by
    row[MATCHED_ANY] = int(by != BY_NOTHING)
    row[GROSS] = round(micro / MICRO)
    row[N_PLACES] = sim.tally[PLACES]
    row[N_CANCELS] = sim.tally[CANCELS]
    row[N_REPLACES] = sim.tally[REPLACES]
    row[POSITION] = sim.tally[LARGEST_POSITION] // MICRO
    row[LIABILITY] = sim.tally[LARGEST_LIABILITY] // MICRO
    row[MARK] = sim.tally[WORST_MARK] // MICRO
    row[RESIDUAL] = sim.market[RESIDUAL_AT_OFF] // MICRO
    row[N_POLLS] = sim.tally[POLLS]
    read_log(sim, row, hours, first_hour)
