"""What replays leave, read: profit after commission and charge, and on demand the fills and the timeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simcore.bench import Bench
from simcore.dtypes import BACK
from simcore.kernels import outcome as oc
from simcore.kernels import state as st
from simcore.models.charges_by_date import TRANSACTION_CHARGE
from simcore.models.rules_by_date import day_of
from simcore.models.simulation import Simulation
from simcore.portfolio import HOUR_MS, transaction_charge
from simcore.results import FILL_KINDS, BatchResult, MarketResult
from simcore.tapes.tape import Tape
from simcore.units import ODDS


@dataclass(frozen=True)
class Sheet:
    """Rows for what replays of one market come to, zeros at first.

    numbers : (n, N_OUTCOME) int64, columns in simcore.kernels.outcome
    hours   : (n, clock hours from `first_hour` on) int64, transactions
    """

    numbers: st.Int
    hours: st.Int
    first_hour: int

    def wider(self) -> Sheet:
        """The sheet with room for twice as many hours."""
        return Sheet(self.numbers, np.pad(self.hours, ((0, 0), (0, self.hours.shape[1]))), self.first_hour)


def blank_sheet(bench: Bench, n: int, more_hours: int = 2) -> Sheet:
    """Room for n results; requests may take effect so many hours after the last message."""
    first, last = bench.first_ms // HOUR_MS, int(bench.record.message_ms[-1]) // HOUR_MS
    return Sheet(np.zeros((n, oc.N_OUTCOME), np.int64), np.zeros((n, last - first + more_hours), np.int64), first)


def account_for(bench: Bench, sheet: Sheet, simulation: Simulation) -> BatchResult:
    """The results of a market, once the account's part is worked out: commission, transaction charge, profit."""
    numbers, costs = sheet.numbers, simulation.costs
    gross = numbers[:, oc.GROSS]
    if costs.commission:
        rate = bench.tape.info.market_base_rate_percent / 100 * (1 - costs.discount)
        numbers[:, oc.COMMISSION] = np.rint(np.maximum(0, gross) * rate)
    numbers[:, oc.SETTLED_MS] = bench.record.message_ms[-1]
    result = BatchResult(bench.tape.market_id, numbers, sheet.first_hour, sheet.hours)
    if costs.transaction_charge:
        busy = sheet.hours > _free_per_hour(sheet.first_hour, sheet.first_hour + sheet.hours.shape[1])
        for i in np.unique(busy.nonzero()[0]).tolist() if busy.any() else ():
            numbers[i, oc.CHARGE] = -(-transaction_charge([result[i].activity]) // 1000)
    numbers[:, oc.PNL] = gross - numbers[:, oc.COMMISSION] - numbers[:, oc.CHARGE]
    return result


@lru_cache(maxsize=4096)
def _free_per_hour(first_hour: int, last_hour: int) -> int:
    """Transactions that cost nothing in any of these hours."""
    days = {day_of(hour * HOUR_MS) for hour in (*range(first_hour, last_hour, 24), last_hour)}
    return min(TRANSACTION_CHARGE.on(day).free_per_hour for day in days)


def result_of(bench: Bench, sim: st.Sim, simulation: Simulation, timeline: st.Int | None = None) -> MarketResult:
    """The result row of a market whose replay ended in `sim`; with a timeline also its fills."""
    more_hours = 2
    while True:
        sheet = blank_sheet(bench, 1, more_hours)
        oc.read_out(sim, sheet.numbers[0], sheet.hours[0], sheet.first_hour)
        if sim.tally[st.FULL] == 0:
            break
        sim.tally[st.FULL] = 0
        more_hours *= 2
    result = account_for(bench, sheet, simulation)[0]
    if timeline is None:
        return result
    lines = timeline[: sim.tally[st.N_TIMELINE]]
    return replace(result, fills=fills_table(bench.tape, sim), timeline=_timeline_table(bench.tape, lines))


def fills_table(tape: Tape, sim: st.Sim) -> pd.DataFrame:
    """Every fill: order, time_ms of the match, selection_id, side, odds, size_pounds, how."""
    log = sim.log[: sim.tally[st.N_LOGGED]]
    log = log[log[:, st.WHAT] <= st.FILL_AT_CLOSE]
    orders = sim.orders[log[:, st.LOG_ORDER]]
    selections = np.array([runner.selection_id for runner in tape.info.runners], np.int64)
    return pd.DataFrame(
        {
            "order": log[:, st.LOG_ORDER],
            "time_ms": log[:, st.TIME_MS],
            "selection_id": selections[orders[:, st.RUNNER]],
            "side": np.where(orders[:, st.SIDE] == BACK, "BACK", "LAY"),
            "odds": log[:, st.MATCHED_MICRO] / st.MICRO,
            "size_pounds": log[:, st.PENCE] / 100,
            "how": np.array(FILL_KINDS)[log[:, st.WHAT]],
        }
    )


def _timeline_table(tape: Tape, lines: st.Int) -> pd.DataFrame:
    selections = np.array([runner.selection_id for runner in tape.info.runners], np.int64)

    def odds(column: int) -> NDArray[np.float64]:
        ticks = lines[:, column]
        return np.where(ticks >= 0, ODDS[ticks], np.nan)

    back, lay = lines[:, st.LINE_BACK_PENCE], lines[:, st.LINE_LAY_PENCE]
    best_back, best_lay = odds(st.LINE_BACK_TICK), odds(st.LINE_LAY_TICK)
    weight = np.where(back + lay > 0, back / np.maximum(back + lay, 1), np.nan)
    return pd.DataFrame(
        {
            "time_ms": lines[:, st.LINE_MS],
            "selection_id": selections[lines[:, st.LINE_RUNNER]],
            "best_back_odds": best_back,
            "best_back_pounds": back / 100,
            "best_lay_odds": best_lay,
            "best_lay_pounds": lay / 100,
            "micro_odds": best_back * (1 - weight) + best_lay * weight,
            "own_back_odds": odds(st.LINE_OWN_BACK_TICK),
            "own_lay_odds": odds(st.LINE_OWN_LAY_TICK),
            "position_pounds": lines[:, st.LINE_POSITION] / 100,
            "mark_pounds": lines[:, st.LINE_MARK] / 100,
        }
    )
