"""One market with a bot in it, in plain Python: the oracle's answer to `simcore.replay`."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from simcore import dtypes as d
from simcore.models.charges_by_date import TRANSACTION_CHARGE
from simcore.models.rules_by_date import day_of
from simcore.models.simulation import Simulation
from simcore.results import REFUSALS
from simcore.strategies.base import Core, Parameters
from simcore.tapes.tape import Tape
from tests.oracles.book_of_orders import FILLS, MICRO
from tests.oracles.exchange import Exchange
from tests.oracles.harness import Harness
from tests.oracles.simulator import Agenda

NEVER = float("inf")


@dataclass(frozen=True)
class OracleReplay:
    """fills: (order, time_ms, side, odds, pence, how); row: the fields of `simcore.results.MarketResult`."""

    fills: list[tuple[int, int, str, float, int, str]]
    row: dict[str, Any]
    exchange: Exchange


def simulate(tape: Tape, core: Core, parameters: Parameters, simulation: Simulation, seed: int = 0) -> OracleReplay:
    """Replay the market with the core called as the plain Python function it is."""
    exchange = Exchange(tape, simulation, seed)
    agenda = Agenda(exchange)
    function = getattr(core.function, "py_func", core.function)
    harness = Harness(exchange, function, parameters, simulation)
    now_ms = _run(tape, exchange, agenda, harness)
    if exchange.status == d.OPEN and not exchange.in_play and not exchange.went_in_play:
        exchange.account.note_off(exchange, now_ms)
    fills = [
        (
            e.order.number,
            e.time_ms,
            "BACK" if e.order.side == d.BACK else "LAY",
            e.odds_hundredths / 100,
            e.pence,
            e.what,
        )
        for e in exchange.log
        if e.what in FILLS
    ]
    return OracleReplay(fills, _row(tape, exchange, harness, simulation), exchange)


def _run(tape: Tape, exchange: Exchange, agenda: Agenda, harness: Harness) -> int:
    """Everything in the order of time; returns when the last thing happened, UTC ms."""
    message, now_ms = 0, int(tape.message_ms[0])
    while message < tape.n_messages or agenda.requests:
        more = message < tape.n_messages
        looking = more and not harness.stopped
        waiting = harness.snapshots[0].poll_ms if harness.snapshots else None
        due = (
            int(tape.message_ms[message]) if more else None,
            agenda.next_ms(),
            harness.next_snapshot_ms(now_ms) if looking else None,
            waiting if looking else None,
        )
        times = [NEVER if each is None else each for each in due]
        first = times.index(min(times))
        now_ms = int(times[first])
        if first == 0:
            exchange.apply_message(message)
            harness.after_message(now_ms)
            message += 1
        elif first == 1:
            request = agenda.carry_out(now_ms)
            if request is not None:
                harness.answered(request, now_ms)
        elif first == 2:
            harness.take_snapshot(now_ms)
        else:
            agenda.requests += harness.requests(harness.poll(now_ms), now_ms)
    return now_ms


def _settled_by(exchange: Exchange, simulation: Simulation) -> str:
    runners = {event.order.runner for event in exchange.log if event.what in FILLS}
    if not runners:
        return "none"
    if runners <= exchange.account.gone.keys():
        return "void"
    return "result" if simulation.settlement == "result" and exchange.account.winners() else "mark"


def _transactions(tape: Tape, exchange: Exchange) -> dict[int, int]:
    """Bets placed and failed requests (once upon a time cancels too) of each clock hour."""
    counts_cancels = TRANSACTION_CHARGE.on(day_of(int(tape.message_ms[0]))).counts_cancels
    times = [order.accepted_ms for order in exchange.orders if order.accepted_ms > 0]
    counted = ("refused", "cancelled") if counts_cancels else ("refused",)
    times += [event.time_ms for event in exchange.log if event.what in counted]
    hours = sorted(time_ms // 3_600_000 for time_ms in times)
    return {hour: hours.count(hour) for hour in hours}


def _charge(hours: dict[int, int], gross: int, commission: int, settled_ms: int) -> int:
    """Each transaction beyond the free ones of its hour, day by day, less half of commission and 3 % of a loss that day."""
    total = 0.0
    for day in {hour // 24 for hour in hours}:
        rule = TRANSACTION_CHARGE.on(day_of(day * 86_400_000))
        beyond = sum(max(0, n - rule.free_per_hour) for hour, n in hours.items() if hour // 24 == day)
        offset = (commission + 0.03 * max(0, -gross)) / 2 if day == settled_ms // 86_400_000 else 0.0
        total += max(0.0, beyond * rule.millipence / 1000 - offset)
    return ceil(round(total, 6))


def _row(tape: Tape, exchange: Exchange, harness: Harness, simulation: Simulation) -> dict[str, Any]:
    account, costs = exchange.account, simulation.costs
    by = _settled_by(exchange, simulation)
    micro = {"result": account.settle, "mark": lambda: account.mark_at_off}.get(by, lambda: 0)()
    gross = round(micro / MICRO)
    rate = tape.info.market_base_rate_percent / 100 * (1 - costs.discount)
    commission = round(max(0, gross) * rate) if costs.commission else 0
    hours, settled_ms = _transactions(tape, exchange), int(tape.message_ms[-1])
    charge = _charge(hours, gross, commission, settled_ms) if costs.transaction_charge else 0
    counts = {what: [e.pence for e in exchange.log if e.what == what] for what in FILLS}
    refused = [event.reason for event in exchange.log if event.what == "refused"]
    return {
        "market_id": tape.market_id,
        "settled_by": by,
        "pnl_pence": gross - commission - charge,
        "gross_pence": gross,
        "commission_pence": commission,
        "charge_pence": charge,
        "settled_ms": settled_ms,
        "transaction_hours": tuple(hours),
        "transaction_counts": tuple(hours.values()),
        "places": harness.places,
        "cancels": harness.cancels,
        "replaces": harness.replaces,
        **{what: len(pence) for what, pence in counts.items()},
        **{f"{what}_pence": sum(pence) for what, pence in counts.items()},
        "turnover_pence": sum(sum(pence) for pence in counts.values()),
        "entry_matched": any(counts.values()),
        "largest_position_pence": account.largest_position // MICRO,
        "largest_liability_pence": account.largest_liability // MICRO,
        "worst_mark_pence": harness.worst_mark // MICRO,
        "residual_pence": account.residual_at_off // MICRO,
        "lapsed": sum(event.what == "lapsed" for event in exchange.log),
        "polls": harness.polls,
        **{f"refused_{reason}": refused.count(reason) for reason in REFUSALS},
    }
