"""Pledges and reflections: what lessons ask people to hand over."""
