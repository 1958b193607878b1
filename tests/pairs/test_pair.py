"""Two markets on one clock: each is its own world, and what joins them is one bot and one account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simcore
from simcore import dtypes as d
from simcore.bench import prepare
from simcore.errors import ModelError
from simcore.kernels import state as st
from simcore.kernels.compiling import Real1, kernel
from simcore.kernels.pair import run_pair
from simcore.kernels.pair_state import Pair
from simcore.models.simulation import resolve_simulation
from simcore.pair import new_pair, warm_pair
from simcore.results import MarketResult
from simcore.strategies import Core, Legs, resolve_core
from simcore.strategies.arb import ARB
from simcore.strategies.daf import DAF, Daf
from simcore.strategies.view import SLOT_MARKET, Offers, View, best_tick, contracts, want
from simcore.tapes.tape import MarketInfo, Tape
from simcore.units import ODDS
from tests.kernels.test_properties import prefix_of
from tests.pairs.made_pairs import OFF_MS, START_MS, ended, exacta_market, ticking, win_market

DAF_VALUES = {"pick_s": 300, "entry_start_s": 280, "entry_end_s": 120, "exit_s": 40, "stake_pounds": 8}


class DafHere(Daf, frozen=True):
    """The drift trade in one of two markets."""

    market: int = 0

    def legs(self, first: MarketInfo, second: MarketInfo) -> Legs:
        if self.market == 0:
            return Legs(tuple(((r,), ()) for r in range(len(first.runners))), picked=True)
        return Legs(tuple(((), (r,)) for r in range(len(second.runners))), picked=True)


DAF_IN_ONE = Core(name="daf-in-one", function=DAF.function, parameters=DafHere, markets=2)


class Idle(DafHere, frozen=True):
    """Looks at every runner of both markets and wants nothing."""

    def legs(self, first: MarketInfo, second: MarketInfo) -> Legs:
        return Legs(((tuple(range(len(first.runners))), tuple(range(len(second.runners)))),))


@kernel
def wants_nothing(view: View, parameters: Real1, offers: Offers) -> None:
    """No offers."""


IDLE = Core(name="idle", function=wants_nothing, parameters=Idle, markets=2)


def lively(tape: Any, odds: float, lay: float, runner: int = 0) -> Any:
    """Trades and cancels on a runner, so that a queue moves and a drift trade is filled on both ways."""
    for second in range(1, OFF_MS // 1000):
        tape.at(second * 1000 + 137 * runner)
        if second % 7 == 0:
            tape.place(d.ATL, lay, 9, runner)
        if second % 7 == 3:
            tape.trade(d.ATL, lay, 9, runner)
        if second % 13 == 0:
            tape.place(d.ATB, odds, 5, runner)
        if second % 13 == 6:
            tape.trade(d.ATB, odds, 5, runner)
    return tape


def markets() -> tuple[Tape, Tape]:
    first = ended(lively(win_market(2.5, 2.52, pounds=20), 2.5, 2.52), 0)
    second = ended(lively(exacta_market(5.5, 5.6, pounds=20), 5.5, 5.6, runner=0), 1)
    return first, second


def same(one: MarketResult, other: MarketResult) -> None:
    assert one == other
    assert one.fills is not None
    assert other.fills is not None
    assert one.timeline is not None
    assert other.timeline is not None
    assert one.fills.equals(other.fills)
    assert one.timeline.equals(other.timeline)


@pytest.mark.parametrize("market", [0, 1])
@pytest.mark.parametrize(
    "simulation",
    [
        {},
        pytest.param({"poll_ms": 4000}, marks=pytest.mark.lane),
        {"poll_ms": 0, "below_minimum": "place_cut_replace"},
        {"cancel_then_place": "parallel", "queue": "sampled", "place_ms": {"median_ms": 150, "sigma": 0.4}},
    ],
)
def test_a_core_of_one_market_fares_in_a_pair_as_it_does_alone(market: int, simulation: dict[str, Any]) -> None:
    tapes = markets()
    alone = simcore.replay(tapes[market], "daf", DAF_VALUES, simulation, seed=3, record=True)
    pair = simcore.replay_pair(tapes, DAF_IN_ONE, DAF_VALUES | {"market": market}, simulation, seed=3, record=True)
    assert alone.entry_matched
    assert alone.places > 1
    same(alone, (pair.first, pair.second)[market])
    idle = (pair.first, pair.second)[1 - market]
    assert (idle.places, idle.polls, idle.turnover_pence, idle.settled_by) == (0, 0, 0, "none")


def test_without_orders_both_worlds_are_the_records() -> None:
    tapes, parameters = markets(), Idle(**DAF_VALUES)
    benches, assumed = (prepare(tapes[0]), prepare(tapes[1])), resolve_simulation("default")
    pair = new_pair(benches, parameters.legs(tapes[0].info, tapes[1].info), parameters, assumed, 0, 64, False)
    warm_pair(IDLE)
    run_pair(IDLE.function, pair, parameters.vector())
    for tape, side in zip(tapes, (pair.first, pair.second), strict=True):
        assert side.sim.tally[st.POLLS] > 1000
        *_, (_, books) = tape.books()
        assert np.array_equal(side.sim.recorded, books)
        assert not side.sim.displaced.any()


@kernel
def wants_one_in_each(view: View, parameters: Real1, offers: Offers) -> None:
    """£5 at the touch of the first runner of both markets, backed; what is matched is not wanted again."""
    for slot in range(view.slots.shape[0]):
        first = slot == 0 or view.slots[slot, SLOT_MARKET] != view.slots[slot - 1, SLOT_MARKET]
        if first and contracts(view, slot) == 0:
            want(offers, slot, 1, best_tick(view, slot, 0), 500)


BOTH = Core(name="both", function=wants_one_in_each, parameters=Idle, markets=2)


def test_the_exposures_of_both_markets_add_against_one_account() -> None:
    """£5 in each: £10 is enough for both, £9.99 for one, and the one refused is asked for again and again."""
    tapes = ended(ticking(win_market()), 0), ended(ticking(exacta_market()), 0)
    enough = simcore.replay_pair(tapes, BOTH, DAF_VALUES, {"costs": {"funds_pounds": 10}})
    assert [enough.first.turnover_pence, enough.second.turnover_pence] == [500, 500]
    assert enough.largest_liability_pence == 1000
    short = simcore.replay_pair(tapes, BOTH, DAF_VALUES, {"costs": {"funds_pounds": 9.99}})
    assert [short.first.turnover_pence, short.second.turnover_pence] == [500, 0]
    assert short.second.refusals[st.INSUFFICIENT_FUNDS] > 10
    assert short.largest_liability_pence == 500


def test_each_market_pays_its_own_commission_and_the_pair_is_their_sum() -> None:
    tapes = ended(ticking(win_market(rate_percent=5)), 0), ended(ticking(exacta_market(rate_percent=8)), 0)
    result = simcore.replay_pair(tapes, BOTH, DAF_VALUES, record=True)
    assert (result.first.gross_pence, result.first.commission_pence) == (1000, 50)
    assert (result.second.gross_pence, result.second.commission_pence) == (2500, 200)
    assert (result.gross_pence, result.commission_pence, result.pnl_pence) == (3500, 250, 3250)
    legs = result.legs.set_index(["market_id", "selection_id"])
    assert legs.loc[("1.1", 100), "profit_pounds"] == 10.0
    assert legs.loc[("1.2", 200), "profit_pounds"] == 25.0
    assert legs["profit_pounds"].sum() == 35.0
    row = result.row()
    assert (row["first_market_id"], row["second_market_id"], row["pnl_pence"]) == ("1.1", "1.2", 3250)


@kernel
def keeps_one_in_each(view: View, parameters: Real1, offers: Offers) -> None:
    """£5 at the touch of the first runner of both markets, backed, whatever was matched."""
    for slot in range(view.slots.shape[0]):
        if slot == 0 or view.slots[slot, SLOT_MARKET] != view.slots[slot - 1, SLOT_MARKET]:
            want(offers, slot, 1, best_tick(view, slot, 0), 500)


KEEPS = Core(name="keeps", function=keeps_one_in_each, parameters=Idle, markets=2)


def test_the_bot_asks_nothing_while_an_answer_of_either_market_is_outstanding() -> None:
    """Every request takes its own time, so that now the one, now the other market answers last."""
    tapes = ended(ticking(win_market()), 0), ended(ticking(exacta_market()), 0)
    delays = {"place_ms": {"median_ms": 700, "sigma": 0.8}, "ack_ms": 300, "poll_ms": 1000}
    result = simcore.replay_pair(tapes, KEEPS, DAF_VALUES, delays, record=True)
    assert result.first.fills is not None
    assert result.second.fills is not None
    one, two = (table["time_ms"].to_numpy()[:15] for table in (result.first.fills, result.second.fills))
    assert (one < two).any()
    assert (one > two).any()
    assert (np.minimum(one[1:], two[1:]) >= np.maximum(one[:-1], two[:-1]) + 300).all()


def test_at_one_millisecond_records_come_first_in_both_markets() -> None:
    """The offer of £100 at 6.0 in the second market is gone in the very millisecond our order arrives there."""
    first, second = ticking(win_market()), exacta_market()
    sent_ms = (
        OFF_MS - 300_000
    )  # the first poll of the window, then 60 ms of observation are over: it saw the world before
    for after_ms in range(1000, OFF_MS, 1000):
        second.at(after_ms)
        if after_ms == sent_ms + 20_000 + 1000:
            second.cancel(d.ATB, 6.0, 100, 0)
    tapes = ended(first, 0), ended(second, 0)
    arrival = {"place_ms": 1000, "poll_ms": 1000, "observe_ms": 0}
    result = simcore.replay_pair(tapes, BOTH, DAF_VALUES, arrival, record=True)
    assert result.first.fills is not None
    assert result.first.fills["time_ms"].tolist() == [START_MS + sent_ms + 21_000]
    assert result.second.passive + result.second.aggressive == 0


ANY_EDGE = {"runners": "every", "least_edge_percent": -5, "accept_loss_percent": 6, "max_exposure_pounds": 60}


def left_by(tapes: tuple[Tape, Tape], preset: str, simulation: dict[str, Any]) -> Pair:
    """What the loop leaves of a pair traded by `arb` at any edge."""
    parameters, assumed = ARB.make(preset, ANY_EDGE), resolve_simulation(simulation)
    legs = parameters.legs(tapes[0].info, tapes[1].info)
    pair = new_pair((prepare(tapes[0]), prepare(tapes[1])), legs, parameters, assumed, 0, 4096, False)
    warm_pair(ARB)
    run_pair(ARB.function, pair, parameters.vector())
    return pair


def requests_of(tape: Tape, sim: st.Sim, place_ms: int, cancel_ms: int) -> pd.DataFrame:
    """What was sent, as a table for `simcore.replay_orders`; cancels that came too late changed nothing and are left out."""
    rows = []
    for o in range(sim.tally[st.N_ORDERS]):
        order = sim.orders[o]
        selection = tape.info.runners[order[st.RUNNER]].selection_id
        told = {
            "selection_id": selection,
            "side": "BACK" if order[st.SIDE] > 0 else "LAY",
            "odds": ODDS[order[st.TICK]],
        }
        time_ms = order[st.ACCEPTED_MS] - place_ms
        rows.append({"kind": "place", "order_id": o, "time_ms": time_ms, "size_pounds": order[st.SIZE] / 100} | told)
    for event in sim.log[: sim.tally[st.N_LOGGED]]:
        if event[st.WHAT] == st.CANCELLED:
            time_ms, pounds = event[st.TIME_MS] - cancel_ms, event[st.PENCE] / 100
            rows.append({"kind": "cancel", "order_id": event[st.LOG_ORDER], "time_ms": time_ms, "size_pounds": pounds})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("preset", ["both", "both-join"])
def test_each_market_of_a_recorded_pair_matches_the_requests_as_it_does_alone(race: Path, preset: str) -> None:
    store = simcore.TapeStore.open(race)
    tapes = store.tape("1.195453611"), store.tape("1.195453705")
    pair = left_by(tapes, preset, {})
    for tape, side in zip(tapes, (pair.first, pair.second), strict=True):
        sim = side.sim
        assert sim.tally[st.N_ORDERS] > 0
        requests = requests_of(tape, sim, sim.settings[st.PLACE_MS], sim.settings[st.CANCEL_MS])
        alone = simcore.replay_orders(tape, requests).fills
        log = sim.log[: sim.tally[st.N_LOGGED]]
        mine = log[log[:, st.WHAT] <= st.FILL_AT_CLOSE]
        assert alone["order_id"].tolist() == mine[:, st.LOG_ORDER].tolist()
        assert alone["time_ms"].tolist() == mine[:, st.TIME_MS].tolist()
        assert (alone["size_pounds"] * 100).round().tolist() == mine[:, st.PENCE].tolist()
        assert (alone["odds"] * st.MICRO).round().tolist() == mine[:, st.MATCHED_MICRO].tolist()


@pytest.mark.parametrize("preset", ["both", "both-join"])
def test_a_replay_of_the_first_part_of_a_recorded_pair_is_the_first_part_of_the_replay(race: Path, preset: str) -> None:
    store = simcore.TapeStore.open(race)
    tapes = store.tape("1.195453611"), store.tape("1.195453705")
    whole = simcore.replay_pair(tapes, "arb", ARB.make(preset, ANY_EDGE), record=True)
    assert whole.first.fills is not None
    cut_ms = int(whole.first.fills["time_ms"].median()) + 1
    short = tuple(prefix_of(tape, int(np.searchsorted(tape.message_ms, cut_ms))) for tape in tapes)
    part = simcore.replay_pair((short[0], short[1]), "arb", ARB.make(preset, ANY_EDGE), record=True)
    until_ms = min(int(tape.message_ms[-1]) for tape in short)
    for one, other in ((part.first, whole.first), (part.second, whole.second)):
        assert one.fills is not None
        assert other.fills is not None
        early, all_of_it = (table[table["time_ms"] <= until_ms] for table in (one.fills, other.fills))
        assert early.to_dict("records") == all_of_it.to_dict("records")
    assert part.first.fills is not None
    assert len(part.first.fills) > 0


def test_a_core_of_one_market_and_a_core_of_two_are_not_mixed_up() -> None:
    tapes = markets()
    with pytest.raises(
        ModelError, match=r"trades two markets of one event at once; replay it with `simcore\.replay_pair`"
    ):
        simcore.replay(tapes[0], "arb")
    with pytest.raises(ModelError, match=r"trades one market; replay it with `simcore\.replay`"):
        simcore.replay_pair(tapes, "daf")
    with pytest.raises(ModelError, match="a pair needs two markets"):
        simcore.replay_pair((tapes[0], tapes[0]), "arb")
    with pytest.raises(ModelError, match="choose one of arb or name"):
        resolve_core("nobody", markets=2)
