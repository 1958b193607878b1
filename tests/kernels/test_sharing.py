"""What kernels are compiled for of the shape of a market's arrays is what they are given, or they are not run."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numba
import numpy as np
import pytest
from numba import typeof
from numpy.typing import NDArray

from simcore.engine import new_views
from simcore.kernels.compiling import compile_kernel, kernel, register
from simcore.kernels.many import copy_snapshots
from simcore.kernels.requests import next_request_ms
from simcore.kernels.sharing import Width, shared
from simcore.kernels.state import N_REAL, N_REQUEST, N_SETTING, Sim, new_sim

compiled = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="plain Python reads shapes as it goes")


@shared
class Grids(NamedTuple):
    many: Annotated[NDArray[np.int32], Width(3, 4)]
    free: NDArray[np.int64]


def grids(*shape: int) -> Grids:
    return Grids(np.arange(np.prod(shape), dtype=np.int32).reshape(shape), np.zeros(2, np.int64))


register(Grids, grids(1, 3, 4))


@kernel
def digit_by_digit(grids: Grids, i: int, j: int, k: int) -> int:
    """The element by all of its indices, then by one after the other."""
    return 1000 * int(grids.many[i, j, k]) + int(grids.many[i][j][k])


@kernel
def ends_of(grids: Grids) -> int:
    return 100 * grids.many.shape[0] + 10 * grids.many.shape[1] + grids.many.shape[2]


def a_sim() -> Sim:
    script = np.zeros((0, N_REQUEST), np.int64)
    return new_sim(3, np.zeros(N_SETTING, np.int64), np.zeros(N_REAL), script, 8)


def test_every_element_of_an_array_of_known_width_is_found_at_its_place() -> None:
    each = grids(5, 3, 4)
    read = [digit_by_digit(each, *at) for at in np.ndindex(5, 3, 4)]
    assert read == [1001 * n for n in range(60)]
    assert ends_of(each) == 534


@compiled
@pytest.mark.parametrize(("shape", "axis", "length"), [((5, 3, 6), 2, 6), ((5, 2, 4), 1, 2), ((0, 3, 5), 2, 5)])
def test_an_array_of_another_width_is_refused(shape: tuple[int, ...], axis: int, length: int) -> None:
    compile_kernel(digit_by_digit)
    with pytest.raises(
        ValueError, match=rf"Grids\.many is {length} long in dimension {axis}, .* compiled for {axis + 2}"
    ):
        digit_by_digit(grids(*shape), 0, 0, 0)


@compiled
def test_a_width_of_what_does_not_lie_row_after_row_is_refused() -> None:
    columnwise = np.zeros((5, 3, 4), np.int32, order="F")
    with pytest.raises(TypeError, match=r"Grids\.many .* not a C-contiguous array"):
        typeof(Grids(columnwise, np.zeros(2, np.int64)))


@compiled
@pytest.mark.parametrize(
    "field", ["recorded", "displaced", "stamp_ms", "hint", "runners", "orders", "wanted", "requests", "script", "log"]
)
def test_a_market_with_a_column_too_many_is_not_replayed(field: str) -> None:
    sim = a_sim()
    assert next_request_ms(sim) > 0
    array = getattr(sim, field)
    wider = np.zeros((*array.shape[:-1], array.shape[-1] + 1), array.dtype)
    with pytest.raises(ValueError, match=rf"Sim\.{field} is"):
        next_request_ms(sim._replace(**{field: wider}))


@compiled
@pytest.mark.parametrize("field", ["clock", "slots", "touch", "orders"])
def test_snapshots_with_a_column_missing_are_not_written(field: str) -> None:
    views = new_views(4, 2, 8)
    narrow = views._replace(**{field: np.ascontiguousarray(getattr(views, field)[..., :-1])})
    with pytest.raises(ValueError, match=rf"Views\.{field} is"):
        copy_snapshots(views, narrow)
    copy_snapshots(views, new_views(4, 2, 8))
