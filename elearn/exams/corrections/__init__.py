"""Correcting keys: proposed by one, approved by another, regraded by new entries (EXM-17)."""
