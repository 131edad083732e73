"""Blueprints (组卷规则): saving, checking against the bank, looking at what they draw."""
