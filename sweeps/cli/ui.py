"""`sweeps ui`: MLflow's pages on the sweeps' store."""

from __future__ import annotations

import signal
import webbrowser
from types import FrameType

import click

from sweeps.app.ui import open_pages
from sweeps.errors import TrackingError
from sweeps.home import Home
from sweeps.tracking.server import Links


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Port to listen on.")
@click.option("--open", "browse", is_flag=True, help="Open the newest sweep in the browser.")
def ui(host: str, port: int, browse: bool) -> None:
    """Open the MLflow server on the sweeps' store, and say where to look. Ctrl-C ends it."""
    home = Home.from_environment()
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _interrupt)
    try:
        click.echo(f"starting MLflow on {home.mlflow} …", err=True)
        with open_pages(home, host, port) as (server, links):
            _tell(server.url, links)
            if browse:
                webbrowser.open(links.runs if links else server.url)
            code = server.wait()
    except KeyboardInterrupt:
        click.echo("MLflow stopped", err=True)
        return
    raise TrackingError(f"the MLflow server ended by itself (exit code {code}); see {home.mlflow / 'server.log'}")


def _interrupt(_sign: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(url: str, links: Links | None) -> None:
    if links is None:
        click.echo(f"MLflow     {url}   (no sweep in the store yet)")
    else:
        click.echo(f"sweep      {links.sweep}")
        click.echo(f"trials     {links.runs}")
        click.echo(f"charts     {links.charts}")
        click.echo(f"report     {links.summary or 'not yet: the sweep is not finished'}")
    click.echo("Ctrl-C ends the server.")
