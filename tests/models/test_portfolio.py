"""The account's charges over many markets, against sums done on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as hs

import simcore
from simcore import dtypes as d
from simcore.models.costs import Costs
from simcore.portfolio import Activity, expert_fees, portfolio, transaction_charge
from simcore.results import REFUSALS
from sweeps.metrics import trial_metrics
from sweeps.objective import Objective
from sweeps.runners.base import MARKET_ROWS
from tests.kernels.tapes import TapeBuilder

TWO = datetime(2022, 6, 1, 14, tzinfo=UTC)
"""a Wednesday; two o'clock"""


def hour_of(moment: datetime) -> int:
    return int(moment.timestamp()) // 3600


def busy(
    counts: Sequence[int], at: datetime = TWO, gross_pounds: float = 0.0, commission_pounds: float = 0.0
) -> Activity:
    """A market that ends at `at`, with so many transactions in the hour of `at` and in those after it."""
    hours = [hour_of(at) + i for i in range(len(counts))]
    ended_ms = int(at.timestamp() * 1000)
    return Activity(ended_ms, round(gross_pounds * 100), round(commission_pounds * 100), True, hours, list(counts))


def charge_pounds(*markets: Activity) -> float:
    return portfolio(markets, Costs()).charge_pounds


def test_the_5001st_transaction_in_a_clock_hour_costs_a_fifth_of_a_penny() -> None:
    assert charge_pounds(busy([5000])) == 0.0
    assert charge_pounds(busy([5001])) == 0.002
    assert charge_pounds(busy([6000])) == 2.0


def test_an_hour_that_spans_two_markets_is_one_hour() -> None:
    assert charge_pounds(busy([3000]), busy([2001])) == 0.002
    assert charge_pounds(busy([3000]), busy([2001], TWO.replace(hour=15))) == 0.0


def test_each_hour_has_its_own_free_transactions() -> None:
    assert charge_pounds(busy([5000, 5000, 5000])) == 0.0
    assert charge_pounds(busy([5500, 5000, 4000])) == 1.0


def test_a_days_charge_is_cut_by_half_of_its_commission_and_implied_commission() -> None:
    """10,000 beyond cost £20; £5 of commission and 3 % of £100 lost are £8, half of it £4."""
    winner, loser = busy([15_000], gross_pounds=100, commission_pounds=5), busy([0], gross_pounds=-100)
    assert charge_pounds(winner, loser) == 16.0
    assert charge_pounds(winner) == 17.5
    assert charge_pounds(busy([15_000], gross_pounds=900, commission_pounds=45)) == 0.0


def test_the_offset_of_one_day_does_not_help_another() -> None:
    tomorrow = busy([10], TWO.replace(day=2), gross_pounds=2000, commission_pounds=100)
    assert charge_pounds(busy([15_000]), tomorrow) == 20.0
    assert charge_pounds(busy([15_000]), tomorrow._replace(settled_ms=int(TWO.timestamp() * 1000))) == 0.0


def test_the_hour_was_free_up_to_1000_before_september_2020_and_cost_a_penny_in_2017() -> None:
    assert charge_pounds(busy([1001], datetime(2017, 11, 4, 14, tzinfo=UTC))) == 0.01
    assert charge_pounds(busy([1001], datetime(2020, 8, 31, 14, tzinfo=UTC))) == 0.002
    assert charge_pounds(busy([1001], datetime(2020, 9, 1, 0, tzinfo=UTC))) == 0.0


