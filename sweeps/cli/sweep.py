"""`sweeps config show`, `run`, `resume`, `list` and `show`: doors on `sweeps.app.sweep`."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from sweeps.app import sweep as app
from sweeps.cli.progress import SweepProgress
from sweeps.home import Home
from sweeps.results import SweepFolder

_CONFIG = click.argument("config", type=click.Path(path_type=Path))
_SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, such as search.trials=20; repeatable.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_ADDRESS = click.option("--address", metavar="ADDRESS", help="Run on the Ray cluster at this address.")


@click.group()
def config() -> None:
    """Show a sweep's configuration with every default."""


@config.command("show")
@_CONFIG
@_SET
@click.option("--store", metavar="DIR", help="Folder of tapes (data.store).")
def show_config(config: Path, overrides: tuple[str, ...], store: str | None) -> None:
    """Print the whole configuration of a sweep's YAML, every default and the core's parameters written out."""
    click.echo(app.show_config(config, _all(overrides, store)), nl=False)


@click.command()
@_CONFIG
@click.option("--store", metavar="DIR", help="Folder of tapes (data.store).")
@_SET
@click.option("--name", help="Name of the sweep; one that exists goes on where it was.")
@_ADDRESS
def run(config: Path, store: str | None, overrides: tuple[str, ...], name: str | None, address: str | None) -> None:
    """Run a sweep."""
    with _running() as progress:
        folder = app.run_sweep(Home.from_environment(), config, _all(overrides, store, address), name, progress)
    _print_summary(folder)


@click.command()
@click.argument("name")
@_SET
@_ADDRESS
@click.option("--store", metavar="DIR", help="Where the same tapes are now (data.store).")
def resume(name: str, overrides: tuple[str, ...], address: str | None, store: str | None) -> None:
    """Go on with an interrupted sweep, or extend a finished one with `--set search.trials=…`."""
    with _running() as progress:
        folder = app.resume_sweep(Home.from_environment(), name, _all(overrides, store, address), progress)
    _print_summary(folder)


@click.command("list")
@_JSON
def list_sweeps(as_json: bool) -> None:
    """List the sweeps in FURLONG_HOME."""
    told = [app.describe(folder) for folder in SweepFolder.list(Home.from_environment())]
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    if not told:
        click.echo(f"No sweeps in {Home.from_environment().sweeps}; `sweeps run CONFIG` makes one.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "state", "trials", "markets", "best trial", "mean £ a market", "± se", "sharpe"):
        table.add_column(column, justify="left" if column in ("name", "state") else "right", no_wrap=True)
    for row in told:
        table.add_row(*_list_row(row))
    console = Console()
    if not console.is_terminal:
        console.width = 200  # whoever reads a pipe wants whole names
    console.print(table)


@click.command()
@click.argument("name")
@_JSON
def show(name: str, as_json: bool) -> None:
    """Show one sweep's state and best configuration."""
    folder = SweepFolder.open(Home.from_environment(), name)
    if as_json:
        click.echo(json.dumps(app.describe(folder), indent=2))
        return
    _print_summary(folder)


def _all(overrides: tuple[str, ...], store: str | None = None, address: str | None = None) -> list[str]:
    """Overrides with the options that are short for some; a path may hold anything, so it is quoted as YAML."""
    found = list(overrides)
    if store is not None:
        found.append(f"data.store={json.dumps(store)}")
    if address is not None:
        found += [f"ray.address={json.dumps(address)}", "ray.runner=ray"]
    return found


@contextmanager
def _running() -> Iterator[SweepProgress]:
    """Progress while a sweep runs; Ctrl-C (or a polite kill) stops it and says how to go on."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    progress = SweepProgress(Console(stderr=True))
    try:
        with progress:
            yield progress
    except KeyboardInterrupt:
        if progress.name is None:
            raise
        click.echo(
            f"sweeps: stopped after {progress.done} trials; go on with `sweeps resume {progress.name}`", err=True
        )
        raise click.exceptions.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _list_row(row: dict[str, Any]) -> list[str]:
    trials = f"{row['trials']}/{row['trials_wanted']}"
    if row["best"] is None:
        return [row["name"], row["state"], trials, str(row["markets"]), "–", "–", "–", "–"]
    metrics = row["best"]["metrics"]
    return [
        row["name"],
        row["state"],
        trials,
        str(row["markets"]),
        str(row["best"]["trial"]),
        f"{metrics['mean_pnl_pounds']:+.4f}",
        f"{metrics['standard_error_pounds']:.4f}",
        f"{metrics['sharpe_per_market']:+.3f}",
    ]


def _print_summary(folder: SweepFolder) -> None:
    """State, best configuration and what to look at next, for a person."""
    told = app.describe(folder)
    reason = f" ({told['reason']})" if told["reason"] else ""
    click.echo(f"sweep {told['name']}  id {told['sweep_id']}  {told['state']}{reason}")
    invalid = (
        f", {told['invalid_trials']} of them invalid (the core refuses their parameters)"
        if told["invalid_trials"]
        else ""
    )
    click.echo(f"trials {told['trials']} of {told['trials_wanted']}{invalid}; markets {told['markets']}", nl=False)
    click.echo(f" and {told['holdout_markets']} held out" if told["holdout_markets"] else "")
    if told["best"] is None:
        click.echo("no trial is complete yet")
        return
    _print_best(told["best"])
    for opening in told["holdout"][-1:]:
        metrics = opening["metrics"]
        click.echo(
            f"hold-out of trial {opening['trial']}: {_mean(metrics)} over {metrics['markets']} markets never searched"
        )
    untraded = app.untraded_markets(folder)
    if untraded:
        few = ", ".join(untraded[:5]) + (" …" if len(untraded) > 5 else "")
        click.echo(f"nothing matched in {len(untraded)} markets of the best trial: {few}")
    click.echo(f"tables: {told['path']}; next: `sweeps ui`, `sweeps export {told['name']} --out best.json`")


def _print_best(best: dict[str, Any]) -> None:
    metrics = best["metrics"]
    click.echo(f"best trial {best['trial']}: {_mean(metrics)}, sharpe {metrics['sharpe_per_market']:+.3f}", nl=False)
    click.echo(f", traded {metrics['markets_traded']} of {metrics['markets']} markets")
    click.echo(
        f"all markets in one account: £{metrics['net_pnl_pounds']:+,.2f} after transaction charge "
        f"£{metrics['portfolio_charge_pounds']:,.2f} and Expert Fee £{metrics['expert_fee_pounds']:,.2f}"
    )
    for name, value in best["parameters"].items():
        click.echo(f"  {name} = {value}")


def _mean(metrics: dict[str, float]) -> str:
    return f"£{metrics['mean_pnl_pounds']:+.4f} ± {metrics['standard_error_pounds']:.4f} a market"
