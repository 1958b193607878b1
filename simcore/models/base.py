"""What every frozen parameter object shares, and the constrained types they are built of."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A frozen choice; unknown fields are refused with their place."""


Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]
Seconds = Annotated[float, msgspec.Meta(ge=-86_400.0, le=864_000.0)]
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Pounds = Annotated[float, msgspec.Meta(ge=0.0, le=10_000_000.0)]
