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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore.models.charges_by_date import EXPERT_FEE, TRANSACTION_CHARGE, ExpertFee
from simcore.models.costs import Costs
from simcore.models.rules_by_date import day_of

HOUR_MS = 3_600_000
_DAY_MS = 24 * HOUR_MS
_EPOCH: Final = date(1970, 1, 1)
_FREE_AT_ANY_DATE: Final = min(rule.free_per_hour for _, rule in TRANSACTION_CHARGE.rows)


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


class Activities(NamedTuple):
    """What many markets did to the account, column by column, in any order.

    settled_ms, gross_pence, commission_pence : (n,) int64;  entry_matched : (n,) bool
    transaction_hours, transaction_counts     : (h,) int64, of all markets one after the other
    """

    settled_ms: NDArray[np.int64]
    gross_pence: NDArray[np.int64]
    commission_pence: NDArray[np.int64]
    entry_matched: NDArray[np.bool_]
    transaction_hours: NDArray[np.int64]
    transaction_counts: NDArray[np.int64]


class Booked(NamedTuple):
    """What some markets came to together, pence; `losses` are those of the losing ones, ≥ 0."""

    markets: int
    gross: int
    commission: int
    losses: int


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


def portfolio(markets: Activities | Iterable[Activity], costs: Costs) -> Portfolio:
    """The account's charges over these markets, in any order; what `costs` switches off is not charged."""
    given = _columns(markets)
    return Portfolio(
        gross_pence=int(given.gross_pence.sum()),
        commission_pence=int(given.commission_pence.sum()),
        charge_millipence=_charge_of_many(given) if costs.transaction_charge else 0,
        expert_fee_millipence=sum(fee for _, fee in expert_fees(given)) if costs.expert_fee else 0,
    )


def transaction_charge(markets: Iterable[Activity]) -> int:
    """Transaction charge of all days, millipence: what goes beyond each clock hour's free ones, less the day's offset.

    For a market or two, as each replay asks; `portfolio` counts many by columns.
    """
    counts: Counter[int] = Counter()
    settled: dict[date, list[Activity]] = defaultdict(list)
    for market in markets:
        settled[day_of(market.settled_ms)].append(market)
        for hour, count in zip(market.transaction_hours, market.transaction_counts, strict=True):
            counts[hour] += count
    return _charge(counts, {day: _booked(given) for day, given in settled.items()})


def expert_fees(markets: Activities | Iterable[Activity]) -> list[tuple[date, int]]:
    """(Monday, Expert Fee in millipence) of each week with anything matched, in order; 0 where none is due."""
    gross: list[int] = []
    fees: list[tuple[date, int]] = []
    traded, carried, rate_before = 0, 0, 0
    for monday, week in _weeks(_columns(markets)).items():
        traded += week.markets
        gross.append(week.gross)
        rule = EXPERT_FEE.on(monday + timedelta(days=6))
        rate = 0 if rule is None else _rate(rule, gross, traded)
        carried = carried if rate == rate_before else 0
        generated = 0 if rule is None else rule.generated.millipence(week.commission, week.losses)
        due = rate * week.gross * 10 - generated - carried
        fees.append((monday, max(0, due) if rate else 0))
        carried, rate_before = (max(0, -due) if rate else 0), rate
    return fees


def _rate(rule: ExpertFee, gross: Sequence[int], traded: int) -> int:
    """Rate of the last of these active weeks, percent; none before enough markets, or while the account is not in profit."""
    if traded <= rule.more_markets_than or sum(gross) <= 0:
        return 0
    return rule.rate_percent(sum(gross[-rule.weeks :]))


def _charge(counts: Mapping[int, int], booked: Mapping[date, Booked]) -> int:
    """Transaction charge, millipence, of so many transactions an hour and what was booked on each day."""
    by_day: Counter[date] = Counter()
    for hour, count in counts.items():
        day = day_of(hour * HOUR_MS)
        rule = TRANSACTION_CHARGE.on(day)
        by_day[day] += max(0, count - rule.free_per_hour) * rule.millipence
    charged = 0
    for day, charge in by_day.items():
        of_day = booked.get(day, Booked(0, 0, 0, 0))
        offset = TRANSACTION_CHARGE.on(day).generated.millipence(of_day.commission, of_day.losses)
        charged += max(0, charge - offset)
    return charged


def _charge_of_many(given: Activities) -> int:
    hours, place = np.unique(given.transaction_hours, return_inverse=True)
    counts = _sums(given.transaction_counts, place, len(hours))
    busy = counts > _FREE_AT_ANY_DATE  # no other hour costs anything, whatever its date
    if not busy.any():
        return 0
    booked = _booked_by(given.settled_ms // _DAY_MS, given.gross_pence, given.commission_pence)
    return _charge(dict(zip(hours[busy].tolist(), counts[busy].tolist(), strict=True)), booked)


def _weeks(given: Activities) -> dict[date, Booked]:
    """By Monday, in order: what was booked in each week with anything matched, by the markets in which something was."""
    active = given.entry_matched
    days = given.settled_ms[active] // _DAY_MS
    monday = days - (days + 3) % 7  # 1970 began on a Thursday
    return _booked_by(monday, given.gross_pence[active], given.commission_pence[active])


def _booked_by(days: NDArray[np.int64], gross: NDArray[np.int64], commission: NDArray[np.int64]) -> dict[date, Booked]:
    """What was booked under each of these days (since 1970; one a market), in order."""
    found, place = np.unique(days, return_inverse=True)
    columns = (np.ones_like(days), gross, commission, np.maximum(-gross, 0))
    sums = np.array([_sums(column, place, len(found)) for column in columns])
    dates = (_EPOCH + timedelta(days=day) for day in found.tolist())
    return {day: Booked(*of_day) for day, of_day in zip(dates, sums.T.tolist(), strict=True)}


def _sums(values: NDArray[np.int64], place: NDArray[np.intp], n: int) -> NDArray[np.int64]:
    """Whole-number sums of the values at each of n places."""
    sums = np.zeros(n, np.int64)
    np.add.at(sums, place, values)
    return sums


def _columns(markets: Activities | Iterable[Activity]) -> Activities:
    if isinstance(markets, Activities):
        return markets
    given = list(markets)
    settled, gross, commission = (
        np.array([getattr(market, name) for market in given], np.int64)
        for name in ("settled_ms", "gross_pence", "commission_pence")
    )
    hours = np.array([hour for market in given for hour in market.transaction_hours], np.int64)
    counts = np.array([count for market in given for count in market.transaction_counts], np.int64)
    return Activities(settled, gross, commission, np.array([m.entry_matched for m in given], np.bool_), hours, counts)


def _booked(markets: Sequence[Activity]) -> Booked:
    gross = [market.gross_pence for market in markets]
    commission = sum(market.commission_pence for market in markets)
    return Booked(len(gross), sum(gross), commission, sum(max(0, -pence) for pence in gross))
