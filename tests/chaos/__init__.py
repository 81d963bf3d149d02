"""Harm done to the pipeline while it reads a known stream: `python -m tests.chaos --help`."""
