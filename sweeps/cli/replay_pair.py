"""`sweeps replay-pair`: a thin door on `sweeps.app.replay_pair`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from sweeps.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from simcore.pair import PairResult


@click.command("replay-pair")
@click.option("--store", type=click.Path(path_type=Path), required=True, help="Tape store.")
@click.option("--list", "listing", is_flag=True, help="List the pairs the store's names tell, and replay nothing.")
@click.option("--first", help="Market of the runners, such as a WIN or MATCH_ODDS market.")
@click.option("--second", help="Market of their parts, such as EXACTA; found by its names where only one fits.")
@click.option("--strategy", default="arb", show_default=True, help="Core of two markets: arb or file.py:NAME.")
@click.option("--preset", help="Preset of the core to start from.")
@click.option("--simulation", default="default", show_default=True, help="Preset of the simulation's assumptions.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A parameter, or simulation.KEY.")
@click.option("--fills", type=click.Path(path_type=Path), help="Write every fill to this Parquet file.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def replay_pair(
    store: Path,
    listing: bool,
    first: str | None,
    second: str | None,
    strategy: str,
    preset: str | None,
    simulation: str,
    overrides: tuple[str, ...],
    fills: Path | None,
    as_json: bool,
) -> None:
    """Replay two markets of one event on one clock, or list the pairs of a store."""
    from sweeps.app.replay import Wanted
    from sweeps.app.replay_pair import list_pairs, replay_markets

    if listing:
        _print_pairs(list_pairs(store), as_json)
        return
    if first is None:
        raise ConfigError("--first is needed (or --list to see the pairs of the store); name the market of the runners")
    replayed = replay_markets(store, first, second, Wanted(strategy, preset, overrides, simulation, markets=2), fills)
    if as_json:
        legs = replayed.result.legs.astype(object).where(replayed.result.legs.notna(), None).to_dict("records")
        click.echo(json.dumps(replayed.result.row() | {"legs": legs}, indent=2))
    else:
        _print_result(replayed.result)
    if fills is not None:
        click.echo(f"wrote {fills}", err=True)


def _print_pairs(found: pd.DataFrame, as_json: bool) -> None:
    if as_json:
        click.echo(found.to_json(orient="records", date_format="iso", indent=2))
        return
    if found.empty:
        click.echo("no pair of markets of one event is told by its names; name two with --first, --second and `parts`")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("first", "second", "types", "event", "advertised start", "runners"):
        table.add_column(name, no_wrap=True)
    for row in found.to_dict("records"):
        kinds, off = f"{row['whole_type']} × {row['parts_type']}", f"{row['advertised_off']:%Y-%m-%d %H:%M}"
        table.add_row(row["whole"], row["parts"], kinds, row["event_name"], off, str(row["wholes"]))
    Console().print(table)


def _print_result(result: PairResult) -> None:
    console = Console()
    markets = Table("", "first", "second", "both", box=None, pad_edge=False)
    one, two = result.first, result.second
    markets.add_row("market", one.market_id, two.market_id, "")
    markets.add_row("settled by", one.settled_by, two.settled_by, "")
    for name in ("places", "cancels", "passive", "aggressive", "unattributed", "unrecorded"):
        values = [getattr(each, name) for each in (one, two)]
        markets.add_row(name, *map(str, values), str(sum(values)))
    refused = [sum(each.refusals) for each in (one, two)]
    markets.add_row("refused", *map(str, refused), str(sum(refused)))
    for name in ("turnover", "gross", "commission", "charge", "pnl"):
        values = [getattr(each, f"{name}_pence") for each in (one, two)]
        total = getattr(result, f"{name}_pence", sum(values))
        markets.add_row(name, *map(_pounds, values), _pounds(total))
    for name in ("worst_outcome", "best_outcome", "residual", "largest_liability"):
        markets.add_row(name.replace("_", " "), "", "", _pounds(getattr(result, f"{name}_pence")))
    console.print(markets)
    console.print()
    console.print(_legs(result.legs))


def _legs(legs: pd.DataFrame) -> Table | str:
    """What was matched on each runner and came of it."""
    staked = legs[(legs["backed_pounds"] > 0) | (legs["laid_pounds"] > 0)]
    if staked.empty:
        return "nothing was matched"
    table = Table("market", "runner", "backed", "laid", "contracts", "profit", box=None, pad_edge=False)
    for row in staked.to_dict("records"):
        amounts = [row[name] for name in ("backed_pounds", "laid_pounds", "contracts_pounds", "profit_pounds")]
        told = ["not settled" if math.isnan(pounds) else f"£{pounds:,.2f}" for pounds in amounts]
        table.add_row(row["market_id"], row["name"] or str(row["selection_id"]), *told)
    return table


def _pounds(pence: int) -> str:
    return f"£{pence / 100:,.2f}"
