"""`sweeps submit`: a thin door on `sweeps.app.submit`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from sweeps.home import Home
from sweeps.runners.jobs import Jobs, JobState


@click.command()
@click.argument("config", type=click.Path(path_type=Path), required=False)
@click.option("--address", required=True, metavar="URL", help="The head's job API, http://HOST:8265.")
@click.option("--store", metavar="DIR", help="Tape store on the cluster; overrides data.store.")
@click.option("--home", metavar="DIR", help="FURLONG_HOME on the cluster; by default what its head was started with.")
@click.option("--name", help="Name of the sweep; by default the configuration's file name.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override any key of the configuration.")
@click.option("--detach", is_flag=True, help="Print the job's id and leave; do not follow its log.")
@click.option("--status", metavar="ID", help="Say how a job is doing.")
@click.option("--stop", metavar="ID", help="End a job; submitting the same sweep again goes on where it was.")
@click.option("--fetch", metavar="ID", help="Bring the sweep of an ended job into this FURLONG_HOME.")
def submit(
    config: Path | None,
    address: str,
    store: str | None,
    home: str | None,
    name: str | None,
    overrides: tuple[str, ...],
    detach: bool,
    status: str | None,
    stop: str | None,
    fetch: str | None,
) -> None:
    """Run the sweep of CONFIG as a job on a Ray cluster and follow its log.

    The token of a protected cluster comes from RAY_AUTH_TOKEN, the file RAY_AUTH_TOKEN_PATH names, or ~/.ray/auth_token.
    """
    if sum(option is not None for option in (config, status, stop, fetch)) != 1:
        raise click.UsageError("give exactly one of CONFIG, --status ID, --stop ID and --fetch ID")
    if config is None and (store or home or name or overrides or detach):
        raise click.UsageError("--store, --home, --name, --set and --detach belong to submitting a CONFIG")
    from sweeps.app import submit as use_case

    prepared = use_case.prepare(config, overrides, store, name, home) if config else None
    jobs = use_case.connect(address)
    if prepared is not None:
        job_id = use_case.submit(jobs, prepared)
        click.echo(f"job {job_id}: sweep {prepared.name} on {address}")
        if not detach:
            _follow(jobs, address, job_id)
    elif status is not None:
        _print_state(jobs.state(status))
    elif stop is not None:
        click.echo(f"job {stop} is asked to end" if jobs.stop(stop) else f"job {stop} had ended already")
    elif fetch is not None:
        folder = use_case.fetch(jobs, fetch, Home.from_environment(), lambda line: click.echo(line, err=True))
        click.echo(f"sweep {folder.name} is in {folder.path}; `sweeps show {folder.name}` reads it")


def _follow(jobs: Jobs, address: str, job_id: str) -> None:
    from sweeps.app import submit as use_case

    try:
        state = use_case.follow(jobs, job_id, lambda text: click.echo(text, nl=False))
    except KeyboardInterrupt:
        click.echo(f"\nthe job goes on: sweeps submit --address {address} --status {job_id}", err=True)
        raise
    _print_state(state)
    if state.status == "SUCCEEDED":
        click.echo(f"bring it home: sweeps submit --address {address} --fetch {job_id}")


def _print_state(state: JobState) -> None:
    times = [f"{word} {_utc(at)}" for word, at in (("started", state.start_ms), ("ended", state.end_ms)) if at]
    click.echo(f"job {state.job_id}: {', '.join([state.status, *times])}; {state.message}")


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
