"""What was found as figures of the bench, each beside a floor of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.speed.figures import Figure, missing
from benchmarks.speed.replay import ROW_COLUMNS
from benchmarks.speed.scaling.clusters import Implied
from benchmarks.speed.scaling.driving import DriverCost
from benchmarks.speed.scaling.law import Law
from benchmarks.speed.scaling.points import CORES
from benchmarks.speed.scaling.sweeping import Rows, Watching
from benchmarks.speed.timing import seconds_each
from simcore import Tape


def law_figure(detail: dict[str, Any]) -> Figure:
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


def row_figure(core: str, law: Law, tape: Tape, repeats: int) -> Figure:
    """What a row costs a configuration, against reading it once."""
    scan_s = seconds_each(lambda: [getattr(tape, name).sum() for name in ROW_COLUMNS], repeats)
    unit, peer = "ns a row and configuration", "floor: reading a row once"
    return _over(f"scaling-{core}-row", unit, 1000 * law.us["row"], peer, 1e9 * scan_s / tape.n_rows)


def driver_figures(driver: DriverCost, rows: Rows, watching: Watching) -> Iterator[Figure]:
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


def implied_figure(implied: Implied) -> Figure:
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
