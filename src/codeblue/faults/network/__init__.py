"""Faults inside network namespaces, where rights allow."""
