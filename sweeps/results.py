"""A sweep's folder: what was asked, what was found. Its Parquet tables are the truth; everything else is a window on them.

<home>/sweeps/<name>/
  config.yaml           the configuration with every default written out
  sweep.json            identity, and the markets of the sweep with their day and split
  state.json            running | stopped | failed | finished, and how far
  markets/000020.parquet  one row a market × configuration of the batch that begins at trial 20
  trials/000020.parquet   one row a trial of that batch; written last, so that a batch is there whole or not at all
  holdout.parquet, holdout.json   every opening of the hold-out
  study.journal         the same trials for Optuna's own tools
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sweeps.config import SweepConfig, parse_config
from sweeps.errors import ConfigError
from sweeps.home import Home
from sweeps.metrics import METRICS

TrialState = Literal["complete", "invalid"]
State = Literal["running", "interrupted", "stopped", "failed", "finished"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Identity:
    """What makes two sweeps the same sweep: configuration, data and code."""

    sweep_id: str
    config_hash: str
    data_manifest: str
    code_version: str


@dataclass(frozen=True)
class SweepMarket:
    """One market of a sweep: `day` is the UTC date of its advertised start (ISO); split is train or holdout."""

    market_id: str
    day: str
    split: Literal["train", "holdout"] = "train"


@dataclass(frozen=True)
class TrialSummary:
    """One finished trial.

    state             complete | invalid (the core refuses these parameters: nothing was replayed, `reason` says why)
    sampled           what the search chose;  parameters: everything the core was given (fixed and sampled)
    values            the objectives, in the order of the configuration; empty when invalid
    metrics           METRICS, empty when invalid
    constraints_met   whether the objective's constraints hold; a trial that breaks one is never the best
    optuna            the sampler's own notes on the trial, needed to go on as if never interrupted
    """

    number: int
    state: TrialState
    sampled: dict[str, Any]
    parameters: dict[str, Any]
    values: tuple[float, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    constraints_met: bool = True
    reason: str = ""
    optuna: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BestTrial:
    """The best complete trial that meets the constraints; parameters are everything the core was given."""

    number: int
    parameters: dict[str, Any]
    metrics: dict[str, float]


Folders = list["SweepFolder"]
Trials = list[TrialSummary]
Records = list[dict[str, Any]]

_TRIALS = pa.schema(
    [
        ("trial", pa.int64()),
        ("state", pa.string()),
        ("reason", pa.string()),
        ("constraints_met", pa.bool_()),
        ("values", pa.list_(pa.float64())),
        ("sampled", pa.string()),
        ("parameters", pa.string()),
        ("optuna", pa.string()),
        *((name, pa.float64()) for name in METRICS),
    ]
)


@dataclass(frozen=True)
class SweepFolder:
    """A sweep on disk. Reading needs no running sweep; writing belongs to the driver that holds `lock()`."""

    path: Path
    config: SweepConfig
    identity: Identity
    members: tuple[SweepMarket, ...]
    _read: dict[str, Trials] = field(default_factory=dict, init=False, repr=False, compare=False)
    """trials of the batches read so far, by file: a batch on disk does not change, and its summary asks for it many times"""

    @property
    def name(self) -> str:
        return self.path.name

    @classmethod
    def open(cls, home: Home, name: str) -> SweepFolder:
        """The sweep `name`. Raises ConfigError where there is none."""
        path = home.sweeps / check_name(name)
        if not (path / "sweep.json").is_file():
            raise ConfigError(f"sweep {name!r} is not in {home.sweeps}; `sweeps list` names those that are")
        facts = json.loads((path / "sweep.json").read_text())
        return cls(
            path=path,
            config=parse_config((path / "config.yaml").read_text(), str(path / "config.yaml")),
            identity=Identity(**facts["identity"]),
            members=tuple(SweepMarket(**member) for member in facts["markets"]),
        )

    @classmethod
    def create(
        cls, home: Home, name: str, config: SweepConfig, identity: Identity, members: tuple[SweepMarket, ...]
    ) -> SweepFolder:
        """Make the folder of a new sweep; `sweep.json` comes last, so that a half-made one does not count."""
        folder = cls(home.sweeps / check_name(name), config, identity, members)
        for part in ("markets", "trials"):
            (folder.path / part).mkdir(parents=True, exist_ok=True)
        folder.write_config(config)
        facts = {"identity": asdict(identity), "markets": [asdict(member) for member in members]}
        write_text(folder.path / "sweep.json", json.dumps(facts, indent=1))
        return folder

    @classmethod
    def list(cls, home: Home) -> Folders:
        """Every sweep of the home, by name."""
        found = sorted(home.sweeps.glob("*/sweep.json")) if home.sweeps.is_dir() else []
        return [cls.open(home, path.parent.name) for path in found]

    def write_config(self, config: SweepConfig) -> None:
        write_text(self.path / "config.yaml", config.to_yaml())

    # markets

    @cached_property
    def markets(self) -> tuple[str, ...]:
        """Ids of the markets every trial is replayed on, in the order of the tables."""
        return tuple(member.market_id for member in self.members if member.split == "train")

    @property
    def holdout_markets(self) -> tuple[str, ...]:
        return tuple(member.market_id for member in self.members if member.split == "holdout")

    @cached_property
    def days(self) -> tuple[str, ...]:
        """UTC day of each of `markets`."""
        return tuple(member.day for member in self.members if member.split == "train")

    def manifest(self) -> dict[str, Any]:
        """What data this sweep stands on: hash, store, and every market with its day and split."""
        return {
            "data_manifest": self.identity.data_manifest,
            "store": self.config.data.store,
            "markets": [asdict(member) for member in self.members],
        }

    # state

    @property
    def state(self) -> State:
        """running | interrupted (its driver is gone without a word) | stopped | failed | finished."""
        told: State = self.progress().get("state", "running")
        if told == "running" and not self._is_held():
            return "interrupted"
        return told

    def progress(self) -> dict[str, Any]:
        """state.json: state, trials done and wanted, replays, seconds, replay_cpu_seconds (of its finished runs), reason."""
        path = self.path / "state.json"
        if not path.is_file():
            return {}
        facts: dict[str, Any] = json.loads(path.read_text())
        return facts

    def write_progress(self, **facts: Any) -> None:
        write_text(self.path / "state.json", json.dumps(self.progress() | facts, indent=1))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held by the one driver that writes here; given up by the system when that process dies."""
        with (self.path / "lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigError(
                    f"sweep {self.name!r} is being run by another process; wait for it or stop it"
                ) from None
            yield

    def _is_held(self) -> bool:
        path = self.path / "lock"
        if not path.is_file():
            return False
        with path.open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    # tables

    def write_batch(self, trials: Trials, market_rows: pa.Table) -> None:
        """Add a finished batch: its market rows, then its trials. Killed in between, the batch counts as not run."""
        name = f"{trials[0].number:06d}.parquet"
        table = pa.Table.from_pylist([_trial_row(t) for t in trials], schema=_TRIALS)
        self._read.pop(name, None)
        write_parquet(market_rows, self.path / "markets" / name)
        write_parquet(table, self.path / "trials" / name)

    def summaries(self) -> Trials:
        """Every finished trial, in order."""
        return [trial for path in sorted((self.path / "trials").glob("[0-9]*.parquet")) for trial in self._batch(path)]

    def _batch(self, path: Path) -> Trials:
        if path.name not in self._read:
            self._read[path.name] = [_summary(row) for row in pq.read_table(path, schema=_TRIALS).to_pylist()]
        return self._read[path.name]

    def trials(self) -> pd.DataFrame:
        """One row a finished trial: trial, state, reason, constraints_met, value (value_0 … with several objectives),
        parameter_<name> for each sampled parameter, and METRICS (NaN where the trial is invalid)."""
        rows = []
        for t in self.summaries():
            row: dict[str, Any] = {"trial": t.number, "state": t.state, "reason": t.reason}
            row["constraints_met"] = t.constraints_met
            names = self.config.objective.value_names()
            row |= dict(zip(names, t.values or [float("nan")] * len(names), strict=True))
            row |= {f"parameter_{name}": value for name, value in t.sampled.items()}
            row |= {name: t.metrics.get(name, float("nan")) for name in METRICS}
            rows.append(row)
        return pd.DataFrame(rows)

    def market_results(self, trial: int) -> pd.DataFrame:
        """The result row of every market for one trial, in the order of `markets`; columns of simcore's MarketResult.

        Raises ConfigError where the trial was not run.
        """
        starts = sorted(int(path.stem) for path in (self.path / "trials").glob("[0-9]*.parquet"))
        begun = [start for start in starts if start <= trial]
        if begun:
            path = self.path / "markets" / f"{begun[-1]:06d}.parquet"
            table = pq.read_table(path, filters=[("trial", "=", trial)])
            if table.num_rows:
                frame: pd.DataFrame = table.drop_columns(["trial"]).to_pandas()
                return frame
        raise ConfigError(f"sweep {self.name!r} has no market results of trial {trial}")

    def best(self) -> BestTrial | None:
        """The best complete trial (with several objectives: of the Pareto front, best by the first); None before any."""
        return self.best_of(self.summaries())

    def best_of(self, trials: Sequence[TrialSummary]) -> BestTrial | None:
        """The best of these trials, as `best`."""
        eligible = [t for t in trials if t.state == "complete" and t.constraints_met]
        if not eligible:
            return None
        best = self.config.objective.best(eligible)
        return BestTrial(best.number, best.parameters, best.metrics)

    def pareto_front(self) -> tuple[int, ...]:
        """Numbers of the trials no other trial beats in every objective."""
        eligible = [t for t in self.summaries() if t.state == "complete" and t.constraints_met]
        return tuple(t.number for t in self.config.objective.pareto(eligible)) if eligible else ()

    def holdout(self) -> Records:
        """Every opening of the hold-out: trial, trials (how many had been run), metrics."""
        path = self.path / "holdout.json"
        openings: Records = json.loads(path.read_text()) if path.is_file() else []
        return openings

    def write_holdout(self, opening: dict[str, Any], market_rows: pa.Table) -> None:
        write_parquet(market_rows, self.path / "holdout.parquet")
        write_text(self.path / "holdout.json", json.dumps([*self.holdout(), opening], indent=1))


