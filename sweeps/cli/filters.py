"""The options that choose markets of a store, the same for every command that has them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from sweeps.errors import ConfigError

_SEVERAL = ("sport", "market_type", "country", "venue", "tier")
_OPTIONS = (
    click.option("--sport", multiple=True, help="greyhounds, horses, tennis, …; repeatable."),
    click.option("--type", "market_type", multiple=True, help="WIN, PLACE, MATCH_ODDS, …; repeatable."),
    click.option("--country", multiple=True, help="GB, IE, AU, …; repeatable."),
    click.option("--venue", multiple=True, help="Venue; repeatable."),
    click.option("--tier", multiple=True, help="PRO, SELF, ADVANCED, SELF_LEVELS, SYNTHETIC; repeatable."),
    click.option(
        "--date", metavar="DAY|FROM..TO", help="UTC day of the advertised start, such as 2022-03-01..2022-03-31."
    ),
    click.option("--hour", metavar="H|FROM..TO", help="UTC hour of the advertised start, both ends included."),
    click.option("--min-volume", type=float, metavar="POUNDS", help="Matched before the off, at least (hindsight)."),
    click.option("--max-volume", type=float, metavar="POUNDS", help="Matched before the off, at most (hindsight)."),
    click.option(
        "--where", multiple=True, metavar="KEY=VALUE", help="Any column, also min_COLUMN and max_COLUMN; repeatable."
    ),
)


def market_filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command is called with `filters`, ready for `TapeStore.markets`."""

    @functools.wraps(command)
    def collected(**given: Any) -> Any:
        filters: dict[str, Any] = {name: list(given[name]) for name in _SEVERAL if given[name]}
        filters |= dict(zip(("date_from", "date_to"), _bounds(given["date"], "--date"), strict=True))
        filters |= dict(zip(("hour_from", "hour_to"), _bounds(given["hour"], "--hour"), strict=True))
        filters |= {"min_volume_pounds": given["min_volume"], "max_volume_pounds": given["max_volume"]}
        filters |= _where(given["where"])
        for name in (*_SEVERAL, "date", "hour", "min_volume", "max_volume", "where"):
            del given[name]
        return command(filters=filters, **given)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected


def _bounds(text: str | None, option: str) -> tuple[str | None, str | None]:
    """FROM..TO, FROM.., ..TO or one value as (first, last)."""
    if text is None:
        return None, None
    first, dots, last = text.partition("..")
    if not (first or last) or ".." in last:
        raise ConfigError(f"`{option}` must be VALUE, FROM..TO, FROM.. or ..TO, got {text!r}")
    return (first or None), (last or None) if dots else first


def _where(pairs: tuple[str, ...]) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals and value):
            raise ConfigError(f"`--where` must be KEY=VALUE, got {pair!r}")
        filters[key] = {"true": True, "false": False}.get(value.lower(), value)
    return filters
