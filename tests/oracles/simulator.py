"""A slow, obvious simulator: the same questions as `simcore.replay_orders` and `simcore.replay`, in plain Python.

Written from docs/simulator.md, not from the kernels. Requests, snapshots and polls are entries of one agenda, looked through
from end to end for what comes next. At equal milliseconds: the record, then requests in the order they were sent, then
snapshots, then polls. Where the document leaves a choice:

- x and the shift are forgotten at the very row of the suspension or the image, and our resting orders feel it there.
- While one order of ours sweeps, our resting orders feel the moved prices once the request is done; the lays first.
- Before a message D is netted, then the shifts of all runners are worked out; so too when a request arrives that then serves
  its bet delay. With `displacement: false` nothing we do changes the world, so there is no reaction either.
- A turn in-play or a close lapses what waits for a starting price after the message that tells it, which may tell that price.
- Of several orders that end at once the newest ends first. A withdrawal ends the lays in the book; on-close lays wait on.
- A last traded price stands where the others were when it was traded; off the ladder it is unknown.
- A sweep finds what was displayed when it began; what was off the ladder then does not come back meanwhile.
- A second starting price of a runner corrects nothing that is matched.
- A cancel or replace asks, in this order: is the market open, is it a limit order, does it stand. A replace that fails is told
  of the order that was to come.
- A market that is not open does not exempt from the bet delay: only prices displayed count for PASSIVE.
- An on-close order has no persistence. An on-close bet that comes to less than a penny lapses. Only the stake is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simcore import dtypes as d
from simcore.models.simulation import Simulation
from simcore.tapes.tape import Tape
from simcore.units import tick_or_off
from tests.oracles import arriving, drawing
from tests.oracles.book_of_orders import FILLS, LAPSE, LIMIT, MARKET_ON_CLOSE, Order
from tests.oracles.exchange import Exchange


@dataclass(eq=False)
class Request:
    """A request on its way: what is place, cancel or replace; `number` is its ordinal among all that were sent.

    pence : of a cancel; successor : of a replace, the order that is placed instead
    """

    number: int
    effect_ms: int
    what: str
    order: Order
    pence: int = 0
    successor: Order | None = None
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
        exchange.request = request.number
        exchange.net_crossed(now_ms)
        exchange.work_out_shifts(now_ms)
        if not self.take_effect(request, now_ms):
            return None
        exchange.work_out_shifts(now_ms)
        self.requests.remove(request)
        return request

    def take_effect(self, request: Request, now_ms: int) -> bool:
        exchange = self.exchange
        if request.what == "cancel":
            arriving.cancel(exchange, request.order, request.pence, now_ms)
            return True
        if request.what == "replace":
            assert request.successor is not None
            if not arriving.make_way(exchange, request.order, request.successor, now_ms):
                return True
            request.what, request.order = "place", request.successor
        if not request.delayed and arriving.serves_bet_delay(exchange, request.order, now_ms):
            request.delayed = True
            request.effect_ms += exchange.bet_delay_s * 1000
            return False
        arriving.arrive(exchange, request.order, now_ms)
        return True


def way_ms(exchange: Exchange, what: str, number: int) -> int:
    """How long the n-th request is on its way."""
    return exchange.draws.delay_ms(getattr(exchange.simulation.delays, f"{what}_ms"), number, drawing.WAY)


@dataclass(frozen=True)
class OracleOrders:
    """fills: (order_id, time_ms, odds, pence, how); refusals: (order_id, time_ms, reason); ids: of the orders by number."""

    fills: list[tuple[Any, int, float, int, str]]
    refusals: list[tuple[Any, int, str]]
    ids: list[Any]
    exchange: Exchange

    def ended(self, *whats: str) -> list[int]:
        """Pence that ended in one of these ways, by order."""
        events = [event for event in self.exchange.log if event.what in whats]
        return [sum(e.leaves for e in events if e.order is order) for order in self.exchange.orders]


def simulate_orders(
    tape: Tape, requests: Sequence[Mapping[str, Any]], simulation: Simulation, seed: int = 0
) -> OracleOrders:
    """Put requests (rows as for `simcore.replay_orders`) through the market, every message to the last."""
    exchange = Exchange(tape, simulation, seed)
    ids: list[Any] = []
    agenda = Agenda(exchange, _requests(tape, requests, exchange, ids))
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
        (ids[e.order.number], e.time_ms, e.odds_hundredths / 100, e.pence, e.what)
        for e in exchange.log
        if e.what in FILLS
    ]
    refusals = [(ids[e.order.number], e.time_ms, e.reason) for e in exchange.log if e.what == "refused"]
    return OracleOrders(fills, refusals, ids, exchange)


def _given(row: Mapping[str, Any], name: str, default: Any = None) -> Any:
    """A cell of the table, or the default where it is left out."""
    value = row.get(name)
    return default if value is None or value != value or value == "" else value


def _placed(tape: Tape, row: Mapping[str, Any], number: int) -> Order:
    runner = [info.selection_id for info in tape.info.runners].index(row["selection_id"])
    side = d.BACK if row["side"] == "BACK" else d.LAY
    kind = _given(row, "order_type", LIMIT)
    tick = -1 if kind == MARKET_ON_CLOSE else tick_or_off(row["odds"])
    pence = round(row["size_pounds"] * 100)
    persistence = _given(row, "persistence", LAPSE) if kind == LIMIT else LAPSE
    min_fill = None
    if _given(row, "time_in_force") == "FILL_OR_KILL":
        min_fill = round(_given(row, "min_fill_pounds", row["size_pounds"]) * 100)
    return Order(number, runner, side, tick, pence, persistence, kind, min_fill)


def _requests(tape: Tape, rows: Sequence[Mapping[str, Any]], exchange: Exchange, ids: list[Any]) -> list[Request]:
    orders: dict[Any, Order] = {}
    for row in rows:
        if row["kind"] == "place":
            orders[row["order_id"]] = _placed(tape, row, len(ids))
            ids.append(row["order_id"])
        elif row["kind"] == "replace":
            orders[row["new_order_id"]] = Order(len(ids), -1, 0, tick_or_off(row["odds"]), 0)
            ids.append(row["new_order_id"])
    exchange.orders.extend(orders.values())
    sent = []
    for number, row in enumerate(rows):
        effect_ms = row["time_ms"] + way_ms(exchange, row["kind"], number)
        order = orders[row["order_id"]]
        request = Request(number, effect_ms, row["kind"], order)
        if row["kind"] == "cancel":
            size = _given(row, "size_pounds")
            request.pence = 2**40 if size is None else round(size * 100)
        elif row["kind"] == "replace":
            request.successor = orders[row["new_order_id"]]
        sent.append(request)
    return sorted(sent, key=lambda request: request.effect_ms)
