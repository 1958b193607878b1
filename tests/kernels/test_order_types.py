"""Orders to the starting price, fill or kill, replace, small closing stakes, and the delays and reactions around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import simcore
from simcore import dtypes as d
from simcore.errors import ModelError
from simcore.orders import OrdersResult
from simcore.tapes.tape import Tape
from tests.kernels.tapes import START_MS, TapeBuilder

pytestmark = pytest.mark.lane

AT_ONCE = {
    "delays": {"place_ms": 0, "cancel_ms": 0, "replace_ms": 0},
    "refill": {"kind": "never"},
    "queue": {"kind": "none"},
}


def place(order_id: int, after_ms: int, side: str, odds: float, pounds: float, **more: Any) -> dict[str, Any]:
    row = {"kind": "place", "order_id": order_id, "time_ms": START_MS + after_ms, "selection_id": 101}
    return row | {"side": side, "odds": odds, "size_pounds": pounds} | more


def replace(order_id: int, new: int, after_ms: int, odds: float) -> dict[str, Any]:
    return {"kind": "replace", "order_id": order_id, "new_order_id": new, "time_ms": START_MS + after_ms, "odds": odds}


def cancel(order_id: int, after_ms: int, pounds: float = float("nan")) -> dict[str, Any]:
    return {"kind": "cancel", "order_id": order_id, "time_ms": START_MS + after_ms, "size_pounds": pounds}


def put(tape: Tape, *requests: dict[str, Any], seed: int = 0, **simulation: Any) -> OrdersResult:
    return simcore.replay_orders(tape, pd.DataFrame(list(requests)), AT_ONCE | simulation, seed=seed)


def fills(result: OrdersResult) -> list[tuple[int, float, float, str]]:
    table = result.fills
    columns = (table["order_id"], table["odds"].round(4), table["size_pounds"].round(2), table["how"])
    return list(zip(*columns, strict=True))


def reasons(result: OrdersResult) -> list[str]:
    return list(result.refusals["reason"])


def quiet_market(**info: Any) -> TapeBuilder:
    """£99.69 to back at 2.0, £50 more at 1.99, and £50 to lay at 2.02."""
    tape = TapeBuilder(**info).at(0).open()
    return tape.place(d.ATB, 2.0, 99.69).place(d.ATB, 1.99, 50).place(d.ATL, 2.02, 50)


def closing_market(bsp: float, **info: Any) -> Tape:
    tape = quiet_market(bsp_market=True, **info).at(60_000).status(d.SUSPENDED)
    tape.at(60_400).row(d.STARTING_PRICE, runner=0, size=round(bsp * 100))
    tape.at(61_000).status(d.OPEN).row(d.IN_PLAY, size=1)
    return tape.at(90_000).status(d.CLOSED).result(d.WINNER, d.LOSER).tape()


KILL = {"time_in_force": "FILL_OR_KILL"}


def test_1000_pounds_fill_or_kill_against_99_69_on_offer_matches_nothing() -> None:
    result = put(quiet_market().at(9000).tape(), place(1, 10, "BACK", 2.0, 1000, **KILL))
    assert fills(result) == []
    assert result.orders["cancelled_pounds"].tolist() == [1000.0]


def test_fill_or_kill_with_a_minimum_takes_what_there_is_and_cancels_the_rest() -> None:
    result = put(quiet_market().at(9000).tape(), place(1, 10, "BACK", 2.0, 1000, min_fill_pounds=99.69, **KILL))
    assert fills(result) == [(1, 2.0, 99.69, "aggressive")]
    assert result.orders["cancelled_pounds"].tolist() == [900.31]


def test_fill_or_kill_goes_on_to_worse_prices_while_its_average_is_no_worse_than_its_odds() -> None:
    """The exchange's own example: 5.4 asked, £2 at 5.5, £6 at 5.4 and £2 at 5.3."""
    tape = TapeBuilder().at(0).open().place(d.ATB, 5.5, 2).place(d.ATB, 5.4, 6).place(d.ATB, 5.3, 50).at(9000).tape()
    result = put(tape, place(1, 10, "BACK", 5.4, 10, **KILL))
    assert fills(result) == [(1, 5.5, 2.0, "aggressive"), (1, 5.4, 6.0, "aggressive"), (1, 5.3, 2.0, "aggressive")]
    assert fills(put(tape, place(1, 10, "BACK", 5.4, 10.01, **KILL))) == []


