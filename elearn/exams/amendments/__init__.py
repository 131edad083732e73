"""Correcting a paper result that was typed wrongly: proposed by one, accepted by another."""
