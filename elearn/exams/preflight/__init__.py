"""Before exam day: what would go wrong, line by line, and how to mend it. Reads only."""
