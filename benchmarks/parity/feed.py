"""A recording for both: our tapes of it, and for flumine a plain file with the lines of one market.

flumine reads files of one market change a line, whole and undamaged. So it is given exactly the messages our reader took,
one a line, and the ladder our tape was made from (no best-offer levels beside a full ladder, no display prices with virtual
bets), with definitions made up to what its reader insists on: what is compared is the simulation, not the reading.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from simcore.dtypes import TRADE, TRADE_UNATTRIBUTED
from simcore.streams.compile import compile_lines
from simcore.streams.sources import find_sources, lines_of, unpack
from simcore.tapes.tape import Tape

INSISTED: dict[str, Any] = {
    "betDelay": 0,
    "bettingType": "ODDS",
    "bspMarket": False,
    "bspReconciled": False,
    "complete": True,
    "crossMatching": False,
    "discountAllowed": True,
    "eventId": "",
    "eventTypeId": "",
    "inPlay": False,
    "marketBaseRate": 5.0,
    "numberOfActiveRunners": 0,
    "numberOfWinners": 1,
    "persistenceEnabled": True,
    "regulators": [],
    "runnersVoidable": False,
    "timezone": "GMT",
    "turnInPlayEnabled": False,
    "version": 0,
}
"""what flumine's reader insists a definition has, where a recording leaves it out"""
FULL, LEVELS, DISPLAY = ("atb", "atl"), ("batb", "batl"), ("bdatb", "bdatl")


@dataclass
class Recorded:
    """One market of a recording: its tape, and its messages as dictionaries in the order of the tape's messages."""

    file: str
    tape: Tape
    messages: list[dict[str, Any]]

    @property
    def published_ms(self) -> list[int]:
        return [message["pt"] for message in self.messages]

    @property
    def tradable(self) -> bool:
        """Whether there are trades in it to be compared."""
        return bool(np.isin(self.tape.kind, (TRADE, TRADE_UNATTRIBUTED)).any())

    def write(self, path: Path) -> None:
        """The messages as flumine reads them."""
        path.write_bytes(b"\n".join(msgspec.json.encode(message) for message in self.messages))


@dataclass
class Passed:
    """A market that cannot be compared, and why."""

    file: str
    market_id: str
    reason: str


@dataclass
class Lines:
    """The market changes of one stream file, apart by market."""

    by_market: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def take(self, message: Any) -> None:
        if not isinstance(message, dict) or message.get("op") != "mcm" or not isinstance(message.get("pt"), int):
            return
        apart: dict[str, list[dict[str, Any]]] = {}
        for change in message.get("mc") or ():
            apart.setdefault(change["id"], []).append(change)
        for market_id, changes in apart.items():
            known = self.by_market.setdefault(market_id, [])
            known.append({"op": "mcm", "pt": message["pt"], "clk": message.get("clk"), "mc": changes})


def markets_of(path: Path) -> Iterator[Recorded | Passed]:
    """Every market of one recording that has a tape with a ladder and trades, or why it cannot be compared."""
    for source in find_sources([path]):
        for name, file in unpack(source.name, io.BufferedReader(io.BytesIO(source.read()))):
            lines = list(lines_of(file))
            compiled = compile_lines(name, iter(lines))
            raw = _raw(lines)
            for market in compiled.markets:
                yield _recorded(path.name, market.tape, raw.by_market[market.tape.market_id])


def _recorded(name: str, tape: Tape, messages: list[dict[str, Any]]) -> Recorded | Passed:
    if not tape.info.has_definition:
        return Passed(name, tape.market_id, "no market definition")
    if len(messages) != tape.n_messages:
        return Passed(name, tape.market_id, "a message with two images in it")
    entries = [entry for message in messages for change in message["mc"] for entry in change.get("rc") or ()]
    full = any(entry.get(key) for entry in entries for key in FULL)
    for change in (change for message in messages for change in message["mc"] if "marketDefinition" in change):
        start = datetime.fromtimestamp(messages[0]["pt"] / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        change["marketDefinition"] = {**INSISTED, "marketTime": start, **change["marketDefinition"]}
    for entry in entries:
        for key in (*DISPLAY, *(LEVELS if full else ())):
            entry.pop(key, None)
    return Recorded(name, tape, messages)


def _raw(lines: list[bytes]) -> Lines:
    """The messages as they came, read leniently: our reader's tape says which of them count."""
    found = Lines()
    whole = b"\n".join(lines).strip()
    if whole[:1] == b"[" or whole.split(b"\n", 1)[0].strip() == b"{":
        document = json.loads(whole)
        for message in document if isinstance(document, list) else [document]:
            found.take(message)
        return found
    for line in whole.replace(b"\r", b"\n").split(b"\n"):
        start = line.find(b"{")
        try:
            found.take(msgspec.json.decode(line[start:]) if start >= 0 else None)
        except msgspec.DecodeError:
            continue
    return found
