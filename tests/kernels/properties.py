"""What the tests of properties share: which seeds they try, and one order of ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernels.tapes import START_MS

seed_ranges = pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(5), marks=pytest.mark.lane),
        range(5, 60),
        pytest.param(range(60, 1500), marks=pytest.mark.slow),
    ],
    ids=str,
)


def order(side: str, odds: float, pounds: float, after_ms: int = 0) -> dict[str, Any]:
    row = {"kind": "place", "order_id": "a", "time_ms": START_MS + after_ms, "selection_id": 101}
    return row | {"side": side, "odds": odds, "size_pounds": pounds, "persistence": "PERSIST"}
