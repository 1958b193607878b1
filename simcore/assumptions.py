"""The assumptions of a simulation as the numbers the kernels read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simcore.bench import Bench
from simcore.configurations import configurations
from simcore.kernels import state as st
from simcore.kernels.many import WRITTEN
from simcore.kernels.randomness import keys
from simcore.models.charges_by_date import TRANSACTION_CHARGE
from simcore.models.latency import median_and_sigma
from simcore.models.queue import QueueBackBiased, QueueFront, QueueNone, QueueProportional, QueueSampled
from simcore.models.refill import RefillHalfLife, RefillInstant
from simcore.models.rules_by_date import MINIMUM_STAKE, PROFIT_RATIO, REDUCTION, day_of
from simcore.models.simulation import Simulation
from simcore.strategies import Parameters

_QUEUES = {
    QueueNone: st.QUEUE_NONE,
    QueueProportional: st.QUEUE_PROPORTIONAL,
    QueueBackBiased: st.QUEUE_BACK_BIASED,
    QueueSampled: st.QUEUE_SAMPLED,
    QueueFront: st.QUEUE_FRONT,
}
_DELAYS = {
    "place_ms": (st.PLACE_MS, st.PLACE_SIGMA),
    "cancel_ms": (st.CANCEL_MS, st.CANCEL_SIGMA),
    "replace_ms": (st.REPLACE_MS, st.REPLACE_SIGMA),
    "ack_ms": (st.ACK_MS, st.ACK_SIGMA),
    "order_stream_ms": (st.ORDER_STREAM_MS, st.ORDER_STREAM_SIGMA),
}


def settings_of(
    bench: Bench, simulation: Simulation, parameters: Parameters | None, seed: int = 0
) -> tuple[st.Int, st.Real]:
    """The assumptions as the numbers the kernels read."""
    values = np.zeros(st.N_SETTING, np.int64)
    reals = np.zeros(st.N_REAL)
    delays, costs = simulation.delays, simulation.costs
    queue, refill = simulation.queue, simulation.refill
    values[st.QUEUE_KIND] = _QUEUES[type(queue)]
    reals[st.QUEUE_K] = queue.k if isinstance(queue, QueueBackBiased) else 0.0
    values[st.KEY_A], values[st.KEY_B] = keys(seed, bench.tape.market_id, "replay")
    values[st.REFILL_KIND] = st.REFILL_INSTANT if isinstance(refill, RefillInstant) else st.REFILL_NEVER
    if isinstance(refill, RefillHalfLife):
        values[st.REFILL_KIND], values[st.HALF_LIFE_MS] = st.REFILL_HALF_LIFE, refill.ms
        values[st.LEAST_PENCE] = refill.least_pence
    values[st.FRONT] = simulation.unattributed == "front"
    by_flumine = simulation.matching == "flumine"
    displace = simulation.displacement and not by_flumine
    values[st.MATCHING] = st.BY_FLUMINE if by_flumine else st.BY_RECORD
    values[st.DISPLACE] = displace
    reals[st.SEVERITY] = simulation.reaction.severity if displace else 0.0
    reals[st.APPETITE] = simulation.appetite
    values[st.REACTION_MS] = simulation.reaction.half_life_ms
    for name, (median, sigma) in _DELAYS.items():
        values[median], reals[sigma] = median_and_sigma(getattr(delays, name))
    values[st.OBSERVE_MS] = delays.observe_ms
    values[st.LONG_WAY] = simulation.below_minimum == "place_cut_replace"
    values[st.POLL_MS] = simulation.poll_ms
    values[st.SEQUENTIAL] = simulation.cancel_then_place == "sequential"
    values[st.FUNDS_PENCE] = round(costs.funds_pounds * 100)
    day = day_of(bench.first_ms)
    minimum = MINIMUM_STAKE[costs.currency].on(day)
    values[st.MINIMUM_PENCE] = minimum.stake_pence if costs.minimum_stake else 0
    values[st.MINIMUM_PAYOUT_PENCE] = minimum.payout_pence
    values[st.MINIMUM_LIABILITY] = minimum.bsp_lay_pence if costs.minimum_stake else 0
    ratio = PROFIT_RATIO.on(day) if costs.minimum_stake else None
    if ratio is not None:
        values[st.CHECKS_RATIO] = 1
        values[st.RATIO_LEAST], values[st.RATIO_MOST] = 100 + ratio.least_percent, 100 + ratio.most_percent
    values[st.HAS_CLOSE] = bench.tape.info.bsp_market
    place_market = bench.tape.info.market_type == "PLACE"
    values[st.REMOVAL_FROM] = REDUCTION.on(day).from_factor(place_market=place_market)
    values[st.REMOVAL_ON_WINNINGS] = place_market
    values[st.COUNTS_CANCELS] = TRANSACTION_CHARGE.on(day).counts_cancels
    values[st.BY_RESULT] = simulation.settlement == "result"
    reals[st.LEANS_AT] = -1.0
    if parameters is not None:
        given = configurations([parameters])
        values[list(WRITTEN)] = given.laid.written[0]
        values[st.TICKS_ONLY] *= values[st.TOUCH_ONLY]
        reals[st.LEANS_AT] = given.leans_at[0]
    return values, reals


def ring_of(times: NDArray[np.int64], simulation: Simulation) -> int:
    """How many snapshots can wait at once, of markets with messages at these times (ascending)."""
    observe_ms = simulation.delays.observe_ms
    if simulation.poll_ms > 0:
        return -(-observe_ms // simulation.poll_ms) + 2
    inside = np.searchsorted(times, times + observe_ms, side="right") - np.arange(len(times))
    return int(inside.max()) + 2
