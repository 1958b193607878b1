"""Compiled kernels, and where their machine code is kept.

numba's own cache does not see an edit to a function that a cached one *calls* in another file: a silently wrong profit. So the
cache folder is named by a hash of every source that can end up in a kernel, the versions of numba, llvmlite and numpy, the CPU
and the bounds-check switch; an edit anywhere starts a new folder. One process fills it (`simcore.engine.warm`, for an import
`simcore.streams.warm`) before work fans out. Importing this package sets the folder, so every module with a compiled function
imports it first.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import llvmlite
import llvmlite.binding
import numba
import numpy as np

_PACKAGE = Path(__file__).resolve().parent.parent
ROOMS = ("kernels", "strategies")
"""what a replay is compiled from"""
ALL_ROOMS = (*ROOMS, "synthetic")


def source_hash(rooms: tuple[str, ...] = ALL_ROOMS) -> str:
    """Hash of all that decides what kernels made of these rooms do on this machine, hexadecimal."""
    digest = hashlib.sha256()
    files = [_PACKAGE / "units.py", _PACKAGE / "dtypes.py"]
    for room in rooms:
        files += sorted((_PACKAGE / room).glob("*.py"))
    for file in files:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    versions = (numba.__version__, llvmlite.__version__, np.__version__, llvmlite.binding.get_host_cpu_name())
    digest.update(repr((versions, numba.config.BOUNDSCHECK)).encode())
    return digest.hexdigest()[:20]


def _cache_folder(base: Path, rooms: tuple[str, ...]) -> str:
    """Beside the package where that can be written, else a fresh private folder (slower: nothing is kept)."""
    folder = base / f"furlong-{source_hash(rooms)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return tempfile.mkdtemp(prefix="furlong-kernels-")
    return str(folder) if os.access(folder, os.W_OK) else tempfile.mkdtemp(prefix="furlong-kernels-")


_BASE = Path(numba.config.CACHE_DIR or _PACKAGE / "kernels" / "__pycache__")
REPLAY_CACHE = _cache_folder(_BASE, ROOMS)
IMPORT_CACHE = _cache_folder(_BASE, ("streams",))
numba.config.CACHE_DIR = _cache_folder(_BASE, ALL_ROOMS)
