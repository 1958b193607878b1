"""A small market as stream messages, written by hand so that every outcome is known beforehand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simcore.streams.messages import Message, message_from

START_MS = round(datetime(2024, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)
FAVOURITE, OUTSIDER = 11, 12
NAMES = {FAVOURITE: "Ballymac", OUTSIDER: "Swift"}


def definition(status: str = "OPEN", *, in_play: bool = False, removed: tuple[int, ...] = ()) -> dict[str, Any]:
    return {
        "status": status,
        "inPlay": in_play,
        "marketTime": "2024-03-01T12:00:00.000Z",
        "eventTypeId": "4339",
        "marketType": "WIN",
        "runners": [
            {"id": key, "name": name, "status": "REMOVED" if key in removed else "ACTIVE"}
            for key, name in NAMES.items()
        ],
    }


def message(seconds: float, *runners: dict[str, Any], img: bool = False, **changed: Any) -> Message:
    """A message `seconds` before the advertised start."""
    change: dict[str, Any] = {"id": "1.1", "img": img, "rc": list(runners)} | changed
    return message_from({"op": "mcm", "pt": START_MS - round(seconds * 1000), "clk": "1", "mc": [change]})


def ladder(runner: int, atb: list[list[float]], atl: list[list[float]]) -> dict[str, Any]:
    return {"id": runner, "atb": atb, "atl": atl}


def opening(seconds: float = 400.0) -> Message:
    """Favourite 2.0 / 2.02, outsider 3.0 / 3.1, £50 at each price."""
    return message(
        seconds,
        ladder(FAVOURITE, [[2.0, 50]], [[2.02, 50]]),
        ladder(OUTSIDER, [[3.0, 50]], [[3.1, 50]]),
        img=True,
        marketDefinition=definition(),
    )
