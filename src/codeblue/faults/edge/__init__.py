"""Faults on an edge, through the fault proxy."""
