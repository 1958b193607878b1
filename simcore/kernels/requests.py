"""Requests on their way: which is next, and what happens when it takes effect."""

from __future__ import annotations

from simcore.kernels.compiling import Int1, kernel, small_kernel
from simcore.kernels.orders import arrive, cancel, make_way, would_match
from simcore.kernels.randomness import DRAW_ANSWER, log_normal_ms
from simcore.kernels.reaction import shift_all
from simcore.kernels.state import (
    ACK_MS,
    ACK_SIGMA,
    ANSWER_MS,
    ANSWERING,
    BET_DELAY_S,
    BUSY_UNTIL_MS,
    CANCEL_ORDER,
    DELAYED,
    EFFECT_MS,
    FULL,
    IS_IN_PLAY,
    KEY_A,
    KEY_B,
    LAPSE,
    LIMIT,
    MIN_FILL,
    N_REQUEST,
    N_REQUESTS,
    N_SCRIPTED,
    N_SLOTS,
    NEVER_MS,
    NO_ROOM,
    PASSIVE_DELAY,
    PERSIST,
    PLACE_ORDER,
    REPLACE_ORDER,
    REQUEST,
    REQUEST_NUMBER,
    REQUEST_ORDER,
    REQUEST_PENCE,
    REQUEST_REPLACES,
    TYPE,
    Sim,
)


@small_kernel
def next_pending(sim: Sim) -> int:
    """Row of the request that takes effect first (the oldest of equals), -1 if none."""
    found = -1
    for i in range(sim.tally[N_REQUESTS]):
        if found < 0 or sim.requests[i, EFFECT_MS] < sim.requests[found, EFFECT_MS]:
            found = i
    return found


@small_kernel
def next_request_ms(sim: Sim) -> int:
    """When the next request takes effect, NEVER_MS if none is on its way."""
    due = NEVER_MS
    if sim.tally[N_SCRIPTED] < sim.script.shape[0]:
        due = sim.script[sim.tally[N_SCRIPTED], EFFECT_MS]
    i = next_pending(sim)
    return due if i < 0 else min(due, sim.requests[i, EFFECT_MS])


@kernel
def is_delayed(sim: Sim, request: Int1, now: int) -> bool:
    """Whether the order of a request has to serve the bet delay first."""
    if sim.market[IS_IN_PLAY] == 0 or sim.market[BET_DELAY_S] == 0 or request[DELAYED] != 0:
        return False
    o = request[REQUEST_ORDER]
    plain = sim.orders[o, TYPE] == LIMIT and sim.orders[o, PERSIST] == LAPSE and sim.orders[o, MIN_FILL] == 0
    return not (sim.market[PASSIVE_DELAY] != 0 and plain and not would_match(sim, o, now))


@kernel
def carry_out(sim: Sim, request: Int1, now: int) -> bool:
    """Do what a request asks; False = its order has to serve the bet delay first."""
    if request[REQUEST] == CANCEL_ORDER:
        cancel(sim, request[REQUEST_ORDER], request[REQUEST_PENCE], now)
        return True
    if request[REQUEST] == REPLACE_ORDER and not make_way(sim, request[REQUEST_REPLACES], request[REQUEST_ORDER], now):
        return True
    if is_delayed(sim, request, now):
        return False
    arrive(sim, request[REQUEST_ORDER], now)
    return True


@kernel
def draw_answer(sim: Sim, request: Int1) -> None:
    """How long the answer to a request will travel."""
    a, b = sim.settings[KEY_A], sim.settings[KEY_B]
    median, sigma = sim.settings[ACK_MS], sim.reals[ACK_SIGMA]
    sim.tally[ANSWER_MS] = log_normal_ms(median, sigma, a, b, request[REQUEST_NUMBER], DRAW_ANSWER)


@kernel
def await_answer(sim: Sim, now: int) -> None:
    """A request of the harness took effect; it waits for the answer."""
    sim.tally[ANSWERING] -= 1
    sim.tally[BUSY_UNTIL_MS] = max(sim.tally[BUSY_UNTIL_MS], now + sim.tally[ANSWER_MS])


@kernel
def take_effect(sim: Sim, request: Int1, now: int) -> bool:
    """A request reaches the exchange; False = it has to serve the bet delay first."""
    draw_answer(sim, request)
    shift_all(sim, now)
    done = carry_out(sim, request, now)
    shift_all(sim, now)
    if done and sim.settings[N_SLOTS] > 0:
        await_answer(sim, now)
    return done


@kernel
def serve_delay(sim: Sim, row: int) -> None:
    """The bet delay read at arrival starts now; of a replace the placing is left."""
    sim.requests[row, EFFECT_MS] += sim.market[BET_DELAY_S] * 1000
    sim.requests[row, DELAYED] = 1
    sim.requests[row, REQUEST] = PLACE_ORDER


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
            sim.tally[FULL] = NO_ROOM
            return
        for column in range(N_REQUEST):
            sim.requests[n, column] = sim.script[k, column]
        sim.tally[N_REQUESTS] = n + 1
        serve_delay(sim, n)
        return
    if not take_effect(sim, sim.requests[i], now):
        serve_delay(sim, i)
        return
    forget_request(sim, i)


@kernel
def forget_request(sim: Sim, i: int) -> None:
    """Row i of the requests on their way is done."""
    n = sim.tally[N_REQUESTS] - 1
    for j in range(i, n):
        for column in range(N_REQUEST):
            sim.requests[j, column] = sim.requests[j + 1, column]
    sim.tally[N_REQUESTS] = n
