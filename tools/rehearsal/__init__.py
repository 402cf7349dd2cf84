"""Rehearsal of a stack's whole life on one machine: `python -m tools.rehearsal`. Never deployed."""
