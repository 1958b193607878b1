"""Write a configuration for a live bot, and replay one to see that it still earns what it promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from simcore import TapeStore
from simcore.errors import SimcoreError
from sweeps.errors import ExportError
from sweeps.export.build import build, source_sha256
from sweeps.export.document import Export, Market
from sweeps.export.files import load, write
from sweeps.export.flags import flags_of, write_flags
from sweeps.home import Home
from sweeps.results import SweepFolder
from sweeps.runners.base import Configuration, Replays, Shard


@dataclass(frozen=True)
class ReplayedExport:
    """An export and what its markets earned now.

    rows : one result row a market, columns of simcore's MarketResult, in the order of the manifest
    """

    export: Export
    rows: pd.DataFrame

    @property
    def promised_pence(self) -> int:
        return sum(market.pnl_pence or 0 for market in self.export.markets)

    @property
    def replayed_pence(self) -> int:
        return int(self.rows["pnl_pence"].sum())

    @property
    def differences(self) -> list[tuple[Market, int]]:
        """Markets that earned something else than promised, with what they earned now, pence."""
        earned = [int(pence) for pence in self.rows["pnl_pence"]]
        pairs = zip(_replayable(self.export), earned, strict=True)
        return [(market, pence) for market, pence in pairs if market.pnl_pence != pence]

    @property
    def equal(self) -> bool:
        """Every market to the penny, and so the total."""
        return not self.differences

    def sentence(self) -> str:
        """What the replay says of the promise."""
        total = f"{len(self.rows)} markets replayed to {_pounds(self.replayed_pence)}"
        if self.equal:
            return f"{total}, what the sweep reported to the penny"
        market, pence = self.differences[0]
        return (
            f"{total}, but the sweep reported {_pounds(self.promised_pence)}: {len(self.differences)} markets differ, first "
            f"{market.market_id} ({_pounds(pence)}, reported {_pounds(market.pnl_pence or 0)}); the export is of code "
            f"{self.export.provenance.code_version}, replay with that code or sweep again"
        )


def export_sweep(
    home: Home, name: str, out: Path, trial: int | None = None, form: Literal["json", "flags"] = "json"
) -> Export:
    """Write the best (or the named) trial of a sweep to `out`. Raises ExportError or ConfigError and writes nothing."""
    if out.is_dir() or not out.parent.is_dir():
        raise ExportError(f"{out} cannot be written; name a file in a folder that exists")
    export = build(SweepFolder.open(home, name), trial)
    if form == "flags":
        write_flags(flags_of(export), out)
    else:
        write(export, out)
    return export


def replay_export(path: Path, store: Path, progress: Callable[[int, int], None] | None = None) -> ReplayedExport:
    """Replay every market of an export's manifest on the tapes of `store`; hold-out markets only where they were opened.

    progress(done, of) is called after each market. Raises ExportError where the export is off or the store holds other data.
    """
    export = load(path)
    if source_sha256(export.strategy.core) != export.strategy.source_sha256:
        raise ExportError(
            f"core {export.strategy.core!r} was changed since {path} was exported; sweep and export again"
        )
    _check_data(export, path, store)
    replays = Replays(str(store), export.strategy.core, export.simulation, export.provenance.seed)
    configuration = Configuration(export.provenance.trial, export.strategy.parameters)
    markets = _replayable(export)
    tables = []
    for done, market in enumerate(markets, start=1):
        tables.append(replays(Shard((market.market_id,), (configuration,))).rows.to_pandas())
        if progress is not None:
            progress(done, len(markets))
    return ReplayedExport(export, pd.concat(tables, ignore_index=True).drop(columns="trial"))


def _check_data(export: Export, path: Path, store: Path) -> None:
    try:
        found = TapeStore.open(store).manifest([market.market_id for market in export.markets])
    except SimcoreError as error:
        raise ExportError(f"{path} cannot be replayed on {store}: {error}") from error
    if found != export.provenance.data_manifest:
        raise ExportError(
            f"store {store} holds other recordings of these markets than {path} was made from "
            f"(data manifest {found}, exported {export.provenance.data_manifest}); name the sweep's own `--store`"
        )


def _replayable(export: Export) -> list[Market]:
    return [market for market in export.markets if market.pnl_pence is not None]


def _pounds(pence: int) -> str:
    return f"{'−' if pence < 0 else ''}£{abs(pence) / 100:,.2f}"
