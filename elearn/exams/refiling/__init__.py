"""A paper result entered for the wrong person or time: proposed by one, accepted by another."""
