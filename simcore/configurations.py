"""Configurations of a core as columns of numbers: made once, replayed on any number of markets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from simcore.errors import ModelError
from simcore.kernels import state as st
from simcore.strategies import Parameters


class Group(NamedTuple):
    """Rows of `Laid` that one call replays, from `first` to before `beyond`.

    written        : the row of `Laid.written` of the first of them
    latest_last_ms : the largest end of a window, before the start
    ticks_only     : whether the sizes at the touch mean nothing to one of them
    """

    first: int
    beyond: int
    written: list[int]
    latest_last_ms: int
    ticks_only: bool


class Laid(NamedTuple):
    """Configurations in the order in which they are replayed, group after group; the same on every market.

    place   : (n,) which each is, in the order in which they were given
    written : (n, settings in WRITTEN) what the harness reads, but for what the core may see
    """

    groups: list[Group]
    place: st.Int
    written: st.Int
    vectors: st.Real
    moments_ms: st.Int
    leans_at: st.Real


@dataclass(frozen=True)
class Configurations:
    """Parameters of one core, as many as wanted, and what the kernels read of them.

    vectors    : (n, core's parameters) float64, what the core reads
    moments_ms : (n, moments) int64, see `Parameters.moments`, with the edges of the window; no column = asked at every poll
    window_ms  : (n, 2), pick_ms: (n,), rank, in_play: (n,) int64, leans_at: (n,) float64, what the harness reads
    """

    parameters: tuple[Parameters, ...]
    vectors: st.Real
    moments_ms: st.Int
    window_ms: st.Int
    pick_ms: st.Int
    rank: st.Int
    in_play: st.Int
    leans_at: st.Real

    def __len__(self) -> int:
        return len(self.parameters)

    @cached_property
    def laid(self) -> Laid:
        """All of them as they are replayed."""
        groups = self._groups()
        place = np.array([i for group in groups for i in group], np.int64)
        one = np.ones(len(self), np.int64)
        columns = [self.window_ms, self.pick_ms, self.rank, one, self.in_play, self.leans_at >= 1.0]
        written = np.column_stack(columns)[place]
        ends = np.cumsum([0, *map(len, groups)]).tolist()
        return Laid(
            groups=[
                Group(first, beyond, written[first].tolist(), *self._widest(group))
                for first, beyond, group in zip(ends[:-1], ends[1:], groups, strict=True)
            ],
            place=place,
            written=written,
            vectors=self.vectors[place],
            moments_ms=self.moments_ms[place],
            leans_at=self.leans_at[place],
        )

    def _widest(self, group: list[int]) -> tuple[int, bool]:
        """`latest_last_ms` and `ticks_only` of a group."""
        return int(self.window_ms[group, 1].max()), bool((self.leans_at[group] >= 1.0).any())

    def _groups(self) -> list[list[int]]:
        """Indices that may be replayed in one call, in the order in which they first look: the same pick, by the same rules."""
        found: dict[tuple[int, ...], list[int]] = {}
        first = np.maximum(self.window_ms[:, 0], self.pick_ms)
        keys = np.column_stack([first, self.pick_ms, self.rank, self.in_play])
        for i, key in enumerate(map(tuple, keys.tolist())):
            found.setdefault(key, []).append(i)
        window = self.window_ms[:, 0]
        return [sorted(some, key=lambda i: -window[i]) for some in found.values()]


def configurations(parameters: Iterable[Parameters]) -> Configurations:
    """Lay parameters of one core out for the kernels. Raises ModelError where they say more or less than each other."""
    given = tuple(parameters)
    vectors = [np.asarray(each.vector(), np.float64) for each in given]
    if len({vector.shape for vector in vectors}) > 1:
        shapes = ", ".join(sorted({str(vector.shape) for vector in vectors}))
        raise ModelError(
            f"`vector` of {type(given[0]).__name__} must be as long for all parameters, got shapes {shapes}"
        )
    moments = [each.moments() for each in given]
    window = [each.window() for each in given]
    picks = [each.pick() for each in given]
    return Configurations(
        parameters=given,
        vectors=np.array(vectors, np.float64).reshape(len(given), len(vectors[0]) if given else 0),
        moments_ms=_moments(moments, window),
        window_ms=_milliseconds(window, 2),
        pick_ms=_milliseconds([(seconds,) for seconds, _ in picks], 1)[:, 0],
        rank=np.array([rank for _, rank in picks], np.int64),
        in_play=np.array([each.trades_in_play() for each in given], np.int64),
        leans_at=np.array([each.leans_at() for each in given], np.float64),
    )


def _milliseconds(seconds: Sequence[Sequence[float]], width: int) -> st.Int:
    return np.array([[round(each * 1000) for each in row] for row in seconds], np.int64).reshape(len(seconds), width)


def _moments(moments: Sequence[tuple[float, ...] | None], window: Sequence[tuple[float, float]]) -> st.Int:
    """One row of moments a configuration, its last one repeated to the longest row's length; none where one names none."""
    if not moments or any(each is None for each in moments):
        return np.zeros((len(moments), 0), np.int64)
    rows = [(*(own or ()), *edges) for own, edges in zip(moments, window, strict=True)]
    longest = max(map(len, rows))
    return _milliseconds([row + row[-1:] * (longest - len(row)) for row in rows], longest)
