"""`elearn exams rehearse`: how many candidates does this machine carry?

`stage` makes a database of its own with people who are signed in; `host` runs the product's own
server on loopback; `generator` sends requests by the clock from a process of its own; `judge` turns
what came back into a number of candidates and the first thing that was used up. The drills and
the load bench (`bench/`) use the same parts.
"""
