"""Replays: the wrapper around the kernels. It checks, turns objects into numbers, calls the loop and reads what it leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from simcore.bench import Bench, Place, copy_market, prepare
from simcore.dtypes import BACK
from simcore.errors import ModelError
from simcore.kernels import state as st
from simcore.kernels.compiling import compile_kernel
from simcore.kernels.loop import run
from simcore.kernels.randomness import keys
from simcore.kernels.settlement import result_known, settle
from simcore.models.charges_by_date import TRANSACTION_CHARGE
from simcore.models.latency import median_and_sigma
from simcore.models.queue import QueueBackBiased, QueueFront, QueueNone, QueueProportional, QueueSampled
from simcore.models.refill import RefillHalfLife, RefillInstant
from simcore.models.rules_by_date import MINIMUM_STAKE, PROFIT_RATIO, REDUCTION, day_of
from simcore.models.simulation import Simulation, resolve_simulation
from simcore.portfolio import HOUR_MS, Activity, transaction_charge
from simcore.results import FILL_KINDS, REFUSALS, MarketResult
from simcore.strategies import Core, Parameters, resolve_core
from simcore.strategies.daf import DAF
from simcore.strategies.view import DEPTH, N_CLOCK, N_LEVEL, N_SEEN, N_SLOT, SLOT_RUNNER, new_offers
from simcore.tapes.tape import Tape
from simcore.units import ODDS

FIRST_CAPACITY = 1024
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


def replay(
    tape: Tape,
    core: str | Core,
    parameters: Parameters | Mapping[str, Any] | str | None = None,
    simulation: str | Mapping[str, Any] | Simulation = "default",
    *,
    seed: int = 0,
    record: bool = False,
) -> MarketResult:
    """Replay one market with one configuration.

    parameters : the core's frozen object, a mapping of its fields, a preset's name, or None for the core's defaults
    simulation : a preset's name, a mapping of the YAML's `simulation` keys, or the frozen object
    seed       : with the market's id it decides everything random in the simulation (sampled queue, log-normal delays)
    record     : also return every fill and the timeline
    Raises ModelError for what does not make sense, SimulationError for a tape that cannot be replayed.
    """
    chosen = resolve_core(core)
    assumed = resolve_simulation(simulation)
    return _replay(prepare(tape), chosen, make_parameters(chosen, parameters), assumed, seed, record)


def replay_batch(
    tape: Tape,
    core: str | Core,
    parameters: Sequence[Parameters],
    simulation: str | Mapping[str, Any] | Simulation = "default",
    *,
    seed: int = 0,
) -> list[MarketResult]:
    """Replay one market with many configurations; results in their order, each as `replay` gives it."""
    chosen, assumed, bench = resolve_core(core), resolve_simulation(simulation), prepare(tape)
    return [_replay(bench, chosen, each, assumed, seed, False) for each in parameters]


def make_parameters(core: Core, given: Parameters | Mapping[str, Any] | str | None) -> Parameters:
    """The core's parameter object from any of the forms `replay` takes. Raises ModelError."""
    if given is None:
        return core.make()
    if isinstance(given, str):
        return core.make(preset=given)
    if isinstance(given, Mapping):
        return core.make(values=given)
    if not isinstance(given, core.parameters):
        raise ModelError(f"core {core.name!r} takes {core.parameters.__name__} parameters, got {type(given).__name__}")
    return given


def warm(core: str | Core = "daf") -> None:
    """Compile the loop and a core, or load them from the cache: one process does this before work fans out.

    Raises ModelError for a core that numba cannot compile.
    """
    compile_kernel(run)
    chosen = resolve_core(core)
    try:
        compile_kernel(chosen.function)
    except NumbaError as error:
        raise ModelError(f"core {chosen.name!r} cannot be compiled ({error}); run it uncompiled to debug it") from error


def new_views(ring: int, slots: int, orders: int) -> st.Views:
    """Room for `ring` snapshots of `slots` runners and `orders` standing orders; no slot has a runner yet."""
    views = st.Views(
        clock=np.zeros((ring, N_CLOCK), np.int64),
        slots=np.zeros((ring, slots, N_SLOT), np.int64),
        touch=np.zeros((ring, slots, 2, DEPTH, N_LEVEL), np.int64),
        orders=np.zeros((orders, N_SEEN), np.int64),
        poll_ms=np.full(ring, st.NEVER_MS, np.int64),
    )
    views.slots[:, :, SLOT_RUNNER] = -1
    return views


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
    if parameters is not None:
        first_s, last_s = parameters.window()
        pick_s, rank = parameters.pick()
        values[st.WINDOW_FIRST_MS], values[st.WINDOW_LAST_MS] = round(first_s * 1000), round(last_s * 1000)
        values[st.PICK_MS], values[st.PICK_RANK] = round(pick_s * 1000), rank
        values[st.N_SLOTS] = 1
        values[st.TRADES_IN_PLAY] = parameters.trades_in_play()
    return values, reals


