"""Replays of two markets of one event with one core: the wrapper around the kernels, beside `simcore.engine`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from simcore.assumptions import ring_of, settings_of
from simcore.bench import Bench, prepare
from simcore.dtypes import WINNER
from simcore.engine import FIRST_CAPACITY, compile_core, make_parameters, new_views, warm
from simcore.errors import ModelError
from simcore.kernels import pair_state as ps
from simcore.kernels import state as st
from simcore.kernels.compiling import compile_kernel
from simcore.kernels.pair import run_pair, take_members
from simcore.models.simulation import Simulation, resolve_simulation
from simcore.outcome import result_of
from simcore.portfolio import transaction_charge
from simcore.results import MarketResult
from simcore.strategies import Core, Legs, Parameters, resolve_core
from simcore.strategies.view import (
    DEPTH,
    MAX_OFFERS,
    N_CLOCK,
    N_LEVEL,
    N_PAIR_SLOT,
    N_SEEN,
    SLOT_GROUP,
    SLOT_MARKET,
    SLOT_RATE,
    SLOT_RUNNER,
    View,
    new_offers,
)
from simcore.tapes.tape import MarketInfo, Tape


@dataclass(frozen=True)
class PairResult:
    """The result of one configuration in two markets of one event; money in pence.

    first, second           each market's own row, as a replay of it alone gives it
    gross_pence, commission_pence   sums of both; commission is each market's own, never netted
    charge_pence            transaction charge of both together, rounded up to the penny: they share the clock hours
    pnl_pence               gross − commission − charge
    worst_outcome_pence, best_outcome_pence   of all bets over the outcomes the legs leave, before commission, when both
                            recordings end
    residual_pence          best − worst outcome: what is not hedged
    largest_liability_pence largest exposure of both together at any time: exposures add, as on the exchange
    legs                    one row a runner traded: market_id, group, selection_id, name, backed_pounds, laid_pounds,
                            contracts_pounds (£ of payout, negative = laid), win_pounds and lose_pounds (profit if it wins,
                            loses), profit_pounds (on the result, before commission; NaN where the record tells none)
    """

    first: MarketResult
    second: MarketResult
    gross_pence: int
    commission_pence: int
    charge_pence: int
    pnl_pence: int
    worst_outcome_pence: int
    best_outcome_pence: int
    residual_pence: int
    largest_liability_pence: int
    legs: pd.DataFrame = field(compare=False)

    def row(self) -> dict[str, Any]:
        """The result as a flat row: its own fields, then each market's as `first_…` and `second_…`."""
        own = {name: getattr(self, name) for name in self.__dataclass_fields__ if name.endswith("_pence")}
        for name in ("first", "second"):
            own |= {f"{name}_{key}": value for key, value in getattr(self, name).row().items()}
        return own


def replay_pair(
    tapes: tuple[Tape, Tape],
    core: str | Core,
    parameters: Parameters | Mapping[str, Any] | str | None = None,
    simulation: str | Mapping[str, Any] | Simulation = "default",
    *,
    seed: int = 0,
    record: bool = False,
) -> PairResult:
    """Replay two markets of one event on one clock, with one core, one bot and one account.

    tapes      : the first and the second market; for core `arb` the market of the runners, then that of their parts
    core       : name (`arb`), `file.py:NAME`, or a `Core` of two markets
    parameters, simulation, seed, record : as `simcore.replay` takes them; fills and timelines are in `first` and `second`
    Raises ModelError for what does not make sense, SimulationError for a tape that cannot be replayed.
    """
    chosen = resolve_core(core, markets=2)
    made, assumed = make_parameters(chosen, parameters), resolve_simulation(simulation)
    first, second = tapes
    if first.market_id == second.market_id:
        raise ModelError(f"a pair needs two markets, got {first.market_id} twice; name the other one")
    benches = (prepare(first), prepare(second))
    legs = made.legs(first.info, second.info)
    if problem := legs_problem(legs, first.info, second.info):
        raise ModelError(f"core {chosen.name!r}: {problem}; correct its `legs`")
    warm_pair(chosen)
    capacity = FIRST_CAPACITY
    while True:
        pair = new_pair(benches, legs, made, assumed, seed, capacity, record)
        run_pair(chosen.function, pair, np.ascontiguousarray(made.vector(), np.float64))
        if pair.first.sim.tally[st.FULL] == 0 and pair.second.sim.tally[st.FULL] == 0:
            return _result(benches, pair, legs, assumed, record)
        capacity *= 2


def warm_pair(core: Core) -> None:
    """Compile the loop of two markets and a core, or load them from the cache. Raises ModelError."""
    warm()
    for function in (take_members, run_pair):
        compile_kernel(function)
    compile_core(core)


@dataclass(frozen=True)
class Layout:
    """Which slots there are: how many of each market, the rows of runners that may be put in them, and their groups."""

    slots: tuple[int, int]
    members: st.Int
    keys: st.Int
    groups: list[int]
    clock: int


