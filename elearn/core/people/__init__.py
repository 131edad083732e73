"""Rosters of units and people: reading the file, and comparing it with what is there."""