def ring_of(times: NDArray[np.int64], simulation: Simulation) -> int:
    """How many snapshots can wait at once, of markets with messages at these times (ascending)."""
    observe_ms = simulation.delays.observe_ms
    if simulation.poll_ms > 0:
        return -(-observe_ms // simulation.poll_ms) + 2
    inside = np.searchsorted(times, times + observe_ms, side="right") - np.arange(len(times))
    return int(inside.max()) + 2


def _replay(
    bench: Bench, core: Core, parameters: Parameters, simulation: Simulation, seed: int, record: bool
) -> MarketResult:
    sim, timeline = run_core(bench, core, parameters, simulation, seed=seed, record=record)
    return result_of(bench, sim, simulation, timeline if record else None)


def run_core(
    bench: Bench, core: Core, parameters: Parameters, simulation: Simulation, *, seed: int = 0, record: bool = False
) -> tuple[st.Sim, st.Int]:
    """Run the loop; returns the state it leaves and the timeline, which is empty unless asked for."""
    warm(core)
    settings, reals = settings_of(bench, simulation, parameters, seed)
    settings[st.TOUCH_ONLY] = core.touch_only
    vector = np.ascontiguousarray(parameters.vector(), np.float64)
    every_poll = record or simulation.poll_ms == 0  # a timeline has a line for each
    moments = [] if every_poll else moments_ms(parameters)
    lines = _n_lines(bench, settings) if record else 0
    ring = ring_of(bench.record.message_ms, simulation)
    capacity = FIRST_CAPACITY
    while True:
        sim = st.new_sim(bench.tape.n_runners, settings, reals, NO_SCRIPT, capacity, moments)
        views = new_views(ring, 1, capacity)
        timeline = np.zeros((lines, st.N_LINE), np.int64)
        part, at = begin(bench, core, sim, views)
        run(core.function, part, sim, views, new_offers(), vector, timeline, at)
        if sim.tally[st.FULL] == 0:
            return sim, timeline
        capacity *= 2


NO_SCRIPT = np.zeros((0, st.N_REQUEST), np.int64)


def begin(bench: Bench, core: Core, sim: st.Sim, views: st.Views) -> tuple[st.Record, st.Int]:
    """Bring a new market to the moment of the pick, which nothing of ours precedes: the record to go on with, and where.

    A bot that looks at each message, or whose fills that framework's rules decide, begins at the beginning.
    """
    settings = sim.settings
    if settings[st.POLL_MS] == 0 or settings[st.MATCHING] == st.BY_FLUMINE:
        return bench.record, np.array([0, bench.first_ms, 0], np.int64)
    picked, waiting = _picked(bench, core, settings, views)
    copy_market(picked.sim, sim)
    for mine, theirs in zip(views, waiting, strict=True):
        mine[: len(theirs)] = theirs
    if not sim.tally[st.PICKED]:
        return bench.record, np.array([bench.tape.n_messages, picked.now_ms, 0], np.int64)
    if settings[st.REFILL_KIND] == st.REFILL_INSTANT or sim.reals[st.SEVERITY] != 0.0:  # each message moves the world
        return bench.record, np.array([picked.message, picked.now_ms, 0], np.int64)
    thin = bench.of_runner(int(views.slots[0, 0, SLOT_RUNNER]))
    message = int(np.searchsorted(thin.message, picked.message))
    return thin.record, np.array([message, picked.now_ms, 0], np.int64)


_DECIDE_THE_PICK = (st.WINDOW_FIRST_MS, st.PICK_MS, st.PICK_RANK, st.POLL_MS, st.OBSERVE_MS, st.TOUCH_ONLY)


def _picked(bench: Bench, core: Core, settings: st.Int, views: st.Views) -> tuple[Place, st.Views]:
    """The market when the harness made its pick, or at its end without one."""
    key = tuple(int(settings[each]) for each in _DECIDE_THE_PICK)
    if key not in bench.picked:
        earliest = max(settings[st.WINDOW_FIRST_MS], settings[st.PICK_MS])
        earliest += settings[st.OBSERVE_MS] + settings[st.POLL_MS]
        starts = bench.record.start_ms
        place = bench.before(int(starts.min() - earliest) if len(starts) else bench.first_ms)
        sim = st.new_sim(bench.tape.n_runners, settings, np.zeros(st.N_REAL), NO_SCRIPT, 1)
        copy_market(place.sim, sim)
        seen = new_views(len(views.poll_ms), 1, 1)
        at = np.array([place.message, place.now_ms, 1], np.int64)
        timeline = np.zeros((0, st.N_LINE), np.int64)
        run(core.function, bench.record, sim, seen, new_offers(), np.zeros(1), timeline, at)
        bench.keep_pick(key, Place(int(at[0]), int(at[1]), sim), seen)
    return bench.picked[key]


def moments_ms(parameters: Parameters) -> list[int]:
    """When the harness may act though nothing happened: the core's moments and the edges of its window; none = at any poll."""
    moments = parameters.moments()
    return [] if moments is None else [round(each * 1000) for each in (*moments, *parameters.window())]


def run_script(bench: Bench, settings: st.Int, reals: st.Real, orders: st.Int, script: st.Int) -> st.Sim:
    """Replay with given orders and requests instead of a core; returns the state the loop leaves."""
    warm()
    capacity = max(FIRST_CAPACITY, len(orders))
    while True:
        sim = st.new_sim(bench.tape.n_runners, settings, reals, script, capacity)
        sim.orders[: len(orders)] = orders
        sim.tally[st.N_ORDERS] = len(orders)
        views = new_views(1, 1, 1)
        at = np.array([0, bench.first_ms, 0], np.int64)
        run(DAF.function, bench.record, sim, views, new_offers(), np.zeros(1), np.zeros((0, st.N_LINE), np.int64), at)
        if sim.tally[st.FULL] == 0:
            return sim
        capacity *= 2


def _n_lines(bench: Bench, settings: st.Int) -> int:
    if settings[st.POLL_MS] == 0:
        return bench.tape.n_messages
    span_ms = int(bench.record.message_ms[-1] - bench.record.message_ms[0])
    return span_ms // int(settings[st.POLL_MS]) + 2


@dataclass(frozen=True)
class Money:
    """What a market's bets came to, pence, and what it did to the account."""

    settled_by: str
    charge: int
    activity: Activity


def _plain(kernel: Any) -> Any:
    """A kernel as plain Python: quicker than handing the market over, where there is so little to do."""
    return getattr(kernel, "py_func", kernel)


def _settled_by(sim: st.Sim, simulation: Simulation) -> str:
    if not sim.tally[st.FILLS]:
        return "none"
    filled = sim.log[: sim.tally[st.N_LOGGED], st.WHAT] <= st.FILL_AT_CLOSE
    runners = sim.orders[sim.log[: len(filled)][filled, st.LOG_ORDER], st.RUNNER]
    if sim.runners[runners, st.GONE].all():
        return "void"
    return "result" if simulation.settlement == "result" and _plain(result_known)(sim) else "mark"


def _money(bench: Bench, sim: st.Sim, simulation: Simulation) -> Money:
    by = _settled_by(sim, simulation)
    micro = {"result": lambda: int(_plain(settle)(sim)), "mark": lambda: int(sim.market[st.MARK_AT_OFF])}
    gross = round(micro[by]() / st.MICRO) if by in micro else 0
    rate = bench.tape.info.market_base_rate_percent / 100 * (1 - simulation.costs.discount)
    commission = round(max(0, gross) * rate) if simulation.costs.commission else 0
    hours, counts = _transactions(bench, sim)
    settled_ms = int(bench.record.message_ms[-1])
    activity = Activity(settled_ms, gross, commission, by != "none", hours, counts)
    charge = -(-transaction_charge([activity]) // 1000) if simulation.costs.transaction_charge else 0
    return Money(by, charge, activity)


def _transactions(bench: Bench, sim: st.Sim) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Clock hours with transactions (UTC, hours since 1970) and how many in each.

    A transaction is a bet placed or a failed request; in the table's oldest rows every action counts.
    """
    log = sim.log[: sim.tally[st.N_LOGGED]]
    times = log[log[:, st.WHAT] == st.REFUSED, st.TIME_MS].tolist() + _accepted_ms(sim).tolist()
    if TRANSACTION_CHARGE.on(day_of(bench.first_ms)).counts_cancels:
        times += log[log[:, st.WHAT] == st.CANCELLED, st.TIME_MS].tolist()
    hours = Counter(time_ms // HOUR_MS for time_ms in times)
    return tuple(sorted(hours)), tuple(hours[hour] for hour in sorted(hours))


def _accepted_ms(sim: st.Sim) -> NDArray[np.int64]:
    taken: NDArray[np.int64] = sim.orders[: sim.tally[st.N_ORDERS], st.ACCEPTED_MS]
    return taken[taken > 0]


def result_of(bench: Bench, sim: st.Sim, simulation: Simulation, timeline: st.Int | None = None) -> MarketResult:
    """The result row of a market whose replay ended in `sim`; with a timeline also its fills."""
    money = _money(bench, sim, simulation)
    log, tally = sim.log[: sim.tally[st.N_LOGGED]], sim.tally
    what = log[:, st.WHAT]
    counts = np.bincount(what, minlength=st.N_WHAT).tolist()
    pence = [int(each) for each in np.bincount(what, log[:, st.PENCE], st.N_WHAT)]
    refused = np.bincount(log[what == st.REFUSED, st.LOG_TICK], minlength=len(REFUSALS))
    return MarketResult(
        market_id=bench.tape.market_id,
        settled_by=money.settled_by,
        pnl_pence=money.activity.gross_pence - money.activity.commission_pence - money.charge,
        charge_pence=money.charge,
        **money.activity._asdict(),
        places=int(tally[st.PLACES]),
        cancels=int(tally[st.CANCELS]),
        replaces=int(tally[st.REPLACES]),
        passive=counts[st.FILL_PASSIVE],
        aggressive=counts[st.FILL_AGGRESSIVE],
        unattributed=counts[st.FILL_UNATTRIBUTED],
        unrecorded=counts[st.FILL_UNRECORDED],
        at_close=counts[st.FILL_AT_CLOSE],
        passive_pence=pence[st.FILL_PASSIVE],
        aggressive_pence=pence[st.FILL_AGGRESSIVE],
        unattributed_pence=pence[st.FILL_UNATTRIBUTED],
        unrecorded_pence=pence[st.FILL_UNRECORDED],
        at_close_pence=pence[st.FILL_AT_CLOSE],
        turnover_pence=sum(pence[: st.FILL_AT_CLOSE + 1]),
        largest_position_pence=int(tally[st.LARGEST_POSITION]) // st.MICRO,
        largest_liability_pence=int(tally[st.LARGEST_LIABILITY]) // st.MICRO,
        worst_mark_pence=int(tally[st.WORST_MARK]) // st.MICRO,
        residual_pence=int(sim.market[st.RESIDUAL_AT_OFF]) // st.MICRO,
        lapsed=counts[st.LAPSED],
        polls=int(tally[st.POLLS]),
        refusals=tuple(refused.tolist()),
        fills=None if timeline is None else fills_table(bench.tape, sim),
        timeline=None if timeline is None else _timeline_table(bench.tape, timeline[: tally[st.N_TIMELINE]]),
    )


def fills_table(tape: Tape, sim: st.Sim) -> pd.DataFrame:
    """Every fill: order, time_ms of the match, selection_id, side, odds, size_pounds, how."""
    log = sim.log[: sim.tally[st.N_LOGGED]]
    log = log[log[:, st.WHAT] <= st.FILL_AT_CLOSE]
    orders = sim.orders[log[:, st.LOG_ORDER]]
    selections = np.array([runner.selection_id for runner in tape.info.runners], np.int64)
    return pd.DataFrame(
        {
            "order": log[:, st.LOG_ORDER],
            "time_ms": log[:, st.TIME_MS],
            "selection_id": selections[orders[:, st.RUNNER]],
            "side": np.where(orders[:, st.SIDE] == BACK, "BACK", "LAY"),
            "odds": log[:, st.MATCHED_MICRO] / st.MICRO,
            "size_pounds": log[:, st.PENCE] / 100,
            "how": np.array(FILL_KINDS)[log[:, st.WHAT]],
        }
    )


def _timeline_table(tape: Tape, lines: st.Int) -> pd.DataFrame:
    selections = np.array([runner.selection_id for runner in tape.info.runners], np.int64)

    def odds(column: int) -> NDArray[np.float64]:
        ticks = lines[:, column]
        return np.where(ticks >= 0, ODDS[ticks], np.nan)

    back, lay = lines[:, st.LINE_BACK_PENCE], lines[:, st.LINE_LAY_PENCE]
    best_back, best_lay = odds(st.LINE_BACK_TICK), odds(st.LINE_LAY_TICK)
    weight = np.where(back + lay > 0, back / np.maximum(back + lay, 1), np.nan)
    return pd.DataFrame(
        {
            "time_ms": lines[:, st.LINE_MS],
            "selection_id": selections[lines[:, st.LINE_RUNNER]],
            "best_back_odds": best_back,
            "best_back_pounds": back / 100,
            "best_lay_odds": best_lay,
            "best_lay_pounds": lay / 100,
            "micro_odds": best_back * (1 - weight) + best_lay * weight,
            "own_back_odds": odds(st.LINE_OWN_BACK_TICK),
            "own_lay_odds": odds(st.LINE_OWN_LAY_TICK),
            "position_pounds": lines[:, st.LINE_POSITION] / 100,
            "mark_pounds": lines[:, st.LINE_MARK] / 100,
        }
    )
