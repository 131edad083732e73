"""Feature: exams."""
