"""What the exchange charges an account beyond commission, by date: the transaction charge and the Expert Fee.

Both are the account's, over all its markets: `simcore.portfolio` works them out. Commission is the market's own (its
base rate is in the recording). All amounts here are pounds' pence; see each table for where it is wrong.

Not modelled: the Premium Charge (22 September 2008 until the Expert Fee; over the account's lifetime from 12 October
2009, up to 60 % from 18 July 2011). It depends on the lifetime of an account, which no set of recordings tells. Data
request charges neither: they are for polling, not for bets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from simcore.models.rules_by_date import BEGINNING, Dated


@dataclass(frozen=True)
class Generated:
    """Commission generated: `share_percent` of (commission paid + `implied_percent` of the losses of losing markets)."""

    share_percent: int = 50
    implied_percent: int = 3

    def millipence(self, commission_pence: int, losses_pence: int) -> int:
        """Of so much commission and so many losses (both ≥ 0), millipence."""
        return self.share_percent * (1000 * commission_pence + 10 * self.implied_percent * losses_pence) // 100


@dataclass(frozen=True)
class TransactionCharge:
    """Each transaction beyond `free_per_hour` in a clock hour costs `millipence`; a day's sum is cut by what it `generated`.

    A transaction is a bet placed or a request that failed, cancels that came too late included; with `counts_cancels` those
    that did their work count too.
    """

    free_per_hour: int
    millipence: int
    counts_cancels: bool
    generated: Generated = Generated()


TRANSACTION_CHARGE: Final = Dated(
    (
        (BEGINNING, TransactionCharge(free_per_hour=1000, millipence=1000, counts_cancels=True)),
        (date(2018, 1, 1), TransactionCharge(free_per_hour=1000, millipence=200, counts_cancels=False)),
        (date(2020, 9, 1), TransactionCharge(free_per_hour=5000, millipence=200, counts_cancels=False)),
    )
)
"""Source: Betfair Charges, section "Transaction Charges" (0.2p, the clock hour, the day's offset; an archived edition
for 1,000 an hour); betfairlightweight's change of its limit for 1 September 2020; the first row is what project
Betfair's articles paid in 2017.
Wrong: the day between the first and the second row, which is not published (taken at the turn of the year), and before
2017; in currencies other than the pound, in which the charge is the like amount; hours and days are UTC, the exchange's
are London's.
"""


@dataclass(frozen=True)
class ExpertFee:
    """Weekly: rate × the week's gross profit, less the commission it `generated`, less the buffer carried from weeks before.

    weeks          active weeks (something was matched) whose gross profit decides the rate, the week itself included
    more_markets_than   the account must have bet in more markets than so many
    bands          (gross profit above which it holds, pence; rate, percent), ascending; below the first: no fee
    """

    weeks: int
    more_markets_than: int
    bands: tuple[tuple[int, int], ...]
    generated: Generated = Generated()

    def rate_percent(self, gross_pence: int) -> int:
        """Rate for so much gross profit over the last active weeks."""
        return next((rate for above, rate in reversed(self.bands) if gross_pence > above), 0)


EXPERT_FEE: Final[Dated[ExpertFee | None]] = Dated(
    (
        (BEGINNING, None),
        (
            date(2025, 1, 1),
            ExpertFee(weeks=52, more_markets_than=100, bands=((2_500_000, 20), (10_000_000, 40))),
        ),
    )
)
"""None: no such fee. Source: Betfair support, "Expert Fee FAQs", as told by Bet Angel ("Betfair Expert Fee", and its
forum's worked table of fee and buffer) and Caan Berry ("How Betfair Expert Fee works"); commission generated as in
Betfair Charges.
Wrong: what an account did before the first market given is unknown (no buffer, no weeks, no markets); the first week is
taken as that of 1 January 2025; weeks are UTC, from Monday; where the rate changes the buffer begins anew; thresholds
are pounds.
"""
