"""Requests on their way: which is next, and what happens when it takes effect."""

from __future__ import annotations

from simcore.kernels.compiling import Int1, kernel
from simcore.kernels.harness import request_answered
from simcore.kernels.orders import arrive, cancel
from simcore.kernels.state import (
    BET_DELAY_S,
    DELAYED,
    EFFECT_MS,
    FULL,
    IS_IN_PLAY,
    N_REQUEST,
    N_REQUESTS,
    N_SCRIPTED,
    N_SLOTS,
    NEVER_MS,
    PLACE_ORDER,
    REQUEST,
    REQUEST_ORDER,
    REQUEST_PENCE,
    Sim,
)


@kernel
def next_pending(sim: Sim) -> int:
    """Row of the request that takes effect first (the oldest of equals), -1 if none."""
    found = -1
    for i in range(sim.tally[N_REQUESTS]):
        if found < 0 or sim.requests[i, EFFECT_MS] < sim.requests[found, EFFECT_MS]:
            found = i
    return found


@kernel
def next_request_ms(sim: Sim) -> int:
    """When the next request takes effect, NEVER_MS if none is on its way."""
    due = NEVER_MS
    if sim.tally[N_SCRIPTED] < sim.script.shape[0]:
        due = sim.script[sim.tally[N_SCRIPTED], EFFECT_MS]
    i = next_pending(sim)
    return due if i < 0 else min(due, sim.requests[i, EFFECT_MS])


@kernel
def take_effect(sim: Sim, request: Int1, now: int) -> bool:
    """Carry a request out; False = it has to serve the bet delay first."""
    placing = request[REQUEST] == PLACE_ORDER
    delayed = sim.market[IS_IN_PLAY] != 0 and sim.market[BET_DELAY_S] > 0
    if placing and delayed and request[DELAYED] == 0:
        return False
    if placing:
        arrive(sim, request[REQUEST_ORDER], now)
    else:
        cancel(sim, request[REQUEST_ORDER], request[REQUEST_PENCE], now)
    if sim.settings[N_SLOTS] > 0:
        request_answered(sim, now)
    return True


@kernel
def serve_delay(sim: Sim, row: int) -> None:
    """The bet delay read at arrival starts now."""
    sim.requests[row, EFFECT_MS] += sim.market[BET_DELAY_S] * 1000
    sim.requests[row, DELAYED] = 1


@kernel
def handle_request(sim: Sim, now: int) -> None:
    """The first request due at `now` takes effect: of equals one that served a bet delay, which set out earlier."""
    k = sim.tally[N_SCRIPTED]
    i = next_pending(sim)
    if i < 0 or sim.requests[i, EFFECT_MS] != now:
        sim.tally[N_SCRIPTED] = k + 1
        if take_effect(sim, sim.script[k], now):
            return
        n = sim.tally[N_REQUESTS]
        if n >= sim.requests.shape[0]:
            sim.tally[FULL] = 1
            return
        for column in range(N_REQUEST):
            sim.requests[n, column] = sim.script[k, column]
        sim.tally[N_REQUESTS] = n + 1
        serve_delay(sim, n)
        return
    if not take_effect(sim, sim.requests[i], now):
        serve_delay(sim, i)
        return
    n = sim.tally[N_REQUESTS] - 1
    for j in range(i, n):
        for column in range(N_REQUEST):
            sim.requests[j, column] = sim.requests[j + 1, column]
    sim.tally[N_REQUESTS] = n
