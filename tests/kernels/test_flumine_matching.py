"""The matching of the preset `flumine`: answers read off its formula, on markets told message by message."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

import simcore
from simcore import dtypes as d
from simcore.kernels.flumine import nearest_penny
from simcore.models.simulation import resolve_simulation
from simcore.orders import OrdersResult
from simcore.tapes.tape import Tape
from simcore.units import tick_of
from tests.kernels.tapes import START_MS, TapeBuilder
from tests.kernels.test_known_cases import cancel, place, quiet_market

pytestmark = pytest.mark.lane


def put(tape: Tape, *requests: dict[str, Any]) -> OrdersResult:
    return simcore.replay_orders(tape, pd.DataFrame(list(requests)), "flumine")


def fills(result: OrdersResult) -> list[tuple[int, int, float, float]]:
    table = result.fills
    after_ms = table["time_ms"] - START_MS
    return list(zip(table["order_id"], after_ms, table["odds"], table["size_pounds"].round(2), strict=True))


def test_cancels_ahead_never_shorten_the_queue() -> None:
    tape = quiet_market().at(1000).cancel(d.ATL, 2.02, 45).at(2000).trade(d.ATL, 2.02, 5).place(d.ATL, 2.02, 45)
    tape.at(3000).trade(d.ATL, 2.02, 45).at(4000).place(d.ATL, 2.02, 9).trade(d.ATL, 2.02, 9)
    assert fills(put(tape.tape(), place(1, 0, "BACK", 2.02, 10))) == [(1, 4000, 2.02, 9.0)]


def test_a_trade_through_the_price_shortens_the_queue_at_it() -> None:
    tape = quiet_market().place(d.ATL, 2.04, 80).at(1000).trade(d.ATL, 2.04, 53).tape()
    assert fills(put(tape, place(1, 0, "BACK", 2.02, 10))) == [(1, 1000, 2.02, 3.0)]


def test_whichever_side_was_hit_a_trade_at_the_price_counts() -> None:
    tape = quiet_market().at(1000).trade(d.ATB, 2.02, 20).unattributed(2.02, 33).tape()
    assert fills(put(tape, place(1, 0, "BACK", 2.02, 10))) == [(1, 1000, 2.02, 3.0)]


def test_the_second_order_at_a_price_waits_until_the_first_is_full_and_then_through_its_own_queue() -> None:
    tape = quiet_market().at(1000).trade(d.ATL, 2.02, 57).place(d.ATL, 2.02, 7).at(2000).trade(d.ATL, 2.02, 48)
    tape.place(d.ATL, 2.02, 50).at(3000).trade(d.ATL, 2.02, 4)
    result = put(tape.tape(), place(1, 0, "BACK", 2.02, 5), place(2, 10, "BACK", 2.02, 5))
    assert fills(result) == [(1, 1000, 2.02, 5.0), (2, 3000, 2.02, 4.0)]


def test_the_same_money_can_be_taken_again_at_once() -> None:
    result = put(quiet_market().at(5000).tape(), place(1, 0, "LAY", 2.02, 50), place(2, 1, "LAY", 2.02, 50))
    assert fills(result) == [(1, 120, 2.02, 50.0), (2, 121, 2.02, 50.0)]


def test_what_an_order_cannot_take_stands_at_the_front_of_its_price() -> None:
    tape = quiet_market().at(1000).place(d.ATB, 2.02, 30).at(2000).trade(d.ATB, 2.02, 6).tape()
    assert fills(put(tape, place(1, 0, "LAY", 2.02, 60))) == [(1, 120, 2.02, 50.0), (1, 2000, 2.02, 6.0)]


def test_own_orders_on_both_sides_do_not_see_each_other() -> None:
    result = put(quiet_market().at(5000).tape(), place(1, 0, "BACK", 2.02, 5), place(2, 1, "LAY", 2.02, 5))
    assert fills(result) == [(2, 121, 2.02, 5.0)]
    assert result.refusals.empty


def test_volume_that_is_no_trade_fills_nobody() -> None:
    tape = quiet_market().at(1000)
    for kind in (d.REPRICED, d.RECONCILED, d.HISTORY):
        tape.row(kind, runner=0, tick=tick_of(2.02), size=90_000)
    assert fills(put(tape.tape(), place(1, 0, "BACK", 2.02, 10))) == []


def test_requests_take_that_frameworks_time() -> None:
    tape = quiet_market().at(169).trade(d.ATL, 2.02, 51).at(170).trade(d.ATL, 2.02, 2).at(171).trade(d.ATL, 2.02, 3)
    result = put(tape.tape(), place(1, -120, "BACK", 2.02, 10), cancel(1, 0))
    assert fills(result) == [(1, 169, 2.02, 1.0), (1, 170, 2.02, 2.0)]


def test_a_bot_under_the_preset_looks_at_each_message_and_is_filled_by_that_rule() -> None:
    tape = TapeBuilder().at(0).open().place(d.ATB, 2.0, 50).place(d.ATL, 2.04, 50).place(d.ATB, 3.0, 9, 1)
    tape.place(d.ATL, 3.1, 9, 1)
    for second in range(1, 580):
        tape.at(second * 1000).trade(d.ATB, 2.0, 50).place(d.ATB, 2.0, 50)
    result = simcore.replay(tape.tape(), "caf", {}, "flumine", record=True)
    assert result.passive > 0
    assert result.polls == 579  # one a message
    assert resolve_simulation("flumine").poll_ms == 0


@settings(max_examples=500, deadline=None)
@given(halfpence=some.integers(0, 2 * 10**9), off=some.sampled_from([0.0, 1e-15, -1e-15, 1e-12, -3e-14, 0.0031]))
@example(halfpence=25, off=0.0)
@example(halfpence=1, off=-1e-18)
def test_the_nearest_penny_is_the_one_of_pythons_own_rounding(halfpence: int, off: float) -> None:
    pounds = max(0.0, halfpence / 200 + off)
    assert nearest_penny(pounds) == round(round(pounds, 2) * 100)
