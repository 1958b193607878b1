"""What can go wrong in a sweep, as a short tree.

SweepError
├── ConfigError     a sweep's YAML, an override or an option that does not make sense
├── RunnerError     workers that cannot be started, reached or trusted
├── TrackingError   the tracking store cannot be opened or served
└── ExportError     an exported configuration that cannot be written or read

Every message is one sentence: what, where, what to do. The command line prints it and exits with 2.
"""

from __future__ import annotations


class SweepError(Exception):
    """Base of everything sweeps refuses."""


class ConfigError(SweepError):
    """A sweep's YAML, an override or an option that does not make sense."""


class RunnerError(SweepError):
    """Workers that cannot be started, reached or trusted."""


class TrackingError(SweepError):
    """The tracking store cannot be opened or served."""


class ExportError(SweepError):
    """An exported configuration that cannot be written or read."""
