"""The use-cases of a sweep: see its configuration, run it, go on with it, list and show sweeps."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from simcore.models.simulation import Simulation
from sweeps.capacity import measure
from sweeps.config import SweepConfig, read_config
from sweeps.driver import Driver, Listener
from sweeps.errors import ConfigError
from sweeps.home import Home
from sweeps.plan import Plan, complete, plan_sweep
from sweeps.results import SweepFolder, check_name
from sweeps.runners.base import Replays
from sweeps.runners.bench import Bench, evaluate, open_bench
from sweeps.tracking import Tracker, make_tracker


def show_config(path: Path, overrides: Sequence[str]) -> str:
    """The whole configuration of a YAML file as YAML, every default and the core's parameters written out."""
    config, _ = complete(read_config(path, overrides), str(path))
    return config.to_yaml()


def run_sweep(home: Home, path: Path, overrides: Sequence[str], name: str | None, listener: Listener) -> SweepFolder:
    """Run the sweep of a YAML file under `name` (default: the file's name and the start of the sweep's id).

    A name that exists resumes where the identity is the same, with the trials, runner and tracking now asked for, and is
    refused where it is another. Raises ConfigError before anything is written.
    """
    plan = plan_sweep(read_config(path, overrides), str(path))
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._") or "sweep"
    name = check_name(name or f"{stem}-{plan.identity.sweep_id[:8]}")
    return _run(home, name, plan, listener)


def resume_sweep(home: Home, name: str, overrides: Sequence[str], listener: Listener) -> SweepFolder:
    """Go on with a sweep where it was; `overrides` may change what is no part of its identity (trials, ray, tracking)."""
    folder = SweepFolder.open(home, name)
    config = read_config(folder.path / "config.yaml", overrides)
    return _run(home, name, plan_sweep(config, f"sweep {name!r}"), listener)


def describe(folder: SweepFolder) -> dict[str, Any]:
    """What `sweeps show --json` prints."""
    progress, best, holdout = folder.progress(), folder.best(), folder.holdout()
    return {
        "name": folder.name,
        "sweep_id": folder.identity.sweep_id,
        "config_hash": folder.identity.config_hash,
        "data_manifest": folder.identity.data_manifest,
        "code_version": folder.identity.code_version,
        "state": folder.state,
        "reason": progress.get("reason", ""),
        "trials": progress.get("trials", 0),
        "trials_wanted": progress.get("trials_wanted", folder.config.search.trials),
        "invalid_trials": progress.get("invalid", 0),
        "core": folder.config.strategy.core,
        "objective": folder.config.objective.kind,
        "markets": len(folder.markets),
        "holdout_markets": len(folder.holdout_markets),
        "left_out_markets": progress.get("left_out", 0),
        "best": None
        if best is None
        else {"trial": best.number, "parameters": best.parameters, "metrics": _whole_counts(best.metrics)},
        "pareto_front": list(folder.pareto_front()) if len(folder.config.objective.goals) > 1 else [],
        "holdout": [{**opening, "metrics": _whole_counts(opening["metrics"])} for opening in holdout],
        "path": str(folder.path),
    }


def untraded_markets(folder: SweepFolder) -> list[str]:
    """Markets in which the best configuration matched nothing, in the order of the sweep."""
    best = folder.best()
    if best is None:
        return []
    rows = folder.market_results(best.number)
    return [str(market_id) for market_id in rows.loc[~rows["entry_matched"], "market_id"]]


def _whole_counts(metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics with counts as whole numbers."""
    counts = {"markets", "markets_traded", "markets_marked", "fills", "requests", "refusals"}
    return {name: int(value) if name in counts and math.isfinite(value) else value for name, value in metrics.items()}


def _run(home: Home, name: str, plan: Plan, listener: Listener) -> SweepFolder:
    folder = _folder(home, name, plan)
    with folder.lock():
        folder.write_progress(state="running", reason="", left_out=plan.left_out)
        tracker = make_tracker(plan.config.tracking, home)
        try:
            _drive(folder, plan, tracker, listener)
        except KeyboardInterrupt:
            folder.write_progress(state="stopped", reason="interrupted")
            tracker.close()
            raise
        except Exception as error:
            folder.write_progress(state="failed", reason=str(error))
            raise
    return folder


def _folder(home: Home, name: str, plan: Plan) -> SweepFolder:
    """The sweep's folder: there already with the same identity, or new."""
    if not (home.sweeps / name / "sweep.json").is_file():
        return SweepFolder.create(home, name, plan.config, plan.identity, plan.members)
    there = SweepFolder.open(home, name)
    if there.identity.sweep_id != plan.identity.sweep_id:
        raise ConfigError(
            f"sweep {name!r} exists with another identity: {_difference(there, plan)}; "
            f"choose another --name, or remove {there.path}"
        )
    there.write_config(plan.config)
    return SweepFolder.open(home, name)


def _difference(there: SweepFolder, plan: Plan) -> str:
    before, now = there.identity, plan.identity
    if before.config_hash != now.config_hash:
        return f"its configuration differs ({', '.join(_differing(there.config, plan.config)) or 'see config.yaml'})"
    if before.data_manifest != now.data_manifest:
        return f"its {len(there.members)} markets are not these {len(plan.members)}, or their content has changed"
    return f"it was begun by code {before.code_version}, this is {now.code_version}"


def _differing(before: SweepConfig, now: SweepConfig) -> list[str]:
    """Keys whose values differ, as in `--set`."""

    def flat(value: Any, key: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            return {key: value}
        found: dict[str, Any] = {}
        for name, below in value.items():
            found |= flat(below, f"{key}.{name}" if key else name)
        return found

    a, b = flat(msgspec.to_builtins(before), ""), flat(msgspec.to_builtins(now), "")
    ignored = ("ray.", "tracking.", "data.store", "search.trials")
    return [key for key in sorted(a | b) if a.get(key) != b.get(key) and not key.startswith(ignored)]


def _drive(folder: SweepFolder, plan: Plan, tracker: Tracker, listener: Listener) -> None:
    config = plan.config
    assert config.data.store is not None, "a plan has a store"
    work = Replays(config.data.store, config.strategy.core, config.simulation, config.search.seed)
    with open_bench(work, config.ray) as bench:
        tracker.start(folder)
        Driver(folder, plan.core, bench, tracker, listener).run()
        measure(folder, plan.core, lambda parameters, simulation: _more(folder, bench, parameters, simulation))
        replayed_s = float(folder.progress().get("replay_cpu_seconds", 0.0)) + bench.replay_cpu_s
        folder.write_progress(replay_cpu_seconds=round(replayed_s, 3))
    tracker.finish(folder)
    tracker.close()


def _more(
    folder: SweepFolder, bench: Bench, parameters: Sequence[Mapping[str, Any]], simulation: Simulation
) -> pa.Table:
    """Replays beside the trials, on the same markets, seeds and workers."""
    config = folder.config
    store, seed = config.data.store or "", config.search.seed
    return evaluate(store, folder.markets, config.strategy.core, parameters, simulation, seed, config.ray, bench)
