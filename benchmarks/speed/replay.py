"""A replay against flumine: the same recordings, window and quotes; per market and configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

import simcore
from benchmarks.speed.figures import Figure
from benchmarks.speed.recordings import Raced
from benchmarks.speed.theirs import AS_DOCUMENTED, AT_ITS_BEST, Pass, run_flumine
from benchmarks.speed.timing import seconds_each
from simcore import MarketResult, TapeStore
from simcore.results import FILL_KINDS
from simcore.strategies.caf import CAF, Caf
from simcore.strategies.daf import Daf

SHARING = 5
"""parameter sets that share one pass of flumine at its best"""
ROW_COLUMNS = ("kind", "book", "runner", "tick", "size")
WANTED = {"caf": (2000, 700), "daf": (20_000, 7000)}


def caf_sets(count: int, window_s: float) -> list[Caf]:
    """CAF V2 over the window, its stake and skew varied."""
    v2 = msgspec.structs.replace(CAF.presets["v2"], pick_s=window_s, start_s=window_s)
    sizes = [25.0 + place for place in range(count)]
    return [msgspec.structs.replace(v2, contracts_pounds=size, skew_contracts_pounds=2 * size) for size in sizes]


def daf_sets(count: int, window_s: float) -> list[Daf]:
    """The long drift trade, picked at the window's beginning, its stake varied."""
    entry_s = min(300.0, window_s)
    return [Daf(pick_s=window_s, entry_start_s=entry_s, stake_pounds=5.0 + place) for place in range(count)]


def fills_of(result: MarketResult) -> int:
    """Fills of one of our replays."""
    return sum(getattr(result, kind) for kind in FILL_KINDS)


@dataclass(frozen=True)
class Beside:
    """Both sides on one market, CPU seconds a configuration.

    batch_s          : ours in one `replay_batch` of the bench's many configurations
    few_s, alone_s   : in one of as many as share flumine's pass, and of one configuration
    read_s           : of one, with the tape read from the store first
    scan_s           : reading the columns of the tape's rows once, in memory
    documented_s     : flumine, one configuration a pass;  best_s : at its best settings, the sets sharing a pass
    """

    raced: Raced
    rows: int
    batch_s: float
    few_s: float
    alone_s: float
    read_s: float
    scan_s: float
    documented_s: float
    best_s: float
    ours: Sequence[MarketResult]
    documented: Pass
    best: Pass


def measure(raced: Sequence[Raced], store: TapeStore, *, window_s: float, batch: int, repeats: int) -> Iterator[Figure]:
    """The four ratios, and the same by sport."""
    for core, sets in (("caf", caf_sets(batch, window_s)), ("daf", daf_sets(batch, window_s))):
        simcore.replay_batch(store.tape(raced[0].market_id), core, sets[:1])  # warm
        beside = [_beside(market, store, core, sets, window_s, repeats) for market in raced]
        yield from _figures(core, beside, batch, repeats)
        yield _over_scan(core, beside)


def _beside(raced: Raced, store: TapeStore, core: str, sets: Sequence[Any], window_s: float, repeats: int) -> Beside:
    tape, shared = store.tape(raced.market_id), sets[:SHARING]

    def ours(some: Sequence[Any]) -> float:
        return seconds_each(lambda: simcore.replay_batch(tape, core, some), repeats) / len(some)

    documented = run_flumine(raced.plain, shared[:1], window_s, best=False, repeats=repeats)
    best = run_flumine(raced.plain, shared, window_s, best=True, repeats=repeats)
    return Beside(
        raced,
        tape.n_rows,
        batch_s=ours(sets),
        few_s=ours(shared),
        alone_s=ours(sets[:1]),
        read_s=seconds_each(lambda: simcore.replay_batch(store.tape(raced.market_id), core, sets[:1]), repeats),
        scan_s=seconds_each(lambda: [getattr(tape, name).sum() for name in ROW_COLUMNS], repeats),
        documented_s=documented.cpu_s,
        best_s=best.cpu_s / len(shared),
        ours=simcore.replay_batch(tape, core, shared),
        documented=documented,
        best=best,
    )


