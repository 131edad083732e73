"""Learning paths: courses in an order, by stage or by post."""
