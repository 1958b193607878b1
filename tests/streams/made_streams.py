"""Stream lines made by hand, small enough to know every row they must become."""

from __future__ import annotations

import json
from typing import Any

from simcore import dtypes
from simcore.tapes.tape import Tape

START = "2024-03-01T12:00:00.000Z"
START_MS = 1_709_294_400_000
MARKET = "1.111"
KIND_NAMES = {
    getattr(dtypes, name): name
    for name in (
        "PLACE",
        "CANCEL",
        "TRADE",
        "TRADE_UNATTRIBUTED",
        "REPRICED",
        "RECONCILED",
        "HISTORY",
        "LAST_TRADED",
        "IMAGE",
        "STATUS",
        "IN_PLAY",
        "BET_DELAY",
        "REMOVED",
        "START",
        "STARTING_PRICE",
        "RESULT",
        "WINNERS",
        "TRADED_FALL",
    )
}
_BOOKS = {dtypes.ATB: "ATB", dtypes.ATL: "ATL", dtypes.NO_BOOK: "-"}


def definition(**changes: Any) -> dict[str, Any]:
    """A market definition with two runners; `changes` replace its fields."""
    runners = [{"id": 11, "status": "ACTIVE", "sortPriority": 1}, {"id": 22, "status": "ACTIVE", "sortPriority": 2}]
    fields: dict[str, Any] = {
        "eventId": "9",
        "eventTypeId": "7",
        "marketType": "WIN",
        "marketTime": START,
        "status": "OPEN",
        "inPlay": False,
        "betDelay": 0,
        "numberOfWinners": 1,
        "bspMarket": True,
        "bspReconciled": False,
        "runners": runners,
    }
    return fields | changes


def line(pt: int, *entries: dict[str, Any], market: str = MARKET, **change: Any) -> str:
    """One message: runner entries, and `img`, `marketDefinition` … of the market change. `pt` counts from START_MS − 1 h."""
    body: dict[str, Any] = {"id": market, **change}
    if entries:
        body["rc"] = list(entries)
    return json.dumps({"op": "mcm", "clk": "AAA", "pt": START_MS - 3_600_000 + pt, "mc": [body]})


def opening(*entries: dict[str, Any], **changes: Any) -> str:
    """The first line: an image with the definition."""
    return line(0, *entries, img=True, marketDefinition=definition(**changes))


def rows_of(tape: Tape, message: int) -> list[tuple[str, str, int, int, int]]:
    """A message's rows as (kind, book, runner, odds in hundredths or tick -1, size)."""
    from simcore.units import ODDS_HUNDREDTHS

    rows = []
    for row in range(int(tape.message_row[message]), int(tape.message_row[message + 1])):
        tick = int(tape.tick[row])
        price = int(ODDS_HUNDREDTHS[tick]) if tick >= 0 else -1
        kind, book = KIND_NAMES[int(tape.kind[row])], _BOOKS[int(tape.book[row])]
        rows.append((kind, book, int(tape.runner[row]), price, int(tape.size[row])))
    return rows
