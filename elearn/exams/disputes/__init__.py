"""Disputes (异议): a candidate objects to an item in the review, a trainer answers."""
