"""(paper, answers, keys, policy, marks) -> grade: a pure function, versioned."""
