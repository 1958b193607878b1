"""`sweeps export`: a thin door on `sweeps.app.export`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from sweeps.home import Home


@click.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write, such as best.json.")
@click.option("--trial", type=int, help="Another trial than the best.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "flags"]),
    default="json",
    help="json, or --name=value lines.",
)
def export(name: str, out: Path, trial: int | None, form: Literal["json", "flags"]) -> None:
    """Write the best configuration of sweep NAME, with all a live bot must know and what it may expect."""
    from sweeps.app.export import export_sweep

    written = export_sweep(Home.from_environment(), name, out, trial, form)
    promise = written.expected.searched
    sign = "−" if promise.mean_pnl_pounds < 0 else ""
    click.echo(
        f"{out}: {written.strategy.core}, trial {written.provenance.trial} of {name}; "
        f"{sign}£{abs(promise.mean_pnl_pounds):.4f} ± {promise.standard_error_pounds:.4f} a market "
        f"over the {promise.markets} markets searched"
    )
    if form == "json":
        click.echo(f"check it: sweeps replay --config {out} --store DIR")
