"""Frozen parameter objects, one file a choice."""
