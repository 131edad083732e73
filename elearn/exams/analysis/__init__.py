"""Statistics of a closed exam: computed once per state of its grades, shown without any person."""
