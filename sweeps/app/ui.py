"""Use-case: look at the sweeps in MLflow's pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sweeps.home import Home
from sweeps.tracking.server import Links, Server, serving


@contextmanager
def open_pages(home: Home, host: str, port: int) -> Iterator[tuple[Server, Links | None]]:
    """The server on the home's store, and the pages of its newest sweep (None while there is none)."""
    with serving(home, host, port) as server:
        yield server, server.newest_sweep()
