"""Compiled kernels, and where their machine code is kept.

numba's own cache does not see an edit to a function that a cached one *calls* in another file: a silently wrong profit. So the
cache folder is named by a hash of every source that can end up in a kernel, the versions of numba, llvmlite and numpy, the CPU
and the bounds-check switch; an edit anywhere starts a new folder. One process fills it (`simcore.engine.warm`) before work fans
out. Importing this package sets the folder, so every module with a compiled function imports it first.
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
_SOURCES = ("kernels", "strategies", "synthetic")


def source_hash() -> str:
    """Hash of all that decides what the compiled kernels do on this machine, hexadecimal."""
    digest = hashlib.sha256()
    files = [_PACKAGE / "units.py", _PACKAGE / "dtypes.py"]
    for room in _SOURCES:
        files += sorted((_PACKAGE / room).glob("*.py"))
    for file in files:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    versions = (numba.__version__, llvmlite.__version__, np.__version__, llvmlite.binding.get_host_cpu_name())
    digest.update(repr((versions, numba.config.BOUNDSCHECK)).encode())
    return digest.hexdigest()[:20]


def _cache_folder() -> Path:
    """Beside the package where that can be written, else a fresh private folder (slower: nothing is kept)."""
    named = numba.config.CACHE_DIR
    base = Path(named) if named else _PACKAGE / "kernels" / "__pycache__"
    folder = base / f"furlong-{source_hash()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="furlong-kernels-"))
    return folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="furlong-kernels-"))


if "furlong-" not in numba.config.CACHE_DIR:
    numba.config.CACHE_DIR = str(_cache_folder())
