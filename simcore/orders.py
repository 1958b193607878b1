"""Put a table of order requests through the matching, past harness and core: what should real orders have got?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simcore.assumptions import settings_of
from simcore.bench import Bench, prepare
from simcore.dtypes import BACK, LAY
from simcore.engine import run_script
from simcore.errors import ModelError
from simcore.kernels import state as st
from simcore.kernels.randomness import DRAW_REQUEST, log_normal_ms
from simcore.models.simulation import Simulation, resolve_simulation
from simcore.results import FILL_KINDS, REFUSALS
from simcore.tapes.tape import Tape
from simcore.units import tick_or_off

SIDES = {"BACK": BACK, "LAY": LAY}
PERSISTENCE = {"LAPSE": st.LAPSE, "PERSIST": st.STAY, "MARKET_ON_CLOSE": st.TO_CLOSE}
TYPES = {"LIMIT": st.LIMIT, "LIMIT_ON_CLOSE": st.LIMIT_ON_CLOSE, "MARKET_ON_CLOSE": st.MARKET_ON_CLOSE}
REQUESTS = {"place": st.PLACE_ORDER, "cancel": st.CANCEL_ORDER, "replace": st.REPLACE_ORDER}
_ALWAYS = ("kind", "order_id", "time_ms")
_PLACING = ("selection_id", "side", "odds", "size_pounds")
_REPLACING = ("new_order_id", "odds")
_WAYS = {
    "place": (st.PLACE_MS, st.PLACE_SIGMA),
    "cancel": (st.CANCEL_MS, st.CANCEL_SIGMA),
    "replace": (st.REPLACE_MS, st.REPLACE_SIGMA),
}
_MOST_POUNDS = 20_000_000


@dataclass(frozen=True)
class OrdersResult:
    """What became of a table of requests.

    fills    : order_id, time_ms of the match, odds, size_pounds, passive, how: one of
               simcore.results.FILL_KINDS
    refusals : order_id, time_ms, reason (a cancel that came too late is `bet_taken_or_lapsed`)
    orders   : order_id, size_pounds, matched_pounds, average_odds (NaN unmatched), cancelled_pounds, lapsed_pounds
    """

    fills: pd.DataFrame
    refusals: pd.DataFrame
    orders: pd.DataFrame


def replay_orders(
    tape: Tape,
    requests: pd.DataFrame,
    simulation: str | Mapping[str, Any] | Simulation = "default",
    *,
    seed: int = 0,
) -> OrdersResult:
    """Replay a market with given requests, in the order of the table's rows where they are sent at the same time.

    requests : kind (place | cancel | replace), order_id, time_ms of submission (UTC ms), and
               place   : selection_id, side (BACK | LAY), odds, size_pounds; where they are not the usual ones also persistence
                         (LAPSE | PERSIST | MARKET_ON_CLOSE), order_type (LIMIT | LIMIT_ON_CLOSE | MARKET_ON_CLOSE),
                         time_in_force (FILL_OR_KILL) with min_fill_pounds (all of it where left out). The size of an on-close
                         LAY is its liability; a MARKET_ON_CLOSE order has no odds
               cancel  : size_pounds cuts the order by that much, without it all of it goes
               replace : new_order_id, odds; what is left of order_id goes there
    seed     : decides what is random in the simulation
    Raises ModelError naming the row that makes no sense; what the exchange would refuse becomes a row of `refusals`.
    """
    assumed, bench = resolve_simulation(simulation), prepare(tape)
    table = _checked(requests)
    number = _numbers(table)
    settings, reals = settings_of(bench, assumed, None, seed)
    orders = _orders(bench, table, number)
    sim = run_script(bench, settings, reals, orders, _script(table, number, settings, reals))
    ids = pd.Series(list(number))
    return OrdersResult(_fills(sim, ids), _refusals(sim, ids), _summary(sim, ids))


def _checked(requests: pd.DataFrame) -> pd.DataFrame:
    _need(requests, _ALWAYS, "be put through a market")
    table = requests.reset_index(drop=True)
    bad = ~table["kind"].isin(list(REQUESTS))
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise ModelError(f"`kind` must be 'place', 'cancel' or 'replace', got {table['kind'][row]!r} in row {row}")
    if (table["kind"] == "place").any():
        _need(table, _PLACING, "place orders")
    if (table["kind"] == "replace").any():
        _need(table, _REPLACING, "replace orders")
    return table


def _need(table: pd.DataFrame, columns: tuple[str, ...], purpose: str) -> None:
    for column in columns:
        if column not in table.columns:
            raise ModelError(f"`requests` must have the column {column!r} to {purpose}; see simcore.replay_orders")


def _numbers(table: pd.DataFrame) -> dict[Any, int]:
    """Order ids as the kernels number them, in the order of the table. Raises ModelError for one that is not one order."""
    number: dict[Any, int] = {}
    for row, kind in enumerate(table["kind"]):
        if kind == "cancel":
            continue
        order_id = table["order_id" if kind == "place" else "new_order_id"][row]
        if order_id in number:
            raise ModelError(f"`order_id` must be unique among new orders, got {order_id!r} twice (row {row})")
        number[order_id] = len(number)
    for row, (kind, order_id) in enumerate(zip(table["kind"], table["order_id"], strict=True)):
        if order_id not in number:
            raise ModelError(f"row {row} is to {kind} order {order_id!r}, which no row places")
    return number


def _orders(bench: Bench, table: pd.DataFrame, number: Mapping[Any, int]) -> st.Int:
    """Order rows as the kernels keep them, in the order of the table."""
    index = {runner.selection_id: i for i, runner in enumerate(bench.tape.info.runners)}
    orders = np.zeros((len(number), st.N_ORDER), np.int64)
    for row in table.to_dict("records"):
        if row["kind"] == "place":
            orders[number[row["order_id"]]] = _order(index, row)
        elif row["kind"] == "replace":
            old = orders[number[row["order_id"]]]
            new = orders[number[row["new_order_id"]]]
            new[[st.RUNNER, st.SIDE, st.PERSIST]] = old[[st.RUNNER, st.SIDE, st.PERSIST]]
            new[st.TICK] = tick_or_off(float(row["odds"]))
    return orders


def _chosen(place: Mapping[Any, Any], column: str, choices: Mapping[str, int], usual: str) -> int:
    value = place.get(column)
    value = usual if value is None or pd.isna(value) else value
    if value not in choices:
        known = " or ".join(name for name in choices if name)
        raise ModelError(f"`{column}` must be {known}, got {value!r} (order {place['order_id']!r})")
    return choices[value]


def _pence(place: Mapping[Any, Any], column: str) -> int:
    size = float(place[column])
    if not (0.005 <= size < _MOST_POUNDS):
        raise ModelError(f"`{column}` must be at least a penny, got {size!r} (order {place['order_id']!r})")
    return round(size * 100)


def _order(index: Mapping[int, int], place: Mapping[Any, Any]) -> st.Int:
    values = np.zeros(st.N_ORDER, np.int64)
    if place["selection_id"] not in index:
        raise ModelError(f"`selection_id` {place['selection_id']!r} (order {place['order_id']!r}) is not in the market")
    if place["side"] not in SIDES:
        raise ModelError(f"`side` must be BACK or LAY, got {place['side']!r} (order {place['order_id']!r})")
    values[st.RUNNER], values[st.SIDE] = index[place["selection_id"]], SIDES[place["side"]]
    values[st.TYPE] = _chosen(place, "order_type", TYPES, "LIMIT")
    values[st.PERSIST] = _chosen(place, "persistence", PERSISTENCE, "LAPSE")
    values[st.SIZE] = values[st.REMAINING] = values[st.BELIEVED] = _pence(place, "size_pounds")
    if values[st.TYPE] != st.MARKET_ON_CLOSE:
        values[st.TICK] = tick_or_off(float(place["odds"]))
    if _chosen(place, "time_in_force", {"": 0, "FILL_OR_KILL": 1}, ""):
        values[st.MIN_FILL] = _min_fill(place, values)
    return values


def _min_fill(place: Mapping[Any, Any], values: st.Int) -> int:
    if values[st.TYPE] != st.LIMIT:
        raise ModelError(f"`time_in_force` FILL_OR_KILL is for LIMIT orders only (order {place['order_id']!r})")
    least = place.get("min_fill_pounds")
    return int(values[st.SIZE]) if least is None or pd.isna(least) else _pence(place, "min_fill_pounds")


def _whole_or(cut: float | None) -> int:
    """Pence to cut; more than any order has for all of it."""
    return int(np.iinfo(np.int32).max) if cut is None or pd.isna(cut) else round(float(cut) * 100)


def _script(table: pd.DataFrame, number: Mapping[Any, int], settings: st.Int, reals: st.Real) -> st.Int:
    """Requests as the kernels keep them, by time of effect; of equals the earlier row first."""
    script = np.zeros((len(table), st.N_REQUEST), np.int64)
    for row, request in enumerate(table.to_dict("records")):
        kind = request["kind"]
        median, sigma = _WAYS[kind]
        key_a, key_b = int(settings[st.KEY_A]), int(settings[st.KEY_B])
        delay_ms = log_normal_ms(int(settings[median]), float(reals[sigma]), key_a, key_b, row, DRAW_REQUEST)
        cut = request.get("size_pounds")
        script[row, st.EFFECT_MS] = int(request["time_ms"]) + delay_ms
        script[row, st.REQUEST] = REQUESTS[kind]
        script[row, st.REQUEST_ORDER] = number[request["new_order_id" if kind == "replace" else "order_id"]]
        script[row, st.REQUEST_PENCE] = _whole_or(cut) if kind == "cancel" else 0
        script[row, st.REQUEST_NUMBER] = row
        script[row, st.REQUEST_REPLACES] = number[request["order_id"]]
    return script[np.argsort(script[:, st.EFFECT_MS], kind="stable")]


def _log(sim: st.Sim) -> st.Int:
    return sim.log[: sim.tally[st.N_LOGGED]]


def _fills(sim: st.Sim, ids: pd.Series[Any]) -> pd.DataFrame:
    log = _log(sim)
    log = log[log[:, st.WHAT] <= st.FILL_AT_CLOSE]
    return pd.DataFrame(
        {
            "order_id": ids.to_numpy()[log[:, st.LOG_ORDER]],
            "time_ms": log[:, st.TIME_MS],
            "odds": log[:, st.MATCHED_MICRO] / st.MICRO,
            "size_pounds": log[:, st.PENCE] / 100,
            "passive": log[:, st.WHAT] != st.FILL_AGGRESSIVE,
            "how": np.array(FILL_KINDS)[log[:, st.WHAT]],
        }
    )


def _refusals(sim: st.Sim, ids: pd.Series[Any]) -> pd.DataFrame:
    log = _log(sim)
    log = log[log[:, st.WHAT] == st.REFUSED]
    return pd.DataFrame(
        {
            "order_id": ids.to_numpy()[log[:, st.LOG_ORDER]],
            "time_ms": log[:, st.TIME_MS],
            "reason": np.array(REFUSALS)[log[:, st.LOG_TICK]],
        }
    )


def _summary(sim: st.Sim, ids: pd.Series[Any]) -> pd.DataFrame:
    log = _log(sim)

    def total(rows: st.Int, weights: Any) -> Any:
        return np.bincount(rows[:, st.LOG_ORDER], weights=weights, minlength=len(ids))

    def pounds(kinds: tuple[int, ...]) -> Any:
        rows = log[np.isin(log[:, st.WHAT], kinds)]
        return total(rows, rows[:, st.PENCE]) / 100

    filled = log[log[:, st.WHAT] <= st.FILL_AT_CLOSE]
    matched = total(filled, filled[:, st.PENCE]) / 100
    weighted = total(filled, filled[:, st.PENCE] / 100 * filled[:, st.MATCHED_MICRO] / st.MICRO)
    return pd.DataFrame(
        {
            "order_id": ids,
            "size_pounds": sim.orders[: len(ids), st.SIZE] / 100,
            "matched_pounds": matched,
            "average_odds": np.divide(weighted, matched, out=np.full(len(ids), np.nan), where=matched > 0),
            "cancelled_pounds": pounds((st.CANCELLED, st.VOIDED)),
            "lapsed_pounds": pounds((st.LAPSED,)),
        }
    )
