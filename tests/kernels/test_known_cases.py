"""Cases whose answer is known beforehand: the exchange's published rules, and arithmetic a trader can do on paper."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import simcore
from simcore import dtypes as d
from simcore.errors import ModelError, SimulationError
from simcore.orders import OrdersResult
from simcore.tapes.tape import Tape
from simcore.units import tick_of
from tests.kernels.tapes import START_MS, TapeBuilder

pytestmark = pytest.mark.lane

AT_ONCE = {"delays": {"place_ms": 0, "cancel_ms": 0}, "refill": {"kind": "never"}, "queue": {"kind": "none"}}


def place(order_id: int, after_ms: int, side: str, odds: float, pounds: float, **more: Any) -> dict[str, Any]:
    row = {"kind": "place", "order_id": order_id, "time_ms": START_MS + after_ms, "selection_id": 101}
    return row | {"side": side, "odds": odds, "size_pounds": pounds, "persistence": "LAPSE"} | more


def cancel(order_id: int, after_ms: int, pounds: float = float("nan")) -> dict[str, Any]:
    return {"kind": "cancel", "order_id": order_id, "time_ms": START_MS + after_ms, "size_pounds": pounds}


def put(tape: Tape, *requests: dict[str, Any], **simulation: Any) -> OrdersResult:
    return simcore.replay_orders(tape, pd.DataFrame(list(requests)), AT_ONCE | simulation)


def fills(result: OrdersResult) -> list[tuple[int, float, float, bool]]:
    table = result.fills
    return list(zip(table["order_id"], table["odds"], table["size_pounds"].round(2), table["passive"], strict=True))


def reasons(result: OrdersResult) -> list[str]:
    return list(result.refusals["reason"])


def quiet_market() -> TapeBuilder:
    """£50 to back at 2.0 and £50 to lay at 2.02."""
    return TapeBuilder().at(0).open().place(d.ATB, 2.0, 50).place(d.ATL, 2.02, 50)


def test_two_own_orders_at_one_price_share_a_queue_and_one_trade_fills_the_older_first() -> None:
    tape = quiet_market().at(1000).trade(d.ATL, 2.02, 57).tape()
    result = put(tape, place(1, 10, "BACK", 2.02, 5), place(2, 20, "BACK", 2.02, 5))
    assert fills(result) == [(1, 2.02, 5.0, True), (2, 2.02, 2.0, True)]


def test_there_is_no_fill_at_7_40_while_nobody_trades_at_or_through_it() -> None:
    tape = TapeBuilder().at(0).open().place(d.ATB, 7.2, 40).place(d.ATL, 7.4, 30)
    for second in range(1, 50):
        tape.at(second * 1000).trade(d.ATB, 7.2, 3).place(d.ATB, 7.2, 3)
    assert fills(put(tape.tape(), place(1, 10, "BACK", 7.4, 5))) == []


def test_trd_of_37_64_is_18_82_of_stake() -> None:
    tape = TapeBuilder().at(0).open().place(d.ATB, 2.0, 10).at(500).place(d.ATL, 2.02, 18.82)
    tape.at(1000).row(d.TRADE, d.ATL, 0, tick_of(2.02), 3764)
    assert fills(put(tape.tape(), place(1, 1, "BACK", 2.02, 50))) == [(1, 2.02, 18.82, True)]


def test_a_trade_through_our_price_fills_us_whatever_the_queue() -> None:
    tape = quiet_market().at(500).place(d.ATL, 2.04, 100).at(1000).trade(d.ATL, 2.04, 8).tape()
    assert fills(put(tape, place(1, 10, "BACK", 2.02, 5))) == [(1, 2.02, 5.0, True)]


def test_an_aggressive_order_takes_every_better_price_at_that_price_and_rests_the_remainder() -> None:
    tape = TapeBuilder().at(0).open().place(d.ATB, 2.02, 10).place(d.ATB, 2.0, 20).place(d.ATB, 1.99, 99)
    result = put(tape.at(9000).tape(), place(1, 10, "BACK", 2.0, 50))
    assert fills(result) == [(1, 2.02, 10.0, False), (1, 2.0, 20.0, False)]
    assert result.orders["matched_pounds"].tolist() == [30.0]


def test_money_taken_is_not_there_for_our_next_order() -> None:
    result = put(quiet_market().at(9000).tape(), place(1, 10, "BACK", 2.0, 50), place(2, 20, "BACK", 2.0, 50))
    assert fills(result) == [(1, 2.0, 50.0, False)]


def test_money_taken_comes_back_by_half_after_the_half_life() -> None:
    half = {"kind": "half_life", "ms": 1000}
    requests = (place(1, 10, "BACK", 2.0, 50), place(2, 1010, "BACK", 2.0, 50))
    result = put(quiet_market().at(9000).tape(), *requests, refill=half)
    assert fills(result) == [(1, 2.0, 50.0, False), (2, 2.0, 25.0, False)]


def test_instant_refill_comes_with_the_next_message_never_before_it() -> None:
    tape = quiet_market().at(500).place(d.ATB, 1.9, 2).at(9000).tape()
    kill = {"time_in_force": "FILL_OR_KILL"}
    requests = [place(i, when, "BACK", 2.0, 50, **kill) for i, when in ((1, 10), (2, 20), (3, 510))]
    result = put(tape, *requests, refill={"kind": "instant"})
    assert fills(result) == [(1, 2.0, 50.0, False), (3, 2.0, 50.0, False)]


def found(least_pence: int, pounds: float, after_ms: int) -> float:
    """Pounds there at 2.0 some time after we took all £`pounds` of it; half is back every second."""
    tape = TapeBuilder().at(0).open().place(d.ATB, 2.0, pounds).place(d.ATL, 2.02, 50).at(9000).tape()
    refill = {"kind": "half_life", "ms": 1000, "least_pence": least_pence}
    look = place(2, 10 + after_ms, "BACK", 2.0, 50, time_in_force="FILL_OR_KILL", min_fill_pounds=0.01)
    result = put(tape, place(1, 10, "BACK", 2.0, pounds), look, refill=refill, costs={"minimum_stake": False})
    return float(result.orders["matched_pounds"].iloc[1].round(2))


def test_a_level_that_we_emptied_shows_nothing_until_a_whole_bet_is_back() -> None:
    assert found(100, 50, after_ms=28) == 0.0  # 50 · (1 − 2^−0.028) = 0.96
    assert found(100, 50, after_ms=29) == 1.0
    assert found(100, 50, after_ms=1000) == 25.0


def test_a_small_level_that_we_emptied_shows_nothing_until_half_of_it_is_back() -> None:
    assert found(100, 0.8, after_ms=960) == 0.0  # 0.8 · (1 − 2^−0.96) = 0.389
    assert found(100, 0.8, after_ms=1000) == 0.4


def test_without_a_least_bet_the_first_penny_that_comes_back_is_shown() -> None:
    assert found(0, 50, after_ms=0) == 0.0
    assert found(0, 50, after_ms=1) == 0.04  # 50 · (1 − 2^−0.001) = 0.0347: what is missing is rounded toward nothing


def test_a_level_of_which_we_left_something_shows_every_penny_that_comes_back() -> None:
    tape = quiet_market().at(9000).tape()
    refill = {"kind": "half_life", "ms": 1000, "least_pence": 100_000}
    result = put(tape, place(1, 10, "BACK", 2.0, 49), place(2, 1010, "BACK", 2.0, 50), refill=refill)
    assert fills(result) == [(1, 2.0, 49.0, False), (2, 2.0, 25.5, False)]


def test_what_a_trade_leaves_of_a_level_that_we_took_a_part_of_is_still_there() -> None:
    tape = quiet_market().at(1010).trade(d.ATB, 2.0, 25).at(9000).tape()
    refill = {"kind": "half_life", "ms": 1000, "least_pence": 100_000}
    result = put(tape, place(1, 10, "BACK", 2.0, 30), place(2, 1010, "BACK", 2.0, 50), refill=refill)
    assert fills(result) == [(1, 2.0, 30.0, False), (2, 2.0, 10.0, False)]  # 50 − 30 / 2 − 25


@pytest.mark.parametrize(
    ("refill", "half_back"), [({"kind": "half_life", "ms": 1000}, 25.0), ({"kind": "instant"}, 50.0)]
)
def test_nobody_comes_back_through_a_resting_order_of_ours_and_does_from_the_moment_it_has_gone(
    refill: dict[str, Any], half_back: float
) -> None:
    tape = quiet_market()
    for second in range(1, 10):
        tape.at(1000 * second).row(d.LAST_TRADED, runner=0, tick=tick_of(2.0))
    taking, ours = place(1, 10, "BACK", 2.0, 60), cancel(1, 5010)  # £10 of it rest at 2.0
    look = {"time_in_force": "FILL_OR_KILL", "min_fill_pounds": 0.01}
    looks = [place(i, when, "BACK", 2.0, 50, **look) for i, when in ((2, 5000), (3, 5010), (4, 6010))]
    result = put(tape.tape(), taking, looks[0], ours, *looks[1:], refill=refill)
    assert fills(result) == [(1, 2.0, 50.0, False), (4, 2.0, half_back, False)]


def test_others_come_back_behind_a_resting_order_of_ours() -> None:
    tape = TapeBuilder().at(0).open().place(d.ATB, 2.0, 50).place(d.ATB, 1.99, 50).place(d.ATL, 2.06, 50).at(9000)
    taking, waiting = place(1, 10, "BACK", 1.99, 100), place(2, 20, "BACK", 2.0, 5)
    look = place(3, 1010, "BACK", 1.99, 100, time_in_force="FILL_OR_KILL", min_fill_pounds=0.01)
    result = put(tape.tape(), taking, waiting, look, refill={"kind": "half_life", "ms": 1000})
    assert fills(result) == [(1, 2.0, 50.0, False), (1, 1.99, 50.0, False), (3, 1.99, 25.0, False)]


def test_a_recorded_aggressor_that_finds_less_rests_what_it_lacks_on_the_other_side() -> None:
    tape = quiet_market().at(1000).trade(d.ATB, 2.0, 50).at(9000).tape()
    result = put(tape, place(1, 10, "BACK", 2.0, 40), place(2, 1010, "LAY", 2.0, 60))
    assert fills(result) == [(1, 2.0, 40.0, False), (2, 2.0, 40.0, False)]


def test_who_we_stood_before_is_still_waiting_after_we_were_filled_in_their_place() -> None:
    tape = (
        TapeBuilder().at(0).open().place(d.ATB, 1.9, 5).at(500).place(d.ATL, 2.02, 30).at(1000).trade(d.ATL, 2.02, 30)
    )
    result = put(tape.at(9000).tape(), place(1, 10, "BACK", 2.02, 10), place(2, 1010, "LAY", 2.02, 99))
    assert fills(result) == [(1, 2.02, 10.0, True), (2, 2.02, 10.0, False)]


def test_a_recorded_placement_that_would_cross_us_meets_us_first() -> None:
    tape = TapeBuilder().at(0).open().place(d.ATB, 2.0, 50).place(d.ATL, 2.1, 50).at(1000).place(d.ATB, 2.06, 9)
    result = put(tape.at(9000).tape(), place(1, 10, "BACK", 2.04, 4))
    assert fills(result) == [(1, 2.04, 4.0, True)]


def test_an_unattributed_trade_takes_from_the_front_once_and_never_trades_through_us() -> None:
    tape = quiet_market().at(1000).unattributed(2.02, 53).at(2000).unattributed(2.1, 100).at(9000).tape()
    order = place(1, 10, "BACK", 2.02, 9)
    assert fills(put(tape, order)) == [(1, 2.02, 3.0, True)]
    assert fills(put(tape, order, unattributed="none")) == []


@pytest.mark.parametrize(
    ("queue", "filled"),
    [
        ({"kind": "none"}, 0.0),
        ({"kind": "proportional"}, 5.0),  # 50 of 75 ahead, £30 of 75 leave: £20 of them ahead; £35 trade, £30 ahead
        ({"kind": "back_biased", "k": 1.0}, 0.0),  # £30 · (2/3)² = 13.33 ahead: £36.67 still stand before us
    ],
)
def test_a_cancel_moves_us_up_by_the_share_of_it_that_stood_ahead(queue: dict[str, Any], filled: float) -> None:
    tape = quiet_market().at(100).place(d.ATL, 2.02, 25).at(200).cancel(d.ATL, 2.02, 30).at(300).trade(d.ATL, 2.02, 35)
    result = put(tape.at(9000).tape(), place(1, 10, "BACK", 2.02, 9), queue=queue)
    assert result.orders["matched_pounds"].tolist() == [filled]


def test_the_queue_ahead_never_exceeds_what_the_others_still_display() -> None:
    tape = quiet_market().at(100).cancel(d.ATL, 2.02, 45).at(200).place(d.ATL, 2.02, 30).at(300).trade(d.ATL, 2.02, 7)
    assert fills(put(tape.at(9000).tape(), place(1, 10, "BACK", 2.02, 9))) == [(1, 2.02, 2.0, True)]


def test_cutting_an_order_keeps_its_place_and_a_cancel_that_comes_too_late_is_no_error() -> None:
    tape = quiet_market().at(1000).trade(d.ATL, 2.02, 56).at(9000).tape()
    result = put(tape, place(1, 10, "BACK", 2.02, 10), cancel(1, 100, 4.0), cancel(1, 2000))
    assert fills(result) == [(1, 2.02, 6.0, True)]
    assert reasons(result) == ["bet_taken_or_lapsed"]


def test_the_minimum_stake_is_that_of_the_markets_own_date() -> None:
    before = TapeBuilder(begin_ms=1_643_000_000_000).at(0).open().place(d.ATB, 2.0, 50).at(9000).tape()  # 2022-01-24
    after = quiet_market().at(9000).tape()
    requests = [place(1, 10, "BACK", 2.0, 1.0), place(2, 10, "BACK", 12.0, 0.9), place(3, 10, "BACK", 2.0, 0.99)]
    earlier = [row | {"time_ms": row["time_ms"] - START_MS + 1_643_000_000_000} for row in requests]
    assert put(before, *earlier).refusals["order_id"].tolist() == [1, 3]
    assert put(after, *requests).refusals["order_id"].tolist() == [3]
    assert reasons(put(after, requests[2])) == ["minimum_stake"]


def test_an_order_beyond_the_funds_is_refused_whole_by_the_worst_outcome() -> None:
    tape = quiet_market().at(9000).tape()
    poor = {"funds_pounds": 100.0}
    assert reasons(put(tape, place(1, 10, "LAY", 3.0, 51), costs=poor)) == ["insufficient_funds"]  # liability £102
    assert reasons(put(tape, place(1, 10, "BACK", 2.2, 99), place(2, 20, "BACK", 2.2, 2), costs=poor)) == [
        "insufficient_funds"
    ]
    hedged = put(tape, place(1, 10, "BACK", 2.0, 50), place(2, 20, "BACK", 2.0, 50), costs=poor)
    assert reasons(hedged) == []


def test_a_suspended_market_refuses_and_forgets_what_we_displaced() -> None:
    tape = quiet_market().at(1000).status(d.SUSPENDED).at(2000).status(d.OPEN).at(9000).tape()
    result = put(tape, *(place(i, when, "BACK", 2.0, 50) for i, when in ((1, 10), (2, 1500), (3, 2500))))
    assert reasons(result) == ["market_suspended"]
    assert fills(result) == [(1, 2.0, 50.0, False), (3, 2.0, 50.0, False)]


def test_at_the_turn_in_play_orders_lapse_unless_they_persist_and_the_bet_delay_is_served() -> None:
    tape = quiet_market().at(1000).row(d.IN_PLAY, size=1).row(d.BET_DELAY, size=5).at(2000).trade(d.ATL, 2.02, 80)
    tape.at(20_000)
    persisting = place(2, 20, "BACK", 2.02, 3, persistence="PERSIST")
    late = place(3, 3000, "BACK", 2.0, 4)
    result = put(tape.tape(), place(1, 10, "BACK", 2.02, 3), persisting, late)
    assert result.fills[["order_id", "time_ms"]].to_numpy().tolist() == [[2, START_MS + 2000], [3, START_MS + 8000]]
    assert result.orders["lapsed_pounds"].tolist() == [3.0, 0.0, 0.0]


def test_our_own_opposing_orders_never_match_each_other() -> None:
    result = put(quiet_market().at(9000).tape(), place(1, 10, "BACK", 2.02, 5), place(2, 20, "LAY", 2.04, 5))
    assert reasons(result) == ["own_cross"]


def test_odds_off_the_ladder_are_refused_and_nonsense_is_named_with_its_row() -> None:
    tape = quiet_market().at(9000).tape()
    assert reasons(put(tape, place(1, 10, "BACK", 2.015, 5))) == ["invalid_price"]
    with pytest.raises(ModelError, match="selection_id"):
        put(tape, place(1, 10, "BACK", 2.0, 5, selection_id=7))
    with pytest.raises(ModelError, match="BACK or LAY"):
        put(tape, place(1, 10, "back", 2.0, 5))
    with pytest.raises(ModelError, match="which no row places"):
        put(tape, place(1, 10, "BACK", 2.0, 5), cancel(9, 20))
    with pytest.raises(ModelError, match="at least a penny"):
        put(tape, place(1, 10, "BACK", 2.0, float("nan")))


def entered(odds: float, pounds: float, side: str, tail: TapeBuilder, **values: Any) -> simcore.MarketResult:
    """A drift trade that crosses in at `odds` for `pounds` and never leaves (the exit time is after the off)."""
    direction = {"BACK": "long", "LAY": "short"}[side]
    parameters = {"pick_s": 60, "entry_start_s": 50, "entry_end_s": 20, "exit_s": -600, "entry": "cross"}
    parameters |= {"direction": direction, "stake_pounds": pounds, "max_spread_ticks": 349}
    return simcore.replay(tail.tape(), "daf", parameters, {"refill": {"kind": "never"}} | values, record=True)


def race(odds: float, runners: int = 2, **info: Any) -> TapeBuilder:
    """A market with one runner at exactly `odds` on both sides (its favourite), an off 100 s away and £1,000 on each side."""
    tape = TapeBuilder(runners, **info).at(0).open(100_000).place(d.ATB, odds, 1000).place(d.ATL, odds + 0.2, 1000)
    for runner in range(1, runners):
        tape.place(d.ATB, 900.0, 2, runner)
    for second in range(1, 95):
        tape.at(second * 1000)
    return tape


def finish(tape: TapeBuilder, *outcomes: int) -> TapeBuilder:
    return tape.at(100_000).status(d.SUSPENDED).at(101_000).status(d.CLOSED).result(*outcomes)


def test_odds_8_with_a_25_percent_reduction_settle_at_6() -> None:
    tape = race(8.0).at(95_000).row(d.REMOVED, runner=1, size=2500)
    result = entered(8.0, 100, "BACK", finish(tape, d.WINNER, d.LOSER))
    assert result.gross_pence == 50_000
    assert result.commission_pence == 2_500


def test_successive_reductions_multiply_and_small_ones_do_not_count() -> None:
    tape = race(8.0, 4).at(95_000).row(d.REMOVED, runner=1, size=2500)
    tape.at(95_500).row(d.REMOVED, runner=2, size=1000).at(96_000).row(d.REMOVED, runner=3, size=249)
    result = entered(8.0, 100, "BACK", finish(tape, d.WINNER, d.LOSER, d.LOSER, d.LOSER))
    assert result.gross_pence == round(100 * 100 * (8.0 * 0.75 * 0.9 - 1))


def test_a_corrected_factor_replaces_the_first_one_and_spares_bets_matched_after_the_withdrawal() -> None:
    tape = race(8.0, 3).at(95_000).row(d.REMOVED, runner=1, size=1000).at(96_000).row(d.REMOVED, runner=1, size=2500)
    assert entered(8.0, 100, "BACK", finish(tape, d.WINNER, d.LOSER, d.LOSER)).gross_pence == 50_000
    early = TapeBuilder(3).at(0).open(100_000).row(d.REMOVED, runner=1, size=2500)
    early.place(d.ATB, 8.0, 1000).place(d.ATL, 8.2, 1000)
    for second in range(1, 95):
        early.at(second * 1000)
    assert entered(8.0, 100, "BACK", finish(early, d.WINNER, d.LOSER, d.LOSER)).gross_pence == 70_000


def test_a_back_in_a_two_way_dead_heat_wins_half_at_full_odds_and_loses_half() -> None:
    result = entered(4.0, 300, "BACK", finish(race(4.0), d.WINNER, d.WINNER))
    assert result.gross_pence == (150 * 3 - 150) * 100


def test_bets_on_a_removed_runner_are_void() -> None:
    tape = race(4.0).at(95_000).row(d.REMOVED, runner=0, size=2500)
    result = entered(4.0, 300, "BACK", finish(tape, d.LOSER, d.WINNER))
    assert (result.settled_by, result.gross_pence, result.turnover_pence) == ("void", 0, 30_000)


def test_a_losing_market_pays_no_commission_and_a_winning_one_its_own_rate_less_the_discount() -> None:
    lost = entered(4.0, 100, "BACK", finish(race(4.0), d.LOSER, d.WINNER))
    assert (lost.pnl_pence, lost.commission_pence) == (-10_000, 0)
    tape = finish(race(4.0, market_base_rate_percent=8.0), d.WINNER, d.LOSER)
    won = entered(4.0, 100, "BACK", tape, costs={"discount": 0.25})
    assert (won.gross_pence, won.commission_pence) == (30_000, 1_800)


def test_without_a_result_the_market_is_marked_at_the_last_open_touch_and_says_so() -> None:
    tape = race(4.0).at(96_000).cancel(d.ATB, 4.0, 900).at(100_000).status(d.SUSPENDED)
    result = entered(4.0, 100, "BACK", tape)
    assert result.settled_by == "mark"
    assert result.gross_pence == round(
        -10_000 + 40_000 / 4.2
    )  # what we took is not back: only the lay side has a price
    assert result.residual_pence == 40_000


def test_a_tape_without_a_definition_cannot_be_replayed_and_the_sentence_says_why() -> None:
    tape = TapeBuilder(has_definition=False).at(0).open().tape()
    with pytest.raises(SimulationError, match="no market definition"):
        simcore.replay(tape, "daf")


def test_pounds_of_stake_are_never_sent_as_pence() -> None:
    result = entered(4.0, 3, "BACK", finish(race(4.0), d.LOSER, d.WINNER))
    assert result.turnover_pence == 300
    assert result.gross_pence == -300
