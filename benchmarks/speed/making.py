"""Synthetic greyhound markets a second of one core, to tapes in a store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.speed.figures import Figure
from benchmarks.speed.timing import best_of
from simcore import TapeStore
from simcore.tapes.writer import StoreWriter
from sweeps.app.synth import SynthRequest, make_markets


def quietly(done: int, wanted: int) -> None:
    """No progress shown."""


def measure(work: Path, *, markets: int, repeats: int) -> Iterator[Figure]:
    """Making and storing against storing alone, which no way of making them could do without."""
    make_markets(SynthRequest("greyhounds", 1, 1, 99, work / "made-warm"), 1, quietly)
    days = -(-markets // 150)
    requests = (SynthRequest("greyhounds", markets, days, 7, work / f"made-{n}") for n in range(repeats))
    made_s, _ = best_of(repeats, lambda: make_markets(next(requests), 1, quietly))
    made = TapeStore.open(work / "made-0")
    tapes = [made.tape(market_id) for market_id in made.markets()["market_id"]]
    stores = (work / f"stored-{number}" for number in range(repeats))

    def store() -> None:
        with StoreWriter(next(stores)) as writer:
            for tape in tapes:
                writer.add(tape, tier="SYNTHETIC")
            writer.commit()

    stored_s, _ = best_of(repeats, store)
    note = f"CPU of one process, best of {repeats}, {markets:,} markets of {sum(t.n_rows for t in tapes):,} rows"
    yield Figure(
        "synthetic-markets-per-second",
        markets / made_s,
        "markets a second on one core",
        "floor: storing them again",
        markets / stored_s / (markets / made_s),
        markets / stored_s,
        ">= 50 a second",
        f"{note}; the ratio is the time of making and storing over that of storing alone",
    )
