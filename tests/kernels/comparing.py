"""The compiled kernels beside the oracle: run both on the same market, and say in words where they part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

import simcore
from simcore import orders as orders_module
from simcore.engine import run_script
from simcore.kernels import state as st
from simcore.kernels.displacement import displaced_now
from simcore.models.simulation import resolve_simulation
from simcore.strategies import Core, Parameters
from simcore.tapes.tape import Tape
from tests.oracles.replaying import OracleReplay, simulate
from tests.oracles.simulator import OracleOrders, simulate_orders

Rows = Sequence[Mapping[str, Any]]


def kernel_orders(tape: Tape, requests: Rows, simulation: Any, seed: int = 0) -> tuple[simcore.OrdersResult, st.Sim]:
    """`simcore.replay_orders`, and the state it leaves."""
    kept: list[st.Sim] = []

    def keeping(*arguments: Any) -> st.Sim:
        kept.append(run_script(*arguments))
        return kept[-1]

    with mock.patch.object(orders_module, "run_script", keeping):
        result = simcore.replay_orders(tape, pd.DataFrame(requests), simulation, seed=seed)
    return result, kept[-1]


def fills_of(result: simcore.OrdersResult) -> list[tuple[Any, int, float, int, str]]:
    """Fills as the oracle writes them."""
    table = result.fills
    pence = (table["size_pounds"] * 100).round().astype(int)
    return list(zip(table["order_id"], table["time_ms"], table["odds"], pence, table["how"], strict=True))


def refusals_of(result: simcore.OrdersResult) -> list[tuple[Any, int, str]]:
    """Refusals as the oracle writes them."""
    table = result.refusals
    return list(zip(table["order_id"], table["time_ms"], table["reason"], strict=True))


def assert_orders_agree(tape: Tape, requests: Rows, simulation: Any, seed: int = 0) -> OracleOrders:
    """Same fills, refusals, orders, record and displacement; returns the oracle's."""
    result, sim = kernel_orders(tape, requests, simulation, seed)
    oracle = simulate_orders(tape, requests, resolve_simulation(simulation), seed)
    assert fills_of(result) == oracle.fills
    assert refusals_of(result) == oracle.refusals
    for ended, column in ((("cancelled", "voided"), "cancelled_pounds"), (("lapsed",), "lapsed_pounds")):
        pounds = dict(zip(result.orders["order_id"], result.orders[column], strict=True))
        pence = {order_id: round(pounds[order_id] * 100) for order_id in oracle.ids}
        assert pence == dict(zip(oracle.ids, oracle.ended(*ended), strict=True)), column
    saw_all = sim.market[st.MESSAGE_MS] == tape.message_ms[-1]
    if saw_all:  # the kernels leave early when nothing of ours can happen any more
        assert_worlds_agree(oracle, sim)
    return oracle


def assert_worlds_agree(oracle: OracleOrders, sim: st.Sim) -> None:
    """Record and displacement of every level at the end."""
    exchange = oracle.exchange
    now_ms = max([exchange.world.message_ms, *(event.time_ms for event in exchange.log)])
    recorded = {tuple(int(x) for x in level): int(sim.recorded[tuple(level)]) for level in np.argwhere(sim.recorded)}
    assert recorded == exchange.world.recorded
    levels = {tuple(int(x) for x in level) for level in np.argwhere(sim.displaced)} | set(exchange.world.stamped)
    for level in levels:
        r, b, t = level
        displaced = displaced_now(sim, r, b, t, now_ms)
        assert displaced == exchange.world.displacement((r, b, t), now_ms), level
        if displaced != 0:
            stamp_ms = exchange.world.stamped[level][1]
            assert sim.stamp_ms[level] == (st.HELD_MS if stamp_ms is None else stamp_ms), level


def assert_replays_agree(
    tape: Tape, core: Core, parameters: Parameters, simulation: Any, seed: int = 0
) -> OracleReplay:
    """Same fills and the same result row, field by field; returns the oracle's."""
    kernel = simcore.replay(tape, core, parameters, simulation, seed=seed, record=True)
    oracle = simulate(tape, core, parameters, resolve_simulation(simulation), seed)
    table = kernel.fills
    assert table is not None
    pence = (table["size_pounds"] * 100).round().astype(int)
    columns = (table["order"], table["time_ms"], table["side"], table["odds"], pence, table["how"])
    assert list(zip(*columns, strict=True)) == oracle.fills
    row = kernel.row()
    assert {name: row[name] for name in oracle.row} == oracle.row
    passing_over = simcore.replay(tape, core, parameters, simulation, seed=seed)  # with a timeline every poll is made
    assert passing_over.row() == row
    return oracle
