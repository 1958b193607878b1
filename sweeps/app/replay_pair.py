"""Replay two markets of one event with one configuration: find the pair in a store, and write what it did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from simcore.pair import PairResult, replay_pair
from simcore.strategies import resolve_core
from simcore.tapes.pairs import pairs
from simcore.tapes.store import TapeStore
from sweeps.app.replay import Files, Wanted
from sweeps.errors import ConfigError
from sweeps.results import write_parquet


@dataclass(frozen=True)
class ReplayedPair:
    """A pair's market ids, and its result."""

    first: str
    second: str
    result: PairResult


def list_pairs(store: Path) -> pd.DataFrame:
    """The pairs of a store whose parts their names tell; columns as `simcore.tapes.pairs.pairs`."""
    return pairs(TapeStore.open(store))


def replay_markets(store: Path, first: str, second: str | None, wanted: Wanted, fills: Path | None) -> ReplayedPair:
    """Replay market `first` with `second` (None: the only one whose runners are found to be its parts).

    Writes every fill of both to `fills`, if asked. Raises ConfigError where there is not exactly one partner.
    """
    Files(fills=fills).check()
    core, parameters, assumed = resolve_core(wanted.strategy, 2), wanted.parameters(), wanted.assumptions()
    tapes = TapeStore.open(store)
    one = tapes.tape(first)
    partner = second or only_partner(tapes, first)
    result = replay_pair((one, tapes.tape(partner)), core, parameters, assumed, record=True)
    if fills is not None:
        write_parquet(pa.Table.from_pandas(fills_of(result), preserve_index=False), fills)
    return ReplayedPair(first, partner, result)


def only_partner(store: TapeStore, first: str) -> str:
    """The market that is found to have the parts of `first`. Raises ConfigError where there is not exactly one."""
    found = pairs(store)
    partners: list[str] = found.loc[found["whole"] == first, "parts"].tolist()
    if len(partners) == 1:
        return partners[0]
    if partners:
        raise ConfigError(f"market {first} has parts in {', '.join(partners)}; name one of them with --second")
    raise ConfigError(
        f"no market of the store is found to have the parts of {first} by its names; `sweeps replay-pair --list` shows those "
        f"that are, or name it with --second and give `parts`"
    )


def fills_of(result: PairResult) -> pd.DataFrame:
    """Every fill of both markets by time: market_id, then the columns of each market's fills."""
    tables = [
        each.fills.assign(market_id=each.market_id) for each in (result.first, result.second) if each.fills is not None
    ]
    both = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
    ordered = both.sort_values("time_ms", kind="stable", ignore_index=True)
    return ordered[["market_id", *[name for name in ordered.columns if name != "market_id"]]]
