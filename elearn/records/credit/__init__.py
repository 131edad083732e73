"""Capability: which credit rule (学时规则) counts for whom."""