def test_a_minimum_fill_above_the_size_is_refused() -> None:
    result = put(quiet_market().at(9000).tape(), place(1, 10, "BACK", 2.0, 5, min_fill_pounds=6, **KILL))
    assert reasons(result) == ["invalid_min_fill"]


def test_13p_at_1_06_is_refused_for_its_profit_ratio() -> None:
    """Its profit of 0.78p would be rounded to 1p; an order of £2 at 1000 is cut to 13p and moved there."""
    tape = TapeBuilder().at(0).open().place(d.ATB, 1.07, 50).place(d.ATL, 1.08, 50).at(9000).tape()
    cut = [place(1, 10, "BACK", 1000, 2), cancel(1, 20, 1.87)]
    assert reasons(put(tape, *cut, replace(1, 2, 30, 1.06))) == ["invalid_profit_ratio"]
    fine = put(tape, *cut, replace(1, 2, 30, 1.07))
    assert fills(fine) == [(2, 1.07, 0.13, "aggressive")]


def test_small_profits_were_not_refused_before_the_exchange_began_to() -> None:
    before_ms = START_MS - 3 * 365 * 86_400_000
    tape = TapeBuilder(begin_ms=before_ms).at(0).open().place(d.ATL, 1.07, 50).at(9000).tape()
    requests = [place(1, 10, "BACK", 1000, 2), cancel(1, 20, 1.87), replace(1, 2, 30, 1.06)]
    table = pd.DataFrame(requests)
    table["time_ms"] += before_ms - START_MS
    assert reasons(simcore.replay_orders(tape, table, AT_ONCE)) == []


def test_a_replaced_order_goes_to_the_back_of_the_queue_and_a_cut_one_keeps_its_place() -> None:
    tape = quiet_market().at(500).place(d.ATL, 2.02, 7).at(1000).trade(d.ATL, 2.02, 52).at(9000).tape()
    stays = put(tape, place(1, 10, "BACK", 2.02, 5), cancel(1, 600, 2))
    assert fills(stays) == [(1, 2.02, 2.0, "passive")]
    moves = put(tape, place(1, 10, "BACK", 2.02, 5), replace(1, 2, 600, 2.02))
    assert fills(moves) == []
    assert moves.orders["cancelled_pounds"].tolist() == [5.0, 0.0]


def test_a_replace_that_comes_too_late_places_nothing() -> None:
    result = put(quiet_market().at(9000).tape(), place(1, 10, "BACK", 2.0, 5), replace(1, 2, 600, 2.04))
    assert fills(result) == [(1, 2.0, 5.0, "aggressive")]
    assert reasons(result) == ["bet_taken_or_lapsed"]


def test_in_play_a_replace_cancels_at_once_and_places_after_the_bet_delay() -> None:
    tape = quiet_market().at(500).row(d.IN_PLAY, size=1).row(d.BET_DELAY, size=5)
    tape.at(9_000).trade(d.ATB, 2.0, 3).at(20_000)
    result = put(tape.tape(), place(1, 1_000, "BACK", 2.04, 5), replace(1, 2, 8_000, 2.0))
    assert fills(result) == [(2, 2.0, 5.0, "aggressive")]
    assert result.fills["time_ms"].tolist() == [START_MS + 13_000]


def test_a_passive_bet_delay_spares_orders_that_nobody_would_match() -> None:
    tape = quiet_market().at(500).row(d.IN_PLAY, size=1).row(d.BET_DELAY, size=5).row(d.DELAY_MODEL, size=1)
    tape.at(3_000).trade(d.ATL, 2.02, 55).at(20_000)
    rests = put(tape.tape(), place(1, 1_000, "BACK", 2.02, 5))
    assert rests.fills["time_ms"].tolist() == [START_MS + 3_000]
    takes = put(tape.tape(), place(1, 1_000, "BACK", 2.0, 5))
    assert takes.fills["time_ms"].tolist() == [START_MS + 6_000]
    kills = put(
        tape.tape(), place(1, 1_000, "BACK", 2.04, 5, **KILL), place(2, 1_000, "BACK", 2.04, 5, persistence="PERSIST")
    )
    assert kills.orders["matched_pounds"].tolist() == [0.0, 0.0]
    off_ladder = put(tape.tape(), place(1, 1_000, "BACK", 2.015, 5), place(2, 1_000, "LAY", 2.015, 5))
    assert off_ladder.refusals["time_ms"].tolist() == [START_MS + 1_000] * 2