@pytest.mark.parametrize(("year", "transactions"), [(2017, 2), (2022, 1)])
def test_in_2017_a_cancel_that_did_its_work_was_a_transaction_too(year: int, transactions: int) -> None:
    begin_ms = int(datetime(year, 6, 1, 14, 10, tzinfo=UTC).timestamp() * 1000)
    tape = TapeBuilder(2, begin_ms=begin_ms).at(0).open(100_000).place(d.ATB, 2.0, 50).place(d.ATL, 2.02, 50)
    for second in range(1, 100):
        tape.at(second * 1000)
    tape.at(100_000).status(d.SUSPENDED)
    parameters = {"pick_s": 60, "entry_start_s": 50, "entry_end_s": 20, "exit_s": 10, "stake_pounds": 5}
    result = simcore.replay(tape.tape(), "daf", parameters)
    assert (result.places, result.cancels) == (1, 1)
    assert result.transaction_hours == (begin_ms // 3_600_000,)
    assert result.transaction_counts == (transactions,)
    assert result.settled_ms == begin_ms + 100_000


@given(hs.lists(hs.tuples(hs.integers(0, 60), hs.integers(0, 4000), hs.integers(-90_000, 90_000)), max_size=30))
def test_the_charge_is_what_counting_hour_by_hour_says_in_any_order(drawn: list[tuple[int, int, int]]) -> None:
    markets = [
        busy([count], datetime(2022, 6, 1 + hour // 24, hour % 24, 30, tzinfo=UTC), pence / 100, max(0, pence) / 2000)
        for hour, count, pence in drawn
    ]
    expected = 0.0
    for day in range(3):
        counted = [sum(c for h, c, _ in drawn if h == hour) for hour in range(day * 24, day * 24 + 24)]
        commission = sum(m.commission_pence for m, (h, _, _) in zip(markets, drawn, strict=True) if h // 24 == day)
        lost = -sum(p for h, _, p in drawn if h // 24 == day and p < 0)
        expected += max(0.0, sum(max(0, c - 5000) * 0.2 for c in counted) - (commission + 0.03 * lost) / 2)
    assert transaction_charge(markets) / 1000 == pytest.approx(expected, abs=1e-6)
    assert portfolio(markets, Costs()).charge_millipence == transaction_charge(markets)
    assert transaction_charge(markets[::-1]) == transaction_charge(markets)


# --- the Expert Fee --------------------------------------------------------------------------------------------------


def week(monday: date, gross_pounds: float, commission_pounds: float = 0.0, others: int = 0) -> list[Activity]:
    """One market with that result on the week's Saturday, and `others` that came to nothing."""
    at = datetime(monday.year, monday.month, monday.day, 14, tzinfo=UTC)
    at = datetime.fromtimestamp(at.timestamp() + 5 * 86_400, tz=UTC)
    return [busy([1], at, gross_pounds, commission_pounds)] + [busy([1], at)] * others


def mondays(count: int, first: date = date(2025, 1, 6)) -> list[date]:
    return [date.fromordinal(first.toordinal() + 7 * i) for i in range(count)]


def fees(*weeks: list[Activity]) -> list[float]:
    return [millipence / 100_000 for _, millipence in expert_fees([market for each in weeks for market in each])]


def test_the_expert_fee_of_four_weeks_done_by_hand() -> None:
    a, b, c, e = mondays(4)
    weeks = [
        week(a, 30_000, 600, others=100),  # 20 % of 30,000 less half of 600
        week(b, -2_000),  # 20 % of −2,000 less half of 3 % of 2,000: 430 carried
        week(c, 10_000, 500),  # 20 % of 10,000 less 250 less 430
        week(e, 70_000, 3_500),  # 108,000 in all: 40 % of 70,000 less 1,750
    ]
    assert fees(*weeks) == [5_700.0, 0.0, 1_320.0, 26_250.0]
    assert portfolio([market for each in weeks for market in each], Costs()).expert_fee_pounds == 33_270.0


def test_at_25000_and_at_100000_exactly_the_lower_rate_still_holds() -> None:
    (monday,) = mondays(1)
    assert fees(week(monday, 25_000, others=100)) == [0.0]
    assert fees(week(monday, 25_000.01, others=100)) == [5_000.002]
    assert fees(week(monday, 100_000, others=100)) == [20_000.0]
    assert fees(week(monday, 100_000.01, others=100)) == [40_000.004]


def test_no_expert_fee_up_to_100_markets_or_before_2025() -> None:
    assert fees(week(mondays(1)[0], 30_000, others=99)) == [0.0]
    assert fees(week(date(2024, 12, 23), 30_000, others=100)) == [0.0]
    assert fees(week(date(2024, 12, 30), 30_000, others=100)) == [6_000.0]


def test_the_rate_looks_back_over_52_weeks_with_bets_and_skips_those_without() -> None:
    days = mondays(54)
    first, rest = week(days[0], 30_000, others=100), [week(monday, 100) for monday in days[1:]]
    paid = fees(first, *rest)
    assert paid[:52] == [6_000.0] + [20.0] * 51
    assert paid[52:] == [0.0, 0.0]
    idle = [[market._replace(entry_matched=False) for market in each] for each in rest[:20]]
    assert fees(first, *idle, *rest[20:]) == [6_000.0] + [20.0] * 33


def test_what_costs_switch_off_is_not_charged() -> None:
    markets = [*week(mondays(1)[0], 30_000, 600, others=100), busy([6000])]
    everything = portfolio(markets, Costs())
    assert everything.charge_pounds == 2.0
    assert everything.net_pounds == 30_000 - 600 - 2 - 5_700
    nothing = portfolio(markets, Costs(transaction_charge=False, expert_fee=False))
    assert nothing.net_pounds == 30_000 - 600


def test_a_trials_metrics_charge_all_its_markets_together() -> None:
    row = {field.name: [] if pa.types.is_list(field.type) else 0 for field in MARKET_ROWS}
    row |= {"settled_by": "result", "entry_matched": True, "settled_ms": int(TWO.timestamp() * 1000)}
    row |= {f"refused_{reason}": 0 for reason in REFUSALS} | {"transaction_hours": [hour_of(TWO)]}
    rows = [
        row | {"market_id": "1.1", "gross_pence": -1000, "pnl_pence": -1000, "transaction_counts": [9000]},
        row | {"market_id": "1.2", "gross_pence": 2000, "commission_pence": 100, "transaction_counts": [1000]},
    ]
    table = pa.Table.from_pylist(rows, schema=MARKET_ROWS)
    metrics = trial_metrics(table, ["2022-06-01"] * 2, Objective(), 0, Costs())
    assert metrics["portfolio_charge_pounds"] == pytest.approx(10.0 - (1.0 + 0.3) / 2)
    assert metrics["expert_fee_pounds"] == 0.0
    assert metrics["net_pnl_pounds"] == pytest.approx(20.0 - 10.0 - 1.0 - 9.35)
