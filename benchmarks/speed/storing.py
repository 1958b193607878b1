"""Opening a store of very many markets and filtering its catalogue. The markets are simulated: one tape's row, varied."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.figures import Figure
from benchmarks.speed.making import quietly
from simcore import TapeStore
from simcore.tapes.writer import StoreWriter
from sweeps.app.synth import SynthRequest, make_markets

FULL = 100_000
SPORTS, VENUES, A_DAY = ("greyhounds", "horses"), 40, 150
FILTERS: dict[str, Any] = {"sport": "greyhounds", "market_type": "WIN", "date_from": "2025-03-04", "min_runners": 4}
COLUMNS = 4
"""columns those filters read"""


def make_store(work: Path, markets: int) -> Path:
    """A store whose catalogue names so many markets; their tapes are empty files."""
    one = work / "one-market"
    make_markets(SynthRequest("greyhounds", 1, 1, 3, one), 1, quietly)
    market_id = str(TapeStore.open(one).markets()["market_id"].iloc[0])
    row = TapeStore.open(one).row(market_id)
    path = work / "many-markets"
    with StoreWriter(path) as writer:
        for number in range(markets):
            varied = _varied(row, number)
            (path / "tapes" / varied["tape"]).touch()
            writer.add_row(varied)
        writer.commit()
    return path


def _varied(row: dict[str, Any], number: int) -> dict[str, Any]:
    off = row["advertised_off"].to_pydatetime() + timedelta(days=number // A_DAY, minutes=number % A_DAY)
    market_id = f"1.{800_000_000 + number}"
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in row.items()}
    return plain | {
        "market_id": market_id,
        "tape": f"{market_id}.{number:012x}.arrow",
        "content_hash": f"{number:064x}",
        "sport": SPORTS[number % len(SPORTS)],
        "venue": f"Venue {number % VENUES}",
        "advertised_off": off,
        "day": off.date().isoformat(),
        "runners": 4 + number % 12,
    }


def measure(work: Path, *, markets: int, repeats: int) -> Iterator[Figure]:
    """Open and filter, wall time: it is what a user waits for."""
    path = make_store(work, markets)
    opened_s = _quickest(repeats, lambda: TapeStore.open(path))
    catalogue = (path / "catalogue.parquet").read_bytes()
    read_s = _quickest(repeats, lambda: [(path / "catalogue.parquet").read_bytes(), *(path / "tapes").iterdir()])
    told = "" if markets == FULL else f" (of {markets:,} markets: a small run)"
    yield Figure(
        "store-open-100k",
        1000 * opened_s,
        "ms",
        "floor: reading its catalogue and listing its tapes",
        opened_s / read_s,
        1000 * read_s,
        "<= 1,000 ms",
        f"wall time, best of {repeats}, {len(catalogue) / 1e6:,.1f} MB of catalogue{told}",
    )
    store = TapeStore.open(path)
    found = len(store.markets(**FILTERS))
    filtered_s = _quickest(repeats, lambda: store.markets(**FILTERS))
    column = np.arange(markets, dtype=np.int64)
    scan_s = _quickest(repeats, lambda: [column > number for number in range(COLUMNS)])
    yield Figure(
        "store-filter-100k",
        1000 * filtered_s,
        "ms",
        f"floor: scanning {COLUMNS} columns in memory",
        filtered_s / scan_s,
        1000 * scan_s,
        "<= 100 ms",
        f"wall time, best of {repeats}, {found:,} of {markets:,} markets found",
    )


def _quickest(repeats: int, work: Callable[[], object]) -> float:
    taken = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)
