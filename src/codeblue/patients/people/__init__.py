"""Persons: who they are, what they have, and what is measured of them."""
