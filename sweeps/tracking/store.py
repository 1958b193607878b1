"""Where the MLflow store lies and how MLflow is kept quiet: what its writer and its server must agree on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sweeps.home import Home

QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
"""Environment under which MLflow sends nothing anywhere and does not write between our progress bars."""

SUMMARY_STATE: Final = "summary"
"""Tag `state` of the one run that carries the sweep's summary; trials carry their own state."""

VIEW: Final = "furlong"
"""Key of the view our links open: the columns and the order a sweep's runs are shown in."""

VIEW_TAG: Final = f"mlflow.sharedViewState.{VIEW}"
"""The experiment tag MLflow's pages read that view from."""


def store_path(home: Home) -> Path:
    """The SQLite file that holds experiments, runs and metrics."""
    return home.mlflow / "mlflow.db"


def store_uri(home: Home) -> str:
    """The same as MLflow wants it named."""
    return f"sqlite:///{store_path(home)}"


def artifact_folder(home: Home) -> Path:
    """Folder of every experiment's artifacts, one subfolder an experiment."""
    return home.mlflow / "artifacts"