def check_name(name: str) -> str:
    """`name` if a folder may be called so. Raises ConfigError."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"sweep name {name!r} must be letters, digits, `.`, `_` or `-`, starting with a letter or digit"
        )
    return name


def _trial_row(trial: TrialSummary) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "state": trial.state,
        "reason": trial.reason,
        "constraints_met": trial.constraints_met,
        "values": list(trial.values),
        "sampled": json.dumps(trial.sampled),
        "parameters": json.dumps(trial.parameters),
        "optuna": json.dumps(trial.optuna),
        **trial.metrics,
    }


def _summary(row: dict[str, Any]) -> TrialSummary:
    return TrialSummary(
        number=row["trial"],
        state=row["state"],
        sampled=json.loads(row["sampled"]),
        parameters=json.loads(row["parameters"]),
        values=tuple(row["values"]),
        metrics={name: row[name] for name in METRICS if row[name] is not None},
        constraints_met=row["constraints_met"],
        reason=row["reason"],
        optuna=json.loads(row["optuna"]),
    )


def write_text(path: Path, text: str) -> None:
    """Replace a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Replace a Parquet file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        pq.write_table(table, temporary)
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def as_json(value: Any) -> Any:
    """Plain builtins of a configuration or record."""
    return msgspec.to_builtins(value)
