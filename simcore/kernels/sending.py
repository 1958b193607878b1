"""The bot sends requests: each sets out with its number and takes effect after its delay."""

from __future__ import annotations

from simcore.kernels.compiling import kernel
from simcore.kernels.randomness import DRAW_REQUEST, log_normal_ms
from simcore.kernels.state import (
    ANSWERING,
    BELIEVED,
    BUSY_UNTIL_MS,
    DELAYED,
    EFFECT_MS,
    FULL,
    KEY_A,
    KEY_B,
    N_LIVE,
    N_ORDERS,
    N_REQUESTS,
    NO_ROOM,
    ON_ITS_WAY,
    PLACE_MS,
    PLACE_ORDER,
    PLACE_SIGMA,
    PLACES,
    REMAINING,
    REQUEST,
    REQUEST_NUMBER,
    REQUEST_ORDER,
    REQUEST_PENCE,
    RUNNER,
    SENT,
    SIDE,
    SIZE,
    STATE,
    TICK,
    Sim,
)


@kernel
def send(sim: Sim, request: int, o: int, pence: int, median_ms: int, sigma: float, now: int) -> None:
    """Put a request on its way; until it takes effect, at least, the bot waits."""
    n, number = sim.tally[N_REQUESTS], sim.tally[SENT]
    if n >= sim.requests.shape[0]:
        sim.tally[FULL] = NO_ROOM
        return
    delay_ms = log_normal_ms(median_ms, sigma, sim.settings[KEY_A], sim.settings[KEY_B], number, DRAW_REQUEST)
    sim.requests[n, EFFECT_MS] = now + delay_ms
    sim.tally[BUSY_UNTIL_MS] = max(sim.tally[BUSY_UNTIL_MS], now + delay_ms)
    sim.requests[n, REQUEST] = request
    sim.requests[n, REQUEST_ORDER] = o
    sim.requests[n, REQUEST_PENCE] = pence
    sim.requests[n, DELAYED] = 0
    sim.requests[n, REQUEST_NUMBER] = number
    sim.tally[N_REQUESTS] = n + 1
    sim.tally[SENT] = number + 1
    sim.tally[ANSWERING] += 1


@kernel
def begin_order(sim: Sim, o: int) -> None:
    """Order o, the newest, is on its way; the bot counts on it."""
    sim.orders[o, STATE] = ON_ITS_WAY
    sim.tally[N_ORDERS] = o + 1
    sim.live[sim.tally[N_LIVE]] = o
    sim.tally[N_LIVE] += 1


@kernel
def send_place(sim: Sim, r: int, side: int, tick: int, pence: int, now: int) -> None:
    """A new order sets out."""
    o = sim.tally[N_ORDERS]
    if o >= sim.orders.shape[0]:
        sim.tally[FULL] = NO_ROOM
        return
    sim.orders[o, RUNNER] = r
    sim.orders[o, SIDE] = side
    sim.orders[o, TICK] = tick
    sim.orders[o, SIZE] = pence
    sim.orders[o, REMAINING] = pence
    sim.orders[o, BELIEVED] = pence
    begin_order(sim, o)
    sim.tally[PLACES] += 1
    send(sim, PLACE_ORDER, o, pence, sim.settings[PLACE_MS], sim.reals[PLACE_SIGMA], now)