def test_a_market_on_close_back_matches_its_stake_and_a_lay_its_liability_at_the_starting_price() -> None:
    close = {"order_type": "MARKET_ON_CLOSE"}
    tape = closing_market(3.21)
    result = put(tape, place(1, 10, "BACK", float("nan"), 7, **close), place(2, 10, "LAY", float("nan"), 22.1, **close))
    assert fills(result) == [(1, 3.21, 7.0, "at_close"), (2, 3.21, 10.0, "at_close")]
    assert result.fills["time_ms"].tolist() == [START_MS + 60_400] * 2


def test_a_limit_on_close_order_matches_only_at_its_odds_or_better() -> None:
    limit = {"order_type": "LIMIT_ON_CLOSE"}
    orders = [
        place(1, 10, "BACK", 3.2, 7, **limit),
        place(2, 10, "BACK", 3.25, 7, **limit),
        place(3, 10, "LAY", 3.25, 22.1, **limit),
        place(4, 10, "LAY", 3.2, 22.1, **limit),
    ]
    result = put(closing_market(3.21), *orders)
    assert [fill[0] for fill in fills(result)] == [1, 3]
    assert result.orders["lapsed_pounds"].tolist() == [0.0, 7.0, 0.0, 22.1]


def test_what_is_left_of_an_order_with_market_on_close_persistence_goes_to_the_starting_price() -> None:
    to_close = {"persistence": "MARKET_ON_CLOSE"}
    orders = [
        place(1, 10, "BACK", 2.0, 110, **to_close),
        place(2, 20, "LAY", 1.98, 20, **to_close),
        place(3, 30, "LAY", 1.97, 5, **to_close),
    ]
    result = put(closing_market(2.96), *orders)
    expected = [(1, 2.0, 99.69, "aggressive"), (1, 2.96, 10.31, "at_close"), (2, 2.96, 10.0, "at_close")]
    assert fills(result) == expected  # £19.60 of liability at 2.96; £4.85 is under the £10 a LAY needs
    assert result.orders["lapsed_pounds"].tolist() == [0.0, 0.0, 5.0]


def test_orders_for_the_starting_price_are_refused_where_there_is_none_or_it_is_too_late() -> None:
    close = {"order_type": "MARKET_ON_CLOSE"}
    assert reasons(put(quiet_market().at(9000).tape(), place(1, 10, "BACK", 2.0, 5, **close))) == [
        "not_open_for_starting_price"
    ]
    late = put(closing_market(3.0), place(1, 62_000, "BACK", 2.0, 5, persistence="MARKET_ON_CLOSE"))
    assert reasons(late) == ["not_open_for_starting_price"]
    small = put(closing_market(3.0), place(1, 10, "LAY", 2.0, 9.99, **close), place(2, 10, "BACK", 2.0, 0.99, **close))
    assert reasons(small) == ["minimum_stake", "minimum_stake"]


def test_an_on_close_order_cannot_be_cancelled_and_lapses_where_no_starting_price_comes() -> None:
    tape = quiet_market(bsp_market=True).at(60_000).row(d.IN_PLAY, size=1).at(90_000).tape()
    result = put(tape, place(1, 10, "BACK", 2.0, 5, order_type="MARKET_ON_CLOSE"), cancel(1, 50))
    assert reasons(result) == ["bet_action_error"]
    assert result.orders["lapsed_pounds"].tolist() == [5.0]


def test_the_liability_of_an_on_close_lay_counts_against_the_funds() -> None:
    close = {"order_type": "MARKET_ON_CLOSE"}
    costs = {"costs": {"funds_pounds": 100}}
    result = put(
        closing_market(3.0), place(1, 10, "LAY", 2.0, 60, **close), place(2, 20, "LAY", 2.0, 60, **close), **costs
    )
    assert reasons(result) == ["insufficient_funds"]