def legs_problem(legs: Legs, first: MarketInfo, second: MarketInfo) -> str:
    """Why these markets cannot be traded with such legs; empty = they can."""
    for k, info in enumerate((first, second)):
        named = [group[k] for group in legs.groups]
        known = range(len(info.runners))
        if strange := [runner for runner in chain(*named) if runner not in known]:
            return f"its legs name runner {strange[0]!r} of market {info.market_id}, which has {len(known)} (from 0)"
        for once in named if legs.picked else [tuple(chain(*named))]:
            if len(set(once)) < len(once):
                return f"its legs name a runner of market {info.market_id} twice"
    if not any(chain(*legs.groups)):
        return f"its legs name no runner of the markets {first.market_id} and {second.market_id}"
    return ""


def layout_of(legs: Legs) -> Layout:
    """The slots of a core with these legs."""
    clock = 0 if any(ones for ones, _ in legs.groups) else 1
    if not legs.picked:
        ones = [(runner, g) for g, (its, _) in enumerate(legs.groups) for runner in its]
        twos = [(runner, g) for g, (_, its) in enumerate(legs.groups) for runner in its]
        members = np.array([[runner for runner, _ in ones + twos]], np.int64)
        return Layout((len(ones), len(twos)), members, np.zeros(1, np.int64), [g for _, g in ones + twos], clock)
    slots = (max(len(ones) for ones, _ in legs.groups), max(len(twos) for _, twos in legs.groups))
    rows = [
        (*ones, *[-1] * (slots[0] - len(ones)), *twos, *[-1] * (slots[1] - len(twos))) for ones, twos in legs.groups
    ]
    keys = [(group[clock] or (-1,))[0] for group in legs.groups]
    return Layout(slots, np.array(rows, np.int64), np.array(keys, np.int64), [0] * sum(slots), clock)


def new_pair(
    benches: tuple[Bench, Bench],
    legs: Legs,
    parameters: Parameters,
    simulation: Simulation,
    seed: int,
    capacity: int,
    record: bool,
) -> ps.Pair:
    """Two markets before their first messages, with room for `capacity` orders in each."""
    layout = layout_of(legs)
    times = np.sort(np.concatenate([bench.record.message_ms for bench in benches]))
    ring = ring_of(times, simulation)
    lines = _n_lines(times, simulation) if record else 0
    n_slots = sum(layout.slots)
    room = max(MAX_OFFERS, 2 * n_slots)
    sides = []
    for bench, slots in zip(benches, layout.slots, strict=True):
        settings, reals = settings_of(bench, simulation, parameters, seed)
        settings[st.N_SLOTS] = slots
        sides.append(
            ps.Side(
                record=bench.record,
                sim=st.new_sim(
                    bench.tape.n_runners,
                    settings,
                    reals,
                    np.zeros((0, st.N_REQUEST), np.int64),
                    capacity,
                    offers=room,
                ),
                views=new_views(ring, max(1, slots), capacity),
                offers=new_offers(room),
                timeline=np.zeros((lines, st.N_LINE), np.int64),
                progress=np.zeros(ps.N_PROGRESS, np.int64),
            )
        )
    account = np.zeros(ps.N_ACCOUNT, np.int64)
    account[ps.ACCOUNT_PENCE] = round(simulation.costs.funds_pounds * 100)
    account[ps.CLOCK] = layout.clock
    view = view_of_both((benches[0].tape, benches[1].tape), layout, simulation, 2 * capacity)
    pair = ps.Pair(sides[0], sides[1], view, new_offers(room), layout.members, layout.keys, account)
    if not legs.picked:
        take_members(pair.first.sim, pair.first.views, layout.members, 0, 0)
        take_members(pair.second.sim, pair.second.views, layout.members, 0, layout.slots[0])
    return pair


def view_of_both(tapes: tuple[Tape, Tape], layout: Layout, simulation: Simulation, orders: int) -> View:
    """What the core sees before it sees anything: no runner in a slot yet, room for so many standing orders."""
    n_slots = sum(layout.slots)
    slots = np.zeros((n_slots, N_PAIR_SLOT), np.int64)
    market = np.repeat([0, 1], layout.slots)
    costs = simulation.costs
    kept = (1 - costs.discount) if costs.commission else 0.0
    rates = np.array([round(tape.info.market_base_rate_percent * kept * 100) for tape in tapes], np.int64)
    slots[:, SLOT_RUNNER], slots[:, SLOT_MARKET], slots[:, SLOT_GROUP] = -1, market, layout.groups
    slots[:, SLOT_RATE] = rates[market]
    return View(
        clock=np.zeros(N_CLOCK, np.int64),
        slots=slots,
        touch=np.zeros((n_slots, 2, DEPTH, N_LEVEL), np.int64),
        orders=np.zeros((orders, N_SEEN), np.int64),
    )


def _n_lines(times: st.Int, simulation: Simulation) -> int:
    if simulation.poll_ms == 0:
        return len(times)
    return int(times[-1] - times[0]) // simulation.poll_ms + 2


