"""What trading costs and what the account can bear.

funds_pounds         : money in the account; market exposure beyond it is refused (INSUFFICIENT_FUNDS)
commission           : charged on net winnings of the market at the market's own rate × (1 − discount), never negative
transaction_charge   : of the account over all its markets, by the dated table in `charges_by_date`
expert_fee           : of the account over its weeks, by the dated table in `charges_by_date`
minimum_stake        : by the dated table in `rules_by_date`; off = any size from a penny
currency             : of the account and of the recording's amounts; decides the minimum stake, converts nothing: a pound of
                       this page is then one unit of that currency. Official files are in GBP, self-recorded ones in the
                       account's currency
"""

from __future__ import annotations

from typing import Literal

from simcore.models.base import Model, Pounds, Probability


class Costs(Model, frozen=True):
    """Account and charges."""

    funds_pounds: Pounds = 10_000.0
    commission: bool = True
    discount: Probability = 0.0
    transaction_charge: bool = True
    expert_fee: bool = True
    minimum_stake: bool = True
    currency: Literal["GBP", "EUR", "USD", "AUD", "BRL", "DKK", "HKD", "RON", "SEK"] = "GBP"
