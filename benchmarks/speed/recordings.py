"""Which real recordings the bench runs on: whole racing markets with full ladders, spread evenly over their sizes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.parity.feed import Recorded, markets_of
from simcore import TapeStore
from sweeps.app.importing import import_files

Entry = dict[str, Any]
"""one recording in the catalogue"""
SPORTS = {"horses": "7", "greyhounds": "4339"}


@dataclass(frozen=True)
class Raced:
    """A market of the bench. path : the recording as published;  plain : its messages unpacked, for flumine."""

    sport: str
    market_id: str
    path: Path
    plain: Path


def chosen(folder: Path, sport: str, count: int) -> list[Entry]:
    """Catalogue entries of `count` recordings of a sport: full ladder, WIN, a known winner, alone in their file."""
    entries = json.loads((folder / "catalogue.json").read_text())
    fitting = [entry for entry in entries if len(entry["markets"]) == 1 and _fits(entry["markets"][0], sport)]
    by_id = {entry["markets"][0]["market_id"]: entry for entry in fitting}
    ordered = sorted(by_id.values(), key=lambda entry: (entry["markets"][0]["lines"], entry["file"]))
    return spread(ordered, count)


def spread(ordered: Sequence[Entry], count: int) -> list[Entry]:
    """`count` of them, evenly from the first to the last; all where there are no more."""
    if len(ordered) <= count:
        return list(ordered)
    return [ordered[int((place + 0.5) * len(ordered) / count)] for place in range(count)]


def _fits(market: dict[str, Any], sport: str) -> bool:
    right = market["event_type_id"] == SPORTS[sport] and market["market_type"] == "WIN" and market["usable_for_replay"]
    whole = not market["tier"].startswith("ADVANCED") and "conflated" not in market["tier"]
    return right and whole and len(market["winner"]) == 1


def prepare(folder: Path, count: int, work: Path) -> tuple[list[Raced], TapeStore]:
    """The markets of both sports, imported into a store under `work` and written out for flumine beside it."""
    entries = [(sport, entry) for sport in SPORTS for entry in chosen(folder, sport, count)]
    report = import_files([folder / entry["file"] for _, entry in entries], work / "store", workers=1)
    store = TapeStore.open(work / "store")
    raced = []
    for sport, entry in entries:
        for market in markets_of(folder / entry["file"]):
            if isinstance(market, Recorded) and market.tape.market_id in report.imported:
                plain = work / f"{market.tape.market_id}.jsonl"
                market.write(plain)
                raced.append(Raced(sport, market.tape.market_id, folder / entry["file"], plain))
    return raced, store
