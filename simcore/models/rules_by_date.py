"""Rules of the exchange that changed over time, looked up by the market's own date. Charges and fees:
`charges_by_date`.

Each table names where its rows come from and the cases where it is wrong. Before a table's first row its first row
holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Generic, TypeVar

T = TypeVar("T")

BEGINNING: Final = date(2000, 6, 9)
"""the exchange's first day; a row from then on holds for every market of before the next one"""


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


def day_of(published_ms: int) -> date:
    """UTC date of a publication time."""
    return datetime.fromtimestamp(published_ms / 1000, tz=UTC).date()


# --- minimum stake ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MinimumStake:
    """Smallest bets the exchange takes; hundredths of the account's currency (pence, cents, øre).

    stake_pence      a LIMIT order is valid from this stake; an on-close BACK needs it too
    payout_pence     below it a LIMIT order is valid if stake × odds reaches this; never an on-close order
    bsp_lay_pence    liability an on-close LAY needs
    """

    stake_pence: int
    payout_pence: int
    bsp_lay_pence: int


def _minimum(stake: int, payout: int) -> MinimumStake:
    return MinimumStake(stake * 100, payout * 100, payout * 100)


_FEBRUARY_2022: Final = date(2022, 2, 7)
_MARCH_2022: Final = date(2022, 3, 28)

MINIMUM_STAKE: Final[dict[str, Dated[MinimumStake]]] = {
    "GBP": Dated(((BEGINNING, _minimum(2, 10)), (_FEBRUARY_2022, _minimum(1, 10)))),
    "EUR": Dated(((BEGINNING, _minimum(2, 20)), (_FEBRUARY_2022, MinimumStake(100, 2000, 1000)))),
    "USD": Dated(((BEGINNING, _minimum(3, 20)), (_MARCH_2022, _minimum(1, 20)))),
    "AUD": Dated(((BEGINNING, _minimum(5, 30)),)),
    "BRL": Dated(((BEGINNING, _minimum(10, 50)), (_MARCH_2022, _minimum(5, 50)))),
    "DKK": Dated(((BEGINNING, _minimum(30, 150)), (_MARCH_2022, _minimum(15, 150)))),
    "HKD": Dated(((BEGINNING, _minimum(25, 125)), (_MARCH_2022, _minimum(10, 125)))),
    "RON": Dated(((BEGINNING, _minimum(10, 50)), (_MARCH_2022, _minimum(5, 50)))),
    "SEK": Dated(((BEGINNING, _minimum(30, 150)), (_MARCH_2022, _minimum(15, 150)))),
}
"""By ISO code of the account's currency.

Source: "Currency Parameters" of the Exchange API's page "Additional Information", in the versions betfairlightweight
carried before and after each change; the Developer Program's notices of 7 February 2022 (GBP) and 28 March 2022 (the
others; BACK bets at the starting price follow, the LAY liability does not); Exchange Rules, "Rules for Betfair Starting
Price".
Wrong: on the exchanges of Italy, Spain and Denmark, which have no payout rule; for years before the oldest of those
versions (2016), which may have had other minima; the day of the euro's change, which no notice we found names (taken
with the pound's, when its BSP liability fell).
"""


# --- withdrawn runners -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reduction:
    """From which reduction factor a withdrawal counts, hundredths of a percent, and what it leaves.

        A factor of at least `win_from` (`place_from` in a place market) cuts the odds of the bets matched before it and
    ends
        unmatched lays on the other runners. In a win market it cuts the whole odds, in a place market the winnings (odds −
    1); no
        odds end under `floor_odds_hundredths`.
    """

    win_from: int
    place_from: int
    floor_odds_hundredths: int

    def from_factor(self, *, place_market: bool) -> int:
        """Smallest factor that counts in such a market."""
        return self.place_from if place_market else self.win_from


REDUCTION: Final = Dated(((BEGINNING, Reduction(win_from=250, place_from=400, floor_odds_hundredths=101)),))
"""Source: Exchange Rules, "Betfair Non-Runner Rule" and "Keep bets"; Betfair support, "In a horse race, how will
non-runners be treated?" (8.6 with 16.2 % becomes 7.21).
Wrong: for unmatched lays that PERSIST, which the exchange keeps and offers at reduced odds (here they end like the
others); in place markets for factors below 4 %, where the Rules can be read as cutting matched bets at any factor; for
withdrawals in-play.
"""


# --- stakes too small to round ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProfitRatio:
    """A bet is refused where rounding its profit to the penny moves it by more than these, percent."""

    least_percent: int
    most_percent: int

    def refuses(self, stake_pence: int, odds_hundredths: int) -> bool:
        """Whether stake × (odds − 1), rounded to the nearest penny (a half up), is too far from what it ought to be."""
        ought = stake_pence * (odds_hundredths - 100)  # hundredths of a penny
        wins = (ought + 50) // 100 * 100
        change = (wins - ought) * 100
        return change < self.least_percent * ought or change > self.most_percent * ought


PROFIT_RATIO: Final[Dated[ProfitRatio | None]] = Dated(
    ((BEGINNING, None), (date(2020, 6, 19), ProfitRatio(least_percent=-20, most_percent=25)))
)
"""None: not refused yet. Source: Developer Program support, "Why am I receiving the INVALID_PROFIT_RATIO error" (13p at
1.06 ought to win 0.78p and wins 1p); the day it began: Bf Bot Manager's knowledge base, "minimum bet size".
Wrong: at exactly −20 % and +25 %, where the page can be read either way; how the exchange rounds half a penny is not
published.
"""
