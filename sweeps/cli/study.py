"""`sweeps data study`: a door on `sweeps.app.research`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sweeps.cli.filters import market_filters
from sweeps.errors import ConfigError

if TYPE_CHECKING:
    from sweeps.app.research import Study

_PATH = click.Path(path_type=Path)
_SECONDS = click.FloatRange(-600, 86_400)


@click.command()
@click.option("--store", required=True, type=_PATH, metavar="DIR", help="Store to look at, real or synthetic.")
@click.option("--out", required=True, type=_PATH, metavar="HTML", help="Page to write.")
@market_filters
@click.option("--hindsight", is_flag=True, help="Allow filters on what was known only afterwards; the page says so.")
@click.option(
    "--by", default="sport,market_type,country", show_default=True, metavar="COLUMNS", help="What makes a group."
)
@click.option("--most", type=click.IntRange(min=1), default=200, show_default=True, help="Markets a group, at most.")
@click.option("--least", type=click.IntRange(min=1), default=3, show_default=True, help="Smaller groups are not drawn.")
@click.option(
    "--groups", type=click.IntRange(1, 8), default=6, show_default=True, help="The largest so many are drawn."
)
@click.option("--entries", metavar="S,S,…", help="Entry times of the drift trade, seconds before the advertised start.")
@click.option("--exit", "exit_s", type=_SECONDS, default=20.0, show_default=True, metavar="S", help="Its exit.")
@click.option("--wait", type=click.FloatRange(1, 3600), default=30.0, show_default=True, metavar="S", help="It waits.")
@click.option("--pick", type=_SECONDS, metavar="S", help="When its runner is picked; by default at the entry.")
@click.option(
    "--favourite", type=click.IntRange(0, 40), default=0, show_default=True, help="Its runner, 0 = favourite."
)
@click.option("--stake", type=click.FloatRange(0.01, 1e6), default=5.0, show_default=True, metavar="POUNDS")
@click.option("--bot", "bots", multiple=True, metavar="CORE:PRESET", help="For profit by hour, liquidity; repeatable.")
@click.option("--simulation", default="default", show_default=True, help="Preset of the simulation's assumptions.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes; by default one a core.")
@click.option("--json", "as_json", is_flag=True, help="Print the table of figures as JSON.")
@click.pass_context
def study(
    ctx: click.Context,
    /,
    store: Path,
    out: Path,
    filters: dict[str, Any],
    by: str,
    entries: str | None,
    bots: tuple[str, ...],
    workers: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Draw the research charts of a store: volume, spread, imbalance, entry times, profit by hour and liquidity."""
    from sweeps.app.importing import default_workers
    from sweeps.app.research import BOTS, DriftTrade, Request
    from sweeps.app.research import study as run
    from sweeps.app.research_page import page

    _check_page(out)
    trade = DriftTrade(
        entry_times_s=_times(entries) or DriftTrade.entry_times_s,
        exit_s=options.pop("exit_s"),
        wait_s=options.pop("wait"),
        pick_s=options.pop("pick"),
        favourite=options.pop("favourite"),
        stake_pounds=options.pop("stake"),
    )
    columns = tuple(column.strip() for column in by.split(","))
    request = Request(store, filters, columns, drift=trade, bots=bots or BOTS, **options)
    with _Bar(Console(stderr=True)) as advance:
        found = run(request, workers or default_workers(), advance)
    if found.groups:
        _write(out, page(found, str(store)))
        _print(found, as_json)
        click.echo(f"{found.done} markets studied: {out}", err=as_json)
    if found.interrupted:
        kept = "the page holds what was studied" if found.groups else "nothing was written"
        click.echo(f"sweeps: interrupted after {found.done} of {found.wanted} markets; {kept}", err=True)
        ctx.exit(130)


def _check_page(path: Path) -> None:
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise ConfigError(f"{str(path)!r} cannot be written; name a file in a folder that exists with `--out`")


def _times(text: str | None) -> tuple[float, ...]:
    if text is None:
        return ()
    try:
        times = tuple(float(part) for part in text.split(","))
    except ValueError:
        times = ()
    if not times or any(later >= earlier for earlier, later in itertools.pairwise(times)):
        raise ConfigError(f"`--entries` must be falling seconds such as 300,180,60, got {text!r}")
    return times


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _print(found: Study, as_json: bool) -> None:
    from sweeps.app.research_page import facts, numbers, shown

    if as_json:
        click.echo(json.dumps(numbers(found), indent=2))
        return
    console = Console()
    console = console if console.is_terminal else Console(width=200)
    table = Table("", *(group.name for group in found.groups), "articles")
    for fact in facts(found):
        said = [
            f"{what} {value}" for what, value in (("greyhounds", fact.greyhounds), ("horses", fact.horses)) if value
        ]
        table.add_row(fact.name, *(shown(fact, value) for value in fact.values), "; ".join(said))
    console.print(table)


class _Bar:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("studying markets"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task("studying", total=None)

    def __enter__(self) -> Callable[[int, int], None]:
        self._progress.start()
        return lambda done, total: self._progress.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
