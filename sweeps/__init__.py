"""Experiments on markets: sweeps, their results, and the way out to a live bot."""

__version__ = "0.1.0"
