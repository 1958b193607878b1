"""The part `scaling` of the bench: markets, points, laws, sweeps, and what they imply, as figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.optimize import nnls

from benchmarks.speed.figures import Figure
from benchmarks.speed.recordings import Raced
from benchmarks.speed.scaling.clusters import BATCHES, CLUSTERS, Costs, Implied, imply, workloads
from benchmarks.speed.scaling.driving import Watched, driver_cost
from benchmarks.speed.scaling.law import Law, Point, fit
from benchmarks.speed.scaling.points import CORES, Market, Pace, made, measured, paced
from benchmarks.speed.scaling.scope import Scope
from benchmarks.speed.scaling.showing import driver_figures, implied_figure, law_figure, row_figure
from benchmarks.speed.scaling.sweeping import (
    Rows,
    Watching,
    counted,
    result_s,
    rows_of,
    tape_bytes,
    typical,
    watch_sweeps,
)
from benchmarks.speed.timing import seconds_each
from simcore import TapeStore
from simcore.engine import warm
from simcore.tapes.writer import StoreWriter

FIT_SEED, CHECK_SEED = 21, 31
RECORDED: Final = "recorded "


@dataclass(frozen=True)
class Opening:
    """Reading tapes: seconds each time and a row."""

    open_s: float
    open_row_s: float


def measure(
    raced: Sequence[Raced], store: TapeStore, work: Path, *, scope: Scope, repeats: int, on_ray: bool
) -> Iterator[Figure]:
    """Raises MeasureError where a sweep does not come to its end."""
    for core in CORES:
        warm(core)
    fitted = made(scope.fitted, FIT_SEED)
    checked = made(scope.checked, CHECK_SEED) + [
        Market(RECORDED + each.sport, store.tape(each.market_id)) for each in raced
    ]
    pace = Pace()
    points = measured(fitted, scope.points, scope.batches, repeats, FIT_SEED, pace)
    others = measured(checked, scope.checks, scope.batches, repeats, CHECK_SEED, pace)
    points, others = paced(points, pace), paced(others, pace)
    laws = {core: fit([point for point in points if point.core == core]) for core in CORES}
    watching = watch_sweeps(work, *scope.sweep, on_ray=on_ray)
    rows = rows_of(watching.folders["one"], repeats)
    costs = _costs(laws, watching, rows, _opening(fitted, work / "opened", repeats), repeats)
    every = _implied(watching, costs)
    yield law_figure(
        {
            "laws": {core: dict(law.us) for core, law in laws.items()},
            "checks": {core: _checks(laws[core], core, points, others) for core in CORES},
            "points": [asdict(point) for point in (*points, *others)],
            "markets": _markets(raced, store, watching),
            "costs": asdict(costs),
            "rows": asdict(rows),
            "sweeps": _sweeps(watching, laws),
            "implied": [_plain(each) for each in every],
        }
    )
    for core in CORES:
        yield row_figure(core, laws[core], fitted[0].tape, repeats)
    yield from driver_figures(costs.driver, rows, watching)
    yield from (implied_figure(each) for each in every)


def _costs(laws: dict[str, Law], watching: Watching, rows: Rows, opening: Opening, repeats: int) -> Costs:
    folder = watching.folders["one"]
    return Costs(
        laws=laws,
        open_s=opening.open_s,
        open_row_s=opening.open_row_s,
        result_s=result_s(folder, repeats),
        driver=driver_cost(watching.drivers, watching.empty_task_s),
        shard_s=folder.config.ray.shard_seconds,
        row_bytes=rows.memory_bytes,
        stored_row_bytes=rows.stored_bytes,
    )


def _opening(markets: Sequence[Market], folder: Path, repeats: int) -> Opening:
    with StoreWriter(folder) as writer:
        for market in markets:
            writer.add(market.tape, tier="SYNTHETIC")
        writer.commit()
    store = TapeStore.open(folder)
    ids = [market.tape.market_id for market in markets]
    seconds = np.array([seconds_each(partial(store.tape, each), repeats) for each in ids])
    amounts = np.array([[1.0, market.tape.n_rows] for market in markets])
    (once, row), _ = nnls(amounts / seconds[:, None], np.ones(len(ids)))
    return Opening(float(once), float(row))


def _checks(law: Law, core: str, points: Sequence[Point], others: Sequence[Point]) -> list[dict[str, Any]]:
    """How far the law is off, in % of what was measured: where it was fitted, on other made markets, on recordings."""
    mine = [point for point in others if point.core == core]
    groups = {
        "fitted": [point for point in points if point.core == core],
        "made": [point for point in mine if not point.kind.startswith(RECORDED)],
        "recorded": [point for point in mine if point.kind.startswith(RECORDED)],
    }
    return [{"points": name, **_check(law, group)} for name, group in groups.items() if group]


def _check(law: Law, points: Sequence[Point]) -> dict[str, Any]:
    missed = 100 * np.abs(law.errors(points))
    return {
        "count": len(points),
        "markets": len({point.market_id for point in points}),
        "r_squared": law.r_squared(points),
        "median_percent": float(np.median(missed)),
        "nine_in_ten_percent": float(np.quantile(missed, 0.9)),
        "worst_percent": float(missed.max()),
        "together_percent": 100 * (sum(law.seconds(p.counts) for p in points) / sum(p.seconds for p in points) - 1),
        "again_percent": 100 * float(np.median([point.spread for point in points])),
    }


def _markets(raced: Sequence[Raced], store: TapeStore, watching: Watching) -> list[dict[str, Any]]:
    """Rows and bytes of a market: the made ones that stand for UK markets, and the recordings beside them."""
    sizes: dict[str, list[tuple[int, int]]] = {}
    for core, name in (("daf", "one"), ("caf", "caf")):
        folder = watching.folders[name]
        opened = TapeStore.open(str(folder.config.data.store))
        kind = "made greyhounds" if core == "daf" else "made horses"
        sizes[kind] = [(opened.tape(each).n_rows, tape_bytes(opened, each)) for each in folder.markets]
    for each in raced:
        one = (store.tape(each.market_id).n_rows, tape_bytes(store, each.market_id))
        sizes.setdefault(RECORDED + each.sport, []).append(one)
    return [
        {
            "kind": kind,
            "markets": len(some),
            "rows": float(np.mean([rows for rows, _ in some])),
            "fewest_rows": min(rows for rows, _ in some),
            "most_rows": max(rows for rows, _ in some),
            "tape_bytes": float(np.mean([size for _, size in some])),
        }
        for kind, some in sizes.items()
    ]


def _sweeps(watching: Watching, laws: dict[str, Law]) -> list[dict[str, Any]]:
    """Each sweep's replays by the law against what they took; the first batch, which loads kernels, left out."""
    found = []
    for name, core in (("one", "daf"), ("two", "daf"), ("caf", "caf")):
        watched: Watched = getattr(watching, name)
        first = 0 if len(watched.batches) == 1 else watched.batches[0].trials
        predicted = 0.0
        for batch in watched.later:
            for counts in counted(watching.folders[name], range(first, first + batch.trials)):
                predicted += laws[core].seconds(_as_met_again(counts, watched.workers))
            first += batch.trials
        took, wall_s = (sum(getattr(batch, each) for batch in watched.later) for each in ("replay_s", "wall_s"))
        found.append(
            {
                "core": core,
                "workers": watched.workers,
                "replays": sum(batch.all_rows for batch in watched.later),
                "predicted_s": predicted,
                "took_s": took,
                "replays_a_second": watched.replays_a_second,
                "busy_share": took / watched.workers / wall_s,
            }
        )
    return found


def _as_met_again(counts: dict[str, float], workers: int) -> dict[str, float]:
    """A worker that met the market in the batch before has kept what all configurations share."""
    new = 1.0 - 1.0 / workers
    return counts | {"before": new * counts["before"], "market": new * counts["market"]}


def _implied(watching: Watching, costs: Costs) -> list[Implied]:
    greyhounds, horses = typical(watching.folders["one"]), typical(watching.folders["caf"])
    return [
        imply(workload, costs, cores)
        for batch in BATCHES
        for workload in workloads(greyhounds, horses, batch)
        for cores in CLUSTERS
    ]


def _plain(implied: Implied) -> dict[str, Any]:
    return {**asdict(implied), "fed": implied.fed if implied.feeding_s > 0 else None}
