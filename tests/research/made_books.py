"""Markets made by hand for the study: two or three runners, books and trades at known seconds before the off."""

from __future__ import annotations

import json
from typing import Any

from simcore.streams import compile_stream
from simcore.tapes.tape import Tape

START_MS = 1_709_294_400_000  # 2024-03-01 12:00 UTC, the advertised start
OFF_DELAY_S = 20
OFF_MS = START_MS + 1000 * OFF_DELAY_S
Runner = dict[str, Any]


def definition(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "eventId": "9",
        "eventTypeId": "7",
        "marketType": "WIN",
        "countryCode": "GB",
        "marketTime": "2024-03-01T12:00:00.000Z",
        "status": "OPEN",
        "inPlay": False,
        "betDelay": 0,
        "numberOfWinners": 1,
        "bspMarket": False,
        "runners": [{"id": i, "status": "ACTIVE", "sortPriority": i} for i in (1, 2, 3)],
    }
    return fields | changes


def line(to_off_s: float, *runners: Runner, **change: Any) -> str:
    body: dict[str, Any] = {"id": "1.5"} | change | ({"rc": list(runners)} if runners else {})
    return json.dumps({"op": "mcm", "clk": "A", "pt": int(OFF_MS - 1000 * to_off_s), "mc": [body]})


def book(runner: int, back: float, lay: float, pounds: tuple[float, float] = (10.0, 10.0), **more: Any) -> Runner:
    """A runner's book of one price a side."""
    return {"id": runner, "atb": [[back, pounds[0]]], "atl": [[lay, pounds[1]]]} | more


def market(first_s: float, opening: list[Runner], lines: list[str]) -> Tape:
    """The opening image `first_s` before the off, the lines, the turn in-play at the off and the close."""
    (tape,) = compile_stream(
        [
            line(first_s, *opening, img=True, marketDefinition=definition()),
            *lines,
            line(0, marketDefinition=definition(inPlay=True)),
            line(-60, marketDefinition=definition(inPlay=True, status="CLOSED")),
        ]
    )
    return tape
