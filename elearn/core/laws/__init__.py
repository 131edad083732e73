"""The law registry: instruments, versions, article numbers, citations."""
