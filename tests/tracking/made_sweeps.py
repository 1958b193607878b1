"""Sweeps made for the tracking tests: real folders with made-up results, written through the sweep's own tables."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from simcore.results import REFUSALS, MarketResult
from simcore.statistics import distribution
from sweeps import capacity
from sweeps.capacity import CapacityCurve
from sweeps.config import parse_config
from sweeps.home import Home
from sweeps.metrics import METRICS
from sweeps.results import Identity, SweepFolder, SweepMarket, TrialSummary

CONFIG = """
strategy: {core: daf, parameters: {stake_pounds: 5.0}}
space:
  entry_start_s: {kind: int, low: 30, high: 300, step: 10}
  exit_s: {kind: float, low: 1.0, high: 30.0, log: true}
  side: {kind: categorical, choices: [long, short]}
search: {trials: 12}
"""
SWEEP_ID = "0123456789abcdef"


def market_row(market_id: str, pnl_pence: int, **values: Any) -> dict[str, Any]:
    """A result row: nothing happened but this profit."""
    counts = {
        f.name: 0 if f.type == "int" else () for f in fields(MarketResult) if f.type in ("int", "tuple[int, ...]")
    }
    facts: dict[str, Any] = {"market_id": market_id, "settled_by": "result", "pnl_pence": pnl_pence}
    facts |= {**counts, **facts} | {"entry_matched": pnl_pence != 0, "refusals": (0,) * len(REFUSALS)} | values
    return MarketResult(**facts).row()


@dataclass
class MadeSweep:
    """A sweep folder one can add trials to."""

    home: Home
    folder: SweepFolder

    @classmethod
    def create(
        cls, home: Home, name: str = "evening", *, markets: int = 40, sweep_id: str = SWEEP_ID, config: str = CONFIG
    ) -> MadeSweep:
        members = tuple(SweepMarket(f"1.{1000 + i}", f"2024-03-{1 + i % 5:02d}") for i in range(markets))
        identity = Identity(sweep_id, "c0ffee", "da7a", "0.1.0+abc")
        return cls(home, SweepFolder.create(home, name, parse_config(config, "made"), identity, members))

    def add_batch(self, first: int, count: int) -> list[TrialSummary]:
        """Trials first … first + count − 1; every seventh is invalid, every fifth breaks a constraint."""
        trials, rows = [], []
        for number in range(first, first + count):
            pnl = self.pnl_pence(number)
            trials.append(self.trial(number, pnl))
            if trials[-1].state == "complete":
                for market_id, pence in zip(self.folder.markets, pnl, strict=True):
                    rows.append({"trial": number, **market_row(market_id, int(pence), turnover_pence=1000)})
        self.folder.write_batch(trials, pa.Table.from_pylist(rows))
        return trials

    def pnl_pence(self, number: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        random = np.random.default_rng(number)
        pnl = random.normal(5 * (number % 9), 120, len(self.folder.markets)).round().astype(np.int64)
        pnl[random.random(len(pnl)) < 0.3] = 0
        return pnl

    def trial(self, number: int, pnl_pence: np.ndarray[Any, np.dtype[np.int64]]) -> TrialSummary:
        sampled: dict[str, Any] = {
            "entry_start_s": 30 + number * 70 % 270,
            "exit_s": 1.0 + number * 7 % 29,
            "side": ("long", "short")[number % 2],
        }
        parameters = {"stake_pounds": 5.0, **sampled}
        if number % 7 == 6:
            return TrialSummary(number, "invalid", sampled, parameters, reason="exit before entry; swap them")
        metrics = dict.fromkeys(METRICS, 0.0) | distribution(pnl_pence / 100)
        metrics["markets_traded"] = float((pnl_pence != 0).sum())
        return TrialSummary(
            number,
            "complete",
            sampled,
            parameters,
            self.folder.config.objective.values(metrics),
            metrics,
            constraints_met=number % 5 != 4,
        )

    def add_capacity(self) -> CapacityCurve:
        """A curve that rises, turns at 50 and falls, kept where the sweep's own is kept."""
        best = self.folder.best()
        assert best is not None
        rows = []
        for stake in (2.0, 5.0, 10.0, 20.0, 50.0, 100.0):
            for i, market_id in enumerate(self.folder.markets):
                luck = (-1) ** i * 4 * stake
                pence = round(luck + 6 * stake - 0.06 * stake**2)
                row = market_row(market_id, pence, turnover_pence=round(150 * stake), passive=1, aggressive=1)
                rows.append({"stake": stake, **row})
        curve = CapacityCurve(best.number, "stake_pounds", {}, pa.Table.from_pylist(rows).to_pandas())
        capacity.write(self.folder, curve)
        return curve
