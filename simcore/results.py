"""What one replay says: a flat row of integers per market, and on demand its fills and timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simcore.portfolio import Activity

FILL_KINDS: Final = ("passive", "aggressive", "unattributed", "unrecorded", "at_close")
"""how a fill came about, in the order of the kernels' codes"""

REFUSALS: Final = (
    "minimum_stake",
    "insufficient_funds",
    "market_suspended",
    "runner_removed",
    "invalid_price",
    "own_cross",
    "bet_taken_or_lapsed",
    "not_open_for_starting_price",
    "invalid_min_fill",
    "invalid_profit_ratio",
    "bet_action_error",
)
"""Reasons a request is refused (bet_taken_or_lapsed: fails quietly), in the order of the kernel's codes 0, 1, 2 …"""


SETTLED_BY: Final = ("none", "void", "result", "mark")
"""what settled a market's bets, in the order of the kernels' codes"""


@dataclass(frozen=True)
class MarketResult:
    """The result row of one market × one configuration; money in pence, contracts in pence of payout.

    settled_by        result | mark | void (every runner of ours removed) | none (nothing matched)
    pnl_pence         gross − commission − charge
    charge_pence      transaction charge if this market were all the account did, rounded up to the penny; several markets
                      share the hours and the day's offset: `simcore.portfolio` charges them together
    settled_ms        when the recording ends, UTC: the day and week its money is booked on
    transaction_hours clock hours (UTC, hours since 1970) in which the exchange counted transactions; *_counts: how many
    entry_matched     whether anything at all was matched
    residual_pence    what the worst outcome costs more than the best at the off: exposure carried into the race
    largest_position_pence   largest |contracts| on one runner;  largest_liability_pence: worst outcome at any time
    worst_mark_pence  lowest mark-to-market seen at a poll
    passive, aggressive, unattributed, unrecorded, at_close : fills (count) and *_pence (stake matched) by how they came about;
                      unattributed: of trades whose side the record does not tell; unrecorded: of aggressors that, so `appetite`
                      says, wanted more than the record shows
    refusals          count by reason, see REFUSALS
    """

    market_id: str
    settled_by: str
    pnl_pence: int
    gross_pence: int
    commission_pence: int
    charge_pence: int
    places: int
    cancels: int
    replaces: int
    passive: int
    aggressive: int
    unattributed: int
    unrecorded: int
    at_close: int
    passive_pence: int
    aggressive_pence: int
    unattributed_pence: int
    unrecorded_pence: int
    at_close_pence: int
    turnover_pence: int
    entry_matched: bool
    largest_position_pence: int
    largest_liability_pence: int
    worst_mark_pence: int
    residual_pence: int
    lapsed: int
    polls: int
    settled_ms: int
    transaction_hours: tuple[int, ...]
    transaction_counts: tuple[int, ...]
    refusals: tuple[int, ...]
    fills: pd.DataFrame | None = field(default=None, compare=False)
    timeline: pd.DataFrame | None = field(default=None, compare=False)

    @property
    def activity(self) -> Activity:
        """What `simcore.portfolio` needs of it."""
        return Activity(*(getattr(self, name) for name in Activity._fields))

    def row(self) -> dict[str, Any]:
        """The result as a flat row; refusals become `refused_<reason>` columns, fills and timeline stay out."""
        values = {name: getattr(self, name) for name in _FLAT}
        counts = zip(REFUSALS, self.refusals, strict=True)
        return values | {f"refused_{reason}": count for reason, count in counts}


_FLAT: Final = tuple(each.name for each in fields(MarketResult) if each.name not in ("fills", "timeline", "refusals"))

_RAGGED: Final = ("market_id", "settled_by", "transaction_hours", "transaction_counts")
NUMBERS: Final = (
    "settled_by",
    *(name for name in _FLAT if name not in _RAGGED),
    *(f"refused_{reason}" for reason in REFUSALS),
)
"""columns of `BatchResult.numbers`, as simcore.kernels.outcome numbers them"""


@dataclass(frozen=True, eq=False)
class BatchResult(Sequence[MarketResult]):
    """Results of one market under many configurations, in their order: a sequence of MarketResults, kept as columns.

    numbers    : (n, NUMBERS) int64; settled_by is an index of SETTLED_BY, entry_matched 0 or 1
    first_hour : clock hour (UTC, hours since 1970) of the first column of `hours`
    hours      : (n, clock hours) int64, transactions that the exchange counted
    """

    market_id: str
    numbers: NDArray[np.int64]
    first_hour: int
    hours: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, i: int) -> MarketResult: ...

    @overload
    def __getitem__(self, i: slice) -> BatchResult: ...

    def __getitem__(self, i: int | slice) -> MarketResult | BatchResult:
        if isinstance(i, slice):
            return BatchResult(self.market_id, self.numbers[i], self.first_hour, self.hours[i])
        values = dict(zip(NUMBERS, self.numbers[i].tolist(), strict=True))
        hours = np.flatnonzero(self.hours[i])
        return MarketResult(
            market_id=self.market_id,
            settled_by=SETTLED_BY[values.pop("settled_by")],
            entry_matched=bool(values.pop("entry_matched")),
            refusals=tuple(values.pop(f"refused_{reason}") for reason in REFUSALS),
            transaction_hours=tuple((hours + self.first_hour).tolist()),
            transaction_counts=tuple(self.hours[i, hours].tolist()),
            **values,
        )
