"""Put a table of order requests through the matching, past harness and core: what should real orders have got?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simcore.dtypes import BACK, LAY
from simcore.engine import FILL_KINDS, Bench, prepare, run_script, settings_of
from simcore.errors import ModelError
from simcore.kernels import state as st
from simcore.models.simulation import Simulation, resolve_simulation
from simcore.results import REFUSALS
from simcore.tapes.tape import Tape
from simcore.units import ODDS, tick_or_off

SIDES = {"BACK": BACK, "LAY": LAY}
PERSISTENCE = {"LAPSE": 0, "PERSIST": 1}
_ALWAYS = ("kind", "order_id", "time_ms")
_PLACING = ("selection_id", "side", "odds", "size_pounds")


@dataclass(frozen=True)
class OrdersResult:
    """What became of a table of requests.

    fills    : order_id, time_ms of the match, odds, size_pounds, passive, how (passive | aggressive | unattributed)
    refusals : order_id, time_ms, reason (a cancel that came too late is `bet_taken_or_lapsed`)
    orders   : order_id, size_pounds, matched_pounds, average_odds (NaN unmatched), cancelled_pounds, lapsed_pounds
    """

    fills: pd.DataFrame
    refusals: pd.DataFrame
    orders: pd.DataFrame


def replay_orders(
    tape: Tape, requests: pd.DataFrame, simulation: str | Mapping[str, Any] | Simulation = "default"
) -> OrdersResult:
    """Replay a market with given requests.

    requests : kind (place | cancel), order_id (unique per place), time_ms of submission (UTC ms), and for a place
               selection_id, side (BACK | LAY), odds, size_pounds, persistence (LAPSE | PERSIST; LAPSE where left out).
               A cancel with size_pounds cuts the order by that much, without cancels all of it.
    Raises ModelError naming the row that makes no sense; what the exchange would refuse becomes a row of `refusals`.
    """
    assumed, bench = resolve_simulation(simulation), prepare(tape)
    table = _checked(requests)
    places = table[table["kind"] == "place"].reset_index(drop=True)
    settings, reals = settings_of(bench, assumed, None)
    orders = _orders(bench, places)
    sim = run_script(bench, settings, reals, orders, _script(table, places, settings))
    return OrdersResult(_fills(sim, places), _refusals(sim, places), _summary(sim, places))


def _checked(requests: pd.DataFrame) -> pd.DataFrame:
    for column in _ALWAYS:
        if column not in requests.columns:
            raise ModelError(f"`requests` must have the column {column!r}; see simcore.replay_orders for all of them")
    table = requests.reset_index(drop=True)
    bad = ~table["kind"].isin(["place", "cancel"])
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise ModelError(f"`kind` must be 'place' or 'cancel', got {table['kind'][row]!r} in row {row}")
    for column in _PLACING if (table["kind"] == "place").any() else ():
        if column not in table.columns:
            raise ModelError(f"`requests` must have the column {column!r} to place orders")
    placed = table.loc[table["kind"] == "place", "order_id"]
    if placed.duplicated().any():
        raise ModelError(f"`order_id` must be unique among places, got {placed[placed.duplicated()].iloc[0]!r} twice")
    unknown = ~table["order_id"].isin(placed)
    if unknown.any():
        row = int(unknown.to_numpy().argmax())
        raise ModelError(f"row {row} cancels order {table['order_id'][row]!r}, which no row places")
    return table


def _orders(bench: Bench, places: pd.DataFrame) -> st.Int:
    """Order rows as the kernels keep them, in the order of the table."""
    index = {runner.selection_id: i for i, runner in enumerate(bench.tape.info.runners)}
    orders = np.zeros((len(places), st.N_ORDER), np.int64)
    for row, place in enumerate(places.to_dict("records")):
        orders[row] = _order(index, place)
    return orders


def _order(index: Mapping[int, int], place: Mapping[Any, Any]) -> st.Int:
    values = np.zeros(st.N_ORDER, np.int64)
    if place["selection_id"] not in index:
        raise ModelError(f"`selection_id` {place['selection_id']!r} (order {place['order_id']!r}) is not in the market")
    if place["side"] not in SIDES:
        raise ModelError(f"`side` must be BACK or LAY, got {place['side']!r} (order {place['order_id']!r})")
    persistence = place.get("persistence")
    persistence = "LAPSE" if persistence is None or pd.isna(persistence) else persistence
    if persistence not in PERSISTENCE:
        raise ModelError(f"`persistence` must be LAPSE or PERSIST, got {persistence!r} (order {place['order_id']!r})")
    size = float(place["size_pounds"])
    if not (0.005 <= size < 20_000_000):
        raise ModelError(f"`size_pounds` must be at least a penny, got {size!r} (order {place['order_id']!r})")
    values[st.RUNNER], values[st.SIDE] = index[place["selection_id"]], SIDES[place["side"]]
    values[st.TICK] = tick_or_off(float(place["odds"]))
    values[st.SIZE] = values[st.REMAINING] = values[st.BELIEVED] = round(size * 100)
    values[st.PERSIST] = PERSISTENCE[persistence]
    return values


def _script(table: pd.DataFrame, places: pd.DataFrame, settings: st.Int) -> st.Int:
    """Requests as the kernels keep them, by time of effect; of equals the earlier row first."""
    number = {order_id: row for row, order_id in enumerate(places["order_id"])}
    placing = (table["kind"] == "place").to_numpy()
    script = np.zeros((len(table), st.N_REQUEST), np.int64)
    delay = np.where(placing, settings[st.PLACE_MS], settings[st.CANCEL_MS])
    script[:, st.EFFECT_MS] = table["time_ms"].to_numpy(np.int64) + delay
    script[:, st.REQUEST] = np.where(placing, st.PLACE_ORDER, st.CANCEL_ORDER)
    script[:, st.REQUEST_ORDER] = table["order_id"].map(number).to_numpy(np.int64)
    sizes = table["size_pounds"] if "size_pounds" in table.columns else pd.Series(np.nan, table.index)
    pence = (sizes.astype(float) * 100).round()
    script[:, st.REQUEST_PENCE] = pence.fillna(np.iinfo(np.int32).max).to_numpy(np.int64)
    return script[np.argsort(script[:, st.EFFECT_MS], kind="stable")]


def _log(sim: st.Sim) -> st.Int:
    return sim.log[: sim.tally[st.N_LOGGED]]


def _fills(sim: st.Sim, places: pd.DataFrame) -> pd.DataFrame:
    log = _log(sim)
    log = log[log[:, st.WHAT] <= st.FILL_UNATTRIBUTED]
    return pd.DataFrame(
        {
            "order_id": places["order_id"].to_numpy()[log[:, st.LOG_ORDER]],
            "time_ms": log[:, st.TIME_MS],
            "odds": ODDS[log[:, st.LOG_TICK]],
            "size_pounds": log[:, st.PENCE] / 100,
            "passive": log[:, st.WHAT] != st.FILL_AGGRESSIVE,
            "how": np.array(FILL_KINDS)[log[:, st.WHAT]],
        }
    )


def _refusals(sim: st.Sim, places: pd.DataFrame) -> pd.DataFrame:
    log = _log(sim)
    log = log[log[:, st.WHAT] == st.REFUSED]
    return pd.DataFrame(
        {
            "order_id": places["order_id"].to_numpy()[log[:, st.LOG_ORDER]],
            "time_ms": log[:, st.TIME_MS],
            "reason": np.array(REFUSALS)[log[:, st.LOG_TICK]],
        }
    )


def _summary(sim: st.Sim, places: pd.DataFrame) -> pd.DataFrame:
    log = _log(sim)

    def total(rows: st.Int, weights: Any) -> Any:
        return np.bincount(rows[:, st.LOG_ORDER], weights=weights, minlength=len(places))

    def pounds(kinds: tuple[int, ...]) -> Any:
        rows = log[np.isin(log[:, st.WHAT], kinds)]
        return total(rows, rows[:, st.PENCE]) / 100

    filled = log[log[:, st.WHAT] <= st.FILL_UNATTRIBUTED]
    matched = total(filled, filled[:, st.PENCE]) / 100
    weighted = total(filled, filled[:, st.PENCE] / 100 * ODDS[filled[:, st.LOG_TICK]])
    return pd.DataFrame(
        {
            "order_id": places["order_id"],
            "size_pounds": places["size_pounds"],
            "matched_pounds": matched,
            "average_odds": np.divide(weighted, matched, out=np.full(len(places), np.nan), where=matched > 0),
            "cancelled_pounds": pounds((st.CANCELLED, st.VOIDED)),
            "lapsed_pounds": pounds((st.LAPSED,)),
        }
    )
