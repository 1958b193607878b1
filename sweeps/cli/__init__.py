"""The command line: a thin door on `sweeps.app`. Commands load their module only when called, so `--help` stays quick."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from simcore.errors import SimcoreError
from sweeps.errors import SweepError
from sweeps.output import while_somebody_reads

# command -> (module, attribute, one line for --help)
COMMANDS = {
    "data": ("sweeps.cli.data", "data", "Import, list, show, make and study markets."),
    "replay": ("sweeps.cli.replay", "replay", "Replay markets with one configuration."),
    "core": ("sweeps.cli.core", "core", "List the shipped cores, and check your own."),
    "replay-pair": ("sweeps.cli.replay_pair", "replay_pair", "Replay two markets of one event on one clock."),
    "config": ("sweeps.cli.sweep", "config", "Show a sweep's configuration with every default."),
    "run": ("sweeps.cli.sweep", "run", "Run a sweep."),
    "resume": ("sweeps.cli.sweep", "resume", "Go on with an interrupted sweep."),
    "list": ("sweeps.cli.sweep", "list_sweeps", "List the sweeps in FURLONG_HOME."),
    "show": ("sweeps.cli.sweep", "show", "Show one sweep's state and best configuration."),
    "ui": ("sweeps.cli.ui", "ui", "Open the MLflow server on the sweeps' store."),
    "export": ("sweeps.cli.export", "export", "Write the best configuration for a live bot."),
    "submit": ("sweeps.cli.submit", "submit", "Run a sweep as a job on a Ray cluster."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with while_somebody_reads():
                return super().invoke(ctx)
        except BrokenPipeError as error:  # a worker or a server; click would end without a word
            raise SweepError(f"the connection to another process broke ({error}); run it again") from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="furlong", prog_name="sweeps", message="%(prog)s %(version)s")
def cli() -> None:
    """Sweep thousands of betting-exchange replays and keep what is real."""


def main() -> None:
    """Entry point of the `sweeps` command: users' mistakes become one sentence and exit code 2."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)  # click hands back the code of a command that ended early
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        click.echo(f"sweeps: {_sentence(error)}", err=True)
        sys.exit(2)
    except (SimcoreError, SweepError) as error:
        click.echo(f"sweeps: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("sweeps: interrupted", err=True)
        sys.exit(130)


def _sentence(error: click.ClickException) -> str:
    """What click found wrong, with where to read on, in one line."""
    said = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{said}; see `{context.command_path if context else 'sweeps'} --help`"
