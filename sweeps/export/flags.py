"""An export as `--name=value` lines, for bots in other languages.

One flag a line; the last is `--flags_checksum`, the SHA-256 (hex) of all the lines before it, each with its newline. Text is
written as it is, numbers as in JSON, `true`, `false`, and `null` for nothing; several values are separated by commas.
`export_checksum` names the JSON it stands for, where the markets, the simulation and the whole distribution are.

    flags_version                            1
    core, source_sha256                      as in the export
    parameter.<name>                         every parameter of the core, units in the names
    timing.<name>                            when the bot acts, seconds before the advertised start
    limit.<name>                             stakes and funds; below the dates of the exchange's minimum stake stand in the JSON
    market.<name>                            which markets
    expected.<name>                          the promised profit per market
    sweep, sweep_id, trial, data_manifest, code_version, export_checksum
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from sweeps.config import Filter
from sweeps.errors import ExportError
from sweeps.export.document import Count, Digest, Export, Part, Value
from sweeps.export.files import check_names, write_whole

FLAGS_VERSION = 1
_LAST = "flags_checksum"
_AGAIN = "write it again with `sweeps export --format flags`"


class FlagTiming(Part, frozen=True):
    """See `sweeps.export.document.Timing`."""

    pick_seconds: float
    pick_rank: Count
    first_seconds: float
    last_seconds: float
    in_play: bool


class FlagLimits(Part, frozen=True):
    """See `sweeps.export.document.Limits`."""

    funds_pounds: float
    largest_liability_pounds: float
    enforce_minimum_stake: bool


class FlagExpected(Part, frozen=True):
    """See `sweeps.export.document.Distribution`."""

    markets: Count
    mean_pnl_pounds: float
    standard_error_pounds: float
    std_pnl_pounds: float


class Flags(Part, frozen=True):
    """What the lines say. A group's names stand behind a dot: `--timing.pick_seconds=300.0`."""

    flags_version: int
    core: str
    source_sha256: Digest | None
    parameter: dict[str, Value]
    timing: FlagTiming
    limit: FlagLimits
    market: dict[str, str]
    expected: FlagExpected
    sweep: str
    sweep_id: str
    trial: Count
    data_manifest: str
    code_version: str
    export_checksum: Digest


def flags_of(export: Export) -> Flags:
    """The part of an export a bot acts upon."""
    where = msgspec.to_builtins(export.market_filter)
    return Flags(
        flags_version=FLAGS_VERSION,
        core=export.strategy.core,
        source_sha256=export.strategy.source_sha256,
        parameter=export.strategy.parameters,
        timing=_part(export.timing, FlagTiming),
        limit=_part(export.limits, FlagLimits),
        market={name: _text(value) for name, value in where.items()},
        expected=_part(export.expected.searched, FlagExpected),
        sweep=export.provenance.sweep,
        sweep_id=export.provenance.sweep_id,
        trial=export.provenance.trial,
        data_manifest=export.provenance.data_manifest,
        code_version=export.provenance.code_version,
        export_checksum=export.checksum,
    )


def _part(whole: Part, kind: type[Any]) -> Any:
    return kind(**{name: getattr(whole, name) for name in kind.__struct_fields__})


def write_flags(flags: Flags, path: Path) -> None:
    """Write the lines whole or not at all. Raises ExportError."""
    body = "".join(f"--{name}={value}\n" for name, value in _flat(msgspec.to_builtins(flags)).items())
    write_whole(path, f"{body}--{_LAST}={_digest(body)}\n")


def load_flags(path: Path | str) -> Flags:
    """The lines at `path`, checked as a bot must check them: every name known, none missing, nothing changed.

    Raises ExportError with one sentence.
    """
    path = Path(path)
    tree = _nested(_lines(path), path)
    if tree.get("flags_version") != str(FLAGS_VERSION):
        raise ExportError(f"{path} is not of flags version {FLAGS_VERSION}; {_AGAIN}")
    try:
        raw = msgspec.convert(tree, _Text, strict=False)
    except msgspec.ValidationError as error:
        raise ExportError(f"{path}: {error}; {_AGAIN}") from error
    if wrong := sorted(set(raw.market) ^ set(Filter.__struct_fields__)):
        what = "missing" if wrong[0] in Filter.__struct_fields__ else "unknown"
        raise ExportError(f"{path}: `--market.{wrong[0]}` is {what}; {_AGAIN}")
    whole = {name: getattr(raw, name) for name in _Text.__struct_fields__}
    return Flags(**whole | {"parameter": _parameters(raw, path)})


class _Text(Flags, frozen=True):
    """The lines before the core has said what types its parameters have."""

    parameter: dict[str, str]  # type: ignore[assignment]


def _parameters(raw: _Text, path: Path) -> dict[str, Value]:
    """The parameters in the core's own types."""
    literal = {name: None if text == "null" else text for name, text in raw.parameter.items()}
    core = check_names(literal, raw.core, str(path))
    try:
        typed: dict[str, Value] = msgspec.to_builtins(msgspec.convert(literal, core.parameters, strict=False))
    except msgspec.ValidationError as error:
        raise ExportError(f"{path}: parameters of core {raw.core!r}: {error}; {_AGAIN}") from error
    return typed


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested names joined by dots."""
    flat: dict[str, str] = {}
    for name, value in tree.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": _text(value)}
    return flat


def _nested(flat: dict[str, str], path: Path) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, text in flat.items():
        group, dot, rest = name.partition(".")
        if not dot:
            tree[name] = None if text == "null" else text
        elif isinstance(below := tree.setdefault(group, {}), dict):
            below[rest] = text
        else:
            raise ExportError(f"{path}: `--{group}` is a value and a group at once; {_AGAIN}")
    return tree


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(_text(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)


def _lines(path: Path) -> dict[str, str]:
    """Names and texts of the lines before the last, which must be their checksum."""
    try:
        lines = path.read_text().splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ExportError(f"flags {path} cannot be read ({reason}); {_AGAIN}") from error
    flat: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        name, equals, text = line.rstrip("\n").partition("=")
        if not equals or not name.startswith("--") or name[2:] in flat:
            raise ExportError(f"{path}, line {number}: must read --name=value with a name not seen before; {_AGAIN}")
        flat[name[2:]] = text
    if flat.pop(_LAST, None) != _digest("".join(lines[:-1])):
        raise ExportError(f"{path} was changed after it was written (its checksum does not match); {_AGAIN}")
    return flat


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
