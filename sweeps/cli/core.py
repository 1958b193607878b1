"""`sweeps core`: a thin door on `sweeps.app.core`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click


@click.group()
def core() -> None:
    """List the shipped cores, and check your own."""


@core.command("list")
def list_cores() -> None:
    """The shipped cores and their presets."""
    from simcore.strategies import CORES, PAIR_CORES

    for name, shipped in (CORES | PAIR_CORES).items():
        of_two = " (of two markets)" if shipped.markets == 2 else ""
        click.echo(f"{name}{of_two}: presets {', '.join(shipped.presets)}")


@core.command()
@click.argument("name", metavar="FILE.py:NAME")
@click.option("--store", type=click.Path(path_type=Path), help="Try it on markets of this tape store too.")
@click.option("--market", "markets", multiple=True, help="Of the store only this market; may be repeated.")
@click.option("--first", help="Of the store only this market and its second one, for a core of two markets.")
@click.option("--second", help="The second market; found by its names where only one fits.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def check(
    name: str, store: Path | None, markets: tuple[str, ...], first: str | None, second: str | None, as_json: bool
) -> None:
    """Check that a core keeps what replays and live bots rely on: one sentence for each breach, and exit code 2.

    A core of two markets is put to pairs of them.
    """
    from sweeps.app.core import Named, check_core

    checked = check_core(name, store, Named(markets, first, second))
    if as_json:
        click.echo(json.dumps(asdict(checked), indent=2))
    else:
        broken = {breach.promise for breach in checked.breaches}
        for promise, told in checked.promises.items():
            click.echo(f"{'broken' if promise in broken else 'kept  '} {told}")
        for breach in checked.breaches:
            click.echo(f"sweeps: {checked.core}: {breach.sentence}", err=True)
    sys.exit(2 if checked.breaches else 0)
