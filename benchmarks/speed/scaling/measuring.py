"""The part `scaling` of the bench: markets, points, laws, sweeps, and what they imply, as figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.optimize import nnls

from benchmarks.speed.figures import Figure, missing
from benchmarks.speed.recordings import Raced
from benchmarks.speed.replay import ROW_COLUMNS
from benchmarks.speed.scaling.clusters import BATCHES, CLUSTERS, Costs, Implied, imply, workloads
from benchmarks.speed.scaling.driving import DriverCost, Watched, driver_cost
from benchmarks.speed.scaling.law import Law, Point, fit
from benchmarks.speed.scaling.points import CORES, Market, made, measured
from benchmarks.speed.scaling.scope import Scope
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
from simcore import Tape, TapeStore
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
    points = list(measured(fitted, scope.points, scope.batches, repeats, FIT_SEED))
    others = list(measured(checked, scope.checks, scope.batches, repeats, CHECK_SEED))
    laws = {core: fit([point for point in points if point.core == core]) for core in CORES}
    watching = watch_sweeps(work, *scope.sweep, on_ray=on_ray)
    rows, driver = rows_of(watching.folders["one"], repeats), driver_cost(watching.drivers, watching.empty_task_s)
    opening = _opening(fitted, work / "opened", repeats)
    costs = Costs(
        laws=laws,
        open_s=opening.open_s,
        open_row_s=opening.open_row_s,
        result_s=result_s(watching.folders["one"], repeats),
        driver=driver,
        shard_s=watching.folders["one"].config.ray.shard_seconds,
        row_bytes=rows.memory_bytes,
        stored_row_bytes=rows.stored_bytes,
    )
    every = _implied(watching, costs)
    detail = {
        "laws": {core: dict(law.us) for core, law in laws.items()},
        "checks": {core: _checks(laws[core], core, points, others) for core in CORES},
        "markets": _markets(raced, store, watching),
        "costs": asdict(costs),
        "rows": asdict(rows),
        "sweeps": _sweeps(watching, laws, opening),
        "implied": [_plain(each) for each in every],
    }
    yield _law_figure(detail)
    for core in CORES:
        yield _row_figure(core, laws[core], fitted[0].tape, repeats)
    yield from _driver_figures(driver, rows, watching)
    yield from (_implied_figure(each) for each in every)


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


def _sweeps(watching: Watching, laws: dict[str, Law], opening: Opening) -> list[dict[str, Any]]:
    """Each sweep's replays by the law against what they took; the first batch, which loads kernels, left out."""
    found = []
    for name, core in (("one", "daf"), ("two", "daf"), ("caf", "caf")):
        watched: Watched = getattr(watching, name)
        first = 0 if len(watched.batches) == 1 else watched.batches[0].trials
        predicted = 0.0
        for batch in watched.later:
            for counts in counted(watching.folders[name], range(first, first + batch.trials)):
                predicted += laws[core].seconds(counts) + opening.open_s + opening.open_row_s * counts["market"]
            first += batch.trials
        took = sum(batch.replay_s for batch in watched.later)
        found.append(
            {
                "core": core,
                "workers": watched.workers,
                "replays": sum(batch.all_rows for batch in watched.later),
                "predicted_s": predicted,
                "took_s": took,
                "replays_a_second": watched.replays_a_second,
                "busy_share": took / watched.workers / sum(batch.wall_s for batch in watched.later),
            }
        )
    return found


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


def _law_figure(detail: dict[str, Any]) -> Figure:
    """How far off the law is where it was not fitted; its detail is all that the page shows."""
    held = [check for core in CORES for check in detail["checks"][core] if check["points"] != "fitted"]
    off, again = (float(np.mean([check[name] for check in held])) for name in ("median_percent", "again_percent"))
    note = "; ".join(
        f"{core}, {check['points']}: median {check['median_percent']:.1f} %, worst {check['worst_percent']:.0f} % of "
        f"{check['count']}"
        for core in CORES
        for check in detail["checks"][core]
    )
    name, unit, peer = "scaling-law-held-out", "% off at the median point", "floor: measuring the same point again"
    if again == 0.0:
        return replace(missing(name, unit, peer, f"two measurements never differed; {note}", value=off), detail=detail)
    return Figure(name, off, unit, peer, off / again, again, note=note, detail=detail)


def _over(name: str, unit: str, value: float, peer: str, floor: float, note: str = "") -> Figure:
    """A cost against its floor; without a ratio where the fit found nothing of it."""
    if value <= 0.0 or floor <= 0.0:
        return missing(name, unit, peer, "the fit puts this cost into the other terms", value=value)
    return Figure(name, value, unit, peer, value / floor, floor, note=note)


def _row_figure(core: str, law: Law, tape: Tape, repeats: int) -> Figure:
    """What a row costs a configuration, against reading it once."""
    scan_s = seconds_each(lambda: [getattr(tape, name).sum() for name in ROW_COLUMNS], repeats)
    unit, peer = "ns a row and configuration", "floor: reading a row once"
    return _over(f"scaling-{core}-row", unit, 1000 * law.us["row"], peer, 1e9 * scan_s / tape.n_rows)


def _driver_figures(driver: DriverCost, rows: Rows, watching: Watching) -> Iterator[Figure]:
    shard, unit, peer = "scaling-driver-shard", "ms a shard", "floor: the driver's part of an empty Ray task"
    two, workers_unit, one = "scaling-two-workers", "replays a second", "one worker"
    each_us, write_us = 1e6 * (driver.row_s + driver.tail_row_s), 1e6 * rows.write_s
    yield _over("scaling-driver-row", "µs a result row", each_us, "floor: writing it to Parquet", write_us)
    ours, theirs = watching.two.replays_a_second, watching.one.replays_a_second
    if driver.empty_task_s is None:
        no_ray = "a small run starts no Ray"
        yield missing(shard, unit, peer, no_ray, value=1000 * driver.shard_s)
        yield missing(two, workers_unit, one, no_ray, value=ours)
        return
    yield _over(shard, unit, 1000 * driver.shard_s, peer, 1000 * driver.empty_task_s)
    note = "by the clock, the driver beside the workers on the same cores"
    yield Figure(two, ours, workers_unit, one, ours / theirs, theirs, note=note)


def _implied_figure(implied: Implied) -> Figure:
    job = implied.workload
    note = (
        f"{job.markets:,} markets x {job.configurations:,} configurations of {job.typical.core.upper()}, asked for "
        f"{job.batch} at a time; bound by {implied.bound}"
    )
    return Figure(
        f"scaling-{job.name}-{implied.cores}-cores-by-{job.batch}",
        implied.hours,
        "hours",
        "floor: its kernels alone on as many cores",
        implied.over_kernels,
        implied.hours / implied.over_kernels,
        note=note,
    )
