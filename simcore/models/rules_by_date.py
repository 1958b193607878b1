"""Rules of the exchange that changed over time, looked up by the market's own date.

Source: the exchange's published minimum bet sizes and charges; docs/simulator.md names each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class MinimumStake:
    """An order is valid from `stake_pence`, or below it if stake × odds reaches `payout_pence`."""

    stake_pence: int
    payout_pence: int


@dataclass(frozen=True)
class TransactionCharge:
    """Each transaction beyond `free_per_hour` in a clock hour costs `millipence`; `counts_cancels`: cancels count too."""

    free_per_hour: int
    millipence: int
    counts_cancels: bool


@dataclass(frozen=True)
class Dated(Generic[T]):
    """Rows (valid from, rule), oldest first."""

    rows: tuple[tuple[date, T], ...]

    def on(self, day: date) -> T:
        """The rule in force on `day`; before the first row, the first row."""
        rule = self.rows[0][1]
        for since, value in self.rows:
            if since <= day:
                rule = value
        return rule


MINIMUM_STAKE_GBP = Dated(
    (
        (date(2000, 6, 9), MinimumStake(stake_pence=200, payout_pence=1000)),
        (date(2022, 2, 7), MinimumStake(stake_pence=100, payout_pence=1000)),
    )
)
TRANSACTION_CHARGE = Dated(
    (
        (date(2000, 6, 9), TransactionCharge(free_per_hour=1000, millipence=1000, counts_cancels=True)),
        (date(2018, 1, 1), TransactionCharge(free_per_hour=1000, millipence=200, counts_cancels=False)),
        (date(2020, 9, 1), TransactionCharge(free_per_hour=5000, millipence=200, counts_cancels=False)),
    )
)


def day_of(published_ms: int) -> date:
    """UTC date of a publication time."""
    return datetime.fromtimestamp(published_ms / 1000, tz=UTC).date()
