"""The dated tables say what the exchange's published pages say, on the day itself and the day before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, get_args, get_type_hints

import numpy as np
import pandas as pd
import pytest
from betfairlightweight.metadata import currency_parameters

import simcore
from simcore import dtypes as d
from simcore.assumptions import settings_of
from simcore.bench import prepare
from simcore.kernels import state as st
from simcore.kernels.compiling import compile_kernel
from simcore.kernels.orders import bad_ratio
from simcore.models import charges_by_date as charges
from simcore.models import rules_by_date as rules
from simcore.models.costs import Costs
from simcore.models.rules_by_date import MINIMUM_STAKE, PROFIT_RATIO, REDUCTION, Dated
from simcore.models.simulation import resolve_simulation
from simcore.units import ODDS_HUNDREDTHS, tick_of
from tests.kernels.tapes import START_MS, TapeBuilder

TODAY = date(2026, 1, 1)
TABLES: dict[str, Dated[Any]] = {
    **{f"minimum stake in {currency}": table for currency, table in MINIMUM_STAKE.items()},
    "reduction": REDUCTION,
    "profit ratio": PROFIT_RATIO,
    "transaction charge": charges.TRANSACTION_CHARGE,
    "expert fee": charges.EXPERT_FEE,
}


@pytest.mark.parametrize("name", TABLES)
def test_each_row_holds_from_its_day_and_the_one_before_until_then(name: str) -> None:
    table = TABLES[name]
    days = [since for since, _ in table.rows]
    assert days == sorted(set(days))
    assert days[0] == rules.BEGINNING
    for (_, before), (since, rule) in zip(table.rows, table.rows[1:], strict=False):
        assert table.on(since) == rule
        assert table.on(since - timedelta(days=1)) == before
        assert before != rule


@pytest.mark.parametrize("currency", MINIMUM_STAKE)
def test_todays_minimum_is_the_one_betfairlightweight_carries(currency: str) -> None:
    ours, theirs = MINIMUM_STAKE[currency].on(TODAY), currency_parameters[currency]
    assert ours.stake_pence == theirs["min_bet_size"] * 100
    assert ours.payout_pence == theirs["min_bet_payout"] * 100
    assert ours.bsp_lay_pence == theirs["min_bsp_liability"] * 100


def test_every_currency_of_the_table_can_be_chosen_and_no_other() -> None:
    assert set(get_args(get_type_hints(Costs)["currency"])) == set(MINIMUM_STAKE)


def test_the_pounds_minimum_is_two_until_6_february_2022_and_one_from_then() -> None:
    pounds = MINIMUM_STAKE["GBP"]
    assert pounds.on(date(2022, 2, 6)).stake_pence == 200
    assert pounds.on(date(2022, 2, 7)).stake_pence == 100
    assert {rule.payout_pence for _, rule in pounds.rows} == {1000}
    assert {rule.bsp_lay_pence for _, rule in pounds.rows} == {1000}


def test_a_stake_under_the_minimum_of_the_accounts_currency_is_refused() -> None:
    tape = TapeBuilder().at(0).open().place(d.ATB, 2.0, 50).at(9000).tape()
    order = {"kind": "place", "order_id": 1, "time_ms": START_MS + 10, "selection_id": 101}
    requests = pd.DataFrame([order | {"side": "BACK", "odds": 2.0, "size_pounds": 4.0}])
    matched = simcore.replay_orders(tape, requests, {"costs": {"currency": "GBP"}})
    assert matched.fills["size_pounds"].tolist() == [4.0]
    refused = simcore.replay_orders(tape, requests, {"costs": {"currency": "AUD"}})
    assert refused.refusals["reason"].tolist() == ["minimum_stake"]


@pytest.mark.parametrize(
    ("stake_pence", "odds_hundredths", "refused"),
    [
        (13, 106, True),  # the support page's own: 0.78p becomes 1p, +28 %
        (2, 165, True),  # 1.3p of liability becomes 1p, −23 %
        (1, 170, True),  # 0.7p becomes 1p
        (2, 120, True),  # 0.4p becomes nothing
        (200, 106, False),
        (16, 106, False),  # 0.96p becomes 1p
        (100, 101, False),
    ],
)
def test_bets_that_rounding_makes_unfair_are_refused_since_june_2020(
    stake_pence: int, odds_hundredths: int, refused: bool
) -> None:
    rule = PROFIT_RATIO.on(date(2020, 6, 19))
    assert rule is not None
    assert rule.refuses(stake_pence, odds_hundredths) is refused
    assert PROFIT_RATIO.on(date(2020, 6, 18)) is None


def test_the_kernels_refuse_by_the_tables_profit_ratio() -> None:
    """Every stake up to 60p at every price up to 6.0."""
    rule, tape = PROFIT_RATIO.on(TODAY), TapeBuilder().at(0).open().tape()
    assert rule is not None
    settings, reals = settings_of(prepare(tape), resolve_simulation("default"), None)
    sim = st.new_sim(2, settings, reals, np.zeros((0, st.N_REQUEST), np.int64), 1)
    compile_kernel(bad_ratio)
    refused = 0
    for stake in range(1, 61):
        for tick in range(tick_of(6.0)):
            said = bool(bad_ratio(sim, stake, tick))
            assert said is rule.refuses(stake, int(ODDS_HUNDREDTHS[tick])), (stake, tick)
            refused += said
    assert refused > 100


@pytest.mark.parametrize(("market_type", "factor", "pence"), [("WIN", 249, 100), ("WIN", 250, 95), ("PLACE", 399, 100)])
def test_a_factor_counts_from_the_tables_threshold(market_type: str, factor: int, pence: int) -> None:
    assert back_of_a_pound_at_2(market_type, factor).gross_pence == pence


def test_the_reduced_odds_end_at_the_tables_floor() -> None:
    """A 90 % factor on 2.0 would leave 0.2: the bet settles at 1.01, a penny for a pound."""
    assert REDUCTION.on(TODAY).floor_odds_hundredths == 101
    assert back_of_a_pound_at_2("WIN", 9000).gross_pence == 1


def back_of_a_pound_at_2(market_type: str, factor: int) -> simcore.MarketResult:
    """£1 backed at 2.0 on the winner before another runner is withdrawn with `factor` hundredths of a percent."""
    tape = TapeBuilder(2, market_type=market_type).at(0).open(100_000).place(d.ATB, 2.0, 50).place(d.ATL, 2.02, 50)
    for second in range(1, 95):
        tape.at(second * 1000)
    tape.at(95_000).row(d.REMOVED, runner=1, size=factor)
    tape.at(100_000).status(d.SUSPENDED).at(101_000).status(d.CLOSED).result(d.WINNER, d.LOSER)
    parameters = {
        "pick_s": 60,
        "entry_start_s": 50,
        "entry_end_s": 20,
        "exit_s": -600,
        "entry": "cross",
        "stake_pounds": 1,
    }
    return simcore.replay(tape.tape(), "daf", parameters)
