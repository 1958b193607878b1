"""`sweeps replay`: a thin door on `sweeps.app.replay` and `sweeps.app.export`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from sweeps.errors import ConfigError


@click.command()
@click.option("--store", type=click.Path(path_type=Path), required=True, help="Tape store.")
@click.option("--market", "market_id", help="Market to replay, such as 1.241629436.")
@click.option("--strategy", help="Core: caf, daf or file.py:NAME.")
@click.option("--preset", help="Preset of the core to start from.")
@click.option("--simulation", default="default", show_default=True, help="Preset of the simulation's assumptions.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A parameter, or simulation.KEY.")
@click.option("--fills", type=click.Path(path_type=Path), help="Write every fill to this Parquet file.")
@click.option("--timeline", type=click.Path(path_type=Path), help="Write the timeline to this Parquet file.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the race chart into this HTML file.")
@click.option("--config", "exported", type=click.Path(path_type=Path), help="Replay every market of an export instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def replay(
    store: Path,
    market_id: str | None,
    strategy: str | None,
    preset: str | None,
    simulation: str,
    overrides: tuple[str, ...],
    fills: Path | None,
    timeline: Path | None,
    plot: Path | None,
    exported: Path | None,
    as_json: bool,
) -> None:
    """Replay one market with one configuration, or every market of an exported one."""
    if exported is not None:
        single: dict[str, object] = {"--market": market_id, "--strategy": strategy, "--preset": preset}
        single |= {"--set": overrides or None, "--fills": fills, "--timeline": timeline, "--plot": plot}
        given = [name for name, value in single.items() if value is not None]
        if given:
            raise ConfigError(f"{given[0]} does not go with --config, which names everything itself; leave it out")
        _replay_export(exported, store, as_json)
        return
    if market_id is None or strategy is None:
        raise ConfigError("--market and --strategy are needed (or --config with an export); name them")
    from sweeps.app.replay import Files, Wanted, replay_market

    wanted = Wanted(strategy, preset, overrides, simulation)
    result = replay_market(store, market_id, wanted, Files(fills, timeline, plot))
    _print(result.row(), as_json)
    for path in (fills, timeline, plot):
        if path is not None:
            click.echo(f"wrote {path}", err=True)


def _print(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(row, indent=2))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in row.items():
        if name.startswith("transaction_"):
            continue  # the hours and their counts: one line below
        if name.endswith("_pence"):
            table.add_row(name.removesuffix("_pence").replace("_", " "), f"£{value / 100:,.2f}")
        else:
            table.add_row(name.replace("_", " "), str(value))
    hours = zip(row["transaction_hours"], row["transaction_counts"], strict=True)
    told = ", ".join(f"{count} from {hour % 24:02d}:00 UTC" for hour, count in hours)
    table.add_row("transactions", told or "none")
    Console().print(table)


def _replay_export(exported: Path, store: Path, as_json: bool) -> None:
    from rich.progress import Progress

    from sweeps.app.export import replay_export

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("markets", total=None)
        replayed = replay_export(exported, store, lambda done, of: bar.update(task, completed=done, total=of))
    if as_json:
        click.echo(replayed.rows.to_json(orient="records", indent=2))
    click.echo(replayed.sentence(), err=as_json)
    if not replayed.equal:
        sys.exit(1)