def _result(
    benches: tuple[Bench, Bench], pair: ps.Pair, legs: Legs, simulation: Simulation, record: bool
) -> PairResult:
    one, two = (
        result_of(bench, side.sim, simulation, side.timeline if record else None)
        for bench, side in zip(benches, (pair.first, pair.second), strict=True)
    )
    millipence = transaction_charge([one.activity, two.activity]) if simulation.costs.transaction_charge else 0
    charge = -(-millipence // 1000)
    gross, commission = one.gross_pence + two.gross_pence, one.commission_pence + two.commission_pence
    worst, best = _outcomes(pair, legs)
    return PairResult(
        first=one,
        second=two,
        gross_pence=gross,
        commission_pence=commission,
        charge_pence=charge,
        pnl_pence=gross - commission - charge,
        worst_outcome_pence=worst,
        best_outcome_pence=best,
        residual_pence=best - worst,
        largest_liability_pence=int(pair.account[ps.LARGEST_CLAIM]) // st.MICRO,
        legs=_legs_table(benches, pair, legs, (one, two)),
    )


def _traded(pair: ps.Pair, legs: Legs) -> list[tuple[int, tuple[tuple[int, ...], tuple[int, ...]]]]:
    """The groups traded, with their numbers: all, or the picked one; none where none could be picked."""
    numbered = list(enumerate(legs.groups))
    if not legs.picked:
        return numbered
    slots = [
        side.views.slots[0, : side.sim.settings[st.N_SLOTS], SLOT_RUNNER].tolist() for side in (pair.first, pair.second)
    ]
    chosen = tuple(tuple(r for r in its if r >= 0) for its in slots)
    return [(g, group) for g, group in numbered if group == chosen]


def _outcomes(pair: ps.Pair, legs: Legs) -> tuple[int, int]:
    """(worst, best) of all bets over the outcomes the legs leave, pence.

    Either the first runners of one group win and exactly one of its second ones, or none of the groups: that one is left out
    where the groups have every runner still in of both markets, of which somebody must win.
    """
    sims, traded = (pair.first.sim, pair.second.sim), _traded(pair, legs)
    swing = [sim.runners[:, st.WIN] - sim.runners[:, st.LOSE] for sim in sims]
    stay = [sim.runners[:, st.GONE] == 0 for sim in sims]
    base = sum(int(sim.runners[:, st.LOSE].sum()) for sim in sims)
    outcomes = []
    for _, (ones, twos) in traded:
        whole = sum(int(swing[0][r]) for r in ones if stay[0][r])
        live = [r for r in twos if stay[1][r]]
        if twos and not live:
            continue
        outcomes += [base + whole + int(swing[1][r]) for r in live] or [base + whole]
    held = [{r for _, group in traded for r in group[k]} for k in range(2)]
    covered = all(held[k] >= set(np.flatnonzero(stay[k]).tolist()) for k in range(2))
    if not covered or not outcomes:
        outcomes.append(base)
    return round(min(outcomes) / st.MICRO), round(max(outcomes) / st.MICRO)


def _legs_table(
    benches: tuple[Bench, Bench], pair: ps.Pair, legs: Legs, results: tuple[MarketResult, MarketResult]
) -> pd.DataFrame:
    rows = []
    for k, (bench, side) in enumerate(zip(benches, (pair.first, pair.second), strict=True)):
        staked = _staked(side.sim) / 100
        for g, group in _traded(pair, legs):
            for r in group[k]:
                runner, row = bench.tape.info.runners[r], side.sim.runners[r]
                win, lose = row[st.WIN] / st.MICRO / 100, row[st.LOSE] / st.MICRO / 100
                profit = _profit(side.sim, r) / 100 if results[k].settled_by != "mark" else float("nan")
                told = (bench.tape.market_id, g, runner.selection_id, runner.name.strip())
                rows.append((*told, *staked[r], win - lose, win, lose, profit))
    columns = ["market_id", "group", "selection_id", "name", "backed_pounds", "laid_pounds"]
    return pd.DataFrame(rows, columns=[*columns, "contracts_pounds", "win_pounds", "lose_pounds", "profit_pounds"])


def _staked(sim: st.Sim) -> st.Int:
    """(runners, 2) pence matched as BACK and as LAY."""
    log = sim.log[: sim.tally[st.N_LOGGED]]
    log = log[log[:, st.WHAT] <= st.FILL_AT_CLOSE]
    orders = sim.orders[log[:, st.LOG_ORDER]]
    staked = np.zeros((sim.runners.shape[0], 2), np.int64)
    np.add.at(staked, (orders[:, st.RUNNER], (orders[:, st.SIDE] < 0).astype(np.int64)), log[:, st.PENCE])
    return staked


def _profit(sim: st.Sim, r: int) -> float:
    """What the bets on one runner came to on the result, pence; a dead heat as `simcore.kernels.settlement` shares it."""
    runners = sim.runners
    winners = (runners[:, st.OUTCOME] == WINNER) & (runners[:, st.GONE] == 0)
    win, lose = int(runners[r, st.WIN]), int(runners[r, st.LOSE])
    if not winners[r]:
        return lose / st.MICRO
    actual = int(winners.sum())
    expected = min(int(sim.market[st.N_WINNERS]), actual)
    return (win * expected + lose * (actual - expected)) / actual / st.MICRO
