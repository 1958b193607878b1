"""A market told in a few lines, a few requests, and what both simulations make of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from benchmarks.parity.comparing import Tally, compare_strategy
from benchmarks.parity.feed import INSISTED, Recorded
from benchmarks.parity.mends import Truth
from benchmarks.parity.orders import Outcome
from benchmarks.parity.ours import replay_requests
from benchmarks.parity.strategies import Logged
from benchmarks.parity.theirs import run_flumine
from simcore.dtypes import BACK, LAY
from simcore.streams import compile_stream
from simcore.units import tick_of

OFF_MS = 1_709_294_400_000
"""2024-03-01T12:00:00Z, the advertised start; times below count from an hour before"""
BEGIN_MS = OFF_MS - 3_600_000


def definition(**changes: Any) -> dict[str, Any]:
    """A market definition with the runners 11 and 22; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "eventId": "9",
        "eventTypeId": "7",
        "marketType": "WIN",
        "marketTime": "2024-03-01T12:00:00.000Z",
        "status": "OPEN",
        "inPlay": False,
        "betDelay": 0,
        "numberOfWinners": 1,
        "bspMarket": True,
        "bspReconciled": False,
        "runners": [runner(11), runner(22)],
    }
    return INSISTED | {"numberOfActiveRunners": 2, "version": 1} | fields | changes


def runner(selection_id: int, status: str = "ACTIVE", factor: float | None = None) -> dict[str, Any]:
    """A runner as the definition lists it."""
    known = {"id": selection_id, "status": status, "sortPriority": selection_id}
    return known if factor is None else known | {"adjustmentFactor": factor}


def at(ms: int, *entries: dict[str, Any], img: bool = False, **changes: Any) -> dict[str, Any]:
    """One message; `changes` (or img) bring a market definition with them."""
    change: dict[str, Any] = {"id": "1.111", "rc": list(entries)}
    if img:
        change["img"] = True
    if changes or img:
        change["marketDefinition"] = definition(**changes)
    return {"op": "mcm", "clk": "AAA", "pt": BEGIN_MS + ms, "mc": [change]}


def opening(**changes: Any) -> dict[str, Any]:
    """Runner 11: £50 to back at 2.0, £40 to lay at 2.02, £60 at 2.04; £10 traded at 2.02. Runner 22: 3.0 and 3.05."""
    first = {"id": 11, "atb": [[2.0, 50]], "atl": [[2.02, 40], [2.04, 60]], "trd": [[2.02, 20]]}
    return at(0, first, {"id": 22, "atb": [[3.0, 50]], "atl": [[3.05, 50]]}, img=True, **changes)


@dataclass(frozen=True)
class Place:
    """Sent with the first message at or after `at_ms`."""

    at_ms: int
    side: str
    odds: float
    pounds: float
    selection_id: int = 11
    persist: bool = False
    least_pounds: float = 0.0


@dataclass(frozen=True)
class Cancel:
    """Cancels the place of this number."""

    at_ms: int
    number: int


class _Says(Logged):
    requests: tuple[Place | Cancel, ...] = ()

    def __init__(self, recorded: Recorded, truth: Truth, stream: Any) -> None:
        super().__init__(recorded, truth, stream, "says")
        self.left = sorted(self.requests, key=lambda request: request.at_ms)

    def _in_time(self, book: Any) -> bool:
        return True

    def decide(self, market: Any, book: Any) -> None:
        while self.left and BEGIN_MS + self.left[0].at_ms <= book.publish_time_epoch:
            request = self.left.pop(0)
            if isinstance(request, Cancel):
                self.cancel(market, request.number)
                continue
            chosen = next(r for r in book.runners if r.selection_id == request.selection_id)
            side, pence = BACK if request.side == "BACK" else LAY, round(request.pounds * 100)
            least = round(request.least_pounds * 100)
            tick = tick_of(request.odds)
            self.place(market, chosen, side, tick, pence, persist=request.persist, min_fill_pence=least)


def sending(*requests: Place | Cancel) -> type[Logged]:
    """A flumine strategy that sends these requests and nothing else."""
    return type("Says", (_Says,), {"requests": requests})


def saying(messages: list[dict[str, Any]]) -> list[str]:
    """The messages as lines of a stream file."""
    return [json.dumps(message) for message in messages]


@dataclass(frozen=True)
class Told:
    """flumine's orders, ours, and the names of their disagreements."""

    theirs: list[Outcome]
    ours: list[Outcome]
    names: set[str]
    unexplained: list[str]


def tell(messages: list[dict[str, Any]], *requests: Place | Cancel) -> Told:
    """Run the requests on the messages through flumine and through our preset."""

    recorded = Recorded("told", compile_stream(saying(messages))[0], messages)
    theirs = run_flumine(recorded, (sending(*requests),))[0]
    ours = replay_requests(recorded, theirs.requests)
    tally = Tally()
    compare_strategy(recorded, theirs, ours, tally)
    names = {name for names in tally.by_class for name in names.split(" + ")}
    return Told(theirs.plain, ours.settled, names, tally.unexplained)


def matched(outcomes: list[Outcome]) -> list[list[tuple[int, float, float]]]:
    """Per order, its matches as (ms, odds, pounds)."""
    return [[(ms - BEGIN_MS, odds / 100, pence / 100) for ms, odds, pence in outcome.matches] for outcome in outcomes]
