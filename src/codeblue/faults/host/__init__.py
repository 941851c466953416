"""Faults that use up the host, in bounded children."""
