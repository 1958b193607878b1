"""Use-case: the research charts of a store. Which markets, what is measured and replayed on each, gathered by group.

A *group* is what the chosen catalogue columns say, by default sport, market type and country. Everything is averaged over
markets: a market counts once, however much traded in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simcore import research
from simcore.engine import replay_batch
from simcore.models.simulation import Simulation, resolve_simulation
from simcore.research import Measures
from simcore.results import MarketResult
from simcore.strategies import Core, Parameters, resolve_core
from simcore.strategies.daf import DAF
from simcore.tapes.catalogue import HINDSIGHT, SCHEMA, conditions
from simcore.tapes.store import TapeStore
from sweeps.app.processes import each
from sweeps.errors import ConfigError
from sweeps.runners.base import replay_seed

Real = NDArray[np.float64]

DIRECTIONS: Final = ("long", "short")
ENTRIES: Final = ("cross", "passive")
ENTRY_TIMES_S: Final = (600.0, 450.0, 300.0, 240.0, 180.0, 150.0, 120.0, 90.0, 60.0)
BOTS: Final = ("caf:size_decay", "caf:v2", "daf:long", "daf:short")
GROUP_BY: Final = ("sport", "market_type", "country")
KNOWN_S: Final = 60.0
"""the liquidity that is no hindsight: what was matched so many seconds before the first advertised start"""


@dataclass(frozen=True)
class DriftTrade:
    """The trade of the entry-time chart: DAF at each entry time, long and short, crossing the spread or joining the queue.

    entry_times_s : seconds before the advertised start at which it begins; it gives up wait_s later, or at the exit
    pick_s        : when the runner is picked; None = at the entry
    """

    entry_times_s: tuple[float, ...] = ENTRY_TIMES_S
    exit_s: float = 20.0
    wait_s: float = 30.0
    pick_s: float | None = None
    favourite: int = 0
    stake_pounds: float = 5.0

    def parameters(self) -> list[Parameters]:
        """One configuration for each direction × entry × entry time, in that order. Raises ModelError."""
        return [
            DAF.make(values=self._values(direction, entry, begin_s))
            for direction in DIRECTIONS
            for entry in ENTRIES
            for begin_s in self.entry_times_s
        ]

    def _values(self, direction: str, entry: str, begin_s: float) -> dict[str, Any]:
        return {
            "favourite": self.favourite,
            "pick_s": begin_s if self.pick_s is None else self.pick_s,
            "entry_start_s": begin_s,
            "entry_end_s": max(begin_s - self.wait_s, self.exit_s),
            "exit_s": self.exit_s,
            "direction": direction,
            "entry": entry,
            "stake_pounds": self.stake_pounds,
        }


@dataclass(frozen=True)
class Studied:
    """One market. drift: (direction, entry, entry time) profit as a share of the stake, nan where nothing was matched;
    bots: (bots,) profit in pounds; known_pounds: matched KNOWN_S before the first advertised start."""

    measures: Measures
    known_pounds: float
    drift: Real
    bots: Real


@dataclass(frozen=True)
class StudyMarket:
    """The work on one market: everything measured, every replay. Small, so that it travels."""

    store: str
    drift: DriftTrade
    bots: tuple[str, ...]
    simulation: Simulation

    def __call__(self, market_id: str) -> Studied:
        tape, seed = _opened(self.store).tape(market_id), replay_seed(0, market_id)
        try:
            trades = replay_batch(tape, DAF, self.drift.parameters(), self.simulation, seed=seed)
            bots = [replay_batch(tape, core, [made], self.simulation, seed=seed)[0] for core, made in self._bots()]
            measures = research.measures_of(tape)
        except Exception as error:
            error.add_note(f"market {market_id}")
            raise
        return Studied(
            measures=measures,
            known_pounds=research.matched_by(tape, KNOWN_S),
            drift=self._returns(trades),
            bots=np.array([one.pnl_pence / 100 for one in bots]),
        )

    def _bots(self) -> list[tuple[Core, Parameters]]:
        return [_bot(name) for name in self.bots]

    def _returns(self, trades: Sequence[MarketResult]) -> Real:
        stake_pence = 100 * self.drift.stake_pounds
        flat = [one.pnl_pence / stake_pence if one.entry_matched else np.nan for one in trades]
        return np.array(flat).reshape(len(DIRECTIONS), len(ENTRIES), len(self.drift.entry_times_s))


@lru_cache(maxsize=2)
def _opened(store: str) -> TapeStore:
    return TapeStore.open(store)


def _bot(name: str) -> tuple[Core, Parameters]:
    """CORE:PRESET, or file.py:NAME with its defaults. Raises ModelError for one that is not there."""
    core, _, preset = name.rpartition(":")
    if core.endswith(".py") or not core:
        chosen = resolve_core(name)
        return chosen, chosen.make()
    chosen = resolve_core(core)
    return chosen, chosen.make(preset)


@dataclass(frozen=True)
class Request:
    """What to study and how.

    by        : catalogue columns that make a group
    most      : markets looked at in a group, drawn by a hash of their ids: always the same ones
    least     : smaller groups are named, not drawn;  groups: the largest so many are drawn
    hindsight : allow filters and groups on what was known only afterwards
    """

    store: Path
    filters: Mapping[str, Any] = field(default_factory=dict)
    by: tuple[str, ...] = GROUP_BY
    most: int = 200
    least: int = 3
    groups: int = 6
    drift: DriftTrade = DriftTrade()
    bots: tuple[str, ...] = BOTS
    simulation: str = "default"
    hindsight: bool = False

    def work(self) -> StudyMarket:
        """The work on each market. Raises ModelError for a trade, bot or simulation that does not make sense."""
        work = StudyMarket(str(self.store), self.drift, self.bots, resolve_simulation(self.simulation))
        self.drift.parameters()
        for name in self.bots:
            _bot(name)
        return work


@dataclass
class Group:
    """Markets that are averaged over: their catalogue rows, and what was found on those studied so far, in the same order."""

    name: str
    in_store: int
    rows: pd.DataFrame
    studied: list[Studied] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.studied)

    @property
    def known(self) -> pd.DataFrame:
        """Catalogue rows of the markets studied."""
        return self.rows.iloc[: len(self.studied)]

    def measured(self, name: str) -> Real:
        """A field of `Measures`, one row a market."""
        return np.array([getattr(one.measures, name) for one in self.studied], np.float64)

    @property
    def drift(self) -> Real:
        """(markets, direction, entry, entry time), see `Studied`."""
        return np.stack([one.drift for one in self.studied])

    @property
    def bots(self) -> Real:
        """(markets, bots), pounds."""
        return np.stack([one.bots for one in self.studied])


@dataclass
class Study:
    """What was found. left_out: name → markets of the groups not drawn; not_replayable: markets that passed the filter."""

    request: Request
    groups: list[Group]
    left_out: dict[str, int]
    not_replayable: int
    wanted: int = 0
    interrupted: bool = False

    @property
    def done(self) -> int:
        return sum(len(group) for group in self.groups)


def study(request: Request, workers: int, progress: Callable[[int, int], None]) -> Study:
    """Study a store. Interrupted, it returns what was found until then and says so.

    Raises ConfigError, ModelError or RecordingError for a request that makes no sense, before anything is computed.
    """
    work, found = request.work(), _grouped(request)
    order = sorted(
        (_draw(market_id), group, market_id)
        for group, of in enumerate(found.groups)
        for market_id in of.rows["market_id"]
    )
    found.wanted = len(order)
    progress(0, len(order))
    try:
        with closing(each(work, [market_id for _, _, market_id in order], workers)) as results:
            for (_, group, _), one in zip(order, results, strict=True):
                found.groups[group].studied.append(one)
                progress(found.done, len(order))
    except KeyboardInterrupt:
        found.interrupted = True
    found.groups = [group for group in found.groups if len(group)]
    return found


def _draw(market_id: str) -> str:
    """Where a market stands in the order of work: the same for every request, and like nothing about the market."""
    return hashlib.sha256(market_id.encode()).hexdigest()


def _grouped(request: Request) -> Study:
    _check_columns(request)
    table = TapeStore.open(request.store).markets(hindsight=True, **request.filters)
    fit = table[table["replayable"]]
    if fit.empty:
        raise ConfigError(
            f"no replayable market in {str(request.store)!r} passes the filter; "
            f"`sweeps data list --store {request.store}` shows what is there and why it cannot be replayed"
        )
    names = fit[list(request.by)].astype(str).agg(" ".join, axis=1).str.split().str.join(" ").replace("", "all")
    by_size = sorted(fit.groupby(names), key=lambda pair: (-len(pair[1]), pair[0]))
    drawn = [(name, rows) for name, rows in by_size if len(rows) >= request.least][: request.groups]
    if not drawn:
        raise ConfigError(
            f"no group by {', '.join(request.by)} has {request.least} replayable markets (the largest has "
            f"{len(by_size[0][1])}); group by less with `--by`, or lower `--least`"
        )
    chosen = {name for name, _ in drawn}
    left_out = {str(name): len(rows) for name, rows in by_size if name not in chosen}
    groups = [Group(str(name), len(rows), _thinned(rows, request.most)) for name, rows in drawn]
    return Study(request, groups, left_out, len(table) - len(fit))


def _thinned(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    order = rows["market_id"].map(_draw).sort_values().index[:most]
    return rows.loc[order].reset_index(drop=True)


def _check_columns(request: Request) -> None:
    for column in request.by:
        if column not in SCHEMA.names:
            raise ConfigError(f"`--by` must name columns of the catalogue ({', '.join(GROUP_BY)}, …), got {column!r}")
    filtered = [condition.column for condition in conditions(request.filters, hindsight=True)]
    ahead = [column for column in (*request.by, *filtered) if column in HINDSIGHT]
    if ahead and not request.hindsight:
        raise ConfigError(
            f"choosing or grouping markets by {ahead[0]!r} looks ahead: it is known only after the market; leave it out, or "
            f"allow it with `--hindsight`"
        )
