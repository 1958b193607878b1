"""Strategy cores by name, and users' own from a Python file."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from simcore.errors import ModelError
from simcore.strategies.arb import ARB
from simcore.strategies.base import Core, Legs, Parameters
from simcore.strategies.caf import CAF
from simcore.strategies.daf import DAF

CORES = {core.name: core for core in (CAF, DAF)}
PAIR_CORES = {ARB.name: ARB}
"""cores that trade two markets of one event at once"""


def resolve_core(choice: str | Core, markets: int = 1) -> Core:
    """A core by name, `path/to/file.py:NAME`, or itself, that trades so many markets at once.

    Raises ModelError for one that is not there, or trades another number of markets.
    """
    core = find_core(choice, CORES if markets == 1 else PAIR_CORES)
    if core.markets == markets:
        return core
    if markets == 1:
        raise ModelError(
            f"core {core.name!r} trades two markets of one event at once; replay it with `simcore.replay_pair` or "
            f"`sweeps replay-pair`"
        )
    raise ModelError(
        f"core {core.name!r} trades one market; replay it with `simcore.replay` or `sweeps replay`, or choose one of "
        f"{', '.join(PAIR_CORES)}"
    )


def find_core(choice: str | Core, offered: Mapping[str, Core] = CORES | PAIR_CORES) -> Core:
    """A core by name, `path/to/file.py:NAME`, or itself, however many markets it trades; `offered` are those a refusal names.

    Raises ModelError for one that is not there.
    """
    if isinstance(choice, Core):
        return choice
    known = CORES | PAIR_CORES
    if choice in known:
        return known[choice]
    path, _, name = choice.rpartition(":")
    if path.endswith(".py") and name:
        return _load(Path(path), name)
    raise ModelError(f"core {choice!r} is unknown; choose one of {', '.join(offered)} or name `file.py:NAME`")


def _load(path: Path, name: str) -> Core:
    if not path.is_file():
        raise ModelError(f"core file {path} does not exist; name a Python file that defines {name}")
    home = f"furlong_core_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(home, path)
    if spec is None or spec.loader is None:
        raise ModelError(f"core file {path} cannot be loaded as Python; name a .py file that defines {name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[home] = module  # where the types its annotations name are looked up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ModelError(f"core file {path} fails when loaded ({type(error).__name__}: {error}); mend it") from error
    core = getattr(module, name, None)
    if not isinstance(core, Core):
        raise ModelError(f"core file {path} defines no Core named {name}; see docs/simulator.md for an example")
    return core


__all__ = ["CORES", "PAIR_CORES", "Core", "Legs", "Parameters", "find_core", "resolve_core"]