def test_log_normal_delays_depend_on_seed_and_request_alone_and_scatter_around_their_median() -> None:
    tape = quiet_market().at(900_000).tape()
    delays = {"delays": {"place_ms": {"median_ms": 1000, "sigma": 0.5}, "cancel_ms": 0}}
    requests = [place(i, 10 + 1000 * i, "BACK", 1.99, 0.01) for i in range(400)]
    free = {"costs": {"minimum_stake": False}}
    result = put(tape, *requests, **delays, **free)
    sent = START_MS + 10 + 1000 * result.fills["order_id"].to_numpy()
    logs = np.log((result.fills["time_ms"].to_numpy() - sent) / 1000)
    assert abs(np.median(logs)) < 0.1
    assert 0.45 < logs.std() < 0.55
    first = put(tape, *requests[:10], **delays, **free).fills
    assert (
        dict(zip(first["order_id"], first["time_ms"], strict=True)).items()
        <= dict(zip(result.fills["order_id"], result.fills["time_ms"], strict=True)).items()
    )
    other = put(tape, *requests, seed=1, **delays, **free).fills
    assert set(other["time_ms"]) != set(result.fills["time_ms"])


def sampled(tape: TapeBuilder, after_ms: int = 10) -> NDArray[np.float64]:
    """Pounds that a BACK of £20 at 2.0 gets in each of 400 markets that differ in their seed."""
    rows, queue = place(1, after_ms, "BACK", 2.0, 20), {"kind": "sampled"}
    results = [put(tape.tape(), rows, queue=queue, seed=seed) for seed in range(400)]
    return np.array([float(result.orders["matched_pounds"][0]) for result in results])


def queue_of_thirty_and_ten(cancelled: float) -> TapeBuilder:
    """£30 ahead, £10 behind; a trade of £30 after the cancel: what we get is what was cancelled ahead of us."""
    tape = TapeBuilder().at(0).open().place(d.ATB, 1.9, 30).place(d.ATL, 2.0, 30).at(500).place(d.ATL, 2.0, 10)
    return tape.at(800).cancel(d.ATL, 2.0, cancelled).at(1000).trade(d.ATL, 2.0, 30).at(9000)


def test_a_sampled_cancel_stands_in_one_piece_wherever_it_fits_with_equal_chances() -> None:
    """800 pence fit in at 3,201 places: whole ahead of us at 2,201 of them, whole behind at 201, across our place else."""
    got = sampled(queue_of_thirty_and_ten(8))
    assert abs(np.mean(got == 8.0) - 2201 / 3201) < 0.07
    assert abs(np.mean(got == 0.0) - 201 / 3201) < 0.04
    across = got[(got > 0.0) & (got < 8.0)]
    assert len(set(across)) > 50
    assert abs(across.mean() - 4.0) < 0.7
    assert abs(got.mean() - 8 * (30 - 3.995) / 32.01) < 0.4


def test_a_sampled_cancel_much_smaller_than_the_queue_is_ahead_of_us_as_often_as_the_queue_says() -> None:
    got = sampled(queue_of_thirty_and_ten(0.01))
    assert set(got) == {0.0, 0.01}
    assert abs(np.mean(got == 0.01) - 0.75) < 0.07


def test_a_sampled_cancel_never_lets_a_later_order_overtake_an_earlier_one() -> None:
    """£10 or £12 of £12 ahead, £8 of them go: if all went from the later order alone, it would have less ahead."""
    tape = TapeBuilder().at(0).open().place(d.ATB, 1.9, 30).place(d.ATL, 2.0, 10).at(500).place(d.ATL, 2.0, 2)
    tape.at(800).cancel(d.ATL, 2.0, 8).at(900).place(d.ATL, 2.0, 20).at(1000).trade(d.ATL, 2.0, 12).at(9000)
    earlier, later = sampled(tape, 10), sampled(tape, 600)
    assert set(later) == {8.0}
    assert (earlier >= later).all()
    assert (earlier > later).any()


