"""What trading costs and what the account can bear.

funds_pounds         : money in the account; market exposure beyond it is refused (INSUFFICIENT_FUNDS)
commission           : charged on net winnings of the market at the market's own rate × (1 − discount), never negative
transaction_charge   : by the dated table in `rules_by_date`
minimum_stake        : by the dated table in `rules_by_date`; off = any size from a penny
"""

from __future__ import annotations

from simcore.models.base import Model, Pounds, Probability


class Costs(Model, frozen=True):
    """Account and charges."""

    funds_pounds: Pounds = 10_000.0
    commission: bool = True
    discount: Probability = 0.0
    transaction_charge: bool = True
    minimum_stake: bool = True
