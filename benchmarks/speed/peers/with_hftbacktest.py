"""Run by the bench in the peers' environment: hftbacktest with a market maker on a generated feed of its own kind.

The feed is the ladder of one asset as its data has it: about a thousand events a second, nine in ten of them level changes,
trades at the touch, the touch moving a tick now and then. The maker is of its documentation's pattern: every 100 ms one quote a
side around the middle, skewed by its position, cancelled where it stands wrong, post-only. Prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTX,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
    event_dtype,
)
from numba import njit

TICK = 0.1
FIRST_TICK = 100_000
WIDTH = 20
"""levels a side that are shown at the beginning and change later"""
NS = 1_000_000
BUY, SELL, DEPTH, TRADE = int(BUY_EVENT), int(SELL_EVENT), int(DEPTH_EVENT), int(TRADE_EVENT)
BOTH = int(EXCH_EVENT) | int(LOCAL_EVENT)


@njit
def ladder_feed(kind, tick, quantity, draws):
    """Fill (n,) kind (event and side bits), tick and quantity with a feed whose book is never crossed."""
    bid, n = FIRST_TICK, len(kind)
    i = 0
    while i < n:
        if i < 2 * WIDTH:  # the book at the beginning
            side = BUY if i % 2 == 0 else SELL
            away = i // 2
            kind[i], tick[i] = DEPTH | side, bid - away if side == BUY else bid + 1 + away
            quantity[i] = 1.0 + 10.0 * draws[i, 2]
            i += 1
            continue
        side = BUY if draws[i, 0] < 0.5 else SELL
        best = bid if side == BUY else bid + 1
        if draws[i, 1] < 0.1:  # a trade: the one who began it is of the other side
            kind[i], tick[i], quantity[i] = TRADE | (SELL if side == BUY else BUY), best, 0.01 + draws[i, 2]
            i += 1
        elif (
            draws[i, 1] < 0.11 and i + 3 <= n
        ):  # the touch moves by a tick: gone, joined by the other side, and a new best
            step = -1 if side == BUY else 1
            other = SELL if side == BUY else BUY
            kind[i], tick[i], quantity[i] = DEPTH | side, best, 0.0
            kind[i + 1], tick[i + 1], quantity[i + 1] = DEPTH | other, best, 1.0 + draws[i, 2]
            kind[i + 2], tick[i + 2], quantity[i + 2] = DEPTH | side, best + step, 1.0 + 5.0 * draws[i, 2]
            bid += step
            i += 3
        else:
            away = int(WIDTH * draws[i, 2] ** 2)
            kind[i], tick[i] = DEPTH | side, best - away if side == BUY else best + away
            gone = away > 0 and draws[i, 3] < 0.15
            quantity[i] = 0.0 if gone else 0.5 + 10.0 * draws[i, 3]
            i += 1


def feed(events):
    draw = np.random.default_rng(1)
    kind, tick, quantity = np.zeros(events, np.uint64), np.zeros(events, np.int64), np.zeros(events)
    ladder_feed(kind, tick, quantity, draw.random((events, 4)))
    rows = np.zeros(events, event_dtype)
    rows["exch_ts"] = np.cumsum(draw.exponential(1.0 * NS, events)).astype(np.int64) + 1_600_000_000_000_000_000
    rows["local_ts"] = rows["exch_ts"] + NS
    rows["ev"] = kind | np.uint64(BOTH)
    rows["px"], rows["qty"] = tick * TICK, quantity
    return rows


@njit
def nothing(hbt):
    """Replay the feed alone."""
    while hbt.elapse(100 * NS) == 0:
        pass


@njit
def maker(hbt):
    """One quote a side every 100 ms, skewed by the position; returns the orders sent."""
    sent = 0
    while hbt.elapse(100 * NS) == 0:
        hbt.clear_inactive_orders(0)
        depth, position = hbt.depth(0), hbt.position(0)
        if depth.best_bid_tick <= 0 or depth.best_ask_tick <= depth.best_bid_tick:
            continue
        middle = (depth.best_bid_tick + depth.best_ask_tick) / 2 - position
        bid = min(int(np.floor(middle)), depth.best_bid_tick)
        ask = max(int(np.ceil(middle)), depth.best_ask_tick)
        has_bid, has_ask = position > 10, position < -10
        standing = hbt.orders(0).values()
        while standing.has_next():
            order = standing.get()
            if order.price_tick == bid and order.side == 1:
                has_bid = True
            elif order.price_tick == ask and order.side == -1:
                has_ask = True
            elif order.cancellable:
                hbt.cancel(0, order.order_id, False)
        if not has_bid:
            hbt.submit_buy_order(0, bid, bid * TICK, 0.1, GTX, LIMIT, False)
        if not has_ask:
            hbt.submit_sell_order(0, ask, ask * TICK, 0.1, GTX, LIMIT, False)
        sent += int(not has_bid) + int(not has_ask)
    return sent


def run(rows, strategy):
    """CPU seconds of one replay, its fills, what the strategy returned."""
    asset = (
        BacktestAsset()
        .data([rows])
        .linear_asset(1.0)
        .constant_order_latency(60 * NS, 60 * NS)
        .power_prob_queue_model(2.0)
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(TICK)
        .lot_size(0.001)
        .roi_lb(0.0)
        .roi_ub(2 * FIRST_TICK * TICK)
        .last_trades_capacity(0)
    )
    hbt = ROIVectorMarketDepthBacktest([asset])
    begun = time.process_time()
    returned = strategy(hbt)
    seconds = time.process_time() - begun
    fills = int(hbt.state_values(0).num_trades)
    hbt.close()
    return seconds, fills, returned


def main():
    events, repeats = int(sys.argv[1]), int(sys.argv[2])
    rows = feed(events)
    for strategy in (nothing, maker):
        run(rows[:10_000], strategy)  # compiled
    alone = min(run(rows, nothing)[0] for _ in range(repeats))
    runs = [run(rows, maker) for _ in range(repeats)]
    _, fills, sent = runs[0]
    seconds = min(taken for taken, _, _ in runs)
    said = {"events": events, "replay_s": alone, "maker_s": seconds, "fills": fills, "orders": int(sent)}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
