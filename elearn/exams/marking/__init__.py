"""Marking (阅卷): the queue of short answers and the points given."""
