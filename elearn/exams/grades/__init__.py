"""Grades: made when an attempt ends or its last mark is in, shown as the policy allows."""
