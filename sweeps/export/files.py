"""An export as a file: canonical JSON with a checksum, written whole or not at all, believed only if nothing is off.

Canonical JSON: UTF-8, keys sorted, two blanks of indent, numbers as Python writes them, a newline at the end. The checksum is
the SHA-256 of that text without the `checksum` key, so that any language can make it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from simcore.errors import SimcoreError
from simcore.strategies import resolve_core
from simcore.strategies.base import Core
from sweeps.errors import ExportError
from sweeps.export.document import FORMAT, VERSION, Export, Strategy
from sweeps.results import write_text

_AGAIN = "export the sweep again with `sweeps export`"


def canonical(tree: dict[str, Any]) -> str:
    """The one text of a tree."""
    return json.dumps(tree, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def checksum(tree: dict[str, Any]) -> str:
    """SHA-256 (hex) of the canonical text without the key `checksum`."""
    return hashlib.sha256(canonical({k: v for k, v in tree.items() if k != "checksum"}).encode()).hexdigest()


def seal(export: Export) -> Export:
    """The same export with the checksum it must carry."""
    return msgspec.structs.replace(export, checksum=checksum(msgspec.to_builtins(export)))


def write(export: Export, path: Path) -> None:
    """Write a sealed export. Raises ExportError where the folder is missing or cannot be written."""
    write_whole(path, canonical(msgspec.to_builtins(export)))


def write_whole(path: Path, text: str) -> None:
    """Replace a file whole or not at all. Raises ExportError."""
    try:
        write_text(path, text)
    except OSError as error:
        raise ExportError(f"{path} cannot be written ({error.strerror}); choose another `--out`") from error


def load(path: Path | str) -> Export:
    """The export at `path`, checked: version, every name present and known, checksum, parameters the core accepts.

    This is what a bot reads. Raises ExportError with one sentence that says what is off and what to do.
    """
    path = Path(path)
    tree = _tree(path)
    if tree.get("format") != FORMAT:
        raise ExportError(f"{path} is no export of a sweep (`format` is not {FORMAT!r}); {_AGAIN}")
    if tree.get("version") != VERSION:
        raise ExportError(
            f"{path} is an export of version {tree.get('version')!r}, this program reads version {VERSION}; {_AGAIN}"
        )
    export = _typed(tree, path)
    if checksum(tree) != export.checksum:
        raise ExportError(f"{path} was changed after it was exported (its checksum does not match); {_AGAIN}")
    _accepted(export.strategy, str(path))
    return export


def check_names(names: Iterable[str], core_name: str, place: str, what: str = "parameters") -> Core:
    """The core, after making sure that it has exactly the parameters of these names. Raises ExportError."""
    try:
        core = resolve_core(core_name)
    except SimcoreError as error:
        raise ExportError(f"{place}: {error}") from error
    wanted, given = set(core.parameters.__struct_fields__), set(names)
    if missing := sorted(wanted - given):
        raise ExportError(f"{place}: `{missing[0]}` of core {core_name!r} is missing in its {what}; {_AGAIN}")
    if unknown := sorted(given - wanted):
        raise ExportError(f"{place}: {what} name `{unknown[0]}`, which core {core_name!r} does not have; {_AGAIN}")
    return core


def _accepted(strategy: Strategy, place: str) -> None:
    """Raise ExportError where the core does not take what the export says of it."""
    check_names(strategy.units, strategy.core, place, "units")
    core = check_names(strategy.parameters, strategy.core, place)
    try:
        core.make(values=strategy.parameters)
    except SimcoreError as error:
        raise ExportError(f"{place}: {error}") from error


def _tree(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(path.read_bytes(), object_pairs_hook=_no_duplicates)
    except OSError as error:
        raise ExportError(
            f"export {path} cannot be read ({error.strerror}); name a file written by `sweeps export`"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{path} is not whole JSON ({error}); {_AGAIN}") from error
    if not isinstance(tree, dict):
        raise ExportError(f"{path} is no export of a sweep (it must be one object); {_AGAIN}")
    return tree


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise ValueError("a key is there twice")
    return tree


def _typed(tree: dict[str, Any], path: Path) -> Export:
    try:
        export = msgspec.convert(tree, Export)
    except msgspec.ValidationError as error:
        raise ExportError(f"{path}: {error}; {_AGAIN}") from error
    # defaults are for people who write YAML; a bot must be told everything
    if absent := _first_absent(msgspec.to_builtins(export), tree, "$"):
        raise ExportError(f"{path}: `{absent}` is missing; {_AGAIN}")
    return export


def _first_absent(whole: Any, given: Any, place: str) -> str | None:
    """Place of the first key that `whole` has and `given` lacks."""
    if not isinstance(whole, dict):
        return None
    for key, value in whole.items():
        if key not in given:
            return f"{place}.{key}"
        if absent := _first_absent(value, given[key], f"{place}.{key}"):
            return absent
    return None
