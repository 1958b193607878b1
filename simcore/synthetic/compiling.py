"""Marking this room's kernels. They are kept in the folder named by the sources of all rooms (`simcore.kernels`), and compiled
once, for the types their annotations name (`simcore.kernels.compiling.compile_kernel`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from simcore.kernels.compiling import register

Function = TypeVar("Function", bound=Callable[..., Any])

Int3 = Annotated[NDArray[np.int64], "int64 3"]
Real2 = Annotated[NDArray[np.float64], "float64 2"]
Flag3 = Annotated[NDArray[np.uint8], "uint8 3"]

register(Int3, types.int64[:, :, ::1])
register(Real2, types.float64[:, ::1])


def kernel(function: Function) -> Function:
    """Mark a top-level function of this room as a kernel; its machine code is kept on disk.

    Kernels own no memory: nothing in them allocates, whoever calls keeps every array alive. So they are compiled without
    reference counts, as a replay's are (`simcore.kernels.compiling`). Each is compiled into its caller: handing the fields of a
    `Market` over costs more than most of them do. So a large one is called from one place.
    """
    compiled: Function = njit(cache=True, _nrt=False, forceinline=True)(function)
    return compiled