def _figures(core: str, beside: Sequence[Beside], batch: int, repeats: int) -> Iterator[Figure]:
    documented, best = WANTED[core]
    for sport in ("", "horses", "greyhounds"):
        some = [each for each in beside if sport in ("", each.raced.sport)]
        if not some:
            continue
        end = f"-{sport}" if sport else ""
        yield _figure(f"replay-{core}-vs-flumine{end}", some, False, documented, (batch, repeats))
        yield _figure(f"replay-{core}-vs-flumine-best{end}", some, True, best, (batch, repeats))


def _figure(name: str, beside: Sequence[Beside], at_best: bool, wanted: int, how: tuple[int, int]) -> Figure:
    """One ratio: the sums over the markets, flumine's over ours."""
    ours, theirs = _mean_ms(beside, "batch_s"), _mean_ms(beside, "best_s" if at_best else "documented_s")
    rows = [_row(each, at_best) for each in beside]
    traded = {key: round(sum(row[key] for row in rows), 2) for key in TRADED}
    few, alone, read = (_mean_ms(beside, each) for each in ("few_s", "alone_s", "read_s"))
    sets = len(beside[0].best.fills) if at_best else 1
    note = (
        f"{len(beside)} markets, CPU, best of {how[1]}; ours in batches of {how[0]} (of {len(beside[0].best.fills)}: {few:.3g} "
        f"ms, alone {alone:.3g} ms, alone with the tape read first {read:.3g} ms); {traded['fills']:,} fills and "
        f"£{traded['profit_pounds']:,.2f} before commission ours, {traded['flumine_fills']:,} and "
        f"£{traded['flumine_profit_pounds']:,.2f} flumine's, of {sets} configuration{'s' if sets > 1 else ''}"
    )
    said = AT_ITS_BEST if at_best else AS_DOCUMENTED
    detail = {**traded, "flumine": said, "configurations": how[0], "repeats": how[1], "markets": rows}
    unit, target = "ms a market and configuration", f">= {wanted:,}"
    return Figure(name, ours, unit, "flumine 3.3", theirs / ours, theirs, target, note, detail)


def _over_scan(core: str, beside: Sequence[Beside]) -> Figure:
    """The ceiling: no replay is faster than reading what it is about."""
    ours, floor = _mean_ms(beside, "batch_s"), _mean_ms(beside, "scan_s")
    rows = sum(each.rows for each in beside)
    return Figure(
        f"replay-{core}-over-scan",
        ours,
        "ms a market and configuration",
        "floor: reading the tape's rows once",
        ours / floor,
        floor,
        note=f"{rows / len(beside):,.0f} rows a market, from its first message to its settlement",
    )


def _mean_ms(beside: Sequence[Beside], name: str) -> float:
    return 1000 * sum(getattr(each, name) for each in beside) / len(beside)


TRADED = ("fills", "flumine_fills", "profit_pounds", "flumine_profit_pounds")


def _row(each: Beside, at_best: bool) -> dict[str, Any]:
    """One market of a figure."""
    theirs, theirs_s = (each.best, each.best_s) if at_best else (each.documented, each.documented_s)
    ours = each.ours[: len(theirs.fills)]
    return {
        "market_id": each.raced.market_id,
        "sport": each.raced.sport,
        "file": each.raced.path.name,
        "rows": each.rows,
        "ms": 1000 * each.batch_s,
        "few_ms": 1000 * each.few_s,
        "alone_ms": 1000 * each.alone_s,
        "read_ms": 1000 * each.read_s,
        "flumine_ms": 1000 * theirs_s,
        "ratio": theirs_s / each.batch_s,
        "fills": sum(map(fills_of, ours)),
        "flumine_fills": sum(theirs.fills),
        "profit_pounds": sum(result.gross_pence for result in ours) / 100,
        "flumine_profit_pounds": sum(theirs.profit_pounds),
        "orders": sum(result.places for result in ours),
        "flumine_orders": sum(theirs.orders),
    }
