"""Small tapes for the store's tests."""

from __future__ import annotations

import json
from typing import Any

from simcore.streams import compile_stream
from simcore.tapes.tape import Tape

OFF_MS = 1_646_209_860_000  # 2022-03-02 08:31 UTC


def made_tape(market_id: str = "1.1", messages: int = 60, **definition: Any) -> Tape:
    """A market with one runner, a level that grows, one trade and a result; `definition` replaces its fields."""
    fields: dict[str, Any] = {
        "eventId": "7",
        "eventTypeId": "4339",
        "marketType": "WIN",
        "countryCode": "AU",
        "venue": "Traralgon",
        "marketTime": "2022-03-02T08:31:00.000Z",
        "status": "OPEN",
        "runners": [{"id": 11, "status": "ACTIVE"}],
    } | definition
    lines = [_line(market_id, 0, {"img": True, "marketDefinition": fields, "rc": [{"id": 11, "atb": [[2.0, 100]]}]})]
    lines.append(_line(market_id, 1, {"rc": [{"id": 11, "atb": [[2.0, 90]], "trd": [[2.0, 20]]}]}))
    for number in range(2, messages - 1):
        lines.append(_line(market_id, number, {"rc": [{"id": 11, "atb": [[2.0, 90 + number]]}]}))
    closed = fields | {"status": "CLOSED", "runners": [{"id": 11, "status": "WINNER"}]}
    lines.append(_line(market_id, messages, {"marketDefinition": closed}))
    (tape,) = compile_stream(lines)
    return tape


def _line(market_id: str, number: int, change: dict[str, Any]) -> str:
    return json.dumps({"op": "mcm", "pt": OFF_MS - 60_000 + number * 1000, "mc": [{"id": market_id} | change]})