def test_our_flow_moves_the_others_and_they_come_back() -> None:
    """£500 at 2.0 is £1,000 of payout: two ticks at severity 2; the record's 1.98 is what we meet there at first."""
    tape = TapeBuilder().at(0).open().place(d.ATB, 2.0, 500).place(d.ATB, 1.99, 500).place(d.ATL, 2.02, 500)
    tape = tape.at(5_000).at(700_000)
    reaction = {"reaction": {"severity": 2.0, "half_life_ms": 60_000}}
    requests = [place(1, 10, "BACK", 1.5, 500), place(2, 20, "LAY", 2.02, 10), place(3, 600_000, "LAY", 2.02, 10)]
    result = fills(put(tape.tape(), *requests, **reaction))
    mine = [fill for fill in result if fill[0] == 1]
    assert mine == [(1, 2.0, 250.0, "aggressive"), (1, 1.99, 250.0, "aggressive")]
    assert [fill[:2] for fill in result if fill[0] > 1] == [(2, 2.0), (3, 2.02)]
    still = [fill for fill in fills(put(tape.tape(), *requests)) if fill[0] == 1]
    assert still == [(1, 2.0, 500.0, "aggressive")]


def test_the_others_who_come_back_through_a_resting_order_of_ours_meet_it() -> None:
    """£480 of stake moves them two ticks down; our BACK at 1.99 is ahead of their return to 2.0."""
    tape = TapeBuilder().at(0).open().place(d.ATB, 2.0, 500).place(d.ATB, 1.99, 500).place(d.ATL, 2.02, 500)
    tape = tape.at(5_000).at(700_000).tape()
    requests = [place(1, 10, "BACK", 1.5, 480), place(2, 200, "BACK", 1.99, 5)]
    result = put(tape, *requests, reaction={"severity": 2.5, "half_life_ms": 10_000})
    assert [fill for fill in fills(result) if fill[0] == 2] == [(2, 1.99, 5.0, "passive")]
    assert result.fills["time_ms"].tolist()[-1] == START_MS + 5_000
    still = [fill for fill in fills(put(tape, *requests)) if fill[0] == 2]
    assert still == [(2, 2.0, 5.0, "aggressive")]


def test_a_closing_stake_under_the_minimum_goes_the_long_way_when_asked_and_stays_otherwise() -> None:
    """60p of the entry match; at the exit £1 stands at 1.01, is cut to the 59p that close £1.21, and moves to the touch."""
    tape = TapeBuilder(begin_ms=START_MS).at(0).open(off_after_ms=100_000).place(d.ATB, 2.0, 50).place(d.ATL, 2.02, 50)
    tape.at(30_000).trade(d.ATL, 2.02, 50.60).at(30_001).place(d.ATL, 2.02, 50).at(200_000)
    tape.status(d.CLOSED).result(d.WINNER, d.LOSER)
    parameters = {"pick_s": 95, "entry_start_s": 90, "entry_end_s": 60, "exit_s": 40, "stake_pounds": 5}
    assumed = {"settlement": "result", "costs": {"commission": False}}
    leaves = simcore.replay(tape.tape(), "daf", parameters, assumed, record=True)
    goes = simcore.replay(tape.tape(), "daf", parameters, assumed | {"below_minimum": "place_cut_replace"}, record=True)
    assert leaves.residual_pence == 121
    assert leaves.fills is not None
    assert goes.fills is not None
    assert leaves.fills["side"].tolist() == ["BACK"]
    assert goes.fills["side"].tolist() == ["BACK", "LAY"]
    assert goes.fills["odds"].tolist() == [2.02, 2.02]
    assert goes.fills["size_pounds"].tolist() == [0.6, 0.59]
    assert (goes.places - leaves.places, goes.cancels - leaves.cancels, goes.replaces) == (1, 1, 1)
    assert goes.residual_pence < 3


def test_what_makes_no_sense_is_named() -> None:
    tape = quiet_market().at(9000).tape()
    with pytest.raises(ModelError, match="`time_in_force` FILL_OR_KILL is for LIMIT orders only"):
        put(tape, place(1, 10, "BACK", 2.0, 5, order_type="MARKET_ON_CLOSE", **KILL))
    with pytest.raises(ModelError, match="which no row places"):
        put(tape, place(1, 10, "BACK", 2.0, 5), replace(7, 8, 20, 2.0))
    with pytest.raises(ModelError, match="`order_type` must be LIMIT or LIMIT_ON_CLOSE or MARKET_ON_CLOSE"):
        put(tape, place(1, 10, "BACK", 2.0, 5, order_type="STOP"))
