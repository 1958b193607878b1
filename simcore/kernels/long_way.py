"""A closing stake under the minimum the long way: place the minimum where it cannot match, cut it to size, replace its price.

One such order at a time; each step is a poll after the answer to the one before, and the core is not asked meanwhile.
"""

from __future__ import annotations

from simcore.dtypes import BACK
from simcore.kernels.compiling import kernel
from simcore.kernels.sending import begin_order, send, send_place
from simcore.kernels.state import (
    BELIEVED,
    CANCEL_MS,
    CANCEL_ORDER,
    CANCEL_SIGMA,
    CANCELS,
    FULL,
    KNOWN_LOSE,
    KNOWN_WIN,
    MICRO,
    MINIMUM_PENCE,
    N_ORDERS,
    N_REQUESTS,
    NO_ROOM,
    PERSIST,
    REMAINING,
    REPLACE_MS,
    REPLACE_ORDER,
    REPLACE_SIGMA,
    REPLACES,
    REQUEST_REPLACES,
    ROUTE,
    RUNNER,
    SIDE,
    SIZE,
    TARGET_PENCE,
    TARGET_TICK,
    TICK,
    Sim,
)
from simcore.units import N_TICKS, ODDS_HUNDREDTHS


@kernel
def closes(sim: Sim, r: int, side: int, tick: int, pence: int) -> bool:
    """Whether a stake only takes from the known position on a runner (a penny more is rounding)."""
    position = sim.runners[r, KNOWN_WIN] - sim.runners[r, KNOWN_LOSE]
    return side * position < 0 and (pence - 1) * ODDS_HUNDREDTHS[tick] * (MICRO // 100) <= abs(position)


@kernel
def set_out(sim: Sim, r: int, side: int, tick: int, pence: int, now: int) -> None:
    """First step: the minimum stake at 1000 (BACK) or 1.01 (LAY)."""
    o = sim.tally[N_ORDERS]
    send_place(sim, r, side, N_TICKS - 1 if side == BACK else 0, sim.settings[MINIMUM_PENCE], now)
    if sim.tally[FULL] == 0:
        sim.orders[o, TARGET_TICK] = tick
        sim.orders[o, TARGET_PENCE] = pence
        sim.tally[ROUTE] = o + 1


@kernel
def go_on(sim: Sim, now: int) -> bool:
    """The next step of the order under way; False = nothing of it is left, the core may be asked."""
    o = sim.tally[ROUTE] - 1
    excess = sim.orders[o, BELIEVED] - sim.orders[o, TARGET_PENCE]
    if sim.orders[o, BELIEVED] <= 0:
        sim.tally[ROUTE] = 0
        return False
    if excess > 0:
        sim.tally[CANCELS] += 1
        send(sim, CANCEL_ORDER, o, excess, sim.settings[CANCEL_MS], sim.reals[CANCEL_SIGMA], now)
        return True
    send_replace(sim, o, sim.orders[o, TARGET_TICK], now)
    sim.tally[ROUTE] = 0
    return True


@kernel
def send_replace(sim: Sim, old: int, tick: int, now: int) -> None:
    """What is left of an order is to go to another price."""
    o = sim.tally[N_ORDERS]
    if o >= sim.orders.shape[0]:
        sim.tally[FULL] = NO_ROOM
        return
    for column in (RUNNER, SIDE, PERSIST):
        sim.orders[o, column] = sim.orders[old, column]
    sim.orders[o, TICK] = tick
    for column in (SIZE, REMAINING, BELIEVED):
        sim.orders[o, column] = sim.orders[old, BELIEVED]
    begin_order(sim, o)
    sim.tally[REPLACES] += 1
    send(sim, REPLACE_ORDER, o, 0, sim.settings[REPLACE_MS], sim.reals[REPLACE_SIGMA], now)
    sim.requests[sim.tally[N_REQUESTS] - 1, REQUEST_REPLACES] = old
