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
from simcore.strategies.caf import CAF, Caf
from simcore.strategies.daf import Daf

SHARING = 5
"""parameter sets that share one pass of flumine at its best"""
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
    return result.passive + result.aggressive + result.unattributed


@dataclass(frozen=True)
class Beside:
    """Both sides on one market, CPU seconds a configuration.

    batch_s, alone_s : ours in `replay_batch` of the bench's many configurations, and of one alone
    read_s           : one alone with the tape read from the store first
    documented_s     : flumine, one configuration a pass;  best_s : at its best settings, the sets sharing a pass
    """

    raced: Raced
    rows: int
    batch_s: float
    alone_s: float
    read_s: float
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


def _beside(raced: Raced, store: TapeStore, core: str, sets: Sequence[Any], window_s: float, repeats: int) -> Beside:
    tape = store.tape(raced.market_id)
    ours = simcore.replay_batch(tape, core, sets)
    shared = sets[:SHARING]
    documented = run_flumine(raced.plain, shared[:1], window_s, best=False, repeats=repeats)
    best = run_flumine(raced.plain, shared, window_s, best=True, repeats=repeats)
    return Beside(
        raced,
        tape.n_rows,
        seconds_each(lambda: simcore.replay_batch(tape, core, sets), repeats) / len(sets),
        seconds_each(lambda: simcore.replay_batch(tape, core, sets[:1]), repeats),
        seconds_each(lambda: simcore.replay_batch(store.tape(raced.market_id), core, sets[:1]), repeats),
        documented.cpu_s,
        best.cpu_s / len(shared),
        ours[: len(shared)],
        documented,
        best,
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
    ours_s = sum(each.batch_s for each in beside) / len(beside)
    theirs_s = sum(each.best_s if at_best else each.documented_s for each in beside) / len(beside)
    rows = [_row(each, at_best) for each in beside]
    traded = {key: round(sum(row[key] for row in rows), 2) for key in TRADED}
    note = (
        f"CPU, best of {how[1]}; ours: replay_batch of {how[0]} configurations on an open tape, per configuration "
        f"(one alone {1000 * sum(each.alone_s for each in beside) / len(beside):.3g} ms, its tape read from the store first "
        f"{1000 * sum(each.read_s for each in beside) / len(beside):.3g} ms); flumine on plain lines: "
        f"{AT_ITS_BEST if at_best else AS_DOCUMENTED}; {len(beside)} markets, "
        f"{'the ' + str(len(beside[0].best.fills)) + ' shared sets' if at_best else 'one set'}: fills "
        f"{traded['fills']:,} ours, {traded['flumine_fills']:,} flumine's, profit £{traded['profit_pounds']:,.2f} and "
        f"£{traded['flumine_profit_pounds']:,.2f} before commission"
    )
    detail = {**traded, "markets": rows, "configurations": how[0], "repeats": how[1]}
    unit = "ms a market and configuration"
    return Figure(
        name, 1000 * ours_s, unit, "flumine 3.3", theirs_s / ours_s, 1000 * theirs_s, f">= {wanted:,}", note, detail
    )


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
