"""A slow, obvious simulator: the same questions as `simcore.replay_orders` and `simcore.replay`, in plain Python.

Requests, snapshots and polls are entries of one agenda, looked through from end to end for what comes next. At equal
milliseconds: the record, then requests in the order they were sent, then snapshots, then polls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simcore import dtypes as d
from simcore.models.simulation import Simulation
from simcore.tapes.tape import Tape
from simcore.units import odds_of, tick_or_off
from tests.oracles.book_of_orders import FILLS, Order
from tests.oracles.exchange import Exchange


@dataclass(eq=False)
class Request:
    """A request on its way: what is place or cancel."""

    effect_ms: int
    what: str
    order: Order
    pence: int
    delayed: bool = False


@dataclass
class Agenda:
    """Requests on their way, in the order they were sent."""

    exchange: Exchange
    requests: list[Request] = field(default_factory=list)

    def next_ms(self) -> int | None:
        return min((request.effect_ms for request in self.requests), default=None)

    def carry_out(self, now_ms: int) -> Request | None:
        """The first request due takes effect; None = it has to serve the bet delay first, read at arrival in-play."""
        request = next(each for each in self.requests if each.effect_ms == now_ms)
        exchange = self.exchange
        if request.what == "place" and exchange.in_play and exchange.bet_delay_s > 0 and not request.delayed:
            request.delayed = True
            request.effect_ms += exchange.bet_delay_s * 1000
            return None
        self.requests.remove(request)
        if request.what == "place":
            exchange.arrive(request.order, now_ms)
        else:
            exchange.cancel(request.order, request.pence, now_ms)
        return request


@dataclass(frozen=True)
class OracleOrders:
    """fills: (order_id, time_ms, odds, pence, how); refusals: (order_id, time_ms, reason)."""

    fills: list[tuple[Any, int, float, int, str]]
    refusals: list[tuple[Any, int, str]]
    exchange: Exchange


def simulate_orders(tape: Tape, requests: Sequence[Mapping[str, Any]], simulation: Simulation) -> OracleOrders:
    """Put requests (rows as for `simcore.replay_orders`) through the market, every message to the last."""
    exchange = Exchange(tape, simulation)
    ids: list[Any] = []
    agenda = Agenda(exchange, _requests(tape, requests, simulation, exchange, ids))
    message = 0
    while message < tape.n_messages or agenda.requests:
        message_ms = int(tape.message_ms[message]) if message < tape.n_messages else None
        request_ms = agenda.next_ms()
        if message_ms is not None and (request_ms is None or message_ms <= request_ms):
            exchange.apply_message(message)
            message += 1
        else:
            assert request_ms is not None
            agenda.carry_out(request_ms)
    fills = [
        (ids[e.order.number], e.time_ms, odds_of(e.tick), e.pence, e.what) for e in exchange.log if e.what in FILLS
    ]
    refusals = [(ids[e.order.number], e.time_ms, e.reason) for e in exchange.log if e.what == "refused"]
    return OracleOrders(fills, refusals, exchange)


def _requests(
    tape: Tape, rows: Sequence[Mapping[str, Any]], simulation: Simulation, exchange: Exchange, ids: list[Any]
) -> list[Request]:
    runner = {info.selection_id: index for index, info in enumerate(tape.info.runners)}
    orders: dict[Any, Order] = {}
    for row in rows:
        if row["kind"] == "place":
            side = d.BACK if row["side"] == "BACK" else d.LAY
            pence = round(row["size_pounds"] * 100)
            persists = row.get("persistence") == "PERSIST"
            number = len(ids)
            tick = tick_or_off(row["odds"])
            orders[row["order_id"]] = Order(number, runner[row["selection_id"]], side, tick, pence, persists)
            ids.append(row["order_id"])
    exchange.orders.extend(orders.values())
    delays = simulation.delays
    sent = []
    for row in rows:
        order = orders[row["order_id"]]
        size = row.get("size_pounds")
        all_of_it = row["kind"] == "cancel" and size is None
        pence = order.size if all_of_it or size is None else round(size * 100)
        delay_ms = delays.place_ms if row["kind"] == "place" else delays.cancel_ms
        sent.append(Request(row["time_ms"] + delay_ms, row["kind"], order, pence))
    return sorted(sent, key=lambda request: request.effect_ms)
