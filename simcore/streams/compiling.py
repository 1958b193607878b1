"""Marking this room's kernels: kept on disk in a folder of their own, named by this room's sources, and compiled once for the
types their annotations name (`simcore.kernels.compiling.compile_kernel`).

Kernels own no memory: nothing in them allocates, the caller keeps every array alive, so they are compiled without reference
counts. They share one `Desk` of many arrays, and handing that from one compiled function to the next costs more than most of
them do: so a `kernel` is compiled into whoever calls it, and Python calls only a `door`. Call a large kernel from one place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import numba
import numpy as np
from numba import njit, types
from numpy.typing import NDArray

import simcore.kernels
from simcore.kernels.compiling import register

Function = TypeVar("Function", bound=Callable[..., Any])

Text = Annotated[NDArray[np.uint8], "uint8 1, read-only"]
Found = tuple[int, int, int, int]
Keyed = tuple[int, int]

register(Text, types.Array(types.uint8, 1, "C", readonly=True))
register(Found, types.UniTuple(types.int64, 4))


def kernel(function: Function) -> Function:
    """Mark a top-level function that only kernels call: what Python would need to call it is left out."""
    return _kept(function, forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def door(function: Function) -> Function:
    """Mark a top-level function that Python calls."""
    return _kept(function)


def _kept(function: Function, **options: bool) -> Function:
    usual, numba.config.CACHE_DIR = numba.config.CACHE_DIR, simcore.kernels.IMPORT_CACHE
    try:
        compiled: Function = njit(cache=True, _nrt=False, **options)(function)
    finally:
        numba.config.CACHE_DIR = usual
    return compiled
