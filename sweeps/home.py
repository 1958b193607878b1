"""Where a user's sweeps live: one folder, FURLONG_HOME, by default ./furlong-data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The folder that holds state, results and tracking.

    sweeps/<name>/   one folder a sweep;  mlflow/  the tracking store and its artifacts;  cache/  compiled kernels
    """

    path: Path

    @classmethod
    def from_environment(cls) -> Home:
        """FURLONG_HOME, by default ./furlong-data; nothing is created until something is written."""
        return cls(Path(os.environ.get("FURLONG_HOME", "furlong-data")).absolute())

    @property
    def sweeps(self) -> Path:
        return self.path / "sweeps"

    @property
    def mlflow(self) -> Path:
        return self.path / "mlflow"

    @property
    def cache(self) -> Path:
        return self.path / "cache"
