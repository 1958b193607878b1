"""What the exchange charges the account that traded many markets: transaction charge by the hour, Expert Fee by the week.

h    : clock hour, UTC, hours since 1970;  n_h : transactions of all markets in it
d    : UTC day of an hour; a market's money is booked on the day (and in the week, from Monday) its recording ends
g, c : gross profit and commission of a market;  loss = −g where g < 0
G    : commission generated = half of (Σ c + 3 % Σ loss)                                    charges_by_date.Generated

charge = Σ_d max(0, Σ_h max(0, n_h − free) · price − G_d)
fee_w  = max(0, x_w),  x_w = rate_w · Σ g of week w − G_w − carried;  carried after w = max(0, −x_w), 0 where rate changes

Money inside is millipence (10⁻³ pence), exact. The rows of `charges_by_date` say where their rules are wrong. Here besides:
the account is taken to do nothing but these markets, and to have done nothing before them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from simcore.models.charges_by_date import EXPERT_FEE, TRANSACTION_CHARGE, ExpertFee, Generated
from simcore.models.costs import Costs
from simcore.models.rules_by_date import day_of

HOUR_MS = 3_600_000


class Activity(NamedTuple):
    """What one market did to the account, as `MarketResult` names it.

    transaction_hours    clock hours with transactions, ascending, UTC hours since 1970; transaction_counts: how many in each
    """

    settled_ms: int
    gross_pence: int
    commission_pence: int
    entry_matched: bool
    transaction_hours: Sequence[int]
    transaction_counts: Sequence[int]


@dataclass(frozen=True)
class Portfolio:
    """What many markets of one account came to: pence before the account's charges, and the charges in millipence."""

    gross_pence: int
    commission_pence: int
    charge_millipence: int
    expert_fee_millipence: int

    @property
    def charge_pounds(self) -> float:
        """The transaction charge of all days."""
        return self.charge_millipence / 100_000

    @property
    def expert_fee_pounds(self) -> float:
        """The Expert Fee of all weeks."""
        return self.expert_fee_millipence / 100_000

    @property
    def net_pounds(self) -> float:
        """Profit after commission, transaction charge and Expert Fee."""
        before = (self.gross_pence - self.commission_pence) * 1000
        return (before - self.charge_millipence - self.expert_fee_millipence) / 100_000


def portfolio(markets: Iterable[Activity], costs: Costs) -> Portfolio:
    """The account's charges over these markets, in any order; what `costs` switches off is not charged."""
    given = list(markets)
    return Portfolio(
        gross_pence=sum(market.gross_pence for market in given),
        commission_pence=sum(market.commission_pence for market in given),
        charge_millipence=transaction_charge(given) if costs.transaction_charge else 0,
        expert_fee_millipence=sum(fee for _, fee in expert_fees(given)) if costs.expert_fee else 0,
    )


def transaction_charge(markets: Iterable[Activity]) -> int:
    """Transaction charge of all days, millipence: what goes beyond each clock hour's free ones, less the day's offset."""
    counts: Counter[int] = Counter()
    settled: dict[date, list[Activity]] = defaultdict(list)
    for market in markets:
        settled[day_of(market.settled_ms)].append(market)
        for hour, count in zip(market.transaction_hours, market.transaction_counts, strict=True):
            counts[hour] += count
    by_day: Counter[date] = Counter()
    for hour, count in counts.items():
        day = day_of(hour * HOUR_MS)
        rule = TRANSACTION_CHARGE.on(day)
        by_day[day] += max(0, count - rule.free_per_hour) * rule.millipence
    offsets = {day: _generated(TRANSACTION_CHARGE.on(day).generated, settled[day]) for day in by_day}
    return sum(max(0, charge - offsets[day]) for day, charge in by_day.items())


def expert_fees(markets: Iterable[Activity]) -> list[tuple[date, int]]:
    """(Monday, Expert Fee in millipence) of each week with anything matched, in order; 0 where none is due."""
    weeks: dict[date, list[Activity]] = defaultdict(list)
    for market in markets:
        if market.entry_matched:
            day = day_of(market.settled_ms)
            weeks[day - timedelta(days=day.weekday())].append(market)
    gross: list[int] = []
    fees: list[tuple[date, int]] = []
    traded, carried, rate_before = 0, 0, 0
    for monday in sorted(weeks):
        week = weeks[monday]
        traded += len(week)
        gross.append(sum(market.gross_pence for market in week))
        rule = EXPERT_FEE.on(monday + timedelta(days=6))
        rate = 0 if rule is None else _rate(rule, gross, traded)
        carried = carried if rate == rate_before else 0
        due = 0 if rule is None else rate * gross[-1] * 10 - _generated(rule.generated, week) - carried
        fees.append((monday, max(0, due) if rate else 0))
        carried, rate_before = (max(0, -due) if rate else 0), rate
    return fees


def _rate(rule: ExpertFee, gross: Sequence[int], traded: int) -> int:
    """Rate of the last of these active weeks, percent; none before enough markets, or while the account is not in profit."""
    if traded <= rule.more_markets_than or sum(gross) <= 0:
        return 0
    return rule.rate_percent(sum(gross[-rule.weeks :]))


def _generated(rule: Generated, markets: Sequence[Activity]) -> int:
    commission = sum(market.commission_pence for market in markets)
    return rule.millipence(commission, sum(max(0, -market.gross_pence) for market in markets))
